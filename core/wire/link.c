/* link.c: see link.h. Called by endpoint.c and caller.c, and by stream.c's threads. What arrives is anybody's: it must
 * never allocate more than the owner's frame_max for a message, nor hold a peer for longer than the two limits of
 * link.h.
 */
#include "core/wire/link.h"

#include <stdlib.h>

#include "core/base/lock.h"

static void write_more(struct link *link);
static void read_more(struct link *link);

static void lose(struct link *link, bool timed_out)
{
    if (!link->closed) {
        link->closed = true;
        stream_close(link->stream);
        link->owner->lost(link->owner->context, link, timed_out);
    }
}

static void end_if_idle(struct link *link)
{
    if (link->closed && !link->reading && !link->writing && !link->ended) {
        link->ended = true;
        free(link->message);
        link->message = NULL;
        link->owner->ended(link->owner->context, link);
    }
}

void link_close(struct link *link)
{
    lose(link, false);
    end_if_idle(link);
}

/* Takes bytes out of the chunk to fill what is wanted up to len; true when that is full. */
static bool fill(struct link *link, uint8_t *out, size_t *got, size_t len)
{
    const size_t there = link->chunk_len - link->chunk_at;
    const size_t wanted = len - *got;
    const size_t n = there < wanted ? there : wanted;
    memcpy(out + *got, link->chunk + link->chunk_at, n);
    link->chunk_at += n;
    *got += n;
    return *got == len;
}

static bool greeting_is_good(const struct link *link)
{
    const uint8_t good[8] = {0, 'S', 'P', 0, 0, link->owner->them, 0, 0};
    return memcmp(link->head, good, sizeof good) == 0;
}

/* The head of a message is complete: makes room for its body. */
static bool message_begin(struct link *link)
{
    const uint64_t len = get_be64(link->head);
    const struct link_owner *owner = link->owner;
    if (len == 0 || len > owner->frame_max) {
        return false;
    }
    if (owner->begins != NULL) {
        owner->begins(owner->context, link, (size_t)len);
    }
    link->message = malloc((size_t)len);
    link->message_len = (size_t)len;
    link->message_got = 0;
    return link->message != NULL;
}

/* Turns the chunk into messages, until it is used up, the owner wants no more for now, or the peer is found to talk
 * nonsense. */
static void parse(struct link *link)
{
    while (!link->closed) {
        if (link->message == NULL) {
            if (!fill(link, link->head, &link->head_len, sizeof link->head)) {
                return;
            }
            if (!link->greeted) {
                link->greeted = greeting_is_good(link);
                link->head_len = 0;
                link->until_ms = 0;
                if (!link->greeted) {
                    lose(link, false);
                }
                continue;
            }
            if (!message_begin(link)) {
                lose(link, false);
                return;
            }
        }
        if (!fill(link, link->message, &link->message_got, link->message_len)) {
            return;
        }
        if (!link->owner->may_take(link->owner->context, link)) {
            link->paused = true;
            return;
        }
        uint8_t *message = link->message;
        link->message = NULL;
        link->head_len = 0;
        link->until_ms = 0;
        link->owner->message(link->owner->context, link, message, link->message_len);
    }
}

/* How long the peer may take for its next byte; 0: its time is over. What has begun has one deadline, however many
 * pieces it comes in. */
static int patience_ms(struct link *link)
{
    if (link->greeted && link->head_len == 0) {
        return STREAM_FOREVER;
    }
    const uint64_t now_ms = timer_now_ms();
    link->until_ms = link->until_ms == 0 ? now_ms + (uint64_t)link->owner->give_ms : link->until_ms;
    return link->until_ms > now_ms ? (int)(link->until_ms - now_ms) : 0;
}

static void read_more(struct link *link)
{
    if (link->closed || link->reading || link->paused) {
        return;
    }
    ASSERT(link->chunk_at == link->chunk_len);
    const int timeout_ms = patience_ms(link);
    if (timeout_ms == 0) {
        lose(link, true);
        return;
    }
    const size_t wanted = link->message == NULL ? 0 : link->message_len - link->message_got;
    link->reading = true;
    link->chunk_at = 0;
    link->chunk_len = 0;
    if (wanted >= LINK_CHUNK) { /* a large message is read to where it belongs */
        stream_read(link->stream, link->message + link->message_got, wanted, timeout_ms);
    } else {
        stream_read(link->stream, link->chunk, LINK_CHUNK, timeout_ms);
    }
}

