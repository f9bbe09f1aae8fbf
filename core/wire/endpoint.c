/* endpoint.c: see endpoint.h. Called by ledger main.c; link.c calls it back. It must never let one connection keep
 * another from being served: each may have per_connection requests on their way, replies that it does not take
 * included, and nothing more of it is read until it does; all of one holder's may have per_holder being answered, and
 * are ENDPOINT_HOLDER_MAX at most; free places go to the connections that wait, in turn. */
#include "core/wire/endpoint.h"

#include <stdlib.h>

#include "core/base/lock.h"
#include "core/wire/links.h"

#define HOPS_MAX 8 /* words of nng's way back: one, and one for each device between */

struct endpoint_request {
    struct endpoint *endpoint;
    struct endpoint_request *next; /* free, or ready */
    unsigned number;
    struct link *link;
    uint8_t *message;
    size_t head_len; /* bytes of the way back, which precede the request's own */
    size_t len;
};

struct endpoint {
    struct endpoint_options options;
    struct link_owner owner;
    struct listener *listener;
    struct timer
        *kick; /* flushes on a thread of nng's what a reply made room for: whoever replies is not to handle requests */
    pthread_mutex_t lock; /* of what follows */
    bool stopping;
    bool kicked;
    unsigned flushing; /* threads that will look at the ready requests again before they leave */
    struct links links;
    struct endpoint_request *free;
    struct endpoint_request *ready_first;
    struct endpoint_request *ready_last;
    struct endpoint_counts counts;
    struct endpoint_request requests[];
};

/* ---- Called by links, with the lock ---- */

/* Does link's holder have all the places that it may? */
static bool holds_its_share(const struct endpoint *endpoint, const struct link *link)
{
    if (id_is_none(&link->holder)) {
        return false;
    }
    unsigned held = 0;
    for (unsigned i = 0; i < endpoint->options.contexts; i++) {
        const struct link *other = endpoint->requests[i].link;
        held += other != NULL && id_equal(&other->holder, &link->holder) ? 1 : 0;
    }
    return held >= endpoint->options.per_holder;
}

/* The oldest stranger that is in the middle of a message, or NULL; *ret_len: of all such messages. */
static struct link *oldest_midway(const struct endpoint *endpoint, size_t *ret_len)
{
    struct link *oldest = NULL;
    size_t len = 0;
    for (struct link *link = endpoint->links.first; link != NULL; link = link->next) {
        if (!link->trusted && !link->closed && link->message != NULL) {
            len += link->message_len;
            oldest = oldest == NULL || link->order < oldest->order ? link : oldest;
        }
    }
    *ret_len = len;
    return oldest;
}

/* What a stranger says that it will send is held before anybody can know whose it is. */
static void on_begins(void *context, const struct link *link, size_t len)
{
    struct endpoint *endpoint = context;
    const size_t max = ENDPOINT_STRANGERS_FRAMES * endpoint->owner.frame_max;
    size_t under_way = 0;
    struct link *oldest = link->trusted ? NULL : oldest_midway(endpoint, &under_way);
    while (oldest != NULL && under_way + len > max) {
        endpoint->counts.strangers++;
        link_close(oldest);
        oldest = oldest_midway(endpoint, &under_way);
    }
}

static bool may_take(void *context, struct link *link)
{
    struct endpoint *endpoint = context;
    return !endpoint->stopping && endpoint->free != NULL && link->asked < endpoint->options.per_connection &&
           !holds_its_share(endpoint, link);
}

/* The way back is what stands before and in the first word whose highest bit is set; 0: there is none. */
static size_t way_back_len(const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + 4 <= len && at < (size_t)4 * HOPS_MAX; at += 4) {
        if ((bytes[at] & 0x80) != 0) {
            return at + 4;
        }
    }
    return 0;
}

static void on_message(void *context, struct link *link, uint8_t *message, size_t len)
{
    struct endpoint *endpoint = context;
    const size_t head_len = way_back_len(message, len);
    if (head_len == 0 || len - head_len > endpoint->options.frame_max) {
        endpoint->counts.malformed++;
        free(message);
        link_close(link);
        return;
    }
    struct endpoint_request *request = endpoint->free;
    endpoint->free = request->next;
    request->next = NULL;
    request->link = link;
    request->message = message;
    request->head_len = head_len;
    request->len = len;
    link->asked++;
    link->held++;
    endpoint->counts.requests++;
    if (endpoint->ready_first == NULL) {
        endpoint->ready_first = request;
    } else {
        endpoint->ready_last->next = request;
    }
    endpoint->ready_last = request;
}

