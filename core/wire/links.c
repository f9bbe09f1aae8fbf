/* links.c: see links.h. Must never free a link that may still be called back, nor under the owner's lock. */
#include "core/wire/links.h"

#include "core/base/lock.h"

void links_init(struct links *links)
{
    *links = (struct links){.count = 0};
    ASSERT(pthread_cond_init(&links->idle, NULL) == 0);
}

void links_done(struct links *links)
{
    ASSERT(links->count == 0);
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
    if (links->count == 0) {
        ASSERT(pthread_cond_broadcast(&links->idle) == 0);
    }
}

void links_free_dead(struct links *links, pthread_mutex_t *lock)
{
    lock_take(lock);
    struct link *dead = links->dead;
    links->dead = NULL;
    lock_give(lock);
    while (dead != NULL) {
        struct link *next = dead->next;
        link_free(dead);
        dead = next;
    }
}

void links_close_all(struct links *links, pthread_mutex_t *lock)
{
    for (struct link *link = links->first; link != NULL;) {
        struct link *next = link->next; /* closing may bury it */
        link_close(link);
        link = next;
    }
    while (links->count > 0) {
        ASSERT(pthread_cond_wait(&links->idle, lock) == 0);
    }
}
