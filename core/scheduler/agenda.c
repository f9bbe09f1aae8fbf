/* agenda.c: the agenda as events tell it: each event changes a record and has its time worked out anew (agenda_due.c).
 * Called by dispatch and the simulation. Pure: must never know a clock, dice or the heap (agenda_new.c reserves room
 * before anything is touched). */
#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/scheduler/agenda_state.h"

uint32_t agenda_post(struct agenda *agenda, const struct id *id, const struct id *workspace_id)
{
    uint32_t index = pool_find(&agenda->posts, id);
    if (index == 0) {
        index = pool_add(&agenda->posts, id);
        post_at(agenda, index)->workspace = agenda_workspace(agenda, workspace_id);
    }
    return index;
}

uint32_t agenda_target_add(struct agenda *agenda, uint32_t post, const struct id *id, uint32_t integration,
                           uint32_t channel)
{
    const uint32_t index = pool_add(&agenda->targets, id);
    struct target_item *target = target_at(agenda, index);
    target->channel = (uint8_t)channel;
    target->post = post;
    target->post_next = post_at(agenda, post)->target_first;
    post_at(agenda, post)->target_first = index;
    target->integration = integration;
    struct integration_item *account = integration_at(agenda, integration);
    account->channel = channel;
    target->integration_next = account->target_first;
    if (account->target_first != 0) {
        target_at(agenda, account->target_first)->integration_prev = index;
    }
    account->target_first = index;
    return index;
}

/* A late one that had its turn, or might have it, goes another way than by its start. */
static void turn_is_over(struct agenda *agenda, const struct target_item *target)
{
    struct integration_item *integration = integration_at(agenda, target->integration);
    if ((target->handed && target->late) || integration->late_root == 0) {
        integration->turn_ms = 0;
    }
}

/* The post goes with its last target, unless it is a draft. */
static void remove_target(struct agenda *agenda, uint32_t index)
{
    struct target_item *target = target_at(agenda, index);
    agenda_late_remove(agenda, index);
    agenda_crowd_count(agenda, index, false);
    turn_is_over(agenda, target);
    timers_set(&agenda->timers, ref_of(REF_TARGET, index), target->place, TIMERS_NEVER);
    if (target->integration_prev != 0) {
        target_at(agenda, target->integration_prev)->integration_next = target->integration_next;
    } else {
        integration_at(agenda, target->integration)->target_first = target->integration_next;
    }
    if (target->integration_next != 0) {
        target_at(agenda, target->integration_next)->integration_prev = target->integration_prev;
    }
    struct post_item *post = post_at(agenda, target->post);
    uint32_t *link = &post->target_first;
    while (*link != index) {
        link = &target_at(agenda, *link)->post_next;
    }
    *link = target->post_next;
    if (post->target_first == 0 && post->scheduled) {
        timers_set(&agenda->timers, ref_of(REF_POST, target->post), post->place, TIMERS_NEVER);
        pool_remove(&agenda->posts, target->post);
    }
    pool_remove(&agenda->targets, index);
}

static void remove_listed(struct agenda *agenda, const struct target_ref *targets, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t index = pool_find(&agenda->targets, &targets[i].target_id);
        if (index != 0) {
            remove_target(agenda, index);
        }
    }
}

static bool is_listed(const struct target_item *target, const struct target_spec *specs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(specs[i].target_id.uuid, target->item.uuid, sizeof target->item.uuid) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes off what the post no longer goes to; planned: of those only that its lock has not fixed. */
static void remove_unlisted(struct agenda *agenda, uint32_t post, const struct target_spec *specs, uint32_t count,
                            bool planned)
{
    uint32_t next;
    for (uint32_t i = post_at(agenda, post)->target_first; i != 0; i = next) {
        next = target_at(agenda, i)->post_next;
        if (!is_listed(target_at(agenda, i), specs, count) &&
            (!planned || target_at(agenda, i)->state == STATE_PLANNED)) {
            remove_target(agenda, i);
        }
    }
}

/* A post's content: what it no longer goes to is gone, what is new waits for its instant. */
static void set_targets(struct agenda *agenda, uint32_t post, const struct id *workspace_id,
                        const struct target_spec *specs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pool_find(&agenda->targets, &specs[i].target_id) == 0) {
            const uint32_t integration = agenda_integration(agenda, &specs[i].integration_id, workspace_id);
            agenda_target_add(agenda, post, &specs[i].target_id, integration, specs[i].channel);
        }
    }
    remove_unlisted(agenda, post, specs, count, false);
}

