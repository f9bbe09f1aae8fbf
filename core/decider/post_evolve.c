/* post_evolve.c: the fold: what each event changes in a post's state. Called through aggregate.h for every event of a
 * post's stream, live and in every replay. It decides nothing: what an event does not fit is a bug. */
#include "core/base/assert.h"
#include "core/decider/post_rules.h"

static struct post_target *target_of(struct post *post, const struct id *target_id)
{
    const uint32_t at = post_index(post, target_id);
    ASSERT(at < post->target_count);
    return &post->targets[at];
}

/* The field that holds the phase: see post.h. */
static uint8_t *phase_of(struct post_target *target)
{
    return target->status == TARGET_PUBLISHED && target->has_comment ? &target->comment_status : &target->status;
}

/* Writing */

static void set_content(struct post *post, const struct content_part *parts, uint32_t part_count, int64_t not_after_ms)
{
    ASSERT(part_count <= PARTS_MAX);
    post->has_text = content_has_text(parts, part_count);
    post->part_count = (uint8_t)part_count;
    post->not_after_ms = not_after_ms;
}

static void set_due(struct post_target *target, int64_t due_ms)
{
    target->due_ms = due_ms;
    target->base_due_ms = due_ms;
    target->next_ms = due_ms;
}

/* Replaces the targets; one that stays keeps all that is known of it but the author's own instant. */
static void set_targets(struct post *post, const struct target_spec *specs, uint32_t count)
{
    ASSERT(count <= TARGETS_MAX);
    struct post_target before[TARGETS_MAX];
    const uint32_t before_count = post->target_count;
    memcpy(before, post->targets, before_count * sizeof *before);
    memset(post->targets, 0, before_count * sizeof *before);
    post->target_count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct post_target *target = &post->targets[i];
        target->target_id = specs[i].target_id;
        target->integration_id = specs[i].integration_id;
        target->channel = (uint8_t)specs[i].channel;
        target->status = TARGET_PENDING;
        set_due(target, post->publish_at_ms);
        for (uint32_t k = 0; k < before_count; k++) {
            if (id_equal(&before[k].target_id, &target->target_id)) {
                *target = before[k];
            }
        }
        target->at_ms = specs[i].at_ms;
    }
}

_Static_assert(TARGETS_MAX < 1 << 6, "a leader's place has 6 bits");

/* The target that goes to that account leads; nobody when none does. */
static void set_leader(struct post *post, const struct id *integration_id)
{
    post->leader = 0;
    for (uint32_t i = 0; i < post->target_count; i++) {
        if (id_equal(&post->targets[i].integration_id, integration_id)) {
            post->leader = (uint8_t)((i + 1) & 63U) & 63U;
        }
    }
}

/* A person did something to it. */
static void touch(struct post *post)
{
    if (post->series_tie == SERIES_TIE_FOLLOWS) {
        post->series_tie = SERIES_TIE_CUT;
    }
}

static void evolve_created(struct post *post, const struct post_created_event *event)
{
    post->post_id = event->post_id;
    post->author_id = event->author_id;
    post->status = POST_DRAFT;
    post->series_tie = id_is_none(&event->series_id) ? SERIES_TIE_NONE : SERIES_TIE_FOLLOWS;
    set_content(post, event->parts, event->parts_count, event->not_after_ms);
    set_targets(post, event->targets, event->targets_count);
    set_leader(post, &event->default_queue_of);
    post->has_blanks = event->blanks_count > 0;
}

static void evolve_edited(struct post *post, const struct post_edited_event *event)
{
    if (id_is_none(&event->series_id)) {
        touch(post);
    }
    const struct id leader = post->leader == 0 ? (struct id){0} : post->targets[post->leader - 1].integration_id;
    set_content(post, event->parts, event->parts_count, event->not_after_ms);
    set_targets(post, event->targets, event->targets_count);
    set_leader(post, &leader);
    post->has_blanks = event->blanks_count > 0;
}

static void evolve_scheduled(struct post *post, const struct post_scheduled_event *event)
{
    if (post->publish_at_ms != 0 && post->publish_at_ms != event->publish_at_ms) {
        touch(post); /* a series gives an instant once */
    }
    post->status = POST_SCHEDULED;
    post->approval_reminded = post->approval_reminded && post->publish_at_ms == event->publish_at_ms;
    post->publish_at_ms = event->publish_at_ms;
    for (uint32_t i = 0; i < event->targets_count; i++) {
        set_due(target_of(post, &event->targets[i].target_id), event->targets[i].due_ms);
    }
}

/* Approvals */

