/* agenda_due.c: the agenda against the time: when each record is due, and what is handed out then. Called by dispatch,
 * the simulation and, after each event, agenda.c. Pure.
 *
 *   post         FACTS at the lock - 15 s, LOCK when they are there, at the latest 10 s after the lock's instant
 *                one that wants to be approved: REMIND half an hour before its instant, and no LOCK
 *   target       waiting: START at max(due, next, the end of its account's limit), or MISS when max_lateness or
 *                not_after is over; held: MISS only;
 *                doubtful: MISS at once, which makes it unknown
 *                of a deleted workspace: MISS at once, locked or not
 *                of a post that was not approved: MISS at the post's instant
 *                a late START joins its integration's heap, which lets one go per late_spacing
 *                attempting: LOST after the deadline; unknown: READ at next, not before the deadline
 *   integration  CONNECT, REFRESH (agenda_tokens.c), and the next late START
 *
 * A record that was handed out has no entry among the timers until an event or agenda_failed gives it one again. */
#include "core/base/assert.h"
#include "core/scheduler/agenda_state.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Its credentials are destroyed. */
static bool is_ended(const struct agenda *agenda, const struct integration_item *integration)
{
    return workspace_at(agenda, integration->workspace)->deleted || integration->status == INTEGRATION_DELETED;
}

static bool is_usable(const struct agenda *agenda, const struct integration_item *integration)
{
    return !is_ended(agenda, integration) &&
           (integration->status == INTEGRATION_NONE || integration->status == INTEGRATION_CONNECTED ||
            integration->status == INTEGRATION_EXPIRING);
}

/* Nothing is locked, started or missed. */
static bool is_stopped(const struct agenda *agenda)
{
    return agenda->suspended || agenda->clock_suspect;
}

static bool is_held(const struct agenda *agenda, const struct integration_item *integration)
{
    return is_stopped(agenda) || agenda->epoch == 0 || integration->paused || integration->queue_paused ||
           !is_usable(agenda, integration) || workspace_at(agenda, integration->workspace)->paused;
}

static int64_t start_ms(const struct target_item *target)
{
    return later(target->due_ms, target->next_ms);
}

/* It was due before a person confirmed the restored folder: the original may have sent it. */
static bool is_doubtful(const struct agenda *agenda, const struct target_item *target)
{
    return target->due_ms <= agenda->suspended_at_ms;
}

/* The first instant at which it is too late; at once, for a person to look at, when it is doubtful. */
static int64_t miss_ms(const struct agenda *agenda, const struct target_item *target)
{
    if (is_stopped(agenda)) {
        return TIMERS_NEVER;
    }
    if (is_doubtful(agenda, target)) {
        return target->due_ms;
    }
    const struct post_item *post = post_at(agenda, target->post);
    const struct workspace_item *workspace = workspace_at(agenda, post->workspace);
    if (workspace->deleted) {
        return 0;
    }
    const int64_t late_ms = target->due_ms + workspace->max_lateness_ms + 1;
    return post->not_after_ms != 0 ? sooner(late_ms, post->not_after_ms + 1) : late_ms;
}

/* When nothing but its tokens keeps it from starting. */
static int64_t ready_ms(const struct agenda *agenda, const struct target_item *target)
{
    return later(later(start_ms(target), target->wait_ms), integration_at(agenda, target->integration)->limited_ms);
}

static int64_t waiting_ms(const struct agenda *agenda, const struct target_item *target)
{
    const struct integration_item *integration = integration_at(agenda, target->integration);
    const int64_t miss = later(miss_ms(agenda, target), target->wait_ms);
    if (target->read_first) {
        return is_usable(agenda, integration) ? sooner(miss, later(start_ms(target), target->wait_ms)) : miss;
    }
    const int64_t ready = ready_ms(agenda, target);
    const bool held = is_held(agenda, integration) || is_doubtful(agenda, target);
    return held || target->queued ? miss : sooner(miss, agenda_tokens_look_ms(integration, ready));
}

/* Before the lock: its post's lock decides, unless its workspace has ended or nobody approved the post. What is
 * doubtful is locked first; what was not approved never is. */
