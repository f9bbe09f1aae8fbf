/* posts_list.c: the lists of a workspace's posts, by creation and by publish_at: written by posts.c's projection, read
 * by posts_list. Must never look at more than POSTS_SCAN_MAX rows in one call.
 *
 * The posts that need attention are few: lists of their own hold their rows once more, in the same two orders.
 *
 * A narrow row holds four bytes of each integration and label: it rules most posts out; what it lets through is checked
 * on the post itself. Its status is only draft, open or the last one, so that lock and attempts leave both lists alone.
 */
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "projections/posts_internal.h"

#define SCRATCH_MAX ((size_t)16 << 20)

/* --- writing --- */

static uint32_t mark_of(struct span text)
{
    uint32_t hash = 2166136261U; /* FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.data[i]) * 16777619U;
    }
    return hash;
}

/* The last bytes of a UUIDv7 are random. */
static uint32_t mark_of_id(const struct id *id)
{
    return get_be32(id->uuid + 12);
}

static uint32_t class_of(uint32_t status)
{
    return status == POST_QUEUED || status == POST_PUBLISHING ? POST_SCHEDULED : status;
}

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
    struct post_list_row row = {.author_id = post->author_id};
    for (uint32_t i = 0; i < post->targets_count && i < TARGETS_MAX; i++) {
        put_be32(marks->integrations + (size_t)4 * i, mark_of_id(&post->targets[i].integration_id));
        row.integrations = span_of(marks->integrations, (size_t)4 * (i + 1));
    }
    for (uint32_t i = 0; i < content->labels_count && i < LABELS_MAX; i++) {
        put_be32(marks->labels + (size_t)4 * i, mark_of(content->labels[i].name));
        row.labels = span_of(marks->labels, (size_t)4 * (i + 1));
    }
    *ret_row = row;
}

/* Writes the row in every list that the post is in. fresh: the rows are known to differ. */
static enum err put_rows(struct store_txn *txn, const struct post_row *post, const struct places *places,
                         struct post_list_row *row, bool fresh, struct arena *arena)
{
    const struct record_desc *desc = post_list_row_desc();
    row->status = class_of(post->status);
    row->dated = post->publish_at_ms != 0;
    for (uint32_t i = 0; i < places->count; i++) {
        const struct row_key *key = &places->keys[i];
        TRY(fresh ? row_put(txn, key, desc, row, arena) : row_put_changed(txn, key, desc, row, arena));
    }
    return OK;
}

enum err posts_index_update(struct store_txn *txn, const struct post_row *before, const struct post_row *after,
                            const struct post_content_row *content, struct arena *arena)
{
    struct post_list_row row;
    struct marks marks;
    if (before != NULL && content == NULL && before->publish_at_ms == after->publish_at_ms &&
        before->attention == after->attention && class_of(before->status) == class_of(after->status)) {
        return OK;
    }
    const struct places places = places_of(after);
    if (before == NULL) {
        ASSERT(content != NULL);
        list_row_of(after, content, &marks, &row);
        return put_rows(txn, after, &places, &row, true, arena);
    }
    const struct places left = places_of(before);
    TRY(leave_places(txn, &left, &places));
    if (content != NULL) {
        list_row_of(after, content, &marks, &row);
        return put_rows(txn, after, &places, &row, false, arena);
    }
    const enum err err = row_take(txn, &places.keys[0], post_list_row_desc(), arena, &row);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    return put_rows(txn, after, &places, &row, true, arena);
}

enum err posts_index_remove(struct store_txn *txn, const struct post_row *post)
{
    const struct places left = places_of(post);
    return leave_places(txn, &left, &(struct places){.count = 0});
}

/* --- filtering --- */

static bool has_mark(struct span marks, uint32_t mark)
{
    for (size_t i = 0; i + 4 <= marks.len; i += 4) {
        if (get_be32(marks.data + i) == mark) {
            return true;
        }
    }
    return false;
}

static bool wants_status(const struct post_filter *filter, uint32_t status)
{
    return filter->statuses == 0 || (filter->statuses >> status & 1) != 0;
}

static bool wants_class(const struct post_filter *filter, uint32_t class)
{
    if (class != POST_SCHEDULED) {
        return wants_status(filter, class);
    }
    return wants_status(filter, POST_SCHEDULED) || wants_status(filter, POST_QUEUED) ||
           wants_status(filter, POST_PUBLISHING);
}