static void apply_written(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    const bool created = event->code == EVENT_post_created;
    const struct id *post_id = created ? &event->post_created.post_id : &event->post_edited.post_id;
    const struct target_spec *specs = created ? event->post_created.targets : event->post_edited.targets;
    const uint32_t count = created ? event->post_created.targets_count : event->post_edited.targets_count;
    if (!created && pool_find(&agenda->posts, post_id) == 0) {
        return; /* a draft from before the restoring: its schedule will bring it */
    }
    const uint32_t index = agenda_post(agenda, post_id, &at->workspace_id);
    if (post_at(agenda, index)->stage == STAGE_LOCKED) { /* by a target that was restored later than others */
        remove_unlisted(agenda, index, specs, count, true);
        return;
    }
    post_at(agenda, index)->not_after_ms = created ? event->post_created.not_after_ms : event->post_edited.not_after_ms;
    post_at(agenda, index)->version = at->version;
    post_at(agenda, index)->cause = at->seq;
    post_at(agenda, index)->stage = STAGE_FACTS;
    post_at(agenda, index)->wait_ms = 0;
    set_targets(agenda, index, &at->workspace_id, specs, count);
    if (pool_find(&agenda->posts, post_id) != 0) {
        agenda_time_planned(agenda, index);
    }
}

static void apply_deleted(struct agenda *agenda, const struct id *post_id)
{
    const uint32_t index = pool_find(&agenda->posts, post_id);
    if (index == 0) {
        return;
    }
    post_at(agenda, index)->scheduled = false;
    while (post_at(agenda, index)->target_first != 0) {
        remove_target(agenda, post_at(agenda, index)->target_first);
    }
    timers_set(&agenda->timers, ref_of(REF_POST, index), post_at(agenda, index)->place, TIMERS_NEVER);
    pool_remove(&agenda->posts, index);
}

static enum err apply_scheduled(struct agenda *agenda, const struct log_event *at,
                                const struct post_scheduled_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        if (pool_find(&agenda->targets, &event->targets[i].target_id) == 0) {
            return ERR_NOT_FOUND;
        }
    }
    const uint32_t index = pool_find(&agenda->posts, &event->post_id);
    if (index == 0) {
        return OK;
    }
    const bool locked = post_at(agenda, index)->stage == STAGE_LOCKED; /* by a target that was restored later: */
    for (uint32_t i = 0; i < event->targets_count; i++) {
        struct target_item *target = target_at(agenda, pool_find(&agenda->targets, &event->targets[i].target_id));
        if (!locked || target->state == STATE_PLANNED) { /* the others have the instants of then */
            target->due_ms = event->targets[i].due_ms;
            target->next_ms = event->targets[i].due_ms; /* a restored one has the instant before */
        }
    }
    if (locked) {
        return OK;
    }
    struct post_item *post = post_at(agenda, index);
    post->scheduled = true;
    post->reminded = post->reminded && post->publish_at_ms == event->publish_at_ms;
    post->publish_at_ms = event->publish_at_ms;
    post->version = at->version;
    post->cause = at->seq;
    post->stage = post->approved_under != POLICY_NONE ? STAGE_LOCK : STAGE_FACTS;
    post->wait_ms = 0;
    agenda_time_planned(agenda, index);
    return OK;
}

static void lock_target(struct agenda *agenda, const struct locked_target *locked, uint64_t seq)
{
    const uint32_t index = pool_find(&agenda->targets, &locked->target_id);
    if (index == 0 || target_at(agenda, index)->state != STATE_PLANNED) {
        return;
    }
    if (locked->code.data != NULL || target_at(agenda, index)->due_ms == 0) {
        remove_target(agenda, index);
        return;
    }
    struct target_item *target = target_at(agenda, index);
    for (uint32_t i = 0; i < locked->parts_count; i++) {
        if (locked->parts[i].comment) {
            target->comment = true;
        } else {
            target->part_count++;
        }
    }
    target->state = STATE_WAITING;
    target->cause = seq;
    agenda_time_target(agenda, index);
}

