/* publisher.c: see publisher.h. Called by the ledger's writer; link.c calls it back. It must never wait for a listener,
 * nor keep more of one than WAITING_MAX messages: its port is open to every local user. */
#include "core/wire/publisher.h"

#include <stdlib.h>

#include "core/base/lock.h"
#include "core/wire/links.h"

#define WAITING_MAX 16 /* messages that one listener may not have taken yet */
#define HEARD_MAX 64   /* bytes of a message to us: there should be none */

struct publisher {
    struct link_owner owner;
    struct listener *listener;
    pthread_mutex_t lock; /* of what follows */
    bool stopping;
    struct links links;
    uint64_t closed;
};

static bool may_take(void *context, struct link *link)
{
    (void)context;
    (void)link;
    return true;
}

static void on_message(void *context, struct link *link, uint8_t *message, size_t len)
{
    (void)len;
    struct publisher *publisher = context;
    free(message);
    publisher->closed++;
    link_close(link);
}

static void on_sent(void *context, struct link *link, struct link_out *out)
{
    (void)context;
    (void)out;
    ASSERT(link->asked > 0);
    link->asked--;
}

static void on_lost(void *context, struct link *link, bool timed_out)
{
    struct publisher *publisher = context;
    (void)link;
    publisher->closed += timed_out;
}

static void on_ended(void *context, struct link *link)
{
    struct publisher *publisher = context;
    links_bury(&publisher->links, link);
}

static void flush(void *context)
{
    (void)context;
}

/* Makes room for one more: the oldest has to go. */
static void mind_the_many(struct publisher *publisher)
{
    struct link *oldest = NULL;
    unsigned count = 0;
    for (struct link *link = publisher->links.first; link != NULL; link = link->next) {
        if (!link->closed) {
            count++;
            oldest = link; /* the newest comes first */
        }
    }
    if (count >= PUBLISHER_LISTENERS_MAX) {
        publisher->closed++;
        link_close(oldest);
    }
}

static void on_accepted(void *context, struct stream *stream)
{
    struct publisher *publisher = context;
    lock_take(&publisher->lock);
    if (publisher->stopping) {
        lock_give(&publisher->lock);
        stream_free(stream);
        return;
    }
    mind_the_many(publisher);
    struct link *link = link_new(&publisher->owner, stream);
    if (link != NULL) {
        links_add(&publisher->links, link);
    }
    lock_give(&publisher->lock);
}

enum err publisher_open(const char *url, struct publisher **ret_publisher)
{
    OWNED(publisher_close) struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&publisher->lock);
    TRY(links_init(&publisher->links, &publisher->lock));
    publisher->owner = (struct link_owner){.us = LINK_PUB,
                                           .them = LINK_SUB,
                                           .frame_max = HEARD_MAX,
                                           .give_ms = LINK_GIVE_MS,
                                           .lock = &publisher->lock,
                                           .context = publisher,
                                           .may_take = may_take,
                                           .message = on_message,
                                           .sent = on_sent,
                                           .lost = on_lost,
                                           .ended = on_ended,
                                           .flush = flush};
    TRY(listener_open(url, on_accepted, publisher, &publisher->listener));
    listener_start(publisher->listener);
    *ret_publisher = publisher;
    publisher = NULL;
    return OK;
}

void publisher_close(struct publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    lock_take(&publisher->lock);
    publisher->stopping = true;
    lock_give(&publisher->lock);
    listener_close(publisher->listener); /* waits for its callback */
    lock_take(&publisher->lock);
    links_close_all(&publisher->links);
    lock_give(&publisher->lock);
    links_done(&publisher->links);
    lock_done(&publisher->lock);
    free(publisher);
}

uint16_t publisher_port(const struct publisher *publisher)
{
    return listener_port(publisher->listener);
}

void publisher_counts(struct publisher *publisher, struct publisher_counts *ret_counts)
{
    lock_take(&publisher->lock);
    *ret_counts = (struct publisher_counts){.closed = publisher->closed, .connections = publisher->links.count};
    lock_give(&publisher->lock);
}

void publisher_send(struct publisher *publisher, struct span bytes)
{
    lock_take(&publisher->lock);
    for (struct link *link = publisher->links.first; link != NULL; link = link->next) {
        struct link_out *out =
            link->closed || !link->greeted || link->asked >= WAITING_MAX ? NULL : link_out_new(bytes.len);
        if (out != NULL) {
            memcpy(link_out_payload(out), bytes.data, bytes.len);
            link->asked++;
            link_send(link, out);
        }
    }
    lock_give(&publisher->lock);
}
