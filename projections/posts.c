/* posts.c: applies a post's events to all rows that depend on them, decoding the post once; reads one post. Called by
 * the ledger for every event, and by whoever asks for a post. Must never read what other projections wrote.
 *
 * One create writes three rows (post and content side by side at the end of the table, one row of the list); a schedule
 * writes the post, one row of the list by instant and the shelf's state. Scattered (led by workspace) are the two
 * lists' and the shelves' only. Lock, attempt and outcome write the post, its attempt or payload beside it, and one
 * counter; the post's end the shelf's state again. */
#include "projections/posts.h"

#include "core/base/assert.h"
#include "projections/posts_internal.h"
#include "projections/posts_shelf.h"
#include "projections/punctuality.h"
#include "projections/series.h"

/* What is left is what its history is shown by: whose it was, and where it would have gone. */
static enum err remove_post(struct store_txn *txn, const struct post_row *post, struct arena *arena)
{
    const struct row_key key = row_key_post(&post->post_id, PLACE_POST);
    const struct row_key content_key = row_key_post(&post->post_id, PLACE_CONTENT);
    TRY(row_put(txn, &key, post_row_desc(), post, arena));
    TRY(row_remove(txn, &content_key));
    return posts_index_remove(txn, post);
}

static enum err put_post(struct store_txn *txn, const struct post_row *post, const struct post_content_row *content,
                         struct arena *arena)
{
    const struct row_key key = row_key_post(&post->post_id, PLACE_POST);
    TRY(row_put(txn, &key, post_row_desc(), post, arena));
    if (content != NULL) {
        const struct row_key content_key = row_key_post(&post->post_id, PLACE_CONTENT);
        TRY(row_put(txn, &content_key, post_content_row_desc(), content, arena));
    }
    return OK;
}

static void note_seq(const struct post_row *post, const struct post_change *change, uint64_t seq)
{
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if ((change->touched >> i & 1) == 1) {
            post->targets[i].seq = seq;
        }
    }
}

static enum err count_targets(struct store_txn *txn, const struct fact *fact, const struct post_row *post,
                              const struct post_change *change, struct arena *arena)
{
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if ((change->touched >> i & 1) == 1) {
            TRY(punctuality_update(txn, fact, &post->targets[i], arena));
        }
    }
    return OK;
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    if (!post_fold_is_ours(event->code)) {
        return OK;
    }
    struct post_row post;
    memset(&post, 0, sizeof post);
    const bool is_new = event->code == EVENT_post_created;
    if (!is_new) {
        const struct row_key key = row_key_post(post_fold_id(event), PLACE_POST);
        const enum err err = row_take(txn, &key, post_row_desc(), arena, &post);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    }
    const struct post_row before = post;
    struct post_change change;
    struct attempt_row attempt;
    const bool contradicts = event->code == EVENT_outcome_contradicted;
    if (contradicts) {
        const struct outcome_contradicted_event *contradicted = &event->outcome_contradicted;
        TRY(posts_attempt_by_id(txn, &post, &contradicted->target_id, &contradicted->attempt_id, arena, &attempt));
    }
    TRY(post_fold(&post, fact, contradicts ? &attempt : NULL, arena, &change));
    if (!id_is_none(&post.series_id)) {
        TRY(series_note(txn, fact, &before, &post, arena));
    }
    if (post.status == POST_DELETED) {
        TRY(posts_shelf_update(txn, &before, &post, false));
        return remove_post(txn, &post, arena);
    }
    note_seq(&post, &change, fact->at->seq);
    post.attention = posts_attention(&post);
    if (is_new) {
        TRY(posts_shelf_add(txn, &post, arena));
    }
    struct post_content_row content;
    if (change.content) {
        post_fold_content(event, &content);
    }
    if (event->code == EVENT_post_edited) {
        TRY(posts_edit_note(txn, &before, &post, &content, arena));
    }
    TRY(put_post(txn, &post, change.content ? &content : NULL, arena));
    TRY(posts_deliveries_update(txn, &post, fact, arena));
    TRY(posts_approval_update(txn, &post, fact, arena));
    TRY(posts_index_update(txn, is_new ? NULL : &before, &post, change.content ? &content : NULL, arena));
    TRY(is_new ? posts_shelf_fill(txn, &post) : posts_shelf_update(txn, &before, &post, change.content));
    TRY(posts_count(txn, &before, &post, arena));
    return count_targets(txn, fact, &post, &change, arena);
}

const struct projection posts_projection = {.name = "posts", .apply = apply};

bool posts_sees(const struct grant *grant, const struct post_row *post)
{
    bool sees = true;
    for (uint32_t i = 0; i < post->targets_count && sees; i++) {
        sees = access_sees(grant, &post->targets[i].integration_id);
    }
    return sees;
}

enum err posts_content(struct store_txn *txn, const struct post_row *post, struct arena *arena,
                       struct post_content_row *ret_content)
{
    const struct row_key key = row_key_post(&post->post_id, PLACE_CONTENT);
    TRY(row_get(txn, &key, post_content_row_desc(), arena, ret_content));
    return ret_content->targets_count == post->targets_count ? OK : ERR_ALTERED;
}

enum err posts_get(struct store_txn *txn, const struct id *workspace_id, const struct id *post_id, struct arena *arena,
                   struct post_view *ret_post)
{
    struct post_view view;
    const struct row_key key = row_key_post(post_id, PLACE_POST);
    TRY(row_get_own(txn, &key, workspace_id, post_row_desc(), arena, &view.row));
    if (view.row.status == POST_DELETED) {
        return ERR_NOT_FOUND;
    }
    TRY(posts_content(txn, &view.row, arena, &view.content));
    *ret_post = view;
    return OK;
}

enum err posts_get_ever(struct store_txn *txn, const struct id *workspace_id, const struct id *post_id,
                        struct arena *arena, struct post_row *ret_post)
{
    const struct row_key key = row_key_post(post_id, PLACE_POST);
    return row_get_own(txn, &key, workspace_id, post_row_desc(), arena, ret_post);
}

struct target_row *posts_target(const struct post_row *post, const struct id *target_id)
{
    for (uint32_t i = 0; i < post->targets_count; i++) {
        if (id_equal(&post->targets[i].target_id, target_id)) {
            return &post->targets[i];
        }
    }
    return NULL;
}

bool posts_target_is_final(uint32_t target_status)
{
    return target_status == TARGET_PUBLISHED || target_status == TARGET_FAILED || target_status == TARGET_CANCELLED ||
           target_status == TARGET_MISSED;
}

bool posts_is_final(uint32_t post_status)
{
    return post_status == POST_PUBLISHED || post_status == POST_PARTIALLY_PUBLISHED || post_status == POST_FAILED ||
           post_status == POST_MISSED || post_status == POST_CANCELLED;
}
