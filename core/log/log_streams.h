/* log_streams.h: streams and their last version, in memory: for a check of their order. Private to core/log. */
#ifndef OPENPOST_LOG_LOG_STREAMS_H
#define OPENPOST_LOG_LOG_STREAMS_H

#include "core/base/typeid.h"

struct log_stream {
    uint8_t uuid[16];
    uint32_t kind; /* enum id_kind; ID_NONE: the slot is free */
    uint32_t version;
};

/* A hash table, open addressing, filled to three quarters: 32 to 64 bytes for each stream, half as much again while it
 * grows. All zero is an empty one. */
struct log_streams {
    struct log_stream *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
};

void log_streams_done(struct log_streams *streams);
/* log_streams_step notes version as the stream's last and writes the one that was, 0 when there was none. A version
 * above UINT32_MAX is noted as that one. ERR_NO_MEMORY. */
enum err log_streams_step(struct log_streams *streams, const struct id *stream, uint64_t version, uint64_t *ret_before)
    MUST_USE;

#endif
