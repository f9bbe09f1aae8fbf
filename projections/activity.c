/* activity.c: keeps what each event of a post says and puts it into words when read. Called by the ledger for every
 * event, and by whoever shows a post's history. Must never keep more than a short row: the log has the whole. */
#include "projections/activity.h"

#include "core/calendar/instant.h"
#include "core/message/refusal.h"
#include "projections/post_fold.h"
#include "projections/posts.h"
#include "projections/row_codec.h"
#include "projections/row_store.h"

#define EVENTS_PER_ROW 8 /* of a post: an ordinary one has no more; some 50 bytes each */

/* --- writing --- */

/* As much of an event's own words as a row keeps. */
static struct span cut(struct span text)
{
    return span_cut(text, ACTIVITY_MESSAGE_MAX);
}

static void of_attempt_finished(const struct attempt_finished_event *finished, struct activity_row *row)
{
    row->target_id = finished->target_id;
    row->number = finished->number;
    row->part = finished->part;
    row->outcome = finished->outcome;
    row->code = finished->code;
    row->at_ms = finished->next_ms;
    row->message = cut(finished->outcome == OUTCOME_ACCEPTED ? finished->url : finished->message);
}

static void of_attempt_settled(const struct attempt_settled_event *settled, struct activity_row *row)
{
    row->target_id = settled->target_id;
    row->number = settled->number;
    row->part = settled->part;
    row->outcome = settled->outcome;
    row->code = settled->code;
    row->at_ms = settled->next_ms;
    row->flag = settled->by_read;
    row->message = cut(settled->outcome == OUTCOME_ACCEPTED ? settled->url : settled->message);
}

static void of_target_resolved(const struct target_resolved_event *resolved, struct activity_row *row)
{
    row->target_id = resolved->target_id;
    row->resolution = resolved->resolution;
    row->flag = resolved->retry;
    row->at_ms = resolved->next_ms;
    row->message = cut(resolved->url);
}

/* A target is named where the event speaks of only one. */
static void of_targets(const struct target_ref *targets, uint32_t count, struct activity_row *row)
{
    row->count = count;
    if (count == 1) {
        row->target_id = targets[0].target_id;
    }
}

static void of_scheduled(const struct post_scheduled_event *scheduled, struct activity_row *row)
{
    row->count = scheduled->targets_count;
    row->at_ms = scheduled->publish_at_ms;
    for (uint32_t i = 0; i < scheduled->targets_count; i++) {
        row->flag = row->flag || scheduled->targets[i].due_ms != scheduled->publish_at_ms;
    }
}

/* A target whose rendering broke a limit has its end here. */
static void of_locked(const struct post_locked_event *locked, struct activity_row *row)
{
    for (uint32_t i = 0; i < locked->targets_count; i++) {
        const struct locked_target *target = &locked->targets[i];
        if (target->code.data == NULL) {
            row->count++;
            row->message = row->number == 0 && row->message.data == NULL ? cut(target->message) : row->message;
            continue;
        }
        row->number++;
        row->target_id = row->number == 1 ? target->target_id : (struct id){0};
        row->code = target->code;
        row->message = cut(target->message);
    }
}

static void of_post(const struct event *event, struct activity_row *row)
{
    switch (event->code) {
    case EVENT_post_created:
        row->count = event->post_created.targets_count;
        break;
    case EVENT_post_edited:
        row->count = event->post_edited.targets_count;
        break;
    case EVENT_post_scheduled:
        of_scheduled(&event->post_scheduled, row);
        break;
    case EVENT_post_locked:
        of_locked(&event->post_locked, row);
        break;
    case EVENT_targets_missed:
        of_targets(event->targets_missed.targets, event->targets_missed.targets_count, row);
        row->code = event->targets_missed.code;
        break;
    case EVENT_targets_cancelled:
        of_targets(event->targets_cancelled.targets, event->targets_cancelled.targets_count, row);
        break;
    case EVENT_targets_doubted:
        of_targets(event->targets_doubted.targets, event->targets_doubted.targets_count, row);
        break;
    case EVENT_targets_retried:
        row->count = event->targets_retried.targets_count;
        row->target_id = row->count == 1 ? event->targets_retried.targets[0].target_id : (struct id){0};
        row->at_ms = event->targets_retried.due_ms;
        break;
    case EVENT_post_finished:
        row->post_status = event->post_finished.status;
        break;
    case EVENT_instance_withheld:
        row->code = event->instance_withheld.code;
        row->at_ms = event->instance_withheld.at_ms;
        break;
    case EVENT_approval_wanted:
        row->at_ms = event->approval_wanted.publish_at_ms;
        row->flag = event->approval_wanted.reminder;
        row->count = event->approval_wanted.policy;
        break;
    case EVENT_approval_given:
        row->count = event->approval_given.targets_count;
        break;
    default: /* post_deleted says nothing more */
        break;
    }
}