static int64_t planned_ms(const struct agenda *agenda, const struct target_item *target)
{
    const struct post_item *post = post_at(agenda, target->post);
    if (is_stopped(agenda) || !post->scheduled || target->due_ms == 0) {
        return TIMERS_NEVER;
    }
    if (workspace_at(agenda, post->workspace)->deleted && !is_doubtful(agenda, target)) {
        return target->wait_ms;
    }
    return agenda_wants_approval(agenda, post) ? later(post->publish_at_ms, target->wait_ms) : TIMERS_NEVER;
}

static int64_t target_ms(const struct agenda *agenda, const struct target_item *target)
{
    if (target->handed) {
        return TIMERS_NEVER;
    }
    switch ((enum target_state)target->state) {
    case STATE_WAITING:
        return waiting_ms(agenda, target);
    case STATE_ATTEMPTING:
        if (target->orphan && target->fence < agenda->epoch) {
            return target->wait_ms;
        }
        return later(target->deadline_ms + AGENDA_LOST_MS, target->wait_ms);
    case STATE_UNKNOWN:
        if (target->next_ms == 0 || is_ended(agenda, integration_at(agenda, target->integration))) {
            return TIMERS_NEVER;
        } /* else read, whether or not it is connected: what is public needs no token, and what cannot be read counts */
        return later(later(target->next_ms, target->deadline_ms), target->wait_ms);
    case STATE_PLANNED:
        return planned_ms(agenda, target);
    case STATE_STALLED:
        break;
    }
    return TIMERS_NEVER;
}

void agenda_time_target(struct agenda *agenda, uint32_t index)
{
    agenda_late_remove(agenda, index);
    struct target_item *target = target_at(agenda, index);
    agenda_crowd_count(agenda, index,
                       target->state == STATE_ATTEMPTING || (target->state == STATE_WAITING && target->handed));
    timers_set(&agenda->timers, ref_of(REF_TARGET, index), target->place, target_ms(agenda, target));
}

static int64_t post_ms(const struct agenda *agenda, const struct post_item *post)
{
    if (!post->scheduled || is_stopped(agenda)) {
        return TIMERS_NEVER;
    }
    const int64_t lock_ms = post->publish_at_ms - LOCK_AHEAD_MS;
    if (agenda_wants_approval(agenda, post)) {
        const bool reminded = post->reminded || post->remind_out;
        return reminded ? TIMERS_NEVER : later(post->publish_at_ms - APPROVAL_REMIND_MS, post->wait_ms);
    }
    switch ((enum post_stage)post->stage) {
    case STAGE_FACTS:
        return later(lock_ms - AGENDA_FACTS_AHEAD_MS, post->wait_ms);
    case STAGE_FACTS_OUT:
        return post->wait_ms;
    case STAGE_LOCK:
        return later(lock_ms, post->wait_ms);
    case STAGE_LOCK_OUT:
    case STAGE_LOCKED:
        break;
    }
    return TIMERS_NEVER;
}

void agenda_time_post(struct agenda *agenda, uint32_t index)
{
    struct post_item *post = post_at(agenda, index);
    timers_set(&agenda->timers, ref_of(REF_POST, index), post->place, post_ms(agenda, post));
}

/* When the next crowded or late one may go. */
static int64_t turn_ms(const struct agenda *agenda, const struct integration_item *integration)
{
    if (!agenda_crowd_has_room(agenda, integration)) {
        return TIMERS_NEVER; /* the end of one of its starts comes back to it */
    }
    const bool crowded = target_at(agenda, integration->late_root)->crowded;
    return crowded ? integration->limited_ms : later(integration->late_open_ms, integration->limited_ms);
}

/* When its credentials are to be tried, or its tokens exchanged. */
static int64_t own_ms(const struct agenda *agenda, const struct integration_item *integration)
{
    if (integration->handed) {
        return TIMERS_NEVER;
    }
    if (integration->connecting && !is_ended(agenda, integration)) {
        return integration->wait_ms;
    }
    return is_usable(agenda, integration) && !is_stopped(agenda)
               ? agenda_tokens_due_ms(integration) /* the original of a copied folder needs its own */
               : TIMERS_NEVER;
}

