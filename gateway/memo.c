/* memo.c: see memo.h. A place per hash of the target's id: the newest rendering stays. Used by rendering.c only. */
#include "gateway/memo.h"

#include <stdlib.h>

#include "core/base/lock.h"

void memo_init(struct memo *memo)
{
    for (size_t i = 0; i < MEMO_STRIPES; i++) {
        lock_init(&memo->locks[i]);
    }
}

void memo_done(struct memo *memo)
{
    for (size_t i = 0; i < MEMO_PLACES; i++) {
        free(memo->places[i].bytes);
    }
    for (size_t i = 0; i < MEMO_STRIPES; i++) {
        lock_done(&memo->locks[i]);
    }
}

/* The last bytes of a UUIDv7 are random. */
static size_t place_of(const struct id *target_id)
{
    return get_be32(target_id->uuid + 12) % MEMO_PLACES;
}

bool memo_get(struct memo *memo, const struct id *target_id, uint64_t version, int64_t created_ms, struct buf *out)
{
    const size_t at = place_of(target_id);
    struct memo_place *place = &memo->places[at];
    lock_take(&memo->locks[at % MEMO_STRIPES]);
    const bool found = place->len > 0 && place->version == version && place->created_ms == created_ms &&
                       id_equal(&place->target_id, target_id);
    if (found) {
        buf_put(out, span_of(place->bytes, place->len));
    }
    lock_give(&memo->locks[at % MEMO_STRIPES]);
    return found;
}

void memo_put(struct memo *memo, const struct id *target_id, uint64_t version, int64_t created_ms, struct span bytes)
{
    if (bytes.len == 0 || bytes.len > MEMO_BYTES_MAX) {
        return;
    }
    const size_t at = place_of(target_id);
    struct memo_place *place = &memo->places[at];
    lock_take(&memo->locks[at % MEMO_STRIPES]);
    uint8_t *room = realloc(place->bytes, bytes.len);
    if (room != NULL) {
        memcpy(room, bytes.data, bytes.len);
        *place = (struct memo_place){.target_id = *target_id,
                                     .version = version,
                                     .created_ms = created_ms,
                                     .len = (uint32_t)bytes.len,
                                     .bytes = room};
    }
    lock_give(&memo->locks[at % MEMO_STRIPES]);
}