static void of_target(const struct event *event, struct activity_row *row)
{
    switch (event->code) {
    case EVENT_target_prepared:
        row->target_id = event->target_prepared.target_id;
        break;
    case EVENT_attempt_started:
        row->target_id = event->attempt_started.target_id;
        row->number = event->attempt_started.number;
        row->part = event->attempt_started.part;
        break;
    case EVENT_attempt_finished:
        of_attempt_finished(&event->attempt_finished, row);
        break;
    case EVENT_attempt_settled:
        of_attempt_settled(&event->attempt_settled, row);
        break;
    case EVENT_attempt_probed:
        row->target_id = event->attempt_probed.target_id;
        row->count = event->attempt_probed.probe;
        row->flag = event->attempt_probed.needs_person;
        row->at_ms = event->attempt_probed.next_ms;
        row->message = cut(event->attempt_probed.message);
        break;
    case EVENT_outcome_contradicted:
        row->target_id = event->outcome_contradicted.target_id;
        row->outcome = event->outcome_contradicted.outcome;
        row->message = cut(event->outcome_contradicted.message);
        break;
    case EVENT_target_finished:
        row->target_id = event->target_finished.target_id;
        row->target_status = event->target_finished.status;
        row->code = event->target_finished.code;
        row->message = cut(event->target_finished.message);
        break;
    case EVENT_target_resolved:
        of_target_resolved(&event->target_resolved, row);
        break;
    case EVENT_comment_finished:
        row->target_id = event->comment_finished.target_id;
        row->outcome = event->comment_finished.outcome;
        row->message = cut(event->comment_finished.message);
        break;
    default:
        of_post(event, row);
        break;
    }
}

/* Where the event stands that made this version of the post: beside its neighbours. */
static struct row_key key_of(const struct id *post_id, uint64_t version)
{
    struct row_key key = row_key_post(post_id, PLACE_ACTIVITY);
    row_key_u64(&key, (version - 1) / EVENTS_PER_ROW);
    return key;
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    if (!post_fold_is_ours(fact->event->code)) {
        return OK;
    }
    struct activity_row row = {
        .time_ms = fact->at->time_ms,
        .event = fact->event->code,
        .version = fact->at->version,
        .actor = fact->at->actor,
        .actor_id = fact->at->actor_id,
        .command_id = fact->at->command_id,
    };
    of_target(fact->event, &row);
    const struct row_key key = key_of(post_fold_id(fact->event), fact->at->version);
    return row_append(txn, &key, activity_row_desc(), &row, arena);
}

const struct projection activity_projection = {.name = "activity", .apply = apply};

/* --- reading --- */

/* What is known of a page of a history while it is read. */
struct page {
    struct activity_row *rows;
    uint32_t count;
    uint32_t limit;
    uint64_t after; /* versions up to here are of pages before */
};

static enum err add_events(struct page *page, struct span bytes, struct arena *arena)
{
    while (bytes.len > 0 && page->count < page->limit) {
        struct activity_row *row = &page->rows[page->count];
        TRY(row_decode_next(activity_row_desc(), &bytes, arena, row));
        page->count += row->version > page->after ? 1 : 0;
    }
    return OK;
}

enum err activity_list(struct store_txn *txn, const struct id *post_id, uint64_t after, uint32_t limit,
                       struct arena *arena, struct activity_row **ret_rows, uint32_t *ret_count)
{
    const struct row_key prefix = row_key_post(post_id, PLACE_ACTIVITY);
    const struct row_key from = key_of(post_id, after + 1);
    struct page page = {.rows = arena_alloc(arena, limit * sizeof *page.rows), .limit = limit, .after = after};
    if (page.rows == NULL) {
        return ERR_NO_MEMORY;
    }
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct span key;
    struct span value;
    enum err err = store_seek(cursor, row_key_span(&from), &key, &value);
    while (err == OK && page.count < limit && span_starts_with(key, row_key_span(&prefix))) {
        TRY(add_events(&page, value, arena));
        err = store_next(cursor, &key, &value);
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_rows = page.rows;
    *ret_count = page.count;
    return OK;
}

/* --- sentences --- */

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