static void on_read(void *context, enum err err, size_t len)
{
    struct link *link = context;
    const struct link_owner *owner = link->owner;
    lock_take(owner->lock);
    link->reading = false;
    if (err != OK) {
        lose(link, err == ERR_TIMED_OUT);
    } else if (link->message != NULL && link->message_len - link->message_got >= LINK_CHUNK) {
        link->message_got += len;
        parse(link);
    } else {
        link->chunk_len = len;
        parse(link);
    }
    read_more(link);
    end_if_idle(link);
    lock_give(owner->lock);
    owner->flush(owner->context); /* the link may be gone by now */
}

void link_resume(struct link *link)
{
    if (link->paused && !link->closed) {
        link->paused = false;
        parse(link);
        read_more(link);
        end_if_idle(link);
    }
}

static void write_more(struct link *link)
{
    if (link->closed || link->writing || link->out_first == NULL) {
        return;
    }
    struct span pieces[STREAM_PIECES_MAX];
    unsigned count = 0;
    size_t skip = link->out_sent;
    for (struct link_out *out = link->out_first; out != NULL && count < STREAM_PIECES_MAX; out = out->next) {
        pieces[count] = span_of(out->bytes + skip, out->len - skip);
        skip = 0;
        count++;
    }
    link->writing = true;
    stream_write(link->stream, pieces, count, LINK_TAKE_MS);
}

static void on_written(void *context, enum err err, size_t len)
{
    struct link *link = context;
    const struct link_owner *owner = link->owner;
    lock_take(owner->lock);
    link->writing = false;
    if (err != OK) {
        lose(link, err == ERR_TIMED_OUT);
    }
    link->out_sent += err == OK ? len : 0;
    while (!link->closed && link->out_first != NULL && link->out_sent >= link->out_first->len) {
        struct link_out *out = link->out_first;
        link->out_first = out->next;
        link->out_sent -= out->len;
        if (link->greeting_sent) {
            owner->sent(owner->context, link, out);
        }
        link->greeting_sent = true;
        free(out);
    }
    write_more(link);
    end_if_idle(link);
    lock_give(owner->lock);
    owner->flush(owner->context);
}

static const struct stream_events events = {.read = on_read, .written = on_written};

struct link_out *link_out_new(size_t payload_len)
{
    struct link_out *out = malloc(sizeof *out + 8 + payload_len);
    if (out != NULL) {
        *out = (struct link_out){.len = 8 + payload_len};
        put_be64(out->bytes, payload_len);
    }
    return out;
}

static void append(struct link *link, struct link_out *out)
{
    if (link->out_first == NULL) {
        link->out_first = out;
    } else {
        link->out_last->next = out;
    }
    link->out_last = out;
}

void link_send(struct link *link, struct link_out *out)
{
    if (link->closed) {
        free(out);
        return;
    }
    append(link, out);
    write_more(link);
}

struct link *link_new(const struct link_owner *owner, struct stream *stream)
{
    struct link *link = calloc(1, sizeof *link);
    struct link_out *greeting = link_out_new(0);
    if (link == NULL || greeting == NULL) {
        stream_free(stream);
        free(link);
        free(greeting);
        return NULL;
    }
    link->owner = owner;
    link->stream = stream;
    stream_use(stream, &events, link);
    memcpy(greeting->bytes, (const uint8_t[8]){0, 'S', 'P', 0, 0, owner->us, 0, 0}, 8);
    append(link, greeting);
    write_more(link);
    read_more(link);
    return link;
}

void link_free(struct link *link)
{
    if (link == NULL) {
        return;
    }
    stream_free(link->stream);
    while (link->out_first != NULL) {
        struct link_out *out = link->out_first;
        link->out_first = out->next;
        free(out);
    }
    free(link->message);
    free(link);
}
