/* series.h: posts that repeat. A series has a rule (core/series_rule.h) and a content; the scheduler makes an ordinary
 * post of it for each local time that is to come, some time ahead (post_series.c). A generation is the posts that one
 * rule makes between two pauses: a post is named by series, generation and local time, so that there is one for each,
 * and what a pause or another rule has cancelled can be made anew. */
#ifndef OPENPOST_DECIDER_SERIES_H
#define OPENPOST_DECIDER_SERIES_H

#include "core/decider/decider.h"

struct series {
    struct aggregate_head head;
    struct id series_id;
    uint8_t status; /* enum series_status */
    uint8_t integration_count;
    uint8_t keep; /* it has ended, and its posts go on */
    uint8_t padding[4];
    uint64_t generation;
    uint64_t rule_check;                 /* recognises the rule: 64 bits of FNV-1a */
    struct id integrations[TARGETS_MAX]; /* that its posts go to; last, so that rows are cut here */
    uint8_t tail[6];
};

void series_evolve(struct series *series, const struct event *event, int64_t time_ms);
enum refusal series_decide(const struct series *series, const struct decide_context *context,
                           const struct command *command, struct event_list *ret_events);
/* series_goes_on: it was made and has not ended; a paused one goes on one day. */
bool series_goes_on(const struct series *series);
/* series_stored_size: without the places of accounts that it has not. */
size_t series_stored_size(const struct series *series);

#endif
