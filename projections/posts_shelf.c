/* posts_shelf.c: numbers posts and writes the shelves' rows. Called by posts.c's projection; read by posts_find.c. Must
 * never write what does not follow from the posts' events: when a segment is written depends on their number alone. */
#include "projections/posts_shelf.h"

#include "core/base/assert.h"
#include "projections/posts_aisle.h"

#define POSTINGS_MAX ((size_t)1 << 17)        /* of a shelf: 256 a post, of which most have a tenth; 4 MB */
#define EDITED_POSTINGS_MAX ((size_t)1 << 14) /* of those of a shelf that were edited: 512 a post; some 0.3 MB */
#define POST_POSTINGS_MAX ((size_t)1 << 13)   /* of one post: a book does not keep the others out */
#define SCRATCH_MAX ((size_t)64 << 20)

_Static_assert((int)POST_STATUS_COUNT <= (int)SHELF_CLASS, "a class fits its bits");
_Static_assert(SEGMENT_POSTS % SHELF_KEYS == 0, "a full shelf has full rows of keys");

/* --- rows --- */

struct row_key posts_shelf_key(const struct id *workspace_id, enum tenant_place place, uint64_t number)
{
    struct row_key key = row_key_tenant(workspace_id, place);
    row_key_u64(&key, number);
    return key;
}

/* No row: no post yet. */
static enum err head_get(struct store_txn *txn, const struct id *workspace_id, struct span *ret_head)
{
    static const uint8_t none[8] = {0};
    struct span head = span_of(none, sizeof none);
    const struct row_key key = row_key_tenant(workspace_id, PLACE_SHELF_HEAD);
    const enum err err = store_get(txn, row_key_span(&key), &head);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (head.len < 8 || head.len - 8 != get_be64(head.data) % SHELF_KEYS * SHELF_KEY_BYTES) {
        return ERR_ALTERED;
    }
    *ret_head = head;
    return OK;
}

enum err posts_shelf_count(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_count)
{
    struct span head;
    TRY(head_get(txn, workspace_id, &head));
    *ret_count = get_be64(head.data);
    return OK;
}

enum err posts_shelf_keys(struct store_txn *txn, const struct id *workspace_id, uint64_t row, struct span *ret_keys)
{
    struct span keys;
    struct span head;
    const struct row_key key = posts_shelf_key(workspace_id, PLACE_SHELF_KEYS, row);
    const enum err err = store_get(txn, row_key_span(&key), &keys);
    if (err == ERR_NOT_FOUND) {
        TRY(head_get(txn, workspace_id, &head));
        if (get_be64(head.data) / SHELF_KEYS != row) {
            return ERR_NOT_FOUND;
        }
        *ret_keys = span_of(head.data + 8, head.len - 8);
        return OK;
    }
    TRY(err);
    *ret_keys = keys;
    return keys.len == (size_t)SHELF_KEYS * SHELF_KEY_BYTES ? OK : ERR_ALTERED;
}

static enum err segment_get(struct store_txn *txn, const struct id *workspace_id, enum tenant_place place,
                            uint64_t shelf, struct segment *ret_segment)
{
    struct span bytes;
    const struct row_key key = posts_shelf_key(workspace_id, place, shelf);
    TRY(store_get(txn, row_key_span(&key), &bytes));
    return segment_open(bytes, ret_segment);
}

enum err posts_shelf_terms(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                           struct segment *ret_segment)
{
    return segment_get(txn, workspace_id, PLACE_SHELF_TERMS, shelf, ret_segment);
}

enum err posts_shelf_edited(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                            struct segment *ret_segment)
{
    return segment_get(txn, workspace_id, PLACE_SHELF_EDITED, shelf, ret_segment);
}

enum err posts_shelf_state(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, struct span *ret_state)
{
    const struct row_key key = posts_shelf_key(workspace_id, PLACE_SHELF_STATE, shelf);
    TRY(store_get(txn, row_key_span(&key), ret_state));
    return ret_state->len == SEGMENT_POSTS ? OK : ERR_ALTERED;
}