static void apply_locked(struct agenda *agenda, const struct log_event *at, const struct post_locked_event *event)
{
    const uint32_t index = pool_find(&agenda->posts, &event->post_id);
    if (index == 0) {
        return;
    }
    post_at(agenda, index)->stage = STAGE_LOCKED;
    agenda_time_post(agenda, index);
    for (uint32_t i = 0; i < event->targets_count; i++) {
        lock_target(agenda, &event->targets[i], at->seq);
    }
}

static void apply_started(struct agenda *agenda, const struct log_event *at, const struct attempt_started_event *event)
{
    const uint32_t index = pool_find(&agenda->targets, &event->target_id);
    if (index == 0) {
        return;
    }
    struct target_item *target = target_at(agenda, index);
    const int64_t ready_ms = target->due_ms > target->next_ms ? target->due_ms : target->next_ms;
    if (event->part == 0 && at->time_ms - ready_ms > AGENDA_LATE_MS && !target->crowded) {
        struct integration_item *integration = integration_at(agenda, target->integration);
        const int64_t open_ms = at->time_ms + workspace_at(agenda, integration->workspace)->late_spacing_ms;
        if (integration->late_open_ms < open_ms) {
            integration->late_open_ms = open_ms;
        }
        integration->turn_ms = 0;
    }
    target->state = STATE_ATTEMPTING;
    target->cause = at->seq;
    target->attempted = true;
    memcpy(target->attempt, event->attempt_id.uuid, sizeof target->attempt);
    target->attempt_part = (uint8_t)event->part;
    target->part = (uint8_t)event->part;
    target->fence = (uint32_t)event->fence;
    target->deadline_ms = event->deadline_ms;
    target->next_ms = 0;
    target->read_first = false;
    target->orphan = false;
    target->crowded = false;
    target->handed = false;
    target->wait_ms = 0;
    agenda_time_target(agenda, index);
    agenda_time_integration(agenda, target->integration);
}

/* What an outcome of the attempt that the target is doing makes of it; *next_ms is the event's. */
static enum target_state state_after(struct target_item *target, uint32_t outcome, int64_t time_ms, int64_t *next_ms)
{
    if (outcome == OUTCOME_ACCEPTED || target->attempt_part < target->part) {
        target->part = target->part > target->attempt_part ? target->part : (uint8_t)(target->attempt_part + 1);
        *next_ms = time_ms;
        return target->part < target->part_count + target->comment ? STATE_WAITING : STATE_STALLED;
    }
    switch (outcome) {
    case OUTCOME_TRY_AGAIN:
    case OUTCOME_DEFERRED:
    case OUTCOME_ABSENT:
        return *next_ms != 0 && !MUTANT(7) ? STATE_WAITING : STATE_STALLED;
    case OUTCOME_UNAUTHORIZED:
        return STATE_WAITING; /* held until the account is connected again */
    case OUTCOME_UNKNOWN:
        return STATE_UNKNOWN;
    default:
        return STATE_STALLED;
    }
}

/* Something became of an attempt; whatever was out for it has had its effect. */
static void settle(struct agenda *agenda, uint32_t index, enum target_state state, int64_t next_ms, uint64_t seq)
{
    struct target_item *target = target_at(agenda, index);
    turn_is_over(agenda, target);
    target->state = (uint8_t)state;
    target->cause = seq;
    target->next_ms = next_ms;
    target->crowded = false;
    target->handed = false;
    target->wait_ms = 0;
    agenda_time_target(agenda, index);
}

/* After this outcome the target waits for another start. */
static bool leads_to_a_start(uint32_t outcome)
{
    return outcome == OUTCOME_TRY_AGAIN || outcome == OUTCOME_DEFERRED || outcome == OUTCOME_UNAUTHORIZED;
}

/* As the decider has it: an outcome of the attempt that the target is doing now decides what follows. While the target
 * waits, only that the part is live after all, or the reading that it waits for, changes anything; what else is said of
 * its last attempt comes too late.
 * ERR_NOT_FOUND: it is not the target's last attempt, the target is not open, or it may have to be read first: what
 * that means the read model knows. */
