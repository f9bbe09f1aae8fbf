/* agenda_approval.c: posts that somebody has to approve before they lock, by their workspace's policy. Called by
 * agenda.c and agenda_account.c for events and agenda_due.c for the time. Pure. */
#include "core/scheduler/agenda_state.h"

bool agenda_wants_approval(const struct agenda *agenda, const struct post_item *post)
{
    const uint8_t policy = workspace_at(agenda, post->workspace)->approval_policy;
    return post->stage != STAGE_LOCKED && policy > POLICY_OFF && post->approved_under < policy;
}

void agenda_time_planned(struct agenda *agenda, uint32_t post)
{
    const bool asked = workspace_at(agenda, post_at(agenda, post)->workspace)->approval_policy > POLICY_OFF;
    agenda_time_post(agenda, post);
    for (uint32_t i = asked ? post_at(agenda, post)->target_first : 0; i != 0; i = target_at(agenda, i)->post_next) {
        if (target_at(agenda, i)->state == STATE_PLANNED) {
            agenda_time_target(agenda, i);
        }
    }
}

/* A post as often as it has targets: a policy is seldom changed. */
void agenda_time_approvals(struct agenda *agenda, uint32_t workspace)
{
    uint32_t next;
    for (uint32_t i = workspace_at(agenda, workspace)->integration_first; i != 0; i = next) {
        next = integration_at(agenda, i)->workspace_next;
        for (uint32_t k = integration_at(agenda, i)->target_first; k != 0; k = target_at(agenda, k)->integration_next) {
            agenda_time_post(agenda, target_at(agenda, k)->post);
        }
        agenda_time_account(agenda, i);
    }
}

static void apply_wanted(struct post_item *post, const struct log_event *at, const struct approval_wanted_event *event)
{
    post->reminded = post->reminded || event->reminder || event->publish_at_ms - at->time_ms <= APPROVAL_REMIND_MS;
    post->remind_out = false;
}

/* Nothing of the network is needed for it any more. */
static void apply_given(struct post_item *post, const struct approval_given_event *event)
{
    post->approved_under = (uint8_t)event->policy;
    post->stage = post->stage < STAGE_LOCK ? STAGE_LOCK : post->stage;
    post->wait_ms = 0;
}

static void apply_voided(struct post_item *post)
{
    post->approved_under = POLICY_NONE;
    post->stage = post->stage < STAGE_LOCKED ? STAGE_FACTS : post->stage;
    post->wait_ms = 0;
}

void agenda_apply_approval(struct agenda *agenda, const struct log_event *at, const struct event *event)
{
    const uint32_t index = pool_find(&agenda->posts, &event->approval_wanted.post_id); /* they all begin with it */
    if (index == 0) {
        return;
    }
    struct post_item *post = post_at(agenda, index);
    if (event->code == EVENT_approval_wanted) {
        apply_wanted(post, at, &event->approval_wanted);
    } else if (event->code == EVENT_approval_given) {
        apply_given(post, &event->approval_given);
    } else {
        apply_voided(post);
    }
    post->version = at->version;
    post->cause = at->seq;
    agenda_time_planned(agenda, index);
}
