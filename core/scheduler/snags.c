/* snags.c: see snags.h. Filled by planner.c, from its own thread and the wire's; main.c writes the lines. Must never
 * wait. */
#include "core/scheduler/snags.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/lock.h"

void snags_init(struct snags *snags)
{
    *snags = (struct snags){.again_ms = 0};
    lock_init(&snags->lock);
}

void snags_done(struct snags *snags)
{
    lock_done(&snags->lock);
}

static void note(struct snags *snags, const struct snag *snag)
{
    lock_take(&snags->lock);
    const uint64_t times = snags->last.times + 1;
    snags->last = *snag;
    snags->last.times = times;
    lock_give(&snags->lock);
}

void snags_failed(struct snags *snags, const struct id *series_id, const struct id *post_id, enum err err)
{
    const struct snag snag = {
        .series_id = *series_id, .post_id = post_id != NULL ? *post_id : (struct id){0}, .err = err};
    note(snags, &snag);
}

/* Somebody changed the series or the post, made or locked it meanwhile; or nothing is decided by this clock. The next
 * look sees it. */
static bool is_race(enum refusal refusal)
{
    static const enum refusal races[] = {
        REFUSED_exists,      REFUSED_not_found,        REFUSED_series_not_active, REFUSED_post_by_hand,
        REFUSED_post_locked, REFUSED_post_finished,    REFUSED_version_mismatch,  REFUSED_clock_suspect,
        REFUSED_unavailable, REFUSED_starts_suspended,
    };

    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        if (refusal == races[i]) {
            return true;
        }
    }
    return false;
}

void snags_answered(struct snags *snags, const struct id *series_id, const struct id *post_id, enum err err,
                    enum refusal refusal, uint32_t asks)
{
    if (err == ERR_CLOSED || (err == OK && refusal == ACCEPTED)) {
        return;
    }
    if (err != OK) {
        snags_failed(snags, series_id, post_id, err);
    } else if (!is_race(refusal) || asks >= SNAG_ASKS) {
        const struct snag snag = {.series_id = *series_id, .post_id = *post_id, .refusal = refusal};
        note(snags, &snag);
    }
}

bool snags_take(struct snags *snags, int64_t now_ms, struct snag *ret_snag)
{
    lock_take(&snags->lock);
    const bool is_time = now_ms >= snags->again_ms || now_ms < snags->again_ms - MINUTE_MS; /* the clock was set */
    const bool tells = snags->last.times > 0 && is_time;
    if (tells) {
        *ret_snag = snags->last;
        snags->last.times = 0;
        snags->again_ms = now_ms + MINUTE_MS;
    }
    lock_give(&snags->lock);
    return tells;
}

bool snags_tell(struct snags *snags, int64_t now_ms, char ret_text[SNAG_TEXT_MAX])
{
    struct snag snag;
    struct buf text = buf_of(ret_text, SNAG_TEXT_MAX);
    if (!snags_take(snags, now_ms, &snag)) {
        return false;
    }
    buf_text(&text, "series=");
    id_write(&text, &snag.series_id);
    buf_text(&text, " post=");
    if (id_is_none(&snag.post_id)) {
        buf_text(&text, "none");
    } else {
        id_write(&text, &snag.post_id);
    }
    buf_text(&text, snag.err != OK ? " err=" : " code=");
    buf_text(&text, snag.err != OK ? err_name(snag.err) : refusal_desc(snag.refusal)->code);
    buf_text(&text, " times=");
    buf_u64(&text, snag.times);
    buf_text(&text, " next=\"it is tried again\"");
    ASSERT(buf_terminated(&text) != NULL);
    return true;
}