void agenda_time_integration(struct agenda *agenda, uint32_t index)
{
    struct integration_item *integration = integration_at(agenda, index);
    int64_t at_ms = TIMERS_NEVER;
    if (is_held(agenda, integration)) {
        integration->turn_ms = 0;
    } else if (integration->late_root != 0 && !agenda_tokens_awaited(integration, 0)) {
        at_ms = turn_ms(agenda, integration);
    }
    timers_set(&agenda->timers, ref_of(REF_INTEGRATION, index), integration->place,
               sooner(at_ms, own_ms(agenda, integration)));
}

void agenda_time_account(struct agenda *agenda, uint32_t index)
{
    for (uint32_t i = integration_at(agenda, index)->target_first; i != 0; i = target_at(agenda, i)->integration_next) {
        agenda_time_target(agenda, i);
    }
    agenda_time_integration(agenda, index);
}

void agenda_time_all(struct agenda *agenda)
{
    for (uint32_t i = pool_next(&agenda->posts, 0); i != 0; i = pool_next(&agenda->posts, i)) {
        agenda_time_post(agenda, i);
    }
    for (uint32_t i = pool_next(&agenda->integrations, 0); i != 0; i = pool_next(&agenda->integrations, i)) {
        agenda_time_account(agenda, i);
    }
}

/* A post's or target's ids into *ret_due. */
static void name_target(const struct agenda *agenda, const struct target_item *target, struct agenda_due *ret_due)
{
    const struct post_item *post = post_at(agenda, target->post);
    const struct integration_item *integration = integration_at(agenda, target->integration);
    ret_due->channel = target->channel;
    ret_due->target_id.kind = ID_TARGET;
    memcpy(ret_due->target_id.uuid, target->item.uuid, 16);
    ret_due->post_id.kind = ID_POST;
    memcpy(ret_due->post_id.uuid, post->item.uuid, 16);
    ret_due->integration_id.kind = ID_INTEGRATION;
    memcpy(ret_due->integration_id.uuid, integration->item.uuid, 16);
    ret_due->workspace_id.kind = ID_WORKSPACE;
    memcpy(ret_due->workspace_id.uuid, workspace_at(agenda, post->workspace)->item.uuid, 16);
    if (target->attempted) {
        ret_due->attempt_id.kind = ID_ATTEMPT;
        memcpy(ret_due->attempt_id.uuid, target->attempt, 16);
        ret_due->started_ms = target->deadline_ms - ATTEMPT_DEADLINE_MS;
    }
}

static void hand_target(struct agenda *agenda, uint32_t index, enum agenda_action action, struct agenda_due *ret_due)
{
    struct target_item *target = target_at(agenda, index);
    const struct post_item *post = post_at(agenda, target->post);
    const uint64_t ended = workspace_at(agenda, post->workspace)->deleted_seq;
    *ret_due = (struct agenda_due){.action = action, .fence = agenda->epoch, .cause = target->cause};
    if (target->state == STATE_PLANNED) { /* never approved: it is the post that is missed, as it was last left */
        ret_due->cause = post->cause;
    }
    if (action == AGENDA_MISS && ended != 0) {
        ret_due->cause = ended;
    }
    name_target(agenda, target, ret_due);
    ret_due->part = action == AGENDA_START || action == AGENDA_MISS ? target->part : target->attempt_part;
    ret_due->due_ms = action == AGENDA_START ? start_ms(target) : 0;
    target->handed = true;
    agenda_time_target(agenda, index);
}

static void hand_late(struct agenda *agenda, uint32_t index, int64_t now_ms, struct agenda_due *ret_due)
{
    struct integration_item *integration = integration_at(agenda, target_at(agenda, index)->integration);
    if (!target_at(agenda, index)->crowded) {
        integration->late_open_ms = now_ms + workspace_at(agenda, integration->workspace)->late_spacing_ms;
        integration->turn_ms = integration->turn_ms != 0 ? integration->turn_ms : now_ms;
        target_at(agenda, index)->late = true;
    }
    hand_target(agenda, index, AGENDA_START, ret_due);
}