/* --- numbering --- */

enum err posts_shelf_add(struct store_txn *txn, struct post_row *post, struct arena *arena)
{
    struct span head;
    const struct row_key key = row_key_tenant(&post->workspace_id, PLACE_SHELF_HEAD);
    TRY(head_get(txn, &post->workspace_id, &head));
    uint8_t *bytes = arena_room(arena, head.len + SHELF_KEY_BYTES);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    const uint64_t count = get_be64(head.data) + 1;
    memcpy(bytes, head.data, head.len);
    put_be64(bytes, count);
    put_be64(bytes + head.len, (uint64_t)post->created_ms);
    memcpy(bytes + head.len + 8, post->post_id.uuid, sizeof post->post_id.uuid);
    const size_t len = head.len + SHELF_KEY_BYTES;
    post->number = count;
    if (count % SHELF_KEYS != 0) {
        return store_put(txn, row_key_span(&key), span_of(bytes, len));
    }
    const struct row_key keys = posts_shelf_key(&post->workspace_id, PLACE_SHELF_KEYS, count / SHELF_KEYS - 1);
    TRY(store_put(txn, row_key_span(&keys), span_of(bytes + 8, len - 8)));
    return store_put(txn, row_key_span(&key), span_of(bytes, 8));
}

/* --- terms --- */

struct shelf_term posts_shelf_term(enum shelf_tag tag, struct span named)
{
    struct shelf_term term = {.bytes = {(uint8_t)tag}, .len = 1};
    const struct span cut = tag == SHELF_LABEL ? span_cut(named, TERM_BYTES_MAX) : named;
    ASSERT(cut.len <= TERM_BYTES_MAX);
    if (cut.len > 0) {
        memcpy(term.bytes + 1, cut.data, cut.len);
    }
    term.len += cut.len;
    return term;
}

/* Postings are gathered post by post. */
struct gather {
    struct store_txn *txn;
    const struct id *workspace_id;
    uint64_t shelf;
    struct posting *postings;
    size_t cap;
    size_t count;
    size_t own;            /* where those of the present post begin */
    uint32_t post;         /* the present one */
    bool loose;            /* it has too many: it will be looked at whatever is sought */
    struct arena *kept;    /* terms, and what is written of them */
    struct arena *texts;   /* the present post and its words */
    uint32_t edited;       /* the post that has just been edited */
    struct post_set fresh; /* posts of whose terms the aisle may not know */
    uint8_t state[SEGMENT_POSTS];
};

static enum err add_term(struct gather *gather, struct span term)
{
    struct span kept;
    if (gather->count == gather->cap || gather->count - gather->own == POST_POSTINGS_MAX) {
        gather->loose = true;
        return OK;
    }
    TRY(arena_copy(gather->kept, term, &kept));
    gather->postings[gather->count] = (struct posting){.term = kept, .post = gather->post};
    gather->count++;
    return OK;
}

static enum err add_tagged(struct gather *gather, enum shelf_tag tag, struct span named)
{
    const struct shelf_term term = posts_shelf_term(tag, named);
    return add_term(gather, span_of(term.bytes, term.len));
}

static enum err add_text(void *context, struct span text)
{
    struct gather *gather = context;
    struct span words;
    struct term term;
    if (text.data == NULL || gather->loose) {
        return OK;
    }
    TRY(words_of(text, gather->texts, &words));
    struct term_walk walk = term_walk_kept(words);
    while (!gather->loose && term_walk_next(&walk, &term)) {
        TRY(add_term(gather, term.text));
    }
    return OK;
}

