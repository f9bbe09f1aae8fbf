/* covered.h: where a list's next page begins, as clients get it: opaque, and good for that list only.
 * The position and 8 bytes of a keyed hash of it and of whose list it is, so that a changed one is refused; the
 * position is covered by what that hash keys (a synthetic IV, as in RFC 5297), for it may be that of something that is
 * not there for who asks. Used for lists over HTTP and over RPC. Pure. */
#ifndef OPENPOST_BASE_COVERED_H
#define OPENPOST_BASE_COVERED_H

#include "core/base/err.h"
#include "core/base/span.h"

#define COVERED_POSITION_MAX 64
#define COVERED_TAG_LEN 8
#define COVERED_MAX (COVERED_POSITION_MAX + COVERED_TAG_LEN)
#define COVERED_LIST_MAX 128 /* bytes */

/* A list: what tells it from others, COVERED_LIST_MAX bytes at most, and what makes keyed hashes, of no more than
 * COVERED_HASHED_MAX bytes, that nobody else can make. */
#define COVERED_HASHED_MAX (COVERED_LIST_MAX + COVERED_POSITION_MAX)

struct covered_list {
    struct span which;
    void (*mark)(const void *context, struct span what, uint8_t ret_hash[32]);
    const void *context;
};

/* covered_put appends a position of the list, of 1 to COVERED_POSITION_MAX bytes. */
void covered_put(const struct covered_list *list, struct span position, struct buf *out);
/* covered_read uncovers, in place, what covered_put wrote for this list; the position borrows it. ERR_MALFORMED:
 * anything else; bytes hold nothing of use then. */
enum err covered_read(const struct covered_list *list, uint8_t *bytes, size_t len, struct span *ret_position) MUST_USE;

#endif
