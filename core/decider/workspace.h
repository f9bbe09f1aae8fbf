/* workspace.h: a tenant: its settings that rules need, the kill switch, what its plan allows, and its end. */
#ifndef OPENPOST_DECIDER_WORKSPACE_H
#define OPENPOST_DECIDER_WORKSPACE_H

#include "core/decider/decider.h"
#include "core/message/usage.h"

struct workspace {
    struct aggregate_head head;
    int64_t max_lateness_ms; /* a target overdue by more is missed */
    int64_t late_spacing_ms; /* late targets of one integration go out at least so far apart (the scheduler's rule) */
    int64_t paused_at_ms;
    int64_t period_start_ms; /* of billing; 0: nothing is billed */
    int64_t period_end_ms;
    uint64_t limits[LIMIT_COUNT]; /* one more than the most; 0: no limit */
    uint64_t reason_mark;         /* of why it is paused: tells another reason from the same; 0: none was given */
    uint8_t paused;
    uint8_t deleted; /* its name stays its own: an old address never leads to somebody else */
    uint8_t plan_len;
    uint8_t slug_len;
    uint8_t zone_len;        /* 0: none that is any, UTC then */
    uint8_t approval_policy; /* enum approval_policy; NONE: as OFF */
    uint8_t padding[1];
    uint8_t zone[ZONE_NAME_MAX]; /* IANA name; queues' that have none of their own */
    uint8_t plan[PLAN_WORD_MAX]; /* its name; empty: none was ever set */
    struct id founder_id;        /* the operator in whose name it was made; absent: it was made at the data folder */
    uint8_t slug[SLUG_MAX];      /* its name in addresses; empty when that is longer than any may be */
};

/* workspace_after_ms is the span that a setting of an event or a row stands for: more than 1,830 days is as good as
 * that, so that its sum with an instant never overflows. */
static inline int64_t workspace_after_ms(uint64_t setting_ms)
{
    return setting_ms < (uint64_t)SCHEDULE_AHEAD_MAX_MS ? (int64_t)setting_ms : SCHEDULE_AHEAD_MAX_MS;
}

/* workspace_has_room: one more of what the limit bounds may begin. What has begun goes on whatever the plan says. */
bool workspace_has_room(const struct decide_context *context, enum limit limit);

void workspace_evolve(struct workspace *workspace, const struct event *event, int64_t time_ms);
enum refusal workspace_decide(const struct workspace *workspace, const struct decide_context *context,
                              const struct command *command, struct event_list *ret_events);

#endif
