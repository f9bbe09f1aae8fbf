/* post.c: a post's life, from top to bottom: which command is decided by which rule, and the words that the rules
 * share: locked, final, waiting. The rules themselves are in post_author.c, post_approval.c, post_lock.c,
 * post_attempt.c, post_outcome.c and post_person.c. */
#include "core/decider/post.h"

#include "core/base/assert.h"
#include "core/decider/post_rules.h"

enum refusal post_decide(const struct post *post, const struct decide_context *context, const struct command *command,
                         struct event_list *ret_events)
{
    if (post->status == POST_DELETED) {
        const bool makes = command->code == COMMAND_create_post || command->code == COMMAND_make_instance;
        return makes ? REFUSED_exists : REFUSED_not_found;
    }
    switch (command->code) {
    case COMMAND_create_post:
        return post_rule_create(post, context, command, ret_events);
    case COMMAND_edit_post:
        return post_rule_edit(post, context, command, ret_events);
    case COMMAND_delete_post:
        return post_rule_delete(post, context, command, ret_events);
    case COMMAND_schedule_post:
        return post_rule_schedule(post, context, command, ret_events);
    case COMMAND_approve_post:
        return post_rule_approve(post, context, command, ret_events);
    case COMMAND_remind_approval:
        return post_rule_remind(post, context, command, ret_events);
    case COMMAND_lock_post:
        return post_rule_lock(post, context, command, ret_events);
    case COMMAND_record_prepared:
        return post_rule_prepared(post, context, command, ret_events);
    case COMMAND_start_attempt:
        return post_rule_start(post, context, command, ret_events);
    case COMMAND_record_outcome:
        return post_rule_outcome(post, context, command, ret_events);
    case COMMAND_miss_targets:
        return post_rule_miss(post, context, command, ret_events);
    case COMMAND_cancel_post:
        return post_rule_cancel(post, context, command, ret_events);
    case COMMAND_cancel_target:
        return post_rule_cancel_target(post, context, command, ret_events);
    case COMMAND_retry_post:
        return post_rule_retry(post, context, command, ret_events);
    case COMMAND_make_instance:
        return post_rule_make(post, context, command, ret_events);
    case COMMAND_edit_instance:
        return post_rule_follow(post, context, command, ret_events);
    case COMMAND_withdraw_instance:
        return post_rule_withdraw(post, context, command, ret_events);
    case COMMAND_swap_targets:
        return post_rule_swap(post, context, command, ret_events);
    default:
        ASSERT(command->code == COMMAND_resolve_target);
        return post_rule_resolve(post, context, command, ret_events);
    }
}

/* The lock */

int64_t post_locked_at(const struct post *post)
{
    if (post->locked_at_ms != 0 || post->publish_at_ms == 0) {
        return post->locked_at_ms;
    }
    return post->publish_at_ms - LOCK_AHEAD_MS;
}

bool post_is_locked(const struct post *post, int64_t now_ms)
{
    return post->locked_at_ms != 0 || (post->publish_at_ms != 0 && now_ms >= post_locked_at(post));
}

enum refusal post_check_open(const struct post *post, int64_t now_ms)
{
    if (post_is_final(post)) {
        return REFUSED_post_finished;
    }
    return post_is_locked(post, now_ms) ? REFUSED_post_locked : ACCEPTED;
}

enum refusal post_check_instant(int64_t at_ms, int64_t now_ms)
{
    if (at_ms <= now_ms) {
        return REFUSED_timestamp_past;
    }
    return at_ms > now_ms + SCHEDULE_AHEAD_MAX_MS ? REFUSED_timestamp_too_far : ACCEPTED;
}

/* The end */

bool target_status_is_final(enum target_status status)
{
    return status == TARGET_PUBLISHED || status == TARGET_FAILED || status == TARGET_CANCELLED ||
           status == TARGET_MISSED;
}

bool post_is_final(const struct post *post)
{
    return post->status >= POST_PUBLISHED;
}