static bool wants_author(const struct post_filter *filter, const struct id *author_id)
{
    for (uint32_t i = 0; i < filter->author_count; i++) {
        if (id_equal(&filter->authors[i], author_id)) {
            return true;
        }
    }
    return filter->author_count == 0;
}

/* Whether the grant may see the post of a narrow row: each of the targets' marks is that of an account of its. */
static bool may_see(const struct grant *grant, const struct post_list_row *row)
{
    bool may = true;
    for (size_t i = 0; may && i + 4 <= row->integrations.len; i += 4) {
        may = false;
        for (uint32_t k = 0; k < grant->account_count && !may; k++) {
            may = mark_of_id(&grant->accounts[k].integration_id) == get_be32(row->integrations.data + i);
        }
    }
    return may || !grant->restricted;
}

/* What the narrow row can tell; true may still be wrong. */
static bool may_match(const struct post_filter *filter, const struct post_list_row *row)
{
    if (filter->seen_by != NULL && !may_see(filter->seen_by, row)) {
        return false;
    }
    bool integration = filter->integration_count == 0;
    for (uint32_t i = 0; i < filter->integration_count && !integration; i++) {
        integration = has_mark(row->integrations, mark_of_id(&filter->integrations[i]));
    }
    bool label = filter->label_count == 0;
    for (uint32_t i = 0; i < filter->label_count && !label; i++) {
        label = has_mark(row->labels, mark_of(filter->labels[i]));
    }
    const bool window = filter->publish_after_ms != 0 || filter->publish_before_ms != 0;
    return integration && label && wants_class(filter, row->status) && wants_author(filter, &row->author_id) &&
           (!window || row->dated);
}

static bool wants_integrations(const struct post_filter *filter, const struct post_row *post)
{
    for (uint32_t i = 0; i < filter->integration_count; i++) {
        for (uint32_t k = 0; k < post->targets_count; k++) {
            if (id_equal(&filter->integrations[i], &post->targets[k].integration_id)) {
                return true;
            }
        }
    }
    return filter->integration_count == 0;
}

static bool wants_labels(const struct post_filter *filter, const struct post_content_row *content)
{
    for (uint32_t i = 0; i < filter->label_count; i++) {
        for (uint32_t k = 0; k < content->labels_count; k++) {
            if (span_equal(filter->labels[i], content->labels[k].name)) {
                return true;
            }
        }
    }
    return filter->label_count == 0;
}

static bool matches(const struct post_filter *filter, const struct post_view *post)
{
    const int64_t at_ms = post->row.publish_at_ms;
    if (filter->seen_by != NULL && !posts_sees(filter->seen_by, &post->row)) {
        return false;
    }
    if (filter->attention != 0 && (filter->attention & post->row.attention) == 0) {
        return false;
    }
    if (filter->publish_after_ms != 0 && (at_ms == 0 || at_ms < filter->publish_after_ms)) {
        return false;
    }
    if (filter->publish_before_ms != 0 && (at_ms == 0 || at_ms >= filter->publish_before_ms)) {
        return false;
    }
    return wants_status(filter, post->row.status) && wants_author(filter, &post->row.author_id) &&
           wants_integrations(filter, &post->row) && wants_labels(filter, &post->content);
}

/* --- walking --- */

/* One stretch of one list. By publish_at there are two: the posts with an instant, then, from the other list, those
 * without. */
struct stretch {
    enum tenant_place place;
    bool by_instant;
    bool up;
    bool undated_only;
};

struct walk {
    struct store_txn *txn;
    struct store_cursor *cursor;
    const struct id *workspace_id;
    const struct post_filter *filter;
    struct arena *arena;
    struct arena *scratch;
    struct stretch stretches[2];
    uint32_t stretch_count;
    uint32_t stretch;    /* the present one */
    struct row_key from; /* where it begins: len 0: at its end of the list */
    uint32_t limit;
    uint32_t scanned;
    size_t searched; /* bytes of texts */
    struct post_page page;
};

enum {
    INDEX_PLACE = 1 + 16,
    INDEX_TIME = INDEX_PLACE + 1,
    INDEX_POST = INDEX_TIME + 8,
    INDEX_KEY_LEN = INDEX_POST + 16
};