static enum err add_post(struct gather *gather, const struct post_row *post, const struct post_content_row *content)
{
    TRY(add_tagged(gather, SHELF_AUTHOR, span_of(post->author_id.uuid, sizeof post->author_id.uuid)));
    for (uint32_t i = 0; i < post->targets_count; i++) {
        const struct id *integration_id = &post->targets[i].integration_id;
        TRY(add_tagged(gather, SHELF_ACCOUNT, span_of(integration_id->uuid, sizeof integration_id->uuid)));
    }
    if (post->targets_count == 0) {
        TRY(add_tagged(gather, SHELF_NO_TARGET, (struct span){0}));
    }
    for (uint32_t i = 0; i < content->labels_count; i++) {
        TRY(add_tagged(gather, SHELF_LABEL, content->labels[i].name));
    }
    return posts_texts(content, gather->texts, add_text, gather);
}

/* Of a post that is there. */
static uint8_t state_of(const struct post_row *post)
{
    return (uint8_t)(posts_class(post->status) | (post->publish_at_ms != 0 ? SHELF_DATED : 0));
}

/* Gathers the terms of one of the shelf's posts as it is now, and its state. */
static enum err gather_post(struct gather *gather, uint32_t n)
{
    struct span keys;
    struct id post_id = {.kind = ID_POST};
    const uint64_t number = gather->shelf * SEGMENT_POSTS + n;
    TRY(posts_shelf_keys(gather->txn, gather->workspace_id, number / SHELF_KEYS, &keys));
    memcpy(post_id.uuid, keys.data + number % SHELF_KEYS * SHELF_KEY_BYTES + 8, sizeof post_id.uuid);
    struct post_row post;
    struct post_content_row content;
    arena_reset(gather->texts);
    const struct row_key key = row_key_post(&post_id, PLACE_POST);
    const struct row_key content_key = row_key_post(&post_id, PLACE_CONTENT);
    gather->state[n] = 0;
    const enum err err = row_get(gather->txn, &key, post_row_desc(), gather->texts, &post);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    if (post.status == POST_DELETED) {
        return OK;
    }
    TRY(row_get(gather->txn, &content_key, post_content_row_desc(), gather->texts, &content));
    gather->post = n;
    gather->own = gather->count;
    gather->loose = false;
    TRY(add_post(gather, &post, &content));
    gather->count = gather->loose ? gather->own : gather->count;
    gather->state[n] = (uint8_t)(state_of(&post) | (gather->loose ? SHELF_LOOSE : 0));
    return OK;
}

static bool is_stale(uint8_t state)
{
    return (state & SHELF_EDITED) != 0 || (state & SHELF_CLASS) == 0;
}

/* A term of a segment: those posts of 64 that have it. */
static enum err gather_term(struct gather *gather, struct span term, uint32_t first, uint64_t posts)
{
    for (; posts != 0; posts &= posts - 1) {
        if (gather->count == gather->cap) {
            return ERR_ALTERED;
        }
        const uint32_t n = first + (uint32_t)__builtin_ctzll(posts);
        gather->postings[gather->count] = (struct posting){.term = term, .post = n};
        gather->count++;
    }
    return OK;
}

/* Gathers what a segment says of all posts but those that are left out: in order. */
static enum err gather_from(struct gather *gather, const struct segment *segment, const struct post_set *left_out)
{
    for (uint32_t i = 0; i < segment->terms; i++) {
        struct span term;
        struct post_set set;
        TRY(segment_at(segment, i, &term, &set));
        for (uint32_t word = 0; word < SEGMENT_POSTS / 64; word++) {
            TRY(gather_term(gather, term, word * 64, set.words[word] & ~left_out->words[word]));
        }
    }
    return OK;
}

/* Gathers what the segment says rightly, and the posts that were edited since. */
static enum err gather_again(struct gather *gather, const struct segment *segment)
{
    struct post_set stale = {{0}};
    for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
        if (is_stale(gather->state[n])) {
            post_set_add(&stale, n);
        }
    }
    TRY(gather_from(gather, segment, &stale));
    for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
        if ((gather->state[n] & SHELF_EDITED) != 0) {
            if (n == gather->edited || (gather->state[n] & SHELF_LOOSE) != 0) {
                post_set_add(&gather->fresh, n);
            }
            TRY(gather_post(gather, n));
        }
    }
    return OK;
}

