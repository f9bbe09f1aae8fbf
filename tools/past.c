/* past.c: see past.h. Called by look.c. Must never write into the folder's own views. */
#include "tools/past.h"

#include "core/base/clock.h"
#include "core/calendar/instant.h"
#include "projections/registry.h"
#include "tools/parts.h"
#include "tools/verify.h"

bool moment_parse(const char *text, struct moment *ret_moment)
{
    struct moment moment = {.seq = 0};
    if (span_to_u64(span_text(text), &moment.seq) == OK) {
        *ret_moment = moment;
        return moment.seq != 0;
    }
    if (instant_parse(span_text(text), &moment.time_ms) != INSTANT_OK) {
        return false;
    }
    *ret_moment = moment;
    return true;
}

/* The last event of that instant or before: no event's time is before that of the one before it. */
static enum err find_last(struct log *log, int64_t time_ms, uint64_t head, uint64_t *ret_seq)
{
    uint64_t known = 0; /* is of that instant or before; those above after are not */
    uint64_t after = head;
    while (known < after) {
        struct log_event at;
        const uint64_t middle = known + (after - known + 1) / 2;
        TRY(log_look(log, middle, &at));
        if (at.time_ms <= time_ms) {
            known = middle;
        } else {
            after = middle - 1;
        }
    }
    *ret_seq = known;
    return known == 0 ? ERR_NOT_FOUND : OK;
}

static enum err rebuild(const struct data_folder *data, const struct moment *moment, struct past *past)
{
    struct log_status status;
    struct log_event last;
    struct progress progress = progress_of("rebuild", false);
    struct replay_watch watch = {.progress = progress_show, .context = &progress};
    log_status(past->log, &status);
    watch.last = moment == NULL ? status.head : moment->seq;
    if (moment != NULL && moment->seq == 0) {
        TRY(find_last(past->log, moment->time_ms, status.head, &watch.last));
    }
    TRY(watch.last <= status.head ? OK : ERR_NOT_FOUND);
    TRY(log_look(past->log, watch.last, &last));
    past->at_ms = moment == NULL ? clock_wall_ms() : moment->seq == 0 ? moment->time_ms : last.time_ms;
    TRY(store_lmdb_open(past->folder, VIEWS_MAP_BYTES, false, &past->views));
    return ledger_rebuild(past->log, past->views, &projections_all, &data->installation_id, &watch, NULL);
}

enum err past_open(const struct data_folder *data, const struct moment *moment, struct past *past,
                   struct log_fault *ret_fault)
{
    *past = (struct past){.log = NULL};
    TRY(become_owner(data));
    TRY(parts_open_log(data, &past->log, ret_fault));
    TRY(scratch_make(data, past->folder));
    return rebuild(data, moment, past);
}

void past_close(struct past *past)
{
    store_close(past->views);
    log_close(past->log);
    scratch_remove(past->folder);
    *past = (struct past){.log = NULL};
}