static void set_stretches(struct walk *walk)
{
    const bool attention = walk->filter->attention != 0;
    const enum tenant_place created = attention ? PLACE_POSTS_ATTENTION : PLACE_POSTS_CREATED;
    const enum tenant_place dated = attention ? PLACE_POSTS_ATTENTION_DUE : PLACE_POSTS_DUE;
    switch (walk->filter->order) {
    case POST_ORDER_CREATED_DOWN:
    case POST_ORDER_CREATED_UP:
        walk->stretches[0] = (struct stretch){.place = created, .up = walk->filter->order == POST_ORDER_CREATED_UP};
        walk->stretch_count = 1;
        break;
    case POST_ORDER_PUBLISH_UP:
    case POST_ORDER_PUBLISH_DOWN:
        walk->stretches[0] =
            (struct stretch){.place = dated, .by_instant = true, .up = walk->filter->order == POST_ORDER_PUBLISH_UP};
        walk->stretches[1] = (struct stretch){.place = created, .up = walk->stretches[0].up, .undated_only = true};
        walk->stretch_count = 2;
        break;
    }
}

static enum err set_from(struct walk *walk, struct span cursor)
{
    if (cursor.len == 0) {
        return OK;
    }
    if (cursor.len != INDEX_KEY_LEN || cursor.data[0] != TABLE_TENANT ||
        memcmp(cursor.data + 1, walk->workspace_id->uuid, 16) != 0) {
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < walk->stretch_count; i++) {
        if (cursor.data[INDEX_PLACE] == (uint8_t)walk->stretches[i].place) {
            walk->stretch = i;
            memcpy(walk->from.bytes, cursor.data, cursor.len);
            walk->from.len = cursor.len;
            return OK;
        }
    }
    return ERR_MALFORMED;
}

/* Where a stretch begins that no cursor leads into; a window of publish_at is a part of its list. */
static struct row_key stretch_start(const struct walk *walk)
{
    const struct stretch *stretch = &walk->stretches[walk->stretch];
    const bool by_instant = stretch->by_instant;
    const struct post_filter *filter = walk->filter;
    struct row_key key = row_key_tenant(walk->workspace_id, stretch->place);
    if (stretch->up) {
        row_key_u64(&key, by_instant ? (uint64_t)filter->publish_after_ms : 0);
    } else if (by_instant && filter->publish_before_ms != 0) {
        row_key_u64(&key, (uint64_t)filter->publish_before_ms);
    } else {
        row_key_u64(&key, UINT64_MAX);
    }
    return key;
}

static enum err step(const struct walk *walk, bool up, struct span *ret_key, struct span *ret_value)
{
    return up ? store_next(walk->cursor, ret_key, ret_value) : store_prev(walk->cursor, ret_key, ret_value);
}

static enum err stretch_first(const struct walk *walk, struct span *ret_key, struct span *ret_value)
{
    const bool up = walk->stretches[walk->stretch].up;
    const struct row_key start = walk->from.len > 0 ? walk->from : stretch_start(walk);
    const struct span key = row_key_span(&start);
    TRY(up ? store_seek(walk->cursor, key, ret_key, ret_value)
           : store_seek_last(walk->cursor, key, ret_key, ret_value));
    return walk->from.len > 0 && span_equal(*ret_key, key) ? step(walk, up, ret_key, ret_value) : OK;
}

static bool in_stretch(const struct walk *walk, struct span key)
{
    const struct stretch *stretch = &walk->stretches[walk->stretch];
    if (key.len != INDEX_KEY_LEN || key.data[0] != TABLE_TENANT || key.data[INDEX_PLACE] != (uint8_t)stretch->place ||
        memcmp(key.data + 1, walk->workspace_id->uuid, 16) != 0) {
        return false;
    }
    if (!stretch->by_instant) {
        return true;
    }
    const uint64_t at_ms = get_be64(key.data + INDEX_TIME);
    const struct post_filter *filter = walk->filter;
    return stretch->up ? filter->publish_before_ms == 0 || at_ms < (uint64_t)filter->publish_before_ms
                       : at_ms >= (uint64_t)filter->publish_after_ms;
}

static void set_cursor(struct walk *walk, struct span key)
{
    memcpy(walk->page.cursor, key.data, key.len);
    walk->page.cursor_len = key.len;
}