/* state: of the shelf as it stands in a row; NULL: it has just been filled. */
static enum err gather_all(struct gather *gather, const uint8_t *state)
{
    if (state == NULL) {
        for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
            TRY(gather_post(gather, n));
        }
        return OK;
    }
    struct segment segment;
    memcpy(gather->state, state, SEGMENT_POSTS);
    TRY(posts_shelf_terms(gather->txn, gather->workspace_id, gather->shelf, &segment));
    return gather_again(gather, &segment);
}

static enum err make_room(struct gather *gather, size_t cap)
{
    gather->cap = cap;
    gather->postings = arena_room(gather->kept, cap * sizeof *gather->postings);
    return gather->postings == NULL ? ERR_NO_MEMORY : OK;
}

/* Bit n: the post, or one of the shelf, has class n; bit 0: it has more terms than are kept. */
static uint32_t class_of(uint8_t byte)
{
    return (((uint32_t)1 << (byte & SHELF_CLASS)) & ~(uint32_t)1) | ((byte & SHELF_LOOSE) != 0 ? 1 : 0);
}

/* Those of a whole shelf, or fewer once there are those that are enough. */
static uint32_t classes_of(const uint8_t *state, uint32_t enough)
{
    uint32_t classes = 0;
    for (uint32_t n = 0; n < SEGMENT_POSTS && (classes & enough) != enough; n++) {
        classes |= class_of(state[n]);
    }
    return classes;
}

static enum err put_state(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, const uint8_t *state)
{
    struct span before;
    const struct row_key key = posts_shelf_key(workspace_id, PLACE_SHELF_STATE, shelf);
    const enum err err = posts_shelf_state(txn, workspace_id, shelf, &before);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    const uint32_t classes = err == OK ? classes_of(before.data, UINT32_MAX) : 0;
    TRY(store_put(txn, row_key_span(&key), span_of(state, SEGMENT_POSTS)));
    return posts_aisle_classes(txn, workspace_id, shelf, classes, classes_of(state, UINT32_MAX));
}

/* The same where one post's byte alone is another. What the others have is looked at once, and mostly not to the end:
 * where one of them has the class that the post had and one that it has, the aisle does not change. */
static enum err put_byte(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf, uint8_t *state,
                         uint32_t place, uint8_t byte)
{
    const struct row_key key = posts_shelf_key(workspace_id, PLACE_SHELF_STATE, shelf);
    const uint32_t before = class_of(state[place]);
    const uint32_t after = class_of(byte);
    state[place] = 0;
    const uint32_t others = classes_of(state, before ^ after);
    state[place] = byte;
    TRY(store_put(txn, row_key_span(&key), span_of(state, SEGMENT_POSTS)));
    return posts_aisle_classes(txn, workspace_id, shelf, others | before, others | after);
}

/* Once they are written: the terms of posts that were edited lie in memory, which store_put leaves alone. */
static enum err tell_aisle(const struct gather *gather)
{
    return posts_aisle_edit(gather->txn, gather->workspace_id, gather->shelf, gather->postings, gather->count,
                            &gather->fresh);
}

static enum err write_shelf(struct gather *gather, const uint8_t *state)
{
    struct span bytes;
    const struct row_key terms = posts_shelf_key(gather->workspace_id, PLACE_SHELF_TERMS, gather->shelf);
    const struct row_key edited = posts_shelf_key(gather->workspace_id, PLACE_SHELF_EDITED, gather->shelf);
    TRY(make_room(gather, POSTINGS_MAX));
    TRY(gather_all(gather, state));
    TRY(segment_encode(gather->postings, gather->count, gather->kept, &bytes));
    TRY(store_put(gather->txn, row_key_span(&terms), bytes));
    TRY(put_state(gather->txn, gather->workspace_id, gather->shelf, gather->state));
    if (state == NULL) {
        return posts_aisle_fill(gather->txn, gather->workspace_id, gather->shelf);
    }
    TRY(row_remove(gather->txn, &edited));
    return tell_aisle(gather);
}

