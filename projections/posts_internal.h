/* posts_internal.h: what the files of posts_*.c tell each other. For nobody else. */
#ifndef OPENPOST_PROJECTIONS_POSTS_INTERNAL_H
#define OPENPOST_PROJECTIONS_POSTS_INTERNAL_H

#include "projections/post_fold.h"
#include "projections/posts.h"
#include "projections/row_store.h"

/* One bit of a set whose members are numbered: n where that holds, else none. */
static inline uint64_t bit_of(uint32_t n, bool holds)
{
    return (uint64_t)(holds ? 1 : 0) << n;
}

/* posts_attention tells what holds for one of a post's targets: bit n: enum attention n. */
uint64_t posts_attention(const struct post_row *post);
/* posts_count counts a post anew that stood as before (zeros: it is new) and now stands as after. */
enum err posts_count(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                     struct arena *arena) MUST_USE;

/* posts_index_update moves and rewrites the narrow rows of a post; before is NULL for a new post, content NULL when
 * it was not written. */
enum err posts_index_update(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                            const struct post_content_row *content, struct arena *arena) MUST_USE;
enum err posts_index_remove(struct store_txn *txn, const struct post_row *post) MUST_USE;

/* posts_deliveries_update writes the payload, progress and attempt rows that an event changes; post as it stands after
 * the event. */
enum err posts_deliveries_update(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                                 struct arena *arena) MUST_USE;

/* posts_approval_update writes the row of the post's approval, where the event changes it. */
enum err posts_approval_update(struct store_txn *txn, const struct post_row *post, const struct fact *fact,
                               struct arena *arena) MUST_USE;

/* posts_edit_note keeps what an edit changes: before and post are the post before and after it, the content before it
 * is read, content is what it leaves. */
enum err posts_edit_note(struct store_txn *txn, const struct post_row *before, const struct post_row *post,
                         const struct post_content_row *content, struct arena *arena) MUST_USE;

/* posts_texts hands visit each text that an author wrote; absent ones may be among them. What visit returns but OK ends
 * it; ERR_NO_MEMORY, ERR_ALTERED. */
typedef enum err posts_text_visit(void *context, struct span text);
enum err posts_texts(const struct post_content_row *content, struct arena *arena, posts_text_visit *visit,
                     void *context) MUST_USE;
/* posts_search looks for all that the query names in what an author wrote; *bytes grows by the length of the texts that
 * were looked through. */
enum err posts_search(const struct words_query *query, const struct post_content_row *content, struct arena *arena,
                      size_t *bytes, bool *ret_found) MUST_USE;

/* posts_class is the status as shelves keep it: draft, scheduled for every open one, else the last. posts_mark and
 * posts_mark_id are what a narrow row keeps of a label and of an id. */
uint32_t posts_class(uint32_t status);
uint32_t posts_mark(struct span text);
uint32_t posts_mark_id(const struct id *id);
/* posts_want_class tells whether a post of that class may have a status that the filter wants. posts_may_match is what
 * the narrow row can tell; true may still be wrong. posts_match tells what the post's row does, under the workspace's
 * policy, and posts_match_content what its content does: together all but what posts_search does. */
bool posts_want_class(const struct post_filter *filter, uint32_t class);
bool posts_may_match(const struct post_filter *filter, const struct post_list_row *row);
bool posts_match(const struct post_filter *filter, const struct post_row *post, const struct workspace_row *workspace);
bool posts_match_content(const struct post_filter *filter, const struct post_content_row *content);

/* posts_filter_seen takes series and templates that are not there for the filter's grant out of it; *ret_any: false:
 * none is left of those that were asked for, so that no post is. It takes room of the arena. */
enum err posts_filter_seen(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                           struct post_filter *filter, bool *ret_any) MUST_USE;

/* posts_content reads what the author of a post wrote. */
enum err posts_content(struct store_txn *txn, const struct post_row *post, struct arena *arena,
                       struct post_content_row *ret_content) MUST_USE;

/* posts_attempt_by_id finds the row of an attempt that an event names by its id only. */
enum err posts_attempt_by_id(struct store_txn *txn, const struct post_row *post, const struct id *target_id,
                             const struct id *attempt_id, struct arena *arena, struct attempt_row *ret_row) MUST_USE;

#endif