/* True when there is an action in *ret_due; else the target found another place to wait. */
static bool take_target(struct agenda *agenda, uint32_t index, int64_t now_ms, struct agenda_due *ret_due)
{
    struct target_item *target = target_at(agenda, index);
    target->late = false;
    if (target->state == STATE_ATTEMPTING) {
        hand_target(agenda, index, AGENDA_LOST, ret_due);
        return true;
    }
    if (target->state == STATE_UNKNOWN) {
        hand_target(agenda, index, AGENDA_READ, ret_due);
        return true;
    }
    if (target->state == STATE_PLANNED) {
        hand_target(agenda, index, AGENDA_MISS, ret_due);
        return true;
    }
    ASSERT(target->state == STATE_WAITING);
    if (now_ms < waiting_ms(agenda, target)) { /* the account was limited since its timer was set */
        timers_set(&agenda->timers, ref_of(REF_TARGET, index), target->place, target_ms(agenda, target));
        return false;
    }
    if (now_ms >= miss_ms(agenda, target) || target->read_first) {
        hand_target(agenda, index, now_ms >= miss_ms(agenda, target) ? AGENDA_MISS : AGENDA_READ, ret_due);
        return true;
    }
    const int64_t ready = ready_ms(agenda, target);
    agenda_tokens_want(agenda, target->integration, ready, now_ms, target->cause);
    if (now_ms < ready || agenda_tokens_awaited(integration_at(agenda, target->integration), ready)) {
        agenda_time_target(agenda, index);
        return false;
    }
    const bool in_time = target->crowded || now_ms - start_ms(target) <= AGENDA_LATE_MS;
    if (target->part > 0 || (in_time && agenda_crowd_has_room(agenda, integration_at(agenda, target->integration)))) {
        hand_target(agenda, index, AGENDA_START, ret_due);
        return true;
    }
    target->crowded = in_time;
    agenda_late_put(agenda, index);
    timers_set(&agenda->timers, ref_of(REF_TARGET, index), target->place, target_ms(agenda, target));
    agenda_time_integration(agenda, target->integration);
    return false;
}

static bool take_post(struct agenda *agenda, uint32_t index, int64_t now_ms, struct agenda_due *ret_due)
{
    struct post_item *post = post_at(agenda, index);
    const int64_t lock_ms = post->publish_at_ms - LOCK_AHEAD_MS;
    *ret_due = (struct agenda_due){.due_ms = lock_ms, .cause = post->cause};
    ret_due->post_id.kind = ID_POST;
    memcpy(ret_due->post_id.uuid, post->item.uuid, 16);
    ret_due->workspace_id.kind = ID_WORKSPACE;
    memcpy(ret_due->workspace_id.uuid, workspace_at(agenda, post->workspace)->item.uuid, 16);
    if (agenda_wants_approval(agenda, post)) {
        ret_due->action = AGENDA_REMIND;
        post->remind_out = true;
    } else if (post->stage == STAGE_FACTS) {
        ret_due->action = AGENDA_FACTS;
        post->stage = STAGE_FACTS_OUT;
        post->wait_ms = later(lock_ms, now_ms) + AGENDA_FACTS_WAIT_MS;
        ret_due->until_ms = post->wait_ms;
    } else {
        ret_due->action = AGENDA_LOCK;
        post->stage = STAGE_LOCK_OUT;
        post->wait_ms = 0;
    }
    agenda_time_post(agenda, index);
    return true;
}

static bool is_late_ones_turn(const struct agenda *agenda, const struct integration_item *integration, int64_t now_ms)
{
    return integration->late_root != 0 && !is_held(agenda, integration) && now_ms >= turn_ms(agenda, integration) &&
           !agenda_tokens_awaited(integration, 0);
}