struct outlook post_outlook(const struct post *post)
{
    struct outlook outlook = {{0}, {0}};
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        const uint8_t main_count = target_main_count(target);
        outlook.status[i] = target->status;
        outlook.live[i] = target->next_part < main_count ? target->next_part : main_count;
    }
    return outlook;
}

/* What the targets' last statuses make of the post; POST_NONE while one is not final. */
static enum post_status final_status(const struct post *post, const struct outlook *outlook)
{
    uint32_t count[TARGET_STATUS_COUNT] = {0};
    bool any_live = false;
    for (uint32_t i = 0; i < post->target_count; i++) {
        if (!target_status_is_final(outlook->status[i])) {
            return POST_NONE;
        }
        count[outlook->status[i]]++;
        any_live = any_live || outlook->live[i] > 0;
    }
    if (count[TARGET_PUBLISHED] == post->target_count) {
        return POST_PUBLISHED;
    }
    if (count[TARGET_PUBLISHED] > 0 || any_live) {
        return POST_PARTIALLY_PUBLISHED;
    }
    if (count[TARGET_FAILED] > 0) {
        return POST_FAILED;
    }
    return count[TARGET_MISSED] > 0 ? POST_MISSED : POST_CANCELLED;
}

void post_finish(const struct post *post, const struct outlook *outlook, struct event_list *events)
{
    const enum post_status status = final_status(post, outlook);
    if (status != POST_NONE && status != (enum post_status)post->status) {
        struct event *event = event_append(events, EVENT_post_finished);
        event->post_finished.post_id = post->post_id;
        event->post_finished.status = status;
    }
}

/* Targets */

uint32_t post_index(const struct post *post, const struct id *target_id)
{
    uint32_t i = 0;
    while (i < post->target_count && !id_equal(&post->targets[i].target_id, target_id)) {
        i++;
    }
    return i;
}

const struct post_target *post_target(const struct post *post, const struct id *target_id)
{
    const uint32_t i = post_index(post, target_id);
    return i < post->target_count ? &post->targets[i] : NULL;
}

int64_t post_open_due(const struct post *post, const struct id *integration_id)
{
    if (post->status == POST_DRAFT || post->status == POST_DELETED) {
        return 0;
    }
    for (uint32_t i = 0; i < post->target_count; i++) {
        const struct post_target *target = &post->targets[i];
        if (id_equal(&target->integration_id, integration_id) && !target_status_is_final(target_phase(target))) {
            return target->base_due_ms;
        }
    }
    return 0;
}

bool post_has_open_target(const struct post *post, const struct id *integration_id)
{
    return post_open_due(post, integration_id) != 0;
}

uint8_t target_main_count(const struct post_target *target)
{
    return (uint8_t)(target->part_count - target->has_comment);
}

enum target_status target_phase(const struct post_target *target)
{
    return target->status == TARGET_PUBLISHED && target->has_comment ? target->comment_status : target->status;
}

bool target_waits(const struct post_target *target)
{
    const enum target_status phase = target_phase(target);
    return phase == TARGET_PENDING || phase == TARGET_PREPARED || phase == TARGET_RETRYING;
}

int64_t target_window_end(const struct post *post, const struct post_target *target, const struct workspace *workspace)
{
    const int64_t end_ms = target->base_due_ms + workspace->max_lateness_ms;
    return post->not_after_ms != 0 && post->not_after_ms < end_ms ? post->not_after_ms : end_ms;
}

/* Attempts */

