/* carriers.h: all carriers (carrier.h) of a scheduler: one per adapter, at most one of a channel's. Not thread-safe:
 * main.c's thread only. */
#ifndef OPENPOST_SCHEDULER_CARRIERS_H
#define OPENPOST_SCHEDULER_CARRIERS_H

#include "core/scheduler/carrier.h"
#include "core/scheduler/keys.h"

#define CARRIERS_MAX (CHANNEL_COUNT - 1)

/* Zeroed: none. */
struct carriers {
    struct carrier *items[CARRIERS_MAX]; /* by place */
    uint32_t count;
};

/* carriers_open adds the carrier of "CHANNEL=URL"; its key is that of the channel's link, the rest is as common says.
 * ERR_MALFORMED: it is no such pair, or there are CARRIERS_MAX. */
enum err carriers_open(struct carriers *carriers, const char *pair, const struct carrier_options *common,
                       const struct scheduler_keys *keys) MUST_USE;
void carriers_close(struct carriers *carriers);
/* carriers_recall and carriers_are_quiet: as carrier.h has them, of all. */
void carriers_recall(struct carriers *carriers);
bool carriers_are_quiet(const struct carriers *carriers, const struct dispatch *dispatch);
/* carriers_silent_ms: how long the one that has been silent for longest has been so; 0: all have answered. */
int64_t carriers_silent_ms(const struct carriers *carriers);

#endif
