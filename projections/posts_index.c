/* posts_index.c: the lists of a workspace's posts, by creation and by publish_at, and the same of those that need
 * attention: where a post's narrow row stands, and what it tells. Called by posts.c's projection; read by posts_list.c.
 * Must never write a row that tells the same: each lies where nobody has touched memory lately.
 *
 * A narrow row is written with the post and its edits and moves with its instant. What becomes of a post stands on its
 * shelf (posts_shelf.h), a place for 512 of them, so that neither cancelling nor a post's end touches any list. */
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "projections/posts_shelf.h"

static struct row_key index_key(enum tenant_place place, const struct post_row *post, int64_t time_ms)
{
    struct row_key key = row_key_tenant(&post->workspace_id, place);
    row_key_u64(&key, (uint64_t)time_ms);
    row_key_id(&key, &post->post_id);
    return key;
}

/* Where a post's narrow row stands. */
struct places {
    struct row_key keys[4];
    uint32_t count;
};

static void add_place(struct places *places, enum tenant_place place, const struct post_row *post, int64_t time_ms)
{
    places->keys[places->count] = index_key(place, post, time_ms);
    places->count++;
}

static struct places places_of(const struct post_row *post)
{
    struct places places = {.count = 0};
    add_place(&places, PLACE_POSTS_CREATED, post, post->created_ms);
    if (post->publish_at_ms != 0) {
        add_place(&places, PLACE_POSTS_DUE, post, post->publish_at_ms);
    }
    if (post->attention != 0) {
        add_place(&places, PLACE_POSTS_ATTENTION, post, post->created_ms);
        add_place(&places, PLACE_POSTS_ATTENTION_DUE, post, post->publish_at_ms);
    }
    return places;
}

static bool is_among(const struct places *places, const struct row_key *key)
{
    for (uint32_t i = 0; i < places->count; i++) {
        if (span_equal(row_key_span(&places->keys[i]), row_key_span(key))) {
            return true;
        }
    }
    return false;
}

/* Takes the rows away that stand where none is now. */
static enum err leave_places(struct store_txn *txn, const struct places *before, const struct places *now)
{
    for (uint32_t i = 0; i < before->count; i++) {
        if (!is_among(now, &before->keys[i])) {
            TRY(row_remove(txn, &before->keys[i]));
        }
    }
    return OK;
}

struct marks {
    uint8_t integrations[TARGETS_MAX * 4];
    uint8_t labels[LABELS_MAX * 4];
};

static void list_row_of(const struct post_row *post, const struct post_content_row *content, struct marks *marks,
                        struct post_list_row *ret_row)
{
    struct post_list_row row = {
        .author_id = post->author_id, .number = post->number, .dated = post->publish_at_ms != 0};
    for (uint32_t i = 0; i < post->targets_count && i < TARGETS_MAX; i++) {
        put_be32(marks->integrations + (size_t)4 * i, posts_mark_id(&post->targets[i].integration_id));
        row.integrations = span_of(marks->integrations, (size_t)4 * (i + 1));
    }
    for (uint32_t i = 0; i < content->labels_count && i < LABELS_MAX; i++) {
        put_be32(marks->labels + (size_t)4 * i, posts_mark(content->labels[i].name));
        row.labels = span_of(marks->labels, (size_t)4 * (i + 1));
    }
    *ret_row = row;
}

/* Whether the post came to have an instant, or lost it, while only its row tells. */
static enum err must_tell(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                          bool *ret_must)
{
    uint64_t count = 0;
    *ret_must = false;
    if ((before->publish_at_ms == 0) != (after->publish_at_ms == 0)) {
        TRY(posts_shelf_count(txn, &after->workspace_id, &count));
        *ret_must = after->number > count - count % SEGMENT_POSTS;
    }
    return OK;
}

/* Writes the row where the post stands now: where it stood before only if it differs. */
static enum err put_rows(struct store_txn *txn, const struct places *before, const struct places *now,
                         const struct post_list_row *row, bool may_differ, struct arena *arena)
{
    const struct record_desc *desc = post_list_row_desc();
    for (uint32_t i = 0; i < now->count; i++) {
        const struct row_key *key = &now->keys[i];
        if (!is_among(before, key)) {
            TRY(row_put(txn, key, desc, row, arena));
        } else if (may_differ) {
            TRY(row_put_changed(txn, key, desc, row, arena));
        }
    }
    return OK;
}

enum err posts_index_update(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                            const struct post_content_row *content, struct arena *arena)
{
    struct post_list_row row;
    struct marks marks;
    struct places left = {.count = 0};
    struct post_content_row kept;
    bool may_differ = content != NULL;
    if (before != NULL) {
        if (content == NULL && before->publish_at_ms == after->publish_at_ms && before->attention == after->attention) {
            return OK;
        }
        left = places_of(before);
    }
    const struct places places = places_of(after);
    TRY(leave_places(txn, &left, &places));
    if (content == NULL) {
        TRY(must_tell(txn, before, after, &may_differ));
        const struct row_key key = row_key_post(&after->post_id, PLACE_CONTENT);
        const enum err err = row_get(txn, &key, post_content_row_desc(), arena, &kept);
        TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
        content = &kept;
    }
    list_row_of(after, content, &marks, &row);
    return put_rows(txn, &left, &places, &row, may_differ, arena);
}

enum err posts_index_remove(struct store_txn *txn, const struct post_row *post)
{
    const struct places left = places_of(post);
    return leave_places(txn, &left, &(struct places){.count = 0});
}