/* Decodes the post behind a narrow row that may match: what is not wanted after all leaves nothing in the arena. */
static enum err check_post(struct walk *walk, struct span key, bool *ret_matches)
{
    struct id post_id = {.kind = ID_POST};
    memcpy(post_id.uuid, key.data + INDEX_POST, 16);
    struct post_view post;
    const struct arena_mark mark = arena_mark(walk->arena);
    arena_reset(walk->scratch);
    TRY(posts_get(walk->txn, walk->workspace_id, &post_id, walk->arena, &post));
    *ret_matches = matches(walk->filter, &post);
    if (*ret_matches && walk->filter->search.data != NULL) {
        TRY(posts_search(walk->filter, &post.content, walk->scratch, &walk->searched, ret_matches));
    }
    if (*ret_matches && walk->page.count < walk->limit) {
        walk->page.posts[walk->page.count] = post;
    } else {
        arena_rewind(walk->arena, mark);
    }
    return OK;
}

/* Looks at one row. done: the page is full, or enough was looked at. */
static enum err visit(struct walk *walk, struct span key, struct span value, bool *ret_done)
{
    *ret_done = false;
    if (walk->scanned == POSTS_SCAN_MAX || walk->searched >= POSTS_SEARCH_BYTES_MAX) {
        *ret_done = true;
        return OK;
    }
    walk->scanned++;
    struct post_list_row row;
    TRY(row_read(value, post_list_row_desc(), walk->scratch, &row));
    bool found = !(walk->stretches[walk->stretch].undated_only && row.dated) && may_match(walk->filter, &row);
    if (found) {
        TRY(check_post(walk, key, &found));
    }
    if (found && walk->page.count == walk->limit) {
        *ret_done = true; /* one more than fits: the cursor of the last one leads on */
        return OK;
    }
    if (found) {
        walk->page.count++;
    }
    set_cursor(walk, key);
    return OK;
}

static enum err walk_stretch(struct walk *walk, bool *ret_done)
{
    const bool up = walk->stretches[walk->stretch].up;
    struct span key;
    struct span value;
    *ret_done = false;
    enum err err = stretch_first(walk, &key, &value);
    while (err == OK && !*ret_done && in_stretch(walk, key)) {
        TRY(visit(walk, key, value, ret_done));
        if (!*ret_done) {
            err = step(walk, up, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err walk_all(struct walk *walk, struct span cursor)
{
    TRY(set_from(walk, cursor));
    walk->page.posts = arena_alloc(walk->arena, walk->limit * sizeof *walk->page.posts);
    if (walk->page.posts == NULL) {
        return ERR_NO_MEMORY;
    }
    const bool window = walk->filter->publish_after_ms != 0 || walk->filter->publish_before_ms != 0;
    for (; walk->stretch < walk->stretch_count; walk->stretch++) {
        bool done = false;
        if (!(window && walk->stretches[walk->stretch].undated_only)) {
            TRY(walk_stretch(walk, &done));
        }
        if (done) {
            return OK;
        }
        walk->from.len = 0;
    }
    walk->page.cursor_len = 0;
    return OK;
}

enum err posts_order(struct span word, enum post_order *ret_order)
{
    static const struct {
        const char *word;
        enum post_order order;
    } orders[] = {
        {"-created_at", POST_ORDER_CREATED_DOWN},
        {"created_at",  POST_ORDER_CREATED_UP  },
        {"publish_at",  POST_ORDER_PUBLISH_UP  },
        {"-publish_at", POST_ORDER_PUBLISH_DOWN},
    };

    if (word.data == NULL) {
        *ret_order = POST_ORDER_CREATED_DOWN;
        return OK;
    }
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (span_equal(word, span_text(orders[i].word))) {
            *ret_order = orders[i].order;
            return OK;
        }
    }
    return ERR_RANGE;
}

enum err posts_list(struct store_txn *txn, const struct id *workspace_id, const struct post_filter *filter,
                    struct span cursor, uint32_t limit, struct arena *arena, struct post_page *ret_page)
{
    ASSERT(limit >= 1 && limit <= POSTS_PAGE_MAX);
    OWNED(store_cursor_close) struct store_cursor *store_cursor = NULL;
    struct arena scratch;
    TRY(store_cursor_open(txn, &store_cursor));
    arena_init(&scratch, SCRATCH_MAX);
    struct walk walk = {
        .txn = txn,
        .cursor = store_cursor,
        .workspace_id = workspace_id,
        .filter = filter,
        .arena = arena,
        .scratch = &scratch,
        .limit = limit,
    };
    set_stretches(&walk);
    const enum err err = walk_all(&walk, cursor);
    arena_done(&scratch);
    TRY(err);
    *ret_page = walk.page;
    return OK;
}