static void evolve_wanted(struct post *post, const struct approval_wanted_event *event, int64_t time_ms)
{
    post->approval = post->approval == APPROVAL_NONE ? APPROVAL_WANTED : post->approval;
    post->approval_reminded =
        post->approval_reminded || event->reminder || event->publish_at_ms - time_ms <= APPROVAL_REMIND_MS;
}

static void evolve_given(struct post *post, const struct approval_given_event *event)
{
    post->approval = APPROVAL_GIVEN;
    post->approved_under = (uint8_t)(event->policy & 7U) & 7U;
    for (uint32_t i = 0; i < event->targets_count; i++) {
        const struct locked_target *approved = &event->targets[i];
        struct post_target *target = target_of(post, &approved->target_id);
        ASSERT(approved->parts_count <= LOCKED_PARTS_MAX);
        target->approved_parts = (uint8_t)approved->parts_count;
        memset(target->part_hash8, 0, sizeof target->part_hash8);
        for (uint32_t k = 0; k < approved->parts_count; k++) {
            memcpy(&target->part_hash8[k], approved->parts[k].payload_hash.bytes, sizeof target->part_hash8[k]);
        }
    }
}

static void evolve_voided(struct post *post)
{
    post->approval = APPROVAL_VOID;
    post->approved_under = POLICY_NONE;
    for (uint32_t i = 0; i < post->target_count; i++) {
        post->targets[i].approved_parts = 0;
        memset(post->targets[i].part_hash8, 0, sizeof post->targets[i].part_hash8);
    }
}

/* The lock */

static void lock_target(struct post_target *target, const struct locked_target *locked)
{
    if (target_status_is_final(target->status)) {
        return; /* cancelled before the lock */
    }
    if (locked->code.data != NULL) {
        target->status = TARGET_FAILED;
        return;
    }
    ASSERT(locked->parts_count > 0 && locked->parts_count <= LOCKED_PARTS_MAX);
    target->part_count = (uint8_t)locked->parts_count;
    target->has_comment = locked->parts[locked->parts_count - 1].comment;
    target->comment_status = target->has_comment ? TARGET_PENDING : TARGET_NONE;
    for (uint32_t i = 0; i < locked->parts_count; i++) {
        memcpy(&target->part_hash8[i], locked->parts[i].payload_hash.bytes, sizeof target->part_hash8[i]);
    }
}

static void evolve_locked(struct post *post, const struct post_locked_event *event, int64_t time_ms)
{
    post->status = POST_QUEUED;
    post->locked_at_ms = time_ms;
    for (uint32_t i = 0; i < event->targets_count; i++) {
        lock_target(target_of(post, &event->targets[i].target_id), &event->targets[i]);
    }
}

static void evolve_prepared(struct post_target *target, const struct target_prepared_event *event)
{
    target->prepared_check = target_prepared_check(event->prepared);
    uint8_t *phase = phase_of(target);
    if (*phase == TARGET_PENDING) {
        *phase = TARGET_PREPARED;
    }
}

/* Attempts */

static void remember_attempt(struct post_target *target)
{
    if (target->attempt_count == 0) {
        return;
    }
    memmove(target->formers + 1, target->formers, sizeof target->formers - sizeof *target->formers);
    struct former_attempt *former = &target->formers[0];
    memcpy(former->tail, target->attempt_id.uuid + 8, sizeof former->tail);
    former->outcome = target->attempt_outcome;
    former->part = target->attempt_part;
    former->contradicted = target->attempt_contradicted;
}

static void evolve_started(struct post *post, const struct attempt_started_event *event, int64_t time_ms)
{
    struct post_target *target = target_of(post, &event->target_id);
    ASSERT(event->part < target->part_count);
    remember_attempt(target);
    target->attempt_id = event->attempt_id;
    target->attempt_count = (uint32_t)event->number;
    target->attempt_part = (uint8_t)event->part;
    target->attempt_outcome = OUTCOME_NONE;
    target->attempt_contradicted = 0;
    target->probes = 0;
    target->needs_person = 0;
    target->started_ms = time_ms;
    target->deadline_ms = event->deadline_ms;
    target->next_ms = 0;
    *phase_of(target) = TARGET_ATTEMPTING;
    if (!post_is_final(post)) { /* a first comment may still follow the end */
        post->status = POST_PUBLISHING;
    }
}

static void go_on(struct post_target *target, enum target_status phase, int64_t next_ms)
{
    *phase_of(target) = (uint8_t)phase;
    target->next_ms = next_ms;
    target->probes = 0;
    target->needs_person = 0;
}

static void evolve_part_live(struct post_target *target, uint8_t part)
{
    if (part == target->next_part) {
        target->next_part++;
        target->tries = 0;
        target->deferrals = 0;
        target->read_first = 0;
        target->platform_refused = 0;
        target->doubted = 0;
    }
}

