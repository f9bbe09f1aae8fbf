/* log_streams.c: see log_streams.h. Our UUIDs end in 62 random bits, so their tail is their hash. Called by
 * verification.
 */
#include "core/log/log_streams.h"

#include <stdlib.h>

#define CAP_MIN 1024

void log_streams_done(struct log_streams *streams)
{
    free(streams->slots);
    *streams = (struct log_streams){0};
}

/* The slot where the stream is, or where it would go. */
static struct log_stream *slot_of(const struct log_streams *streams, const uint8_t uuid[16], uint32_t kind)
{
    size_t at = (size_t)(get_be64(uuid + 8) * 0x9E3779B97F4A7C15U >> 20) & (streams->cap - 1);
    while (streams->slots[at].kind != ID_NONE &&
           (streams->slots[at].kind != kind || memcmp(streams->slots[at].uuid, uuid, 16) != 0)) {
        at = (at + 1) & (streams->cap - 1);
    }
    return &streams->slots[at];
}

static enum err grow(struct log_streams *streams)
{
    const size_t cap = streams->cap == 0 ? CAP_MIN : streams->cap * 2;
    struct log_streams bigger = {.slots = calloc(cap, sizeof *bigger.slots), .cap = cap, .count = streams->count};
    if (bigger.slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < streams->cap; i++) {
        const struct log_stream *stream = &streams->slots[i];
        if (stream->kind != ID_NONE) {
            *slot_of(&bigger, stream->uuid, stream->kind) = *stream;
        }
    }
    free(streams->slots);
    *streams = bigger;
    return OK;
}

enum err log_streams_step(struct log_streams *streams, const struct id *stream, uint64_t version, uint64_t *ret_before)
{
    if ((streams->count + 1) * 4 > streams->cap * 3) {
        TRY(grow(streams));
    }
    struct log_stream *slot = slot_of(streams, stream->uuid, stream->kind);
    if (slot->kind == ID_NONE) {
        streams->count++;
        slot->kind = stream->kind;
        memcpy(slot->uuid, stream->uuid, sizeof slot->uuid);
    }
    *ret_before = slot->version;
    slot->version = version > UINT32_MAX ? UINT32_MAX : (uint32_t)version;
    return OK;
}
