/* links.h: the links that somebody who listens has: kept until nothing refers to them, then freed at once, with their
 * sockets, on a thread that is none of theirs. For endpoint.c and publisher.c. Guarded by the owner's lock: call with
 * it held but where it says otherwise. */
#ifndef OPENPOST_WIRE_LINKS_H
#define OPENPOST_WIRE_LINKS_H

#include "core/wire/link.h"

struct links {
    struct link *first;
    struct link *dead; /* ended: to be freed */
    unsigned count;
    uint64_t order;        /* of the newest */
    pthread_mutex_t *lock; /* the owner's */
    pthread_cond_t idle;   /* the last one was buried */
    struct timer *free;    /* its thread frees the dead */
    bool freeing;          /* it will look at them again */
};

/* links_init borrows the owner's lock. links_done, without it and after links_close_all, waits for what is being freed;
 * also after links_init has failed. */
enum err links_init(struct links *links, pthread_mutex_t *lock) MUST_USE;
void links_done(struct links *links);
/* links_add takes a link in as the newest. links_bury has one freed that has ended. */
void links_add(struct links *links, struct link *link);
void links_bury(struct links *links, struct link *link);
/* links_close_all waits until all are buried; the lock is given back meanwhile. */
void links_close_all(struct links *links);

#endif
