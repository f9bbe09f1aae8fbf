/* publisher.h: wake-ups for whoever listens: nng's PUB spoken over link.h, so that every SUB socket hears them. Only
 * ever a hint: nobody says who listens, so what is sent must be worth nothing to a stranger, and proves itself
 * (frame.h). */
#ifndef OPENPOST_WIRE_PUBLISHER_H
#define OPENPOST_WIRE_PUBLISHER_H

#include "core/base/owned.h"
#include "core/base/span.h"

#define PUBLISHER_LISTENERS_MAX 64 /* one more closes the oldest: ours comes back, a stranger keeps nobody out */

struct publisher;

struct publisher_counts {
    uint64_t closed;      /* the oldest of too many, who stopped midway or took nothing, who had something to say */
    uint64_t connections; /* open now */
};

/* Errors as endpoint_open's (endpoint.h). publisher_close accepts NULL. */
enum err publisher_open(const char *url, struct publisher **ret_publisher) MUST_USE;
void publisher_close(struct publisher *publisher);
OWNED_BY(publisher_close, struct publisher *);
uint16_t publisher_port(const struct publisher *publisher);
void publisher_counts(struct publisher *publisher, struct publisher_counts *ret_counts);
/* publisher_send drops the message where a listener is slow; never blocks, never fails. */
void publisher_send(struct publisher *publisher, struct span bytes);

#endif
