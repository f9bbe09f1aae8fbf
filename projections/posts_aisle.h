/* posts_aisle.h: which shelves of a workspace's posts may hold a term or a class, AISLE_SHELVES of them to an aisle:
 * so that who looks for what is rare need not look into each (posts_shelf.h). For posts_shelf.c and posts_find.c.
 *
 * Rows of TABLE_TENANT, of an aisle each: PLACE_AISLE: how many of its shelves have their signs written (8), for each
 * class the shelves that have a post of it (8 each, bit n: shelf n; class 0: a post that has more terms than are
 * kept), then late signs in their order: sign (4), shelf (1). PLACE_AISLE_SIGNS: rows (8), then the shelves of each
 * row (8). All big-endian.
 *
 * A term's sign is a hash of 32 bits, which names some rows of PLACE_AISLE_SIGNS: a shelf that has the term is in all
 * of them (a Bloom filter of each shelf, one beside the other, so that an aisle is asked with a few words of memory).
 * A shelf that is in all of them by chance is looked into in vain, one of some thousands. Signs are written for
 * AISLE_STEP shelves at once, as the rows are then written again; those of posts that are edited later are late,
 * until there are more than LATE_MAX of them. Nothing is ever taken out: what a shelf no longer has costs a look.
 * Classes are exact. */
#ifndef OPENPOST_PROJECTIONS_POSTS_AISLE_H
#define OPENPOST_PROJECTIONS_POSTS_AISLE_H

#include "projections/posts_internal.h"
#include "projections/segment.h"

#define AISLE_SHELVES 64U /* a bit each of what one instruction joins */
#define AISLE_STEP 8U     /* shelves that are looked into, until there are so many: 3 us each */

/* What is known of a term that is sought. places 0: nothing, it may be anywhere. */
struct sign {
    uint32_t hash;
    uint32_t places;
};

/* posts_aisle_sign is the sign of a term, or with prefix of terms that begin so. */
struct sign posts_aisle_sign(struct span term, bool prefix);

/* An aisle as it is read: borrowed from the transaction. */
struct aisle {
    struct span row;
    struct span signs;
    uint64_t signed_shelves; /* the first ones, whose signs are written */
};

/* posts_aisle_open reads an aisle. ERR_NOT_FOUND: none of its shelves is full; ERR_ALTERED. */
enum err posts_aisle_open(struct store_txn *txn, const struct id *workspace_id, uint64_t number,
                          struct aisle *ret_aisle) MUST_USE;
/* posts_aisle_class and posts_aisle_term tell of an aisle's full shelves which have a post of the class (0: with more
 * terms than are kept), and which may have one of the sign: bit n: shelf n. */
uint64_t posts_aisle_class(const struct aisle *aisle, uint32_t class);
uint64_t posts_aisle_term(const struct aisle *aisle, struct sign sign);

/* posts_aisle_classes notes that the classes of a full shelf's posts are no longer before but after: bit n: class n. */
enum err posts_aisle_classes(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, uint32_t before,
                             uint32_t after) MUST_USE;
/* posts_aisle_fill notes that a shelf was filled and its segment and classes are written: each AISLE_STEP-th writes the
 * signs of so many. */
enum err posts_aisle_fill(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf) MUST_USE;
/* posts_aisle_edit notes that a full shelf has besides the terms of those postings that are of one of the posts. */
enum err posts_aisle_edit(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                          const struct posting *postings, size_t count, const struct post_set *posts) MUST_USE;

#endif