/* An outcome of the attempt that the target is doing now. */
static void evolve_outcome_in_play(struct post_target *target, enum outcome outcome, int64_t next_ms, int64_t time_ms)
{
    if (outcome == OUTCOME_ACCEPTED) {
        go_on(target, TARGET_PREPARED, time_ms);
        return;
    }
    if (outcome == OUTCOME_UNKNOWN) {
        *phase_of(target) = TARGET_UNKNOWN;
        target->next_ms = next_ms;
        return;
    }
    if (outcome == OUTCOME_TRY_AGAIN || outcome == OUTCOME_ABSENT) {
        target->tries++;
    }
    target->deferrals =
        outcome == OUTCOME_DEFERRED ? (uint8_t)(target->deferrals + (target->deferrals < DEFERRALS_MAX ? 1 : 0)) : 0;
    go_on(target, TARGET_RETRYING, next_ms);
    target->read_first = outcome != OUTCOME_ABSENT && target->doubted;
}

/* The attempt that an event names; false: it is older than those that the target remembers. */
static bool find_attempt(const struct post_target *target, const struct id *attempt_id,
                         struct known_attempt *ret_attempt)
{
    const bool known = target_find_attempt(target, attempt_id, ret_attempt);
    ASSERT(known || target->attempt_count > FORMER_ATTEMPTS_MAX + 1);
    return known;
}

static void evolve_outcome(struct post_target *target, const struct id *attempt_id, uint8_t part, enum outcome outcome,
                           int64_t next_ms, int64_t time_ms)
{
    struct known_attempt attempt = {.is_current = false};
    const bool known = find_attempt(target, attempt_id, &attempt);
    const enum target_status phase = target_phase(target);
    if (attempt.is_current) {
        target->attempt_outcome = (uint8_t)outcome;
    } else if (known) {
        target->formers[attempt.former].outcome = (uint8_t)outcome;
    }
    if (outcome == OUTCOME_ACCEPTED) {
        evolve_part_live(target, part);
    }
    if (attempt.is_current && (phase == TARGET_ATTEMPTING || phase == TARGET_UNKNOWN)) {
        evolve_outcome_in_play(target, outcome, next_ms, time_ms);
    } else if (target_waits(target) && outcome == OUTCOME_ACCEPTED) {
        go_on(target, TARGET_PREPARED, time_ms);
    } else if (target->read_first && outcome == OUTCOME_ABSENT) {
        target->read_first = 0;
        go_on(target, TARGET_RETRYING, next_ms);
    }
}

/* Events of releases before this one do not say the part, but of those every attempt is remembered. */
static void evolve_contradicted(struct post_target *target, const struct outcome_contradicted_event *event)
{
    struct known_attempt attempt = {.part = (uint8_t)event->part};
    const bool known = find_attempt(target, &event->attempt_id, &attempt);
    if (attempt.is_current) {
        target->attempt_contradicted = 1;
    } else if (known) {
        target->formers[attempt.former].contradicted = 1;
    }
    if (event->outcome == OUTCOME_ACCEPTED && attempt.part == target->next_part) {
        target->doubted = 1;
        target->read_first = target->read_first || target_waits(target);
    }
}

static void evolve_finished(struct post_target *target, const struct target_finished_event *event, int64_t time_ms)
{
    target->status = (uint8_t)event->status;
    target->platform_refused = event->status == TARGET_FAILED && span_equal(event->code, SPAN("platform_refused"));
    target->next_ms = event->status == TARGET_PUBLISHED && target->has_comment ? time_ms : 0;
    target->probes = 0;
    target->needs_person = 0;
    target->read_first = 0;
}

static void evolve_doubted(struct post *post, const struct targets_doubted_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        struct post_target *target = target_of(post, &event->targets[i].target_id);
        go_on(target, TARGET_UNKNOWN, 0); /* nobody but a person can tell */
        target->read_first = 0;
        target->needs_person = 1;
    }
}

/* Of what was in doubt without an attempt of ours, the next part is meant. */
static void evolve_resolved(struct post_target *target, const struct target_resolved_event *event, int64_t time_ms)
{
    const bool ours = !id_is_none(&event->attempt_id);
    if (event->resolution == RESOLUTION_PUBLISHED) {
        target->attempt_outcome = ours ? OUTCOME_ACCEPTED : target->attempt_outcome;
        evolve_part_live(target, ours ? target->attempt_part : target->next_part);
        go_on(target, TARGET_PREPARED, time_ms);
    } else if (event->resolution == RESOLUTION_ABSENT && ours) {
        target->attempt_outcome = OUTCOME_ABSENT;
    }
    if (event->retry) {
        target->tries = 0;
        target->base_due_ms = event->next_ms;
        go_on(target, TARGET_RETRYING, event->next_ms);
    }
}