/* Puts the terms of the post that was edited beside those of the others that were. */
static enum err write_edited(struct gather *gather, const uint8_t *state)
{
    struct segment segment;
    struct span bytes;
    const struct row_key key = posts_shelf_key(gather->workspace_id, PLACE_SHELF_EDITED, gather->shelf);
    memcpy(gather->state, state, SEGMENT_POSTS);
    TRY(make_room(gather, EDITED_POSTINGS_MAX));
    post_set_add(&gather->fresh, gather->edited);
    const enum err err = posts_shelf_edited(gather->txn, gather->workspace_id, gather->shelf, &segment);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK) {
        TRY(gather_from(gather, &segment, &gather->fresh));
    }
    TRY(gather_post(gather, gather->edited));
    gather->state[gather->edited] |= SHELF_EDITED;
    TRY(segment_encode(gather->postings, gather->count, gather->kept, &bytes));
    TRY(store_put(gather->txn, row_key_span(&key), bytes));
    TRY(put_state(gather->txn, gather->workspace_id, gather->shelf, gather->state));
    return tell_aisle(gather);
}

/* state: of the shelf as it stands in a row, with what became of the post that was edited; NULL: it has just been
 * filled. whole: the whole shelf is written; else that post is put beside the others that were edited. */
static enum err write_with_memory(struct store_txn *txn, const struct id *workspace_id, uint64_t shelf,
                                  const uint8_t *state, uint32_t edited, bool whole)
{
    struct arena kept;
    struct arena texts;
    arena_init(&kept, SCRATCH_MAX);
    arena_init(&texts, SCRATCH_MAX);
    struct gather gather = {
        .txn = txn, .workspace_id = workspace_id, .shelf = shelf, .kept = &kept, .texts = &texts, .edited = edited};
    const enum err err = whole ? write_shelf(&gather, state) : write_edited(&gather, state);
    arena_done(&kept);
    arena_done(&texts);
    return err;
}

enum err posts_shelf_fill(struct store_txn *txn, const struct post_row *post)
{
    ASSERT(post->number > 0);
    if (post->number % SEGMENT_POSTS != 0) {
        return OK;
    }
    return write_with_memory(txn, &post->workspace_id, post->number / SEGMENT_POSTS - 1, NULL, 0, true);
}

/* --- what became of them --- */

static uint32_t count_edited(const uint8_t *state)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < SEGMENT_POSTS; n++) {
        count += state[n] >> 7;
    }
    return count;
}

enum err posts_shelf_update(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                            bool edited)
{
    if (!edited && state_of(before) == state_of(after)) {
        return OK;
    }
    if (before->number == 0) {
        return ERR_ALTERED;
    }
    const uint64_t shelf = (before->number - 1) / SEGMENT_POSTS;
    struct span row;
    const enum err err = posts_shelf_state(txn, &before->workspace_id, shelf, &row);
    if (err == ERR_NOT_FOUND) {
        return OK; /* not full yet */
    }
    TRY(err);
    uint8_t state[SEGMENT_POSTS];
    const uint32_t place = (uint32_t)((before->number - 1) % SEGMENT_POSTS);
    const uint8_t kept = row.data[place] & (SHELF_LOOSE | SHELF_EDITED);
    memcpy(state, row.data, sizeof state);
    if (after->status == POST_DELETED || !edited) {
        const uint8_t byte = after->status == POST_DELETED ? 0 : (uint8_t)(state_of(after) | kept);
        return put_byte(txn, &before->workspace_id, shelf, state, place, byte);
    }
    state[place] = (uint8_t)(state_of(after) | kept | SHELF_EDITED);
    return write_with_memory(txn, &before->workspace_id, shelf, state, place, count_edited(state) > SHELF_EDITS);
}
