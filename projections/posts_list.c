/* posts_list.c: the lists of a workspace's posts, by creation and by publish_at, which posts_index.c
 * writes: read by posts_list. Must never look at more than POSTS_SCAN_MAX rows or posts in one call.
 *
 * What the shelves know (posts_shelf.h: words, labels, accounts, authors, classes) they are asked for: by creation they
 * give the posts in the order of the list; by publish_at what they give is sorted, and where that is too much it is
 * found so often that walking the list is quick. A cursor is the key of a list's row either way.
 *
 * The posts that need attention are few: lists of their own hold their rows once more, in the same two orders.
 *
 * A narrow row holds four bytes of each integration and label: it rules most posts out; what it lets through is checked
 * on the post itself. Its class it does not tell: of full shelves their states do. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "projections/access.h"
#include "projections/posts_find.h"

#define SCRATCH_MAX ((size_t)16 << 20)

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
    struct workspace_row workspace; /* where approvals are asked for */
    struct arena *arena;
    struct arena *scratch;
    struct stretch stretches[2];
    uint32_t stretch_count;
    uint32_t stretch;    /* the present one */
    struct row_key from; /* where it begins: len 0: at its end of the list */
    uint32_t limit;
    uint32_t scanned;
    size_t searched;         /* bytes of texts */
    uint64_t shelf;          /* whose state was looked at last */
    struct span shelf_state; /* no bytes: it is not full */
    bool shelf_known;
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

/* The state of the post's shelf; no bytes: it is not full. */
static enum err look_at_shelf(struct walk *walk, uint64_t number, struct span *ret_state)
{
    const uint64_t shelf = (number - 1) / SEGMENT_POSTS;
    TRY(number != 0 ? OK : ERR_ALTERED);
    if (!walk->shelf_known || walk->shelf != shelf) {
        walk->shelf_state = (struct span){0};
        const enum err err = posts_shelf_state(walk->txn, walk->workspace_id, shelf, &walk->shelf_state);
        TRY(err == ERR_NOT_FOUND ? OK : err);
        walk->shelf = shelf;
        walk->shelf_known = true;
    }
    *ret_state = walk->shelf_state;
    return OK;
}

/* Whether a post of that row may have a class and an instant, or none, as they are wanted. Of a shelf that is not full
 * the class must be looked at. A list by instant tells itself whether there is one: the states of shelves, which lie
 * scattered where neighbours by instant were made at different times, are then asked for classes only. */
static enum err may_stand(struct walk *walk, struct span key, const struct post_list_row *row, bool *ret_may)
{
    const struct post_filter *filter = walk->filter;
    const struct stretch *stretch = &walk->stretches[walk->stretch];
    const bool window = filter->publish_after_ms != 0 || filter->publish_before_ms != 0;
    const bool undated = stretch->undated_only;
    struct span state = {0};
    if (filter->statuses != 0 || (!stretch->by_instant && (window || undated))) {
        TRY(look_at_shelf(walk, row->number, &state));
    }
    const uint8_t byte = state.len == 0 ? 0 : state.data[(row->number - 1) % SEGMENT_POSTS];
    const bool marked = state.len == 0 ? row->dated : (byte & SHELF_DATED) != 0;
    const bool dated = stretch->by_instant ? get_be64(key.data + INDEX_TIME) != 0 : marked;
    *ret_may =
        (state.len == 0 || posts_want_class(filter, byte & SHELF_CLASS)) && (!window || dated) && !(undated && dated);
    return OK;
}

/* In a list by instant, behind the posts that have one, stand only those that have none. */
static bool is_in_its_stretch(const struct walk *walk, struct span key, const struct post_row *post)
{
    const bool last = walk->stretch_count == 2 && key.data[INDEX_PLACE] == (uint8_t)walk->stretches[1].place;
    return !last || post->publish_at_ms == 0;
}

/* Decodes the post behind a narrow row that may match: what is not wanted after all leaves nothing in the arena. */
static enum err check_post(struct walk *walk, struct span key, bool *ret_matches)
{
    struct id post_id = {.kind = ID_POST};
    memcpy(post_id.uuid, key.data + INDEX_POST, 16);
    struct post_view post;
    const struct row_key post_key = row_key_post(&post_id, PLACE_POST);
    const struct arena_mark mark = arena_mark(walk->arena);
    arena_reset(walk->scratch);
    TRY(row_get_own(walk->txn, &post_key, walk->workspace_id, post_row_desc(), walk->arena, &post.row));
    *ret_matches = is_in_its_stretch(walk, key, &post.row) && posts_match(walk->filter, &post.row, &walk->workspace);
    if (*ret_matches) {
        TRY(posts_content(walk->txn, &post.row, walk->arena, &post.content));
        *ret_matches = posts_match_content(walk->filter, &post.content);
    }
    if (*ret_matches && walk->filter->search != NULL) {
        TRY(posts_search(walk->filter->search, &post.content, walk->scratch, &walk->searched, ret_matches));
    }
    if (*ret_matches && walk->page.count < walk->limit) {
        walk->page.posts[walk->page.count] = post;
    } else {
        arena_rewind(walk->arena, mark);
    }
    return OK;
}