bool target_find_attempt(const struct post_target *target, const struct id *attempt_id,
                         struct known_attempt *ret_attempt)
{
    if (target->attempt_count > 0 && id_equal(&target->attempt_id, attempt_id)) {
        *ret_attempt = (struct known_attempt){.is_current = true,
                                              .number = target->attempt_count,
                                              .part = target->attempt_part,
                                              .outcome = target->attempt_outcome,
                                              .contradicted = target->attempt_contradicted};
        return true;
    }
    for (uint32_t i = 0; i < FORMER_ATTEMPTS_MAX; i++) {
        const struct former_attempt *former = &target->formers[i];
        if (former->outcome != OUTCOME_NONE && memcmp(former->tail, attempt_id->uuid + 8, sizeof former->tail) == 0) {
            *ret_attempt = (struct known_attempt){.former = i,
                                                  .number = target->attempt_count - 1u - i,
                                                  .part = former->part,
                                                  .outcome = former->outcome,
                                                  .contradicted = former->contradicted};
            return true;
        }
    }
    return false;
}

bool post_forgot_attempt(const struct post *post, const struct id *target_id, const struct id *attempt_id)
{
    const struct post_target *target = post_target(post, target_id);
    struct known_attempt attempt;
    return target != NULL && target->attempt_count > FORMER_ATTEMPTS_MAX + 1 &&
           !target_find_attempt(target, attempt_id, &attempt);
}

static void recall_outcome(struct recalled_attempt *recalled, const struct id *wanted, const struct id *attempt_id,
                           uint32_t outcome)
{
    if (id_equal(wanted, attempt_id)) {
        recalled->outcome = (uint8_t)outcome;
    }
}

void attempt_recall(struct recalled_attempt *recalled, const struct id *target_id, const struct id *attempt_id,
                    const struct event *event)
{
    if (event->code == EVENT_attempt_started) {
        const struct attempt_started_event *started = &event->attempt_started;
        if (id_equal(&started->attempt_id, attempt_id) && id_equal(&started->target_id, target_id)) {
            recalled->number = (uint32_t)started->number;
            recalled->part = (uint8_t)started->part;
        }
    } else if (event->code == EVENT_attempt_finished) {
        const struct attempt_finished_event *finished = &event->attempt_finished;
        recall_outcome(recalled, attempt_id, &finished->attempt_id, finished->outcome);
    } else if (event->code == EVENT_attempt_settled) {
        const struct attempt_settled_event *settled = &event->attempt_settled;
        recall_outcome(recalled, attempt_id, &settled->attempt_id, settled->outcome);
    } else if (event->code == EVENT_target_resolved) {
        const struct target_resolved_event *resolved = &event->target_resolved;
        if (resolved->resolution != RESOLUTION_ABANDONED) { /* which leaves it unknown */
            recall_outcome(recalled, attempt_id, &resolved->attempt_id,
                           resolved->resolution == RESOLUTION_PUBLISHED ? OUTCOME_ACCEPTED : OUTCOME_ABSENT);
        }
    } else if (event->code == EVENT_outcome_contradicted) {
        recalled->contradicted =
            recalled->contradicted || id_equal(attempt_id, &event->outcome_contradicted.attempt_id);
    }
}

bool target_needs_reading(const struct post_target *target)
{
    const bool is_next = target->attempt_count > 0 && target->attempt_part == target->next_part;
    const bool doubtful = target->attempt_outcome == OUTCOME_UNKNOWN || target->platform_refused;
    return (is_next && doubtful) || target->doubted;
}

uint64_t target_prepared_check(struct span prepared)
{
    uint64_t check = 0xcbf29ce484222325u;
    for (size_t i = 0; i < prepared.len; i++) {
        check = (check ^ prepared.data[i]) * 0x100000001b3u;
    }
    return check != 0 ? check : 1;
}

size_t post_stored_size(const struct post *post)
{
    if (post->target_count == 0) {
        return offsetof(struct post, targets);
    }
    const struct post_target *last = &post->targets[post->target_count - 1];
    const size_t parts = last->part_count > last->approved_parts ? last->part_count : last->approved_parts;
    return offsetof(struct post, targets) + (post->target_count - 1u) * sizeof *last +
           offsetof(struct post_target, part_hash8) + parts * sizeof *last->part_hash8;
}
