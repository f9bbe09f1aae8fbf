/* idempotency.h: a POST, PATCH or DELETE under an Idempotency-Key: was it done before, does it run at the moment. */
#ifndef OPENPOST_GATEWAY_IDEMPOTENCY_H
#define OPENPOST_GATEWAY_IDEMPOTENCY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A request under a key, from before its handler to its answer. */
struct flight {
    struct flight *next;
    uint8_t scope[32];
};

#define FLIGHT_LISTS 256

struct flights {
    pthread_mutex_t mutex;
    struct flight *lists[FLIGHT_LISTS]; /* by the scope's first byte: it is a hash */
};

void flights_init(struct flights *flights);
void flights_done(struct flights *flights);
/* flights_begin: false when another one has that scope. flights_end ends one that was begun. */
bool flights_begin(struct flights *flights, struct flight *flight);
void flights_end(struct flights *flights, struct flight *flight);

struct exchange;

enum asked_before {
    ASKED_NEVER, /* or without a key */
    ASKED_SAME,  /* exchange->first is what was answered */
    ASKED_OTHER, /* with another body */
    ASKED_BADLY, /* the key is none */
};

/* exchange_asked_before reads the request's key into exchange->idempotency and looks it up; false: answered, for
 * something failed. */
bool exchange_asked_before(struct exchange *exchange, enum asked_before *ret_before);

#endif
