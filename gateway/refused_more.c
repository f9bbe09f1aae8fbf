/* refused_more.c: what a problem says beside its code: since when, from when on, how many. Called by exchange.c. Mostly
 * the ledger's answer has it; how much of a plan is used is read again, and may be more by then. */
#include "core/base/assert.h"
#include "gateway/gateway.h"

#define LIMIT_DETAIL_MAX 512

static void put_locked(const struct answer *answer, struct buf *more)
{
    if (answer->refusal == REFUSED_post_locked) {
        buf_text(more, ",\"locked_at\":");
        json_time(more, answer->hint_ms);
    }
    buf_text(more, ",\"publish_at\":");
    json_time(more, answer->publish_at_ms);
}

static void put_paused(const struct answer *answer, struct buf *more)
{
    if (answer->hint_ms != 0) {
        buf_text(more, ",\"paused_at\":");
        json_time(more, answer->hint_ms);
        buf_text(more, ",\"deletable_at\":");
        json_time(more, answer->hint_ms + WORKSPACE_PAUSED_MS);
    }
}

/* What the command would have begun that a plan bounds. */
static enum limit begun(const struct exchange *x)
{
    const struct id stream = order_command(x->order)->stream;
    switch (stream.kind) {
    case ID_INTEGRATION:
        return LIMIT_INTEGRATIONS;
    case ID_MEMBER:
        return LIMIT_MEMBERS;
    default:
        ASSERT(stream.kind == ID_POST);
        return LIMIT_SCHEDULED_POSTS;
    }
}

/* The plan, and how much of it is used by now; false: it cannot be read at the moment. */
static bool read_plan(const struct exchange *x, struct workspace_row *ret_row, struct usage *ret_usage)
{
    return pass_refresh(x->pass) == OK && pass_workspace(x->pass, ret_row) == OK &&
           pass_usage(x->pass, x->now_ms, ret_usage) == OK;
}

const char *exchange_limit_detail(const struct exchange *x, enum limit limit)
{
    struct workspace_row row;
    struct usage usage;
    if (!read_plan(x, &row, &usage)) {
        return NULL;
    }
    uint8_t *bytes = arena_alloc(&x->request->arena, LIMIT_DETAIL_MAX);
    struct buf text = buf_of(bytes, bytes == NULL ? 0 : LIMIT_DETAIL_MAX);
    present_plan_limit(&row, &usage, limit, &text);
    return buf_terminated(&text);
}

const char *exchange_plan_detail(const struct exchange *x)
{
    return exchange_limit_detail(x, begun(x));
}

static void put_limit(const struct exchange *x, struct buf *more)
{
    const enum limit limit = begun(x);
    struct workspace_row row;
    struct usage usage;
    buf_text(more, ",\"limit\":");
    json_string(more, limit_word(limit));
    if (!read_plan(x, &row, &usage)) {
        return;
    }
    for (uint32_t i = 0; i < row.limits_count; i++) {
        if (span_equal(row.limits[i].what, limit_word(limit))) {
            buf_text(more, ",\"most\":");
            buf_u64(more, row.limits[i].most);
        }
    }
    buf_text(more, ",\"used\":");
    buf_u64(more, usage.used[limit]);
}

static void put_posts(const struct answer *answer, struct buf *more)
{
    buf_text(more, ",\"post_ids\":[");
    for (size_t i = 0; i < ANSWER_DETAIL_MAX && !id_is_none(&answer->detail[i]); i++) {
        buf_text(more, i == 0 ? "" : ",");
        json_id(more, &answer->detail[i]);
    }
    buf_byte(more, ']');
}

static void put_blanks(const struct exchange *x, struct buf *more)
{
    buf_text(more, ",\"placeholders\":[");
    for (uint32_t i = 0; i < x->blank_count; i++) {
        buf_text(more, i == 0 ? "" : ",");
        json_string(more, x->blanks[i].name);
    }
    buf_byte(more, ']');
}

void exchange_refused_more(const struct exchange *x, const struct answer *answer, struct buf *more)
{
    if (answer->refusal == REFUSED_post_locked || answer->refusal == REFUSED_post_publishing) {
        put_locked(answer, more);
    } else if (answer->refusal == REFUSED_workspace_not_paused) {
        put_paused(answer, more);
    } else if (answer->refusal == REFUSED_plan_limit) {
        put_limit(x, more);
    } else if (answer->refusal == REFUSED_placeholder_missing) {
        put_blanks(x, more);
    }
    if (!id_is_none(&answer->detail[0])) {
        put_posts(answer, more);
    }
}
