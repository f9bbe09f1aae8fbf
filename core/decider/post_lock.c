/* post_lock.c: the lock: what will be sent is fixed, once and for ever; and the prepare steps that follow it. Asked by
 * the scheduler, which renders the version that it names. */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/decider/post_rules.h"

/* A rendering: refused with a code, or parts of which only the last may be the comment. */
static bool is_rendered(const struct locked_target *locked)
{
    if (locked->code.data != NULL) {
        return true;
    }
    for (uint32_t i = 0; i + 1 < locked->parts_count; i++) {
        if (locked->parts[i].comment) {
            return false;
        }
    }
    return locked->parts_count > 0 && !locked->parts[0].comment;
}

/* The cancelled ones may be named. */
bool post_names_targets(const struct post *post, const struct locked_target *targets, uint32_t count)
{
    bool named[TARGETS_MAX] = {false};
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = post_index(post, &targets[i].target_id);
        if (at == post->target_count || named[at] || !is_rendered(&targets[i])) {
            return false;
        }
        named[at] = true;
    }
    for (uint32_t i = 0; i < post->target_count; i++) {
        if (!named[i] && !target_status_is_final(post->targets[i].status)) {
            return false;
        }
    }
    return true;
}

enum refusal post_check_lockable(const struct post *post)
{
    if (post_is_final(post)) {
        return REFUSED_post_finished;
    }
    if (post->status == POST_DRAFT) {
        return REFUSED_post_not_scheduled;
    }
    return post->locked_at_ms != 0 ? REFUSED_post_locked : ACCEPTED;
}

RULE(lock)
{
    enum refusal refusal = post_check_lockable(post);
    if (refusal == ACCEPTED) {
        refusal = installation_refusal(context->installation);
    }
    if (refusal != ACCEPTED) {
        return refusal;
    }
    if (!post_is_locked(post, context->now_ms)) {
        return REFUSED_lock_too_early;
    }
    if (command->expected_version != post->head.version && !MUTANT(4)) {
        return REFUSED_version_mismatch;
    }
    const struct lock_post_command *lock = &command->lock_post;
    if (post_wants_approval(post, context->workspace)) {
        return REFUSED_approval_missing;
    }
    if (!post_names_targets(post, lock->targets, lock->targets_count)) {
        return REFUSED_target_unrendered;
    }
    if (post_is_approved(post) && !approval_covers(post, lock->targets, lock->targets_count)) {
        return REFUSED_approval_stale;
    }
    struct post_locked_event *event = &event_append(ret_events, EVENT_post_locked)->post_locked;
    event->post_id = lock->post_id;
    event->version = command->expected_version;
    event->targets = lock->targets;
    event->targets_count = lock->targets_count;
    struct outlook outlook = post_outlook(post);
    for (uint32_t i = 0; i < lock->targets_count; i++) {
        const uint32_t at = post_index(post, &lock->targets[i].target_id);
        if (lock->targets[i].code.data != NULL && !target_status_is_final(post->targets[at].status)) {
            outlook.status[at] = TARGET_FAILED;
        }
    }
    post_finish(post, &outlook, ret_events);
    return ACCEPTED;
}

RULE(prepared)
{
    (void)context;
    const struct record_prepared_command *step = &command->record_prepared;
    const struct post_target *target = post_target(post, &step->target_id);
    if (target == NULL) {
        return REFUSED_not_found;
    }
    if (target->part_count == 0 || !target_waits(target)) {
        return REFUSED_attempt_not_startable;
    }
    if (target->prepared_check == target_prepared_check(step->prepared)) {
        return ACCEPTED;
    }
    struct target_prepared_event *event = &event_append(ret_events, EVENT_target_prepared)->target_prepared;
    event->post_id = step->post_id;
    event->target_id = step->target_id;
    event->prepared = step->prepared;
    return ACCEPTED;
}
