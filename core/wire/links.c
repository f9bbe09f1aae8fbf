/* links.c: see links.h. Must never free a link that may still be called back, nor under the owner's lock. */
#include "core/wire/links.h"

#include "core/base/lock.h"

/* Waits for the last callback of each, which may be the one that buried it. */
static void free_dead(void *context)
{
    struct links *links = context;
    lock_take(links->lock);
    while (links->dead != NULL) {
        struct link *dead = links->dead;
        links->dead = dead->next;
        lock_give(links->lock);
        link_free(dead);
        lock_take(links->lock);
    }
    links->freeing = false;
    lock_give(links->lock);
}

enum err links_init(struct links *links, pthread_mutex_t *lock)
{
    *links = (struct links){.lock = lock};
    ASSERT(pthread_cond_init(&links->idle, NULL) == 0);
    return timer_open(free_dead, links, &links->free);
}

void links_done(struct links *links)
{
    ASSERT(links->count == 0);
    timer_close(links->free);
    free_dead(links); /* those for whom it did not ring any more */
    ASSERT(pthread_cond_destroy(&links->idle) == 0);
}

void links_add(struct links *links, struct link *link)
{
    links->order++;
    link->order = links->order;
    link->next = links->first;
    links->first = link;
    links->count++;
}

void links_bury(struct links *links, struct link *link)
{
    ASSERT(link->ended);
    struct link **at = &links->first;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = links->dead;
    links->dead = link;
    links->count--;
    if (!links->freeing) {
        links->freeing = true;
        timer_start(links->free, 0);
    }
    if (links->count == 0) {
        ASSERT(pthread_cond_broadcast(&links->idle) == 0);
    }
}

void links_close_all(struct links *links)
{
    for (struct link *link = links->first; link != NULL;) {
        struct link *next = link->next; /* closing may bury it */
        link_close(link);
        link = next;
    }
    while (links->count > 0) {
        ASSERT(pthread_cond_wait(&links->idle, links->lock) == 0);
    }
}