/* Lets one waiting connection go on, the one that has waited longest first. */
static void resume_one(struct endpoint *endpoint)
{
    struct link *first = NULL;
    for (struct link *link = endpoint->links.first; link != NULL; link = link->next) {
        if (link->paused && !link->closed && may_take(endpoint, link) &&
            (first == NULL || link->order < first->order)) {
            first = link;
        }
    }
    if (first != NULL) {
        endpoint->links.order++;
        first->order = endpoint->links.order;
        link_resume(first);
    }
}

static void on_sent(void *context, struct link *link, struct link_out *out)
{
    (void)out;
    struct endpoint *endpoint = context;
    ASSERT(link->asked > 0);
    link->asked--;
    if (link->paused) {
        resume_one(endpoint);
    }
}

static void on_lost(void *context, struct link *link, bool timed_out)
{
    struct endpoint *endpoint = context;
    endpoint->counts.stalled += timed_out;
    endpoint->counts.malformed += !link->greeted && !timed_out;
}

/* Moves a link that nothing refers to any more to the dead. */
static void bury(struct endpoint *endpoint, struct link *link)
{
    if (link->ended && link->held == 0) {
        links_bury(&endpoint->links, link);
    }
}

static void on_ended(void *context, struct link *link)
{
    bury(context, link);
}

static void flush(void *context)
{
    struct endpoint *endpoint = context;
    lock_take(&endpoint->lock);
    endpoint->flushing++;
    while (endpoint->ready_first != NULL) {
        struct endpoint_request *request = endpoint->ready_first;
        endpoint->ready_first = request->next;
        request->next = NULL;
        lock_give(&endpoint->lock);
        endpoint->options.handle(endpoint->options.context, request);
        lock_take(&endpoint->lock);
    }
    endpoint->flushing--;
    lock_give(&endpoint->lock);
}

static void on_kick(void *context)
{
    struct endpoint *endpoint = context;
    lock_take(&endpoint->lock);
    endpoint->kicked = false;
    lock_give(&endpoint->lock);
    flush(endpoint);
}

/* ---- Connections ---- */

/* Makes room: among too many strangers the oldest has to go. */
static void mind_strangers(struct endpoint *endpoint)
{
    struct link *oldest = NULL;
    unsigned strangers = 0;
    for (struct link *link = endpoint->links.first; link != NULL; link = link->next) {
        if (!link->trusted && !link->closed) {
            strangers++;
            oldest = oldest == NULL || link->order < oldest->order ? link : oldest;
        }
    }
    if (strangers > ENDPOINT_STRANGERS_MAX) {
        endpoint->counts.strangers++;
        link_close(oldest);
    }
}

/* Likewise among the connections of link's holder, but for link itself: the oldest of those that ask nothing just
 * now. */
static void mind_holder(struct endpoint *endpoint, const struct link *link)
{
    struct link *oldest = NULL;
    bool oldest_asks = true;
    unsigned count = 0;
    for (struct link *other = endpoint->links.first; other != NULL; other = other->next) {
        if (!other->closed && id_equal(&other->holder, &link->holder)) {
            const bool asks = other->asked > 0;
            count++;
            if (other != link &&
                (oldest == NULL || asks < oldest_asks || (asks == oldest_asks && other->order < oldest->order))) {
                oldest = other;
                oldest_asks = asks;
            }
        }
    }
    if (count > ENDPOINT_HOLDER_MAX) {
        endpoint->counts.crowded++;
        link_close(oldest);
    }
}

static void on_accepted(void *context, struct stream *stream)
{
    struct endpoint *endpoint = context;
    lock_take(&endpoint->lock);
    if (endpoint->stopping || endpoint->links.count >= ENDPOINT_CONNECTIONS_MAX) {
        endpoint->counts.strangers++;
        lock_give(&endpoint->lock);
        stream_free(stream);
        return;
    }
    struct link *link = link_new(&endpoint->owner, stream);
    if (link != NULL) {
        links_add(&endpoint->links, link);
        mind_strangers(endpoint);
    }
    lock_give(&endpoint->lock);
}

/* ---- Requests ---- */

struct span endpoint_bytes(const struct endpoint_request *request)
{
    return span_of(request->message + request->head_len, request->len - request->head_len);
}

unsigned endpoint_slot(const struct endpoint_request *request)
{
    return request->number;
}

void endpoint_trust(struct endpoint_request *request, const struct id *holder)
{
    struct endpoint *endpoint = request->endpoint;
    struct link *link = request->link;
    lock_take(&endpoint->lock);
    const bool known = link->trusted && id_equal(&link->holder, holder);
    link->trusted = true;
    link->holder = *holder;
    if (!known && !id_is_none(holder)) {
        mind_holder(endpoint, link);
    }
    lock_give(&endpoint->lock);
}