static bool take_integration(struct agenda *agenda, uint32_t index, int64_t now_ms, struct agenda_due *ret_due)
{
    struct integration_item *integration = integration_at(agenda, index);
    if (is_late_ones_turn(agenda, integration, now_ms)) {
        const uint32_t target = integration->late_root;
        agenda_tokens_want(agenda, index, now_ms, now_ms, target_at(agenda, target)->cause);
        const bool goes = !agenda_tokens_awaited(integration, now_ms);
        if (goes) {
            hand_late(agenda, target, now_ms, ret_due);
        }
        agenda_time_integration(agenda, index);
        return goes;
    }
    if (now_ms < own_ms(agenda, integration)) { /* others have taken the room since its timer was set */
        agenda_time_integration(agenda, index);
        return false;
    }
    const bool connecting = integration->connecting;
    *ret_due = (struct agenda_due){.action = connecting ? AGENDA_CONNECT : AGENDA_REFRESH,
                                   .channel = integration->channel,
                                   .until_ms = connecting ? integration->connect_ms + CONNECT_WITHIN_MS : 0,
                                   .cause = integration->cause};
    ret_due->integration_id.kind = ID_INTEGRATION;
    memcpy(ret_due->integration_id.uuid, integration->item.uuid, 16);
    ret_due->workspace_id.kind = ID_WORKSPACE;
    memcpy(ret_due->workspace_id.uuid, workspace_at(agenda, integration->workspace)->item.uuid, 16);
    ASSERT(!integration->handed);
    integration->handed = true;
    agenda_time_integration(agenda, index);
    return true;
}

static bool take(struct agenda *agenda, uint32_t ref, int64_t now_ms, struct agenda_due *ret_due)
{
    const uint32_t index = ref & ((UINT32_C(1) << 30) - 1);
    switch ((enum ref_kind)(ref >> 30)) {
    case REF_TARGET:
        return take_target(agenda, index, now_ms, ret_due);
    case REF_POST:
        return take_post(agenda, index, now_ms, ret_due);
    case REF_INTEGRATION:
        return take_integration(agenda, index, now_ms, ret_due);
    }
    return false;
}

void agenda_next(struct agenda *agenda, int64_t now_ms, uint32_t max, struct agenda_due *ret_due, uint32_t *ret_count,
                 int64_t *ret_wake_ms)
{
    uint32_t count = 0;
    uint32_t looks = 0; /* after an outage a million may be late: in pieces, so that the caller stays awake */
    const struct timer *first = timers_first(&agenda->timers);
    while (first != NULL && first->at_ms <= now_ms && count < max && looks < AGENDA_LOOKS_MAX) {
        if (take(agenda, first->ref, now_ms, &ret_due[count])) {
            count++;
        }
        looks++;
        first = timers_first(&agenda->timers);
    }
    *ret_count = count;
    *ret_wake_ms = first != NULL ? first->at_ms : TIMERS_NEVER;
}

static void fail_target(struct agenda *agenda, const struct agenda_due *due, int64_t again_ms)
{
    const uint32_t index = pool_find(&agenda->targets, &due->target_id);
    if (index == 0 || !target_at(agenda, index)->handed) {
        return;
    }
    struct target_item *target = target_at(agenda, index);
    target->handed = false;
    target->wait_ms = again_ms;
    if (target->late) {
        target->late = false;
        integration_at(agenda, target->integration)->late_open_ms =
            again_ms; /* nothing was sent: its turn is not used up */
    }
    agenda_time_target(agenda, index);
    agenda_time_integration(agenda, target->integration);
}

static void fail_post(struct agenda *agenda, const struct agenda_due *due, int64_t again_ms)
{
    const uint32_t index = pool_find(&agenda->posts, &due->post_id);
    if (index == 0) {
        return;
    }
    struct post_item *post = post_at(agenda, index);
    if (due->action == AGENDA_REMIND) {
        post->remind_out = false;
        post->wait_ms = again_ms;
    } else if (post->stage == STAGE_LOCK_OUT) {
        post->stage = STAGE_LOCK;
        post->wait_ms = again_ms;
    } else if (post->stage == STAGE_FACTS_OUT) {
        post->wait_ms = sooner(post->wait_ms, again_ms);
    }
    agenda_time_post(agenda, index);
}

static void fail_integration(struct agenda *agenda, const struct agenda_due *due, int64_t again_ms)
{
    const uint32_t index = pool_find(&agenda->integrations, &due->integration_id);
    if (index == 0 || !integration_at(agenda, index)->handed) {
        return;
    }
    struct integration_item *integration = integration_at(agenda, index);
    integration->handed = false;
    if (due->action == AGENDA_REFRESH) {
        agenda_tokens_failed(integration, again_ms);
    } else {
        integration->wait_ms = again_ms;
    }
    agenda_time_account(agenda, index);
}

