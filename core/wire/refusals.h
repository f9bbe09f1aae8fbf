/* refusals.h: what was refused for reasons of security, on its way to becoming events: counted by who, what and why, so
 * that a flood becomes a few events with a count each. Kept in this process only; no clock; thread-safe. Used by the
 * gateway and by the ledger's door for other programs.
 *
 * The first refusal of a kind is due at once, what follows is summed up: for a key that is good once in
 * REFUSAL_EVERY_MS, in at most REFUSALS_PER_KEY kinds, beyond which only the reason tells them apart; for anybody else
 * once in REFUSAL_STRANGER_EVERY_MS, and those whose key nobody knows are all alike. */
#ifndef OPENPOST_WIRE_REFUSALS_H
#define OPENPOST_WIRE_REFUSALS_H

#include <pthread.h>

#include "core/base/limits.h"
#include "core/message/message.h"
#include "core/message/refusal.h"

/* One refusal. Nothing of it is the refused one's own words. */
struct refused {
    struct id workspace_id; /* of the key; absent: nobody knows the key */
    struct id key_id;       /* likewise; of somebody who is signed in: the member */
    bool is_good;           /* the key is valid */
    enum refusal refusal;
    const char *request;  /* the route's or command's name, a constant; NULL: none */
    enum id_kind subject; /* of the other workspace's thing that was named; ID_NONE: none was */
};

struct refusal_place {
    bool is_used;
    struct refused what;
    uint64_t times;   /* since the last event */
    int64_t since_ms; /* wall clock: the first of them */
    int64_t due_ms;   /* boot clock: when the next event may be */
};

struct refusals {
    pthread_mutex_t mutex;
    uint64_t lost; /* more kinds at a time than there are places */
    struct refusal_place places[REFUSAL_PLACES];
};

void refusals_init(struct refusals *refusals);
void refusals_done(struct refusals *refusals);
/* refusals_note counts one: boot_ms and wall_ms are now. */
void refusals_note(struct refusals *refusals, const struct refused *refused, int64_t boot_ms, int64_t wall_ms);
/* refusals_take fills the command that reports the next kind that is due, but for the command's id and, where no key is
 * known, its stream (the installation); false: none is. */
bool refusals_take(struct refusals *refusals, int64_t boot_ms, struct command *ret_command);

#endif
