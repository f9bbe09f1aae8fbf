/* posts_find.h: which posts a filter may want, by aisles and shelves (posts_aisle.h, posts_shelf.h), in the order of
 * creation. For posts_list.c. */
#ifndef OPENPOST_PROJECTIONS_POSTS_FIND_H
#define OPENPOST_PROJECTIONS_POSTS_FIND_H

#include "projections/posts_shelf.h"

#define FIND_SHELVES_MAX 8192 /* looked into for one page, and aisles asked: < 50 ms */

struct post_finder;

/* posts_find_open begins to find the posts of a workspace that filter may want, up from the oldest or down from the
 * newest, behind the key from (SHELF_KEY_BYTES; empty: from the beginning). *ret_finder NULL: the filter asks for
 * nothing that the shelves know. The finder lives in the arena, which keeps growing while it is used, and borrows from
 * the filter. ERR_NO_MEMORY and the store's. */
enum err posts_find_open(struct store_txn *txn, const struct id *workspace_id, const struct post_filter *filter,
                         bool up, struct span from, struct arena *arena, struct post_finder **ret_finder) MUST_USE;

/* posts_find_next gives the key of the next one: of a post that may be gone, or not wanted after all. *ret_edge: it is
 * no post's, but how far the finder has come: it will not look into more shelves. ERR_NOT_FOUND: that was all;
 * ERR_ALTERED and the store's. */
enum err posts_find_next(struct post_finder *finder, uint8_t ret_key[SHELF_KEY_BYTES], bool *ret_edge) MUST_USE;

#endif
