/* activity.c: keeps what each event of a post says (activity_sentence.c puts it into words). Called by the ledger for
 * every event, and by whoever shows a post's history. Must never keep more than a short row: the log has the whole. */
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
