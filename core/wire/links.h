/* links.h: the links that somebody who listens has: kept until nothing refers to them, freed on a thread that is none
 * of theirs. For endpoint.c and publisher.c. Guarded by the owner's lock: call with it held but where it says
 * otherwise.
 */
#ifndef OPENPOST_WIRE_LINKS_H
#define OPENPOST_WIRE_LINKS_H

#include "core/wire/link.h"

struct links {
    struct link *first;
    struct link *dead; /* ended: to be freed */
    unsigned count;
    uint64_t order;      /* of the newest */
    pthread_cond_t idle; /* the last one was buried */
};

void links_init(struct links *links);
void links_done(struct links *links);
/* links_add takes a link in as the newest. links_bury moves one that has ended to the dead. */
void links_add(struct links *links, struct link *link);
void links_bury(struct links *links, struct link *link);
/* links_free_dead: without the lock, and not from a callback of a link's. */
void links_free_dead(struct links *links, pthread_mutex_t *lock);
/* links_close_all waits until all are buried; lock: the owner's, held, given back meanwhile. */
void links_close_all(struct links *links, pthread_mutex_t *lock);

#endif
