/* installation.h: what is true of the whole installation: which ledger process is the one (its epoch), whether the
 * clock can be trusted, and whether a copied or restored folder waits for a person. */
#ifndef OPENPOST_DECIDER_INSTALLATION_H
#define OPENPOST_DECIDER_INSTALLATION_H

#include "core/decider/decider.h"

struct installation {
    struct aggregate_head head;
    uint64_t epoch;           /* of the ledger process that started last; the fence of its attempts */
    int64_t suspended_at_ms;  /* until when the original may have sent what was due: when the folder was last found
                                 copied or restored, then when a person confirmed it; 0: never. What was due by then
                                 is never started by a machine */
    uint8_t clock_suspect;    /* no lock, no attempt, no miss, no scheduling */
    uint8_t starts_suspended; /* likewise, until a person confirms */
    uint8_t padding[6];
};

void installation_evolve(struct installation *installation, const struct event *event, int64_t time_ms);
enum refusal installation_decide(const struct installation *installation, const struct decide_context *context,
                                 const struct command *command, struct event_list *ret_events);

/* installation_refusal: starts_suspended, clock_suspect, or ACCEPTED when things may be locked, started, missed and
 * scheduled. */
enum refusal installation_refusal(const struct installation *installation);

#endif
