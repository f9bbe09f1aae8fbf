/* posts_shelf.h: a workspace's posts numbered in the order of their creation, SEGMENT_POSTS of them to a shelf, and of
 * each shelf that is full which of its posts have which terms: words of their texts, labels, accounts, author. For the
 * files of posts_*.c.
 *
 * Rows of TABLE_TENANT: PLACE_SHELF_HEAD: how many posts there were ever (8), then the keys of the last of them that
 * fill no row of keys. PLACE_SHELF_KEYS, number / SHELF_KEYS: their keys. PLACE_SHELF_TERMS, shelf: its segment
 * (segment.h). PLACE_SHELF_STATE, shelf: a byte for each post: its class, whether it has an instant, and whether the
 * segment is right about it: the one place that changes with a post's status, which the lists' rows do not tell.
 * PLACE_SHELF_EDITED, shelf: the segment of those of which it is not; no row: it is right about all.
 *
 * So a new post costs one short row beside those that are written anyway; each SEGMENT_POSTS-th writes a segment. One
 * that is edited on a full shelf is marked there, and what it holds now goes into the small segment of such posts,
 * until there are more than SHELF_EDITS: then the large one is written again. What the index gives are posts to look
 * at, never the answer. */
#ifndef OPENPOST_PROJECTIONS_POSTS_SHELF_H
#define OPENPOST_PROJECTIONS_POSTS_SHELF_H

#include "core/text/words.h"
#include "projections/posts_internal.h"
#include "projections/segment.h"

#define SHELF_KEYS 16U     /* in a row: few enough to be written once more with each new post */
#define SHELF_KEY_BYTES 24 /* created_ms, post's UUID: how it stands in the list by creation */
#define SHELF_EDITS 32U    /* of one shelf: a segment is written in the time in which so many small ones are */

/* A byte of a shelf's state. A class of none: the post is gone. */
enum { SHELF_CLASS = 0x1F, SHELF_DATED = 0x20, SHELF_LOOSE = 0x40, SHELF_EDITED = 0x80 };

/* What else than a word is a term, told by its first byte, with which no word begins. The beginning of a word is none,
 * but has a sign of its own (posts_aisle.h). */
enum shelf_tag { SHELF_AUTHOR = 1, SHELF_ACCOUNT = 2, SHELF_LABEL = 3, SHELF_NO_TARGET = 4, SHELF_BEGINNING = 5 };

struct shelf_term {
    uint8_t bytes[1 + TERM_BYTES_MAX];
    size_t len;
};

/* posts_shelf_key is the key of a row of TABLE_TENANT by number: of keys, of a shelf, of an aisle. */
struct row_key posts_shelf_key(const struct id *workspace_id, enum tenant_place place, uint64_t number);

/* posts_shelf_term is the term of a tag and what it names (text is cut). */
struct shelf_term posts_shelf_term(enum shelf_tag tag, struct span named);

/* posts_shelf_add numbers a new post. posts_shelf_fill, once it is written: writes the shelf that it fills. */
enum err posts_shelf_add(struct store_txn *txn, struct post_row *post, struct arena *arena) MUST_USE;
enum err posts_shelf_fill(struct store_txn *txn, const struct post_row *post) MUST_USE;
/* posts_shelf_update notes what became of a post: edited: its content was written. after->status POST_DELETED: it is
 * gone. */
enum err posts_shelf_update(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                            bool edited) MUST_USE;

/* posts_shelf_count reads how many posts a workspace ever had. posts_shelf_keys reads the keys of posts number
 * SHELF_KEYS * row and on (borrowed). posts_shelf_terms reads a full shelf's segment, posts_shelf_edited that of the
 * posts that were edited since, posts_shelf_state its state.
 * ERR_NOT_FOUND: there is none; ERR_ALTERED. */
enum err posts_shelf_count(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_count) MUST_USE;
enum err posts_shelf_keys(struct store_txn *txn, const struct id *workspace_id, uint64_t row, struct span *ret_keys)
    MUST_USE;
enum err posts_shelf_terms(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                           struct segment *ret_segment) MUST_USE;
enum err posts_shelf_edited(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                            struct segment *ret_segment) MUST_USE;
enum err posts_shelf_state(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, struct span *ret_state)
    MUST_USE;

#endif