/* People */

static void end_targets(struct post *post, const struct target_ref *refs, uint32_t count, enum target_status status)
{
    for (uint32_t i = 0; i < count; i++) {
        struct post_target *target = target_of(post, &refs[i].target_id);
        target->status = (uint8_t)status;
        target->next_ms = 0;
        target->read_first = 0;
    }
}

static void evolve_retried(struct post *post, const struct targets_retried_event *event)
{
    for (uint32_t i = 0; i < event->targets_count; i++) {
        struct post_target *target = target_of(post, &event->targets[i].target_id);
        set_due(target, event->due_ms);
        go_on(target, TARGET_RETRYING, event->due_ms);
        target->status = TARGET_RETRYING;
        target->tries = 0;
        target->deferrals = 0;
        target->read_first = event->targets[i].read_first;
    }
    if (post_is_final(post)) {
        post->status = POST_QUEUED;
    }
}

/* NOLINTNEXTLINE(readability-function-size): it only dispatches */
void post_evolve(struct post *post, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_post_created:
        evolve_created(post, &event->post_created);
        return;
    case EVENT_post_edited:
        evolve_edited(post, &event->post_edited);
        return;
    case EVENT_post_deleted:
        post->status = POST_DELETED;
        return;
    case EVENT_post_scheduled:
        evolve_scheduled(post, &event->post_scheduled);
        return;
    case EVENT_post_locked:
        evolve_locked(post, &event->post_locked, time_ms);
        return;
    case EVENT_target_prepared:
        evolve_prepared(target_of(post, &event->target_prepared.target_id), &event->target_prepared);
        return;
    case EVENT_attempt_started:
        evolve_started(post, &event->attempt_started, time_ms);
        return;
    case EVENT_attempt_finished: {
        const struct attempt_finished_event *fact = &event->attempt_finished;
        evolve_outcome(target_of(post, &fact->target_id), &fact->attempt_id, (uint8_t)fact->part, fact->outcome,
                       fact->next_ms, time_ms);
        return;
    }
    case EVENT_attempt_settled: {
        const struct attempt_settled_event *fact = &event->attempt_settled;
        evolve_outcome(target_of(post, &fact->target_id), &fact->attempt_id, (uint8_t)fact->part, fact->outcome,
                       fact->next_ms, time_ms);
        return;
    }
    case EVENT_attempt_probed: {
        struct post_target *target = target_of(post, &event->attempt_probed.target_id);
        target->probes = (uint8_t)event->attempt_probed.probe;
        target->needs_person = event->attempt_probed.needs_person;
        target->next_ms = event->attempt_probed.next_ms;
        return;
    }
    case EVENT_outcome_contradicted:
        evolve_contradicted(target_of(post, &event->outcome_contradicted.target_id), &event->outcome_contradicted);
        return;
    case EVENT_target_finished:
        evolve_finished(target_of(post, &event->target_finished.target_id), &event->target_finished, time_ms);
        return;
    case EVENT_targets_missed:
        end_targets(post, event->targets_missed.targets, event->targets_missed.targets_count, TARGET_MISSED);
        return;
    case EVENT_instance_withheld:
        return;
    case EVENT_instance_withdrawn:
        post->series_tie = SERIES_TIE_CUT;
        return;
    case EVENT_targets_cancelled:
        touch(post);
        end_targets(post, event->targets_cancelled.targets, event->targets_cancelled.targets_count, TARGET_CANCELLED);
        return;
    case EVENT_target_resolved:
        evolve_resolved(target_of(post, &event->target_resolved.target_id), &event->target_resolved, time_ms);
        return;
    case EVENT_targets_retried:
        evolve_retried(post, &event->targets_retried);
        return;
    case EVENT_comment_finished: {
        struct post_target *target = target_of(post, &event->comment_finished.target_id);
        target->comment_status = event->comment_finished.outcome == OUTCOME_ACCEPTED ? TARGET_PUBLISHED : TARGET_FAILED;
        target->next_ms = 0;
        return;
    }
    case EVENT_targets_doubted:
        evolve_doubted(post, &event->targets_doubted);
        return;
    case EVENT_approval_wanted:
        evolve_wanted(post, &event->approval_wanted, time_ms);
        return;
    case EVENT_approval_given:
        evolve_given(post, &event->approval_given);
        return;
    case EVENT_approval_voided:
        evolve_voided(post);
        return;
    default:
        ASSERT(event->code == EVENT_post_finished);
        post->status = (uint8_t)event->post_finished.status;
    }
}
