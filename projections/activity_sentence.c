/* activity_sentence.c: what an event of a post says, as a sentence for people. Called by whoever shows a history.
 * Must never say what the row does not hold. */
#include "core/calendar/instant.h"
#include "core/message/refusal.h"
#include "projections/activity.h"
#include "projections/post_fold.h"
#include "projections/posts.h"

static void put_counted(struct buf *out, uint64_t count, const char *noun)
{
    buf_u64(out, count);
    buf_text(out, " ");
    buf_text(out, noun);
    buf_text(out, count == 1 ? "" : "s");
}

static void put_on(struct buf *out, const char *where)
{
    if (where[0] != '\0') {
        buf_text(out, " on ");
        buf_text(out, where);
    }
}

/* The one account that the event speaks of, or how many. */
static void put_accounts(struct buf *out, const struct activity_row *row, const char *where)
{
    if (where[0] != '\0') {
        put_on(out, where);
    } else {
        buf_text(out, " for ");
        put_counted(out, row->count, "account");
    }
}

/* before and the instant, when there is one. */
static void put_at(struct buf *out, const char *before, int64_t at_ms)
{
    if (at_ms != 0) {
        buf_text(out, before);
        instant_write(out, at_ms);
    }
}

/* Ends the sentence with the reason: the event's words, else what its code says. */
static void put_reason(struct buf *out, const struct activity_row *row)
{
    const enum refusal refusal = row->code.data != NULL ? refusal_of(row->code) : ACCEPTED;
    if (row->message.len > 0) {
        buf_text(out, ": ");
        buf_put(out, row->message);
    } else if (refusal != ACCEPTED) {
        buf_text(out, ": ");
        buf_text(out, refusal_desc(refusal)->title);
    } else if (row->code.len > 0) {
        buf_text(out, ": ");
        buf_put(out, row->code);
    }
}

/* Ends the sentence with the event's words, where its code would only say it again. */
static void put_words(struct buf *out, const struct activity_row *row)
{
    buf_text(out, row->message.len > 0 ? ": " : "");
    buf_put(out, row->message);
}

/* A full stop, unless the words before brought their own. */
static void put_stop(struct buf *out, size_t begin)
{
    if (out->len > begin && out->data[out->len - 1] != '.' && out->data[out->len - 1] != '!') {
        buf_text(out, ".");
    }
}

static void put_attempt(struct buf *out, const struct activity_row *row, const struct activity_about *about)
{
    buf_text(out, "Attempt ");
    buf_u64(out, row->number);
    put_on(out, about->where);
    if (row->part == about->comment_part) {
        buf_text(out, ", the first comment,");
    } else if (row->part > 0) {
        buf_text(out, ", part ");
        buf_u64(out, row->part + 1);
        buf_text(out, ",");
    }
}

static void put_outcome(struct buf *out, const struct activity_row *row)
{
    switch ((enum outcome)row->outcome) {
    case OUTCOME_ACCEPTED:
        buf_text(out, "accepted by the platform");
        put_reason(out, row);
        break;
    case OUTCOME_TRY_AGAIN:
        buf_text(out, "certainly not accepted");
        put_at(out, ", it is tried again at ", row->at_ms);
        put_reason(out, row);
        break;
    case OUTCOME_DEFERRED:
        buf_text(out, "the platform asks to wait");
        put_at(out, " until ", row->at_ms);
        break;
    case OUTCOME_UNAUTHORIZED:
        buf_text(out,
                 "the platform no longer takes the account's credentials, it waits until somebody connects the account "
                 "again");
        put_words(out, row);
        break;
    case OUTCOME_REFUSED:
        buf_text(out, "refused for good");
        put_reason(out, row);
        break;
    case OUTCOME_UNKNOWN:
        buf_text(out, "no definite answer came, it may be live or not");
        put_at(out, ", the platform is looked at to find out at ", row->at_ms);
        put_words(out, row);
        break;
    case OUTCOME_ABSENT:
        buf_text(out, "it is not on the platform");
        put_at(out, ", it is tried again at ", row->at_ms);
        break;
    case OUTCOME_NONE:
    case OUTCOME_COUNT:
        buf_text(out, "no outcome");
        break;
    }
}

static void put_target_finished(struct buf *out, const struct activity_row *row, const char *where)
{
    buf_text(out, row->target_status == TARGET_PUBLISHED ? "Published" : "Failed");
    put_on(out, where);
    if (row->target_status != TARGET_PUBLISHED) {
        put_reason(out, row);
    }
}

static void put_probed(struct buf *out, const struct activity_row *row, const char *where)
{
    buf_text(out, "Look ");
    buf_u64(out, row->count);
    put_on(out, where);
    buf_text(out, " did not tell whether it is live");
    put_at(out, ", the next look is at ", row->at_ms);
    if (row->flag) {
        buf_text(out, "; a person should look and say what became of it");
    }
    put_reason(out, row);
}

static void put_resolved(struct buf *out, const struct activity_row *row, const char *where)
{
    switch ((enum resolution)row->resolution) {
    case RESOLUTION_PUBLISHED:
        buf_text(out, "A person found it");
        put_on(out, where);
        put_reason(out, row);
        break;
    case RESOLUTION_ABSENT:
        buf_text(out, "A person found that it is not there");
        put_on(out, where);
        if (row->flag) {
            buf_text(out, ", to be sent again");
            put_at(out, " at ", row->at_ms);
        }
        break;
    case RESOLUTION_ABANDONED:
    case RESOLUTION_NONE:
    case RESOLUTION_COUNT:
        buf_text(out, "A person gave it up");
        put_on(out, where);
        break;
    }
}

