/* connections.h: who is connected to an endpoint, how much each asks, and who has to go. Pure. Private to core/wire. */
#ifndef OPENPOST_WIRE_CONNECTIONS_H
#define OPENPOST_WIRE_CONNECTIONS_H

#include "core/base/span.h"

#define CONNECTIONS_MAX 1024 /* far above our processes and a machine's programs; a table of 32 KB */

struct connection {
    uint32_t pipe; /* 0: this place is free */
    unsigned asked;
    bool trusted;
    uint64_t order;
};

struct connections {
    struct connection items[CONNECTIONS_MAX];
    unsigned high; /* no connection stands at or beyond */
    uint64_t order;
};

/* connections_add makes a place for a new connection and returns which one has to go for it: none (0), the oldest
 * stranger when there are already strangers_max of them, or the new one itself when all places are taken. */
uint32_t connections_add(struct connections *connections, uint32_t pipe, unsigned strangers_max);
void connections_remove(struct connections *connections, uint32_t pipe);
/* connections_ask counts a question in; false when the connection has asked max already (and counts it all the same).
 * connections_answered counts it out. A connection that is gone is nobody's. */
bool connections_ask(struct connections *connections, uint32_t pipe, unsigned max);
void connections_answered(struct connections *connections, uint32_t pipe);
void connections_trust(struct connections *connections, uint32_t pipe);

#endif
