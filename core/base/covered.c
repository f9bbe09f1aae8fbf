/* covered.c: see covered.h. Called by whoever answers with pages. Must never tell apart why a cursor is not good. */
#include "core/base/covered.h"

#include "core/base/assert.h"
#include "core/base/sha256.h"

static void tag_of(const struct covered_list *list, struct span position, uint8_t ret_tag[COVERED_TAG_LEN])
{
    uint8_t bytes[COVERED_HASHED_MAX];
    uint8_t hash[SHA256_LEN];
    struct buf what = buf_of(bytes, sizeof bytes);
    ASSERT(list->which.len <= COVERED_LIST_MAX);
    buf_put(&what, list->which);
    buf_put(&what, position);
    ASSERT(buf_ok(&what));
    list->mark(list->context, buf_span(&what), hash);
    memcpy(ret_tag, hash, COVERED_TAG_LEN);
}

/* Covers the bytes of a position, or uncovers them. What is hashed begins with no list: it is shorter than any. */
static void cover(const struct covered_list *list, const uint8_t tag[COVERED_TAG_LEN], uint8_t *bytes, size_t len)
{
    uint8_t pad[SHA256_LEN];
    ASSERT(list->which.len > 1 + COVERED_TAG_LEN);
    for (size_t at = 0; at < len; at += sizeof pad) {
        uint8_t what[1 + COVERED_TAG_LEN] = {(uint8_t)(at / sizeof pad)};
        memcpy(what + 1, tag, COVERED_TAG_LEN);
        list->mark(list->context, span_of(what, sizeof what), pad);
        for (size_t i = 0; i < sizeof pad && at + i < len; i++) {
            bytes[at + i] ^= pad[i];
        }
    }
}

void covered_put(const struct covered_list *list, struct span position, struct buf *out)
{
    uint8_t tag[COVERED_TAG_LEN];
    uint8_t covered[COVERED_POSITION_MAX];
    ASSERT(position.len > 0 && position.len <= sizeof covered);
    tag_of(list, position, tag);
    memcpy(covered, position.data, position.len);
    cover(list, tag, covered, position.len);
    buf_put(out, span_of(covered, position.len));
    buf_put(out, span_of(tag, sizeof tag));
}

enum err covered_read(const struct covered_list *list, uint8_t *bytes, size_t len, struct span *ret_position)
{
    uint8_t tag[COVERED_TAG_LEN];
    if (len <= COVERED_TAG_LEN || len > COVERED_MAX) {
        return ERR_MALFORMED;
    }
    const struct span position = span_of(bytes, len - COVERED_TAG_LEN);
    const struct span given = span_of(bytes + position.len, COVERED_TAG_LEN);
    cover(list, given.data, bytes, position.len);
    tag_of(list, position, tag);
    if (!span_equal_secret(span_of(tag, sizeof tag), given)) {
        return ERR_MALFORMED;
    }
    *ret_position = position;
    return OK;
}