static enum err apply_outcome(struct agenda *agenda, const struct log_event *at, const struct id *target_id,
                              const struct id *attempt_id, uint32_t outcome, int64_t next_ms)
{
    const uint32_t index = pool_find(&agenda->targets, target_id);
    if (index == 0) {
        return ERR_NOT_FOUND;
    }
    struct target_item *target = target_at(agenda, index);
    if (!target->attempted || memcmp(target->attempt, attempt_id->uuid, sizeof target->attempt) != 0) {
        return ERR_NOT_FOUND;
    }
    const bool in_play = target->state == STATE_ATTEMPTING || target->state == STATE_UNKNOWN;
    if (in_play && target->contradicted && leads_to_a_start(outcome)) {
        return ERR_NOT_FOUND;
    }
    if (target->state == STATE_WAITING && outcome != OUTCOME_ACCEPTED && outcome != OUTCOME_ABSENT) {
        return OK;
    }
    const enum target_state state = state_after(target, outcome, at->time_ms, &next_ms);
    target->read_first = false;
    settle(agenda, index, state, next_ms, at->seq);
    return OK;
}

static void apply_probed(struct agenda *agenda, const struct log_event *at, const struct attempt_probed_event *event)
{
    const uint32_t index = pool_find(&agenda->targets, &event->target_id);
    if (index == 0) {
        return;
    }
    const struct target_item *target = target_at(agenda, index);
    if (target->state != STATE_WAITING || target->read_first) { /* else it is told again of what is behind it */
        settle(agenda, index, (enum target_state)target->state, event->next_ms, at->seq);
    }
}

static enum err apply_resolved(struct agenda *agenda, const struct log_event *at,
                               const struct target_resolved_event *event)
{
    uint32_t outcome = OUTCOME_REFUSED;
    if (event->resolution == RESOLUTION_PUBLISHED) {
        outcome = OUTCOME_ACCEPTED;
    } else if (event->resolution == RESOLUTION_ABSENT && event->retry) {
        const uint32_t index = pool_find(&agenda->targets, &event->target_id);
        if (index != 0) {
            target_at(agenda, index)->due_ms = event->next_ms; /* a person's word: the new base of lateness */
        }
        outcome = OUTCOME_ABSENT;
    }
    if (id_is_none(&event->attempt_id)) {
        return ERR_NOT_FOUND; /* no attempt of ours: the read model knows which part is next */
    }
    return apply_outcome(agenda, at, &event->target_id, &event->attempt_id, outcome, event->next_ms);
}

static enum err apply_retried(struct agenda *agenda, const struct log_event *at,
                              const struct targets_retried_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        if (pool_find(&agenda->targets, &event->targets[i].target_id) == 0) {
            return ERR_NOT_FOUND;
        }
    }
    for (uint32_t i = 0; i < event->targets_count; i++) {
        const uint32_t index = pool_find(&agenda->targets, &event->targets[i].target_id);
        struct target_item *target = target_at(agenda, index);
        target->state = STATE_WAITING;
        target->cause = at->seq;
        target->due_ms = event->due_ms;
        target->next_ms = event->due_ms;
        target->read_first = event->targets[i].read_first;
        target->handed = false;
        target->wait_ms = 0;
        agenda_time_target(agenda, index);
    }
    return OK;
}

static void apply_finished(struct agenda *agenda, const struct target_finished_event *event)
{
    const uint32_t index = pool_find(&agenda->targets, &event->target_id);
    if (index == 0) {
        return;
    }
    struct target_item *target = target_at(agenda, index);
    if (event->status == TARGET_PUBLISHED && target->comment && target->part <= target->part_count) {
        target->published = true;
        agenda_time_target(agenda, index);
    } else {
        remove_target(agenda, index);
    }
}

/* The original of a restored folder may have sent them: a person says so. */
static void apply_doubted(struct agenda *agenda, const struct log_event *at, const struct targets_doubted_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        const uint32_t index = pool_find(&agenda->targets, &event->targets[i].target_id);
        if (index != 0) {
            target_at(agenda, index)->read_first = false;
            settle(agenda, index, STATE_UNKNOWN, 0, at->seq);
        }
    }
}

