/* pack.h: the few msgpack values (https://github.com/msgpack/msgpack/blob/master/spec.md) that frames and their bodies
 * are made of. Private to core/wire. Writing uses the shortest form; reading accepts no other, so that a frame has one
 * spelling only. */
#ifndef OPENPOST_WIRE_PACK_H
#define OPENPOST_WIRE_PACK_H

#include "core/base/typeid.h"

void pack_array(struct buf *out, uint32_t count);
void pack_map(struct buf *out, uint32_t count); /* of fewer than 16 names and values */
void pack_uint(struct buf *out, uint64_t value);
void pack_text(struct buf *out, struct span text);
void pack_bin(struct buf *out, struct span bytes);
void pack_nil(struct buf *out);
void pack_bool(struct buf *out, bool value);
void pack_id(struct buf *out, const struct id *id); /* text, or nil when absent */

/* Each takes its value from the front of *rest. ERR_TRUNCATED, ERR_KIND (another kind), ERR_MALFORMED (a longer form
 * than needed), ERR_RANGE (above max), ERR_TOO_LONG. On failure *rest is where it was. */
enum err unpack_array(struct span *rest, uint32_t max, uint32_t *ret_count) MUST_USE;
enum err unpack_uint(struct span *rest, uint64_t max, uint64_t *ret_value) MUST_USE;
enum err unpack_text(struct span *rest, size_t len_max, struct span *ret_text) MUST_USE;
enum err unpack_bin(struct span *rest, size_t len_max, struct span *ret_bytes) MUST_USE;
enum err unpack_bool(struct span *rest, bool *ret_value) MUST_USE;
enum err unpack_id(struct span *rest, struct id *ret_id) MUST_USE; /* nil gives an absent one */
/* unpack_is_nil takes a nil and returns true, or takes nothing and returns false. */
bool unpack_is_nil(struct span *rest);
/* unpack_exactly takes an array of exactly count; ERR_MALFORMED. */
enum err unpack_exactly(struct span *rest, uint32_t count) MUST_USE;
/* unpack_map likewise, a map; unpack_name a text of these bytes. */
enum err unpack_map(struct span *rest, uint32_t count) MUST_USE;
enum err unpack_name(struct span *rest, struct span name) MUST_USE;
/* unpack_fixed takes a bin of exactly len bytes and copies it to out; ERR_MALFORMED. */
enum err unpack_fixed(struct span *rest, uint8_t *out, size_t len) MUST_USE;

#endif