static bool saw_enough(const struct walk *walk)
{
    return walk->scanned == POSTS_SCAN_MAX || walk->searched >= POSTS_SEARCH_BYTES_MAX;
}

/* Whether the cursor of a full page stays that of its last post, whatever is looked at behind it, for it may tell of
 * what is not there for who asks. Others go on behind what was looked at, so that nothing is looked
 * at twice. */
static bool stays(const struct walk *walk)
{
    const struct grant *grant = walk->filter->seen_by;
    return grant != NULL && grant->restricted && walk->page.count == walk->limit;
}

/* Goes on behind what was looked at. One more than fits is not counted: the cursor of the last one leads on. Whether
 * the page is full is then the answer. */
static bool went_past(struct walk *walk, struct span key, bool found)
{
    if (found && walk->page.count == walk->limit) {
        return false;
    }
    if (!stays(walk)) {
        set_cursor(walk, key);
    }
    walk->page.count += found ? 1 : 0;
    return true;
}

/* Looks at one row. done: the page is full, or enough was looked at. */
static enum err visit(struct walk *walk, struct span key, struct span value, bool *ret_done)
{
    *ret_done = saw_enough(walk);
    if (*ret_done) {
        return OK;
    }
    walk->scanned++;
    struct post_list_row row;
    TRY(row_read(value, post_list_row_desc(), walk->scratch, &row));
    bool found = posts_may_match(walk->filter, &row);
    if (found) {
        TRY(may_stand(walk, key, &row, &found));
    }
    if (found) {
        TRY(check_post(walk, key, &found));
    }
    *ret_done = !went_past(walk, key, found);
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

static enum err walk_all(struct walk *walk)
{
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

/* --- by the shelves --- */

/* Looks at a post that the shelves gave, which may be gone. */
static enum err visit_found(struct walk *walk, struct span key, bool *ret_done)
{
    bool found = false;
    *ret_done = saw_enough(walk);
    if (*ret_done) {
        return OK;
    }
    walk->scanned++;
    const enum err err = check_post(walk, key, &found);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_done = !went_past(walk, key, found);
    return OK;
}

/* The key in a list of a post of that key on the shelves; by_instant: of one that is due at at_ms. */
static struct row_key key_in_list(const struct walk *walk, const struct stretch *stretch, const uint8_t *found,
                                  int64_t at_ms)
{
    struct row_key key = row_key_tenant(walk->workspace_id, stretch->place);
    row_key_u64(&key, stretch->by_instant ? (uint64_t)at_ms : get_be64(found));
    memcpy(key.bytes + INDEX_POST, found + 8, 16);
    key.len = INDEX_KEY_LEN;
    return key;
}

static enum err walk_created(struct walk *walk, struct post_finder *finder)
{
    uint8_t found[SHELF_KEY_BYTES];
    bool edge = false;
    bool done = false;
    enum err err = OK;
    while (!done && (err = posts_find_next(finder, found, &edge)) == OK) {
        const struct row_key key = key_in_list(walk, &walk->stretches[0], found, 0);
        if (edge) {
            if (!stays(walk)) {
                set_cursor(walk, row_key_span(&key));
            }
            return OK;
        }
        TRY(visit_found(walk, row_key_span(&key), &done));
    }
    if (err == ERR_NOT_FOUND) {
        walk->page.cursor_len = 0;
        return OK;
    }
    return err;
}

/* Posts in the order of publish_at: those that the shelves gave, where they are not too many to be sorted. */
struct found_list {
    struct row_key *keys; /* in their stretches' lists */
    uint32_t count;
    bool fits;
};

static enum err place_found(struct walk *walk, const uint8_t *found, struct found_list *list)
{
    struct id post_id = {.kind = ID_POST};
    struct post_row post;
    memcpy(post_id.uuid, found + 8, sizeof post_id.uuid);
    const struct row_key key = row_key_post(&post_id, PLACE_POST);
    arena_reset(walk->scratch);
    const enum err err = row_get(walk->txn, &key, post_row_desc(), walk->scratch, &post);
    if (err == OK) {
        const struct stretch *stretch = &walk->stretches[post.publish_at_ms != 0 ? 0 : 1];
        list->keys[list->count] = key_in_list(walk, stretch, found, post.publish_at_ms);
        list->count++;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err gather_found(struct walk *walk, struct post_finder *finder, struct arena *arena,
                             struct found_list *list)
{
    uint8_t *found = arena_room(arena, (size_t)POSTS_SCAN_MAX * SHELF_KEY_BYTES);
    list->keys = arena_room(arena, POSTS_SCAN_MAX * sizeof *list->keys);
    if (found == NULL || list->keys == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t count = 0;
    bool edge = false;
    enum err err = OK;
    while (count < POSTS_SCAN_MAX && !edge && err == OK) {
        err = posts_find_next(finder, found + count * SHELF_KEY_BYTES, &edge);
        count += err == OK ? 1 : 0;
    }
    list->fits = err == ERR_NOT_FOUND;
    TRY(err == ERR_NOT_FOUND ? OK : err);
    for (size_t i = 0; i < count && list->fits; i++) {
        TRY(place_found(walk, found + i * SHELF_KEY_BYTES, list));
    }
    return OK;
}

_Static_assert(PLACE_POSTS_DUE < PLACE_POSTS_CREATED, "those without an instant come last, also downwards");

static int by_place(const void *a, const void *b)
{
    const struct row_key *x = a;
    const struct row_key *y = b;
    return memcmp(x->bytes + INDEX_PLACE, y->bytes + INDEX_PLACE, INDEX_KEY_LEN - INDEX_PLACE);
}

static int by_place_down(const void *a, const void *b)
{
    const struct row_key *x = a;
    const struct row_key *y = b;
    const int order = (int)x->bytes[INDEX_PLACE] - (int)y->bytes[INDEX_PLACE];
    return order != 0 ? order : by_place(b, a);
}

static enum err walk_dated(struct walk *walk, struct post_finder *finder, struct arena *arena, bool *ret_fits)
{
    struct found_list list = {.keys = NULL};
    bool done = false;
    TRY(gather_found(walk, finder, arena, &list));
    *ret_fits = list.fits;
    if (!list.fits) {
        return OK;
    }
    int (*order)(const void *, const void *) = walk->stretches[0].up ? by_place : by_place_down;
    qsort(list.keys, list.count, sizeof *list.keys, order);
    for (uint32_t i = 0; i < list.count && !done; i++) {
        if (walk->from.len == 0 || order(&list.keys[i], &walk->from) > 0) {
            TRY(visit_found(walk, row_key_span(&list.keys[i]), &done));
        }
    }
    walk->page.cursor_len = done ? walk->page.cursor_len : 0;
    return OK;
}

/* What needs attention has short lists of its own. *ret_done: false: walk the lists. */
static enum err walk_found(struct walk *walk, struct arena *arena, bool *ret_done)
{
    struct post_finder *finder = NULL;
    const bool by_creation = walk->stretch_count == 1;
    const struct span from =
        walk->from.len > 0 && by_creation ? span_of(walk->from.bytes + INDEX_TIME, SHELF_KEY_BYTES) : (struct span){0};
    *ret_done = false;
    if (walk->filter->attention != 0) {
        return OK;
    }
    TRY(posts_find_open(walk->txn, walk->workspace_id, walk->filter, walk->stretches[0].up, from, arena, &finder));
    if (finder != NULL && by_creation) {
        *ret_done = true;
        return walk_created(walk, finder);
    }
    return finder != NULL ? walk_dated(walk, finder, arena, ret_done) : OK;
}

static enum err fill_page(struct walk *walk, struct span cursor, struct arena *found)
{
    bool done = false;
    TRY(set_from(walk, cursor));
    if (walk->filter->approvals != 0) {
        TRY(access_workspace(walk->txn, walk->workspace_id, walk->arena, &walk->workspace));
    }
    walk->page.posts = arena_alloc(walk->arena, walk->limit * sizeof *walk->page.posts);
    if (walk->page.posts == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(walk_found(walk, found, &done));
    return done ? OK : walk_all(walk);
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

/* A post that waits for an approval is scheduled, which the shelves know. */
static struct post_filter narrowed(const struct post_filter *filter)
{
    const uint32_t waits = 1U << APPROVAL_WANTED | 1U << APPROVAL_VOID;
    struct post_filter narrow = *filter;
    if (filter->approvals != 0 && (filter->approvals & ~waits) == 0 && filter->statuses == 0) {
        narrow.statuses = 1U << POST_SCHEDULED;
    }
    return narrow;
}

enum err posts_list(struct store_txn *txn, const struct id *workspace_id, const struct post_filter *filter,
                    struct span cursor, uint32_t limit, struct arena *arena, struct post_page *ret_page)
{
    ASSERT(limit >= 1 && limit <= POSTS_PAGE_MAX);
    OWNED(store_cursor_close) struct store_cursor *store_cursor = NULL;
    struct arena scratch;
    struct arena found;
    struct post_filter narrow = narrowed(filter);
    bool any = true;
    TRY(posts_filter_seen(txn, workspace_id, arena, &narrow, &any));
    if (!any) {
        *ret_page = (struct post_page){.count = 0};
        return OK;
    }
    TRY(store_cursor_open(txn, &store_cursor));
    arena_init(&scratch, SCRATCH_MAX);
    arena_init(&found, SCRATCH_MAX);
    struct walk walk = {
        .txn = txn,
        .cursor = store_cursor,
        .workspace_id = workspace_id,
        .filter = &narrow,
        .arena = arena,
        .scratch = &scratch,
        .limit = limit,
    };
    set_stretches(&walk);
    const enum err err = fill_page(&walk, cursor, &found);
    arena_done(&scratch);
    arena_done(&found);
    TRY(err);
    *ret_page = walk.page;
    return OK;
}