bool endpoint_is_lost(const struct endpoint_request *request)
{
    lock_take(&request->endpoint->lock);
    const bool lost = request->link->closed;
    lock_give(&request->endpoint->lock);
    return lost;
}

/* Gives the place back. With the lock. */
static void request_end(struct endpoint_request *request)
{
    struct endpoint *endpoint = request->endpoint;
    struct link *link = request->link;
    free(request->message);
    request->message = NULL;
    request->link = NULL;
    request->next = endpoint->free;
    endpoint->free = request;
    ASSERT(link->held > 0);
    link->held--;
    bury(endpoint, link);
    resume_one(endpoint);
    if (endpoint->ready_first != NULL && endpoint->flushing == 0 && !endpoint->kicked) {
        endpoint->kicked = true;
        timer_start(endpoint->kick, 0);
    }
}

void endpoint_reply(struct endpoint_request *request, struct span bytes)
{
    struct endpoint *endpoint = request->endpoint;
    struct link_out *out = link_out_new(request->head_len + bytes.len);
    if (out == NULL) {
        endpoint_drop(request);
        return;
    }
    memcpy(link_out_payload(out), request->message, request->head_len);
    memcpy(link_out_payload(out) + request->head_len, bytes.data, bytes.len);
    lock_take(&endpoint->lock);
    link_send(request->link, out);
    request_end(request);
    lock_give(&endpoint->lock);
}

void endpoint_drop(struct endpoint_request *request)
{
    struct endpoint *endpoint = request->endpoint;
    lock_take(&endpoint->lock);
    endpoint->counts.dropped++;
    link_close(request->link);
    request_end(request);
    lock_give(&endpoint->lock);
}

/* ---- Opening and closing ---- */

uint16_t endpoint_port(const struct endpoint *endpoint)
{
    return listener_port(endpoint->listener);
}

void endpoint_counts(struct endpoint *endpoint, struct endpoint_counts *ret_counts)
{
    lock_take(&endpoint->lock);
    endpoint->counts.connections = endpoint->links.count;
    *ret_counts = endpoint->counts;
    lock_give(&endpoint->lock);
}

enum err endpoint_open(const struct endpoint_options *options, struct endpoint **ret_endpoint)
{
    ASSERT(options->contexts > 0);
    ASSERT(options->per_connection > 0);
    OWNED(endpoint_close)
    struct endpoint *endpoint = calloc(1, sizeof *endpoint + options->contexts * sizeof endpoint->requests[0]);
    if (endpoint == NULL) {
        return ERR_NO_MEMORY;
    }
    lock_init(&endpoint->lock);
    TRY(links_init(&endpoint->links, &endpoint->lock));
    endpoint->options = *options;
    endpoint->owner = (struct link_owner){.us = LINK_REP,
                                          .them = LINK_REQ,
                                          .frame_max = options->frame_max + (size_t)4 * HOPS_MAX,
                                          .give_ms = options->give_ms == 0 ? LINK_GIVE_MS : options->give_ms,
                                          .lock = &endpoint->lock,
                                          .context = endpoint,
                                          .begins = on_begins,
                                          .may_take = may_take,
                                          .message = on_message,
                                          .sent = on_sent,
                                          .lost = on_lost,
                                          .ended = on_ended,
                                          .flush = flush};
    for (unsigned i = 0; i < options->contexts; i++) {
        endpoint->requests[i] = (struct endpoint_request){.endpoint = endpoint, .number = i, .next = endpoint->free};
        endpoint->free = &endpoint->requests[i];
    }
    TRY(timer_open(on_kick, endpoint, &endpoint->kick));
    TRY(listener_open(options->url, on_accepted, endpoint, &endpoint->listener));
    listener_start(endpoint->listener);
    *ret_endpoint = endpoint;
    endpoint = NULL;
    return OK;
}

void endpoint_stop(struct endpoint *endpoint)
{
    lock_take(&endpoint->lock);
    endpoint->stopping = true;
    lock_give(&endpoint->lock);
    if (endpoint->listener != NULL) {
        listener_stop(endpoint->listener);
    }
}

void endpoint_close(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    endpoint_stop(endpoint);
    lock_take(&endpoint->lock);
    links_close_all(&endpoint->links);
    lock_give(&endpoint->lock);
    links_done(&endpoint->links);
    timer_close(endpoint->kick);
    listener_close(endpoint->listener);
    lock_done(&endpoint->lock);
    free(endpoint);
}