/* What an edit named and no schedule dated, for it was cancelled before: it never was open. */
static void remove_undated(struct agenda *agenda, const struct id *post_id)
{
    const uint32_t index = pool_find(&agenda->posts, post_id);
    uint32_t next;
    for (uint32_t i = index != 0 ? post_at(agenda, index)->target_first : 0; i != 0; i = next) {
        next = target_at(agenda, i)->post_next;
        if (target_at(agenda, i)->due_ms == 0) {
            remove_target(agenda, i);
        }
    }
}

static void apply_comment(struct agenda *agenda, const struct comment_finished_event *event)
{
    const uint32_t index = pool_find(&agenda->targets, &event->target_id);
    if (index == 0) {
        return;
    }
    if (target_at(agenda, index)->published) {
        remove_target(agenda, index);
    } else {
        target_at(agenda, index)->comment = false;
    }
}

static enum err apply_to_post(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    switch (event->code) {
    case EVENT_post_created:
    case EVENT_post_edited:
        apply_written(agenda, at, event);
        return OK;
    case EVENT_post_deleted:
        apply_deleted(agenda, &event->post_deleted.post_id);
        return OK;
    case EVENT_post_scheduled:
        return apply_scheduled(agenda, at, &event->post_scheduled);
    case EVENT_post_locked:
        apply_locked(agenda, at, &event->post_locked);
        return OK;
    case EVENT_attempt_started:
        apply_started(agenda, at, &event->attempt_started);
        return OK;
    case EVENT_attempt_finished:
        return apply_outcome(agenda, at, &event->attempt_finished.target_id, &event->attempt_finished.attempt_id,
                             event->attempt_finished.outcome, event->attempt_finished.next_ms);
    case EVENT_attempt_settled:
        return apply_outcome(agenda, at, &event->attempt_settled.target_id, &event->attempt_settled.attempt_id,
                             event->attempt_settled.outcome, event->attempt_settled.next_ms);
    case EVENT_outcome_contradicted:
        return event->outcome_contradicted.outcome == OUTCOME_ACCEPTED ? ERR_NOT_FOUND : OK;
    case EVENT_attempt_probed:
        apply_probed(agenda, at, &event->attempt_probed);
        return OK;
    case EVENT_target_finished:
        apply_finished(agenda, &event->target_finished);
        return OK;
    case EVENT_targets_missed:
        remove_listed(agenda, event->targets_missed.targets, event->targets_missed.targets_count);
        return OK;
    case EVENT_targets_doubted:
        apply_doubted(agenda, at, &event->targets_doubted);
        return OK;
    case EVENT_targets_cancelled:
        remove_listed(agenda, event->targets_cancelled.targets, event->targets_cancelled.targets_count);
        return OK;
    case EVENT_target_resolved:
        return apply_resolved(agenda, at, &event->target_resolved);
    case EVENT_targets_retried:
        return apply_retried(agenda, at, &event->targets_retried);
    case EVENT_post_finished:
        remove_undated(agenda, &event->post_finished.post_id);
        return OK;
    case EVENT_comment_finished:
        apply_comment(agenda, &event->comment_finished);
        return OK;
    case EVENT_approval_wanted:
    case EVENT_approval_given:
    case EVENT_approval_voided:
        agenda_apply_approval(agenda, at, event);
        return OK;
    default:
        return OK;
    }
}

enum err agenda_apply(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    TRY(agenda_reserve(agenda, 1, TARGETS_MAX, 1, TARGETS_MAX));
    agenda_apply_limit(agenda, at, event);
    return agenda_apply_account(agenda, at, event) ? OK : apply_to_post(agenda, at, event);
}

uint64_t agenda_epoch(const struct agenda *agenda)
{
    return agenda->epoch;
}

bool agenda_is_suspended(const struct agenda *agenda)
{
    return agenda->suspended;
}

bool agenda_is_clock_suspect(const struct agenda *agenda)
{
    return agenda->clock_suspect;
}

uint32_t agenda_count(const struct agenda *agenda)
{
    return agenda->targets.used;
}

uint64_t agenda_cause(const struct agenda *agenda, const struct agenda_due *due)
{
    const uint32_t target = pool_find(&agenda->targets, &due->target_id);
    if (target != 0) {
        return target_at(agenda, target)->cause;
    }
    const uint32_t integration = pool_find(&agenda->integrations, &due->integration_id);
    return integration != 0 ? integration_at(agenda, integration)->cause : 0;
}
