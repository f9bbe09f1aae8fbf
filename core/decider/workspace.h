/* workspace.h: a tenant: its settings that rules need, and the kill switch. */
#ifndef OPENPOST_DECIDER_WORKSPACE_H
#define OPENPOST_DECIDER_WORKSPACE_H

#include "core/decider/decider.h"

struct workspace {
    struct aggregate_head head;
    int64_t max_lateness_ms; /* a target overdue by more is missed */
    int64_t late_spacing_ms; /* late targets of one integration go out at least so far apart (the scheduler's rule) */
    uint8_t paused;
    uint8_t padding[7];
};

/* workspace_after_ms is the span that a setting of an event or a row stands for: more than 1,830 days is as good as
 * that, so that its sum with an instant never overflows. */
static inline int64_t workspace_after_ms(uint64_t setting_ms)
{
    return setting_ms < (uint64_t)SCHEDULE_AHEAD_MAX_MS ? (int64_t)setting_ms : SCHEDULE_AHEAD_MAX_MS;
}

void workspace_evolve(struct workspace *workspace, const struct event *event, int64_t time_ms);
enum refusal workspace_decide(const struct workspace *workspace, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events);

#endif
