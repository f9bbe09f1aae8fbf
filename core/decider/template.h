/* template.h: a reusable post: what it says stands in its events alone; the rules ask only whether it is there and
 * where its posts go. */
#ifndef OPENPOST_DECIDER_TEMPLATE_H
#define OPENPOST_DECIDER_TEMPLATE_H

#include "core/decider/decider.h"

struct template
{
    struct aggregate_head head;
    uint8_t deleted;
    uint8_t target_count;
    uint8_t padding[6];
    struct id integrations[TARGETS_MAX]; /* for who sees only some of them */
};

void template_evolve(struct template *template, const struct event *event, int64_t time_ms);
enum refusal template_decide(const struct template *template, const struct decide_context *context,
                             const struct command *command, struct event_list *ret_events);
/* template_stored_size: places of integrations that it has not are not stored. */
size_t template_stored_size(const struct template *template);

/* template_is_there: not NULL, and it was not deleted. */
bool template_is_there(const struct template *template);

#endif