static void put_target(struct buf *out, const struct activity_row *row, const struct activity_about *about)
{
    const char *where = about->where;
    switch (row->event) {
    case EVENT_target_prepared:
        buf_text(out, "What it needs was prepared");
        put_on(out, where);
        break;
    case EVENT_attempt_started:
        put_attempt(out, row, about);
        buf_text(out, " started");
        break;
    case EVENT_attempt_finished:
        put_attempt(out, row, about);
        buf_text(out, " ended: ");
        put_outcome(out, row);
        break;
    case EVENT_attempt_settled:
        put_attempt(out, row, about);
        buf_text(out, row->flag ? " was settled by a look at the platform: " : " was settled by a late answer: ");
        put_outcome(out, row);
        break;
    case EVENT_attempt_probed:
        put_probed(out, row, where);
        break;
    case EVENT_outcome_contradicted:
        buf_text(out, "A second answer");
        put_on(out, where);
        buf_text(out, " contradicts the first, which stands; a person should look: ");
        put_outcome(out, row);
        break;
    case EVENT_target_finished:
        put_target_finished(out, row, where);
        break;
    case EVENT_target_resolved:
        put_resolved(out, row, where);
        break;
    case EVENT_comment_finished:
        buf_text(out, "The first comment");
        put_on(out, where);
        buf_text(out, " ended: ");
        put_outcome(out, row);
        break;
    default:
        break;
    }
}

static void put_scheduled(struct buf *out, const struct activity_row *row)
{
    buf_text(out, "Scheduled");
    if (row->flag) { /* its targets have instants of their own */
        buf_text(out, " for ");
        put_counted(out, row->count, "account");
        put_at(out, ", the first at ", row->at_ms);
    } else {
        put_at(out, " for ", row->at_ms);
    }
}

static void put_locked(struct buf *out, const struct activity_row *row, const char *where)
{
    buf_text(out, "Locked");
    if (row->count > 0) {
        buf_text(out, ": what ");
        put_counted(out, row->count, "account");
        buf_text(out, row->count == 1 ? " gets is fixed" : " get is fixed");
    }
    if (row->number > 0) {
        buf_text(out, row->count > 0 ? "; failed" : ", and failed");
        put_accounts(out, &(struct activity_row){.count = row->number}, where);
        put_reason(out, row);
    } else if (row->message.len > 0) {
        buf_text(out, "; ");
        buf_put(out, row->message);
    }
}

static void put_edited(struct buf *out, const struct activity_row *row, uint64_t changed)
{
    buf_text(out, "Edited");
    const char *before = ": ";
    for (uint32_t edited = 1; edited < EDITED_COUNT; edited++) {
        if ((changed >> edited & 1) != 0) {
            buf_text(out, before);
            buf_text(out, choice_word(&edited_words, edited));
            before = ", ";
        }
    }
    buf_text(out, "; it goes to ");
    put_counted(out, row->count, "account");
}

static void put_approval(struct buf *out, const struct activity_row *row)
{
    switch (row->event) {
    case EVENT_approval_wanted:
        buf_text(out, row->flag ? "Still waits to be approved" : "Waits to be approved");
        buf_text(out, row->count == POLICY_FOUR_EYES ? " by somebody who wrote none of it" : "");
        put_at(out, "; without it nothing is sent at ", row->at_ms);
        break;
    case EVENT_approval_given:
        buf_text(out, "Approved for ");
        put_counted(out, row->count, "account");
        break;
    case EVENT_approval_voided:
        buf_text(out, "Changed, so the approval is void");
        break;
    default:
        break;
    }
}

static void put_post(struct buf *out, const struct activity_row *row, const struct activity_about *about)
{
    const char *where = about->where;
    switch (row->event) {
    case EVENT_post_created:
        buf_text(out, "Written as a draft for ");
        put_counted(out, row->count, "account");
        break;
    case EVENT_post_edited:
        put_edited(out, row, about->changed);
        break;
    case EVENT_post_deleted:
        buf_text(out, "The draft was thrown away");
        break;
    case EVENT_post_scheduled:
        put_scheduled(out, row);
        break;
    case EVENT_post_locked:
        put_locked(out, row, where);
        break;
    case EVENT_targets_missed:
        buf_text(out, "Missed");
        put_accounts(out, row, where);
        put_reason(out, row);
        break;
    case EVENT_targets_cancelled:
        buf_text(out, "Cancelled");
        put_accounts(out, row, where);
        break;
    case EVENT_targets_doubted:
        buf_text(out, "Unknown");
        put_accounts(out, row, where);
        buf_text(out, ": due before the copied or restored data was confirmed, so the original may have sent it");
        break;
    case EVENT_targets_retried:
        buf_text(out, "A person asked to send it again");
        put_accounts(out, row, where);
        put_at(out, " at ", row->at_ms);
        break;
    case EVENT_instance_withheld:
        buf_text(out, "Its series could not schedule it");
        put_at(out, " for ", row->at_ms);
        put_reason(out, row);
        break;
    case EVENT_instance_withdrawn:
        buf_text(out, "Its series took it back");
        break;
    case EVENT_post_finished:
        buf_text(out, "The post is done: ");
        buf_text(out, row->post_status == POST_PARTIALLY_PUBLISHED ? "partially published"
                                                                   : choice_word(&post_status_words, row->post_status));
        break;
    default:
        break;
    }
}

void activity_sentence(const struct activity_row *row, const struct activity_about *about, struct buf *out)
{
    const size_t begin = out->len;
    put_post(out, row, about);
    put_target(out, row, about);
    put_approval(out, row);
    put_stop(out, begin);
}
