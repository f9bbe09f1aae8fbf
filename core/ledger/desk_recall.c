/* desk_recall.c: what the log tells of an attempt that a post's state no longer remembers. Called for the outcome of an
 * attempt that has more than eight later ones: rare enough to read the post's stream for it. Must never be needed for
 * an attempt that the state has. */
#include "core/decider/post.h"
#include "core/ledger/ledger_state.h"

static bool tells_of_attempts(uint32_t code)
{
    return code == EVENT_attempt_started || code == EVENT_attempt_finished || code == EVENT_attempt_settled ||
           code == EVENT_outcome_contradicted || code == EVENT_target_resolved;
}

static enum err recall_event(struct desk *desk, uint64_t seq, const struct record_outcome_command *report,
                             struct recalled_attempt *recalled)
{
    struct log_event at;
    struct event event;
    TRY(log_look(desk->log, seq, &at));
    if (!tells_of_attempts(at.code)) {
        return OK;
    }
    TRY(desk_read_event(desk, seq, &at, &event));
    attempt_recall(recalled, &report->target_id, &report->attempt_id, &event);
    return OK;
}

enum err desk_recall(struct desk *desk, const struct post *post, const struct record_outcome_command *report,
                     struct recalled_attempt *ret_recalled)
{
    struct recalled_attempt recalled = {.number = 0};
    const bool forgotten = post_forgot_attempt(post, &report->target_id, &report->attempt_id);
    for (uint64_t version = 1; forgotten && version <= post->head.version; version++) {
        uint64_t seq = 0;
        TRY(ledger_stream_seq(desk->txn, &report->post_id, version, &seq));
        const enum err err = recall_event(desk, seq, report, &recalled);
        if (err == ERR_NOT_FOUND) {
            break; /* not committed yet: of the group that this command is in */
        }
        TRY(err == ERR_ALTERED ? OK : err); /* a damaged event tells nothing; the others do */
    }
    *ret_recalled = recalled;
    return OK;
}