void agenda_failed(struct agenda *agenda, const struct agenda_due *due, int64_t again_ms)
{
    switch (due->action) {
    case AGENDA_FACTS:
    case AGENDA_LOCK:
    case AGENDA_REMIND:
        fail_post(agenda, due, again_ms);
        break;
    case AGENDA_START:
    case AGENDA_READ:
    case AGENDA_LOST:
    case AGENDA_MISS:
        fail_target(agenda, due, again_ms);
        break;
    case AGENDA_CONNECT:
    case AGENDA_REFRESH:
        fail_integration(agenda, due, again_ms);
        break;
    }
}

void agenda_facts_done(struct agenda *agenda, const struct id *post_id)
{
    const uint32_t index = pool_find(&agenda->posts, post_id);
    if (index != 0 && post_at(agenda, index)->stage == STAGE_FACTS_OUT) {
        post_at(agenda, index)->stage = STAGE_LOCK;
        post_at(agenda, index)->wait_ms = 0;
        agenda_time_post(agenda, index);
    }
}

/* Since when the target could have been attempted; TIMERS_NEVER: it could not be. Of late ones only the one whose turn
 * it is: the others wait as they should. */
static int64_t attemptable_ms(const struct agenda *agenda, const struct target_item *target)
{
    const struct integration_item *integration = integration_at(agenda, target->integration);
    if (is_held(agenda, integration) || target->due_ms <= agenda->suspended_at_ms) {
        return TIMERS_NEVER;
    }
    if (target->state == STATE_PLANNED) { /* and is not locked yet, though nothing keeps it from being */
        const struct post_item *post = post_at(agenda, target->post);
        const bool may = post->scheduled && target->due_ms != 0 && !agenda_wants_approval(agenda, post);
        return may ? later(target->due_ms, integration->limited_ms) : TIMERS_NEVER;
    }
    if (target->state != STATE_WAITING || target->read_first) {
        return TIMERS_NEVER;
    }
    if (target->crowded && target->queued && !agenda_crowd_has_room(agenda, integration)) {
        return TIMERS_NEVER;
    }
    if (!target->crowded && (target->queued || (target->handed && target->late))) {
        return integration->turn_ms != 0 ? later(integration->turn_ms, integration->limited_ms) : TIMERS_NEVER;
    }
    return later(start_ms(target), integration->limited_ms);
}

/* Its instant has come, and nothing but what holds it keeps it from being sent; a stopped agenda locks nothing either.
 */
static bool is_due_and_held(const struct agenda *agenda, const struct target_item *target, int64_t now_ms)
{
    const bool planned = target->state == STATE_PLANNED && is_stopped(agenda) &&
                         post_at(agenda, target->post)->scheduled && target->due_ms != 0;
    return (planned || (target->state == STATE_WAITING && !target->read_first)) && start_ms(target) <= now_ms &&
           is_held(agenda, integration_at(agenda, target->integration));
}

struct agenda_overdue agenda_overdue(const struct agenda *agenda, int64_t now_ms)
{
    struct agenda_overdue overdue = {.held = 0};
    int64_t since_ms = now_ms;
    for (uint32_t i = pool_next(&agenda->targets, 0); i != 0; i = pool_next(&agenda->targets, i)) {
        const struct target_item *target = target_at(agenda, i);
        since_ms = sooner(since_ms, attemptable_ms(agenda, target));
        overdue.held += is_due_and_held(agenda, target, now_ms) ? 1 : 0;
        overdue.in_line += target->queued ? 1 : 0;
    }
    for (uint32_t i = pool_next(&agenda->workspaces, 0); i != 0; i = pool_next(&agenda->workspaces, i)) {
        overdue.paused += workspace_at(agenda, i)->paused && !workspace_at(agenda, i)->deleted ? 1 : 0;
    }
    overdue.late_ms = now_ms - since_ms;
    return overdue;
}
