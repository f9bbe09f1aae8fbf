/* queue.h: the recurring slots of one integration, each a weekday and a time on the clocks of the queue's zone. Every
 * integration has one from its beginning: its id follows from the integration's, and until its first event it is empty
 * and in the workspace's zone. An aggregate of its own, for its slots are 3 KB, and every attempt reads its account's
 * state. Which instants its slots stand for, and which of them are free, the ledger's shell finds (decide_context). */
#ifndef OPENPOST_DECIDER_QUEUE_H
#define OPENPOST_DECIDER_QUEUE_H

#include "core/decider/decider.h"

struct queue_slot {
    struct id slot_id;
    uint8_t weekday; /* 1 is Monday */
    uint16_t minute; /* of the day */
};

struct queue {
    struct aggregate_head head;
    struct id queue_id;
    struct id integration_id;
    uint8_t paused;
    uint8_t zone_len; /* 0: the workspace's */
    uint8_t slot_count;
    uint8_t padding;
    uint8_t zone[ZONE_NAME_MAX];
    uint8_t padding_too[2];
    struct queue_slot slots[SLOTS_MAX]; /* in the order of the week; last, so that rows are cut here */
};

void queue_evolve(struct queue *queue, const struct event *event, int64_t time_ms);
enum refusal queue_decide(const struct queue *queue, const struct decide_context *context,
                          const struct command *command, struct event_list *ret_events);
size_t queue_stored_size(const struct queue *queue);

#endif
