/* store_memory.c: the store's twin for tests and the simulation: a skip list (Pugh 1990) whose levels come from a
 * seeded generator, so that a run is the same every time. A write transaction changes the list at once and keeps what
 * it undoes; there are no snapshots: whoever reads through a transaction older than the last commit is asserted. Values
 * are freed late (at commit or abort), but callers may not rely on it. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/prng.h"
#include "core/store/store_ops.h"

#define LEVELS_MAX 16
#define BRANCHING 4 /* one node in so many reaches the next level */

struct node {
    uint8_t *value;
    size_t value_len;
    uint8_t *key; /* behind next[], in the same block */
    uint16_t key_len;
    uint8_t levels;
    struct node *next[]; /* levels of them */
};

/* What one write did. node stands for the key; old_value is what a replaced value was. */
enum undo_kind { UNDO_INSERT, UNDO_REPLACE, UNDO_DELETE };

struct undo {
    enum undo_kind kind;
    struct node *node;
    uint8_t *old_value;
    size_t old_value_len;
};

struct store_memory {
    struct store store;
    struct prng prng;
    struct node *head; /* no row: its next[] begin each level */
    uint64_t commits;
    struct undo *undos;
    size_t undos_len;
    size_t undos_cap;
};

struct store_memory_txn {
    struct store_txn txn;
    uint64_t commits; /* of the store, when it began */
};

struct store_memory_cursor {
    struct store_cursor cursor;
    struct node *node;
};

static struct store_memory *memory_of(struct store *store)
{
    return (struct store_memory *)store;
}

static struct store_memory *memory_of_txn(const struct store_txn *txn)
{
    return memory_of(txn->store);
}

static void assert_readable(const struct store_txn *txn)
{
    if (!txn->write) {
        ASSERT(!txn->store->writing);
        ASSERT(((const struct store_memory_txn *)txn)->commits == memory_of_txn(txn)->commits);
    }
}

static struct span node_key(const struct node *node)
{
    return span_of(node->key, node->key_len);
}

static struct node *node_new(unsigned levels, struct span key)
{
    struct node *node = calloc(1, sizeof *node + levels * sizeof(struct node *) + key.len);
    if (node != NULL) {
        node->levels = (uint8_t)levels;
        node->key = (uint8_t *)&node->next[levels];
        node->key_len = (uint16_t)key.len;
        if (key.len > 0) {
            memcpy(node->key, key.data, key.len);
        }
    }
    return node;
}

static void node_free(struct node *node)
{
    free(node->value);
    free(node);
}

/* Writes the last node before key on each level; the first node >= key is before[0]->next[0]. */
static void find(const struct store_memory *memory, struct span key, struct node *ret_before[LEVELS_MAX])
{
    struct node *node = memory->head;
    for (unsigned level = LEVELS_MAX; level-- > 0;) {
        while (node->next[level] != NULL && span_compare(node_key(node->next[level]), key) < 0) {
            node = node->next[level];
        }
        ret_before[level] = node;
    }
}

static struct node *find_equal(const struct store_memory *memory, struct span key)
{
    struct node *before[LEVELS_MAX];
    find(memory, key, before);
    struct node *node = before[0]->next[0];
    return node != NULL && span_equal(node_key(node), key) ? node : NULL;
}

static void link_node(struct store_memory *memory, struct node *node)
{
    struct node *before[LEVELS_MAX];
    find(memory, node_key(node), before);
    for (unsigned level = 0; level < node->levels; level++) {
        node->next[level] = before[level]->next[level];
        before[level]->next[level] = node;
    }
}

static void unlink_node(struct store_memory *memory, struct node *node)
{
    struct node *before[LEVELS_MAX];
    find(memory, node_key(node), before);
    for (unsigned level = 0; level < node->levels; level++) {
        ASSERT(before[level]->next[level] == node);
        before[level]->next[level] = node->next[level];
    }
}

/* Makes room for one more undo, so that noting it cannot fail. */
static enum err undo_reserve(struct store_memory *memory)
{
    if (memory->undos_len < memory->undos_cap) {
        return OK;
    }
    const size_t cap = memory->undos_cap == 0 ? 64 : memory->undos_cap * 2;
    struct undo *undos = realloc(memory->undos, cap * sizeof *undos);
    if (undos == NULL) {
        return ERR_NO_MEMORY;
    }
    memory->undos = undos;
    memory->undos_cap = cap;
    return OK;
}

static void undo_note(struct store_memory *memory, struct undo undo)
{
    ASSERT(memory->undos_len < memory->undos_cap);
    memory->undos[memory->undos_len] = undo;
    memory->undos_len++;
}

static void memory_close(struct store *store)
{
    struct store_memory *memory = memory_of(store);
    struct node *node = memory->head->next[0];
    while (node != NULL) {
        struct node *next = node->next[0];
        node_free(node);
        node = next;
    }
    free(memory->head);
    free(memory->undos);
    free(memory);
}

static enum err memory_begin(struct store *store, bool write, struct store_txn **ret_txn)
{
    (void)write;
    struct store_memory_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_NO_MEMORY;
    }
    txn->commits = memory_of(store)->commits;
    *ret_txn = &txn->txn;
    return OK;
}

static enum err memory_commit(struct store_txn *txn)
{
    struct store_memory *memory = memory_of_txn(txn);
    for (size_t i = 0; i < memory->undos_len; i++) {
        struct undo *undo = &memory->undos[i];
        switch (undo->kind) {
        case UNDO_INSERT:
            break;
        case UNDO_REPLACE:
            free(undo->old_value);
            break;
        case UNDO_DELETE:
            node_free(undo->node);
            break;
        }
    }
    memory->undos_len = 0;
    memory->commits++;
    free(txn);
    return OK;
}

static void memory_abort(struct store_txn *txn)
{
    struct store_memory *memory = memory_of_txn(txn);
    for (size_t i = txn->write ? memory->undos_len : 0; i-- > 0;) {
        struct undo *undo = &memory->undos[i];
        switch (undo->kind) {
        case UNDO_INSERT:
            unlink_node(memory, undo->node);
            node_free(undo->node);
            break;
        case UNDO_REPLACE:
            free(undo->node->value);
            undo->node->value = undo->old_value;
            undo->node->value_len = undo->old_value_len;
            break;
        case UNDO_DELETE:
            link_node(memory, undo->node);
            break;
        }
    }
    if (txn->write) {
        memory->undos_len = 0;
    }
    free(txn);
}

static void memory_park(struct store_txn *txn)
{
    (void)txn;
}

static enum err memory_renew(struct store_txn *txn)
{
    ((struct store_memory_txn *)txn)->commits = memory_of_txn(txn)->commits;
    return OK;
}

static enum err memory_sync(struct store *store)
{
    (void)store;
    return OK;
}

static enum err memory_drop_dead_readers(struct store *store, uint32_t *ret_count)
{
    (void)store;
    *ret_count = 0; /* its readers are in its own process */
    return OK;
}

static void memory_set_whole(struct store *store, bool whole)
{
    (void)store;
    (void)whole;
}

static bool memory_is_in_place(struct store *store)
{
    (void)store;
    return true;
}

static enum err memory_clear(struct store *store)
{
    struct store_memory *memory = memory_of(store);
    struct node *node = memory->head->next[0];
    while (node != NULL) {
        struct node *next = node->next[0];
        node_free(node);
        node = next;
    }
    memset(memory->head->next, 0, LEVELS_MAX * sizeof(struct node *));
    memory->commits++;
    return OK;
}

static enum err memory_get(struct store_txn *txn, struct span key, struct span *ret_value)
{
    assert_readable(txn);
    const struct node *node = find_equal(memory_of_txn(txn), key);
    if (node == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret_value = span_of(node->value, node->value_len);
    return OK;
}

static unsigned random_levels(struct store_memory *memory)
{
    unsigned levels = 1;
    while (levels < LEVELS_MAX && prng_chance(&memory->prng, BRANCHING)) {
        levels++;
    }
    return levels;
}

static enum err memory_put(struct store_txn *txn, struct span key, struct span value)
{
    struct store_memory *memory = memory_of_txn(txn);
    TRY(undo_reserve(memory));
    uint8_t *bytes = malloc(value.len + 1); /* never NULL for an empty value */
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (value.len > 0) {
        memcpy(bytes, value.data, value.len);
    }
    struct node *node = find_equal(memory, key);
    if (node != NULL) {
        undo_note(memory, (struct undo){UNDO_REPLACE, node, node->value, node->value_len});
    } else {
        node = node_new(random_levels(memory), key);
        if (node == NULL) {
            free(bytes);
            return ERR_NO_MEMORY;
        }
        link_node(memory, node);
        undo_note(memory, (struct undo){.kind = UNDO_INSERT, .node = node});
    }
    node->value = bytes;
    node->value_len = value.len;
    return OK;
}

static enum err memory_delete(struct store_txn *txn, struct span key)
{
    struct store_memory *memory = memory_of_txn(txn);
    struct node *node = find_equal(memory, key);
    if (node == NULL) {
        return ERR_NOT_FOUND;
    }
    TRY(undo_reserve(memory));
    unlink_node(memory, node);
    undo_note(memory, (struct undo){.kind = UNDO_DELETE, .node = node});
    return OK;
}

static enum err memory_cursor_open(struct store_txn *txn, struct store_cursor **ret_cursor)
{
    (void)txn;
    struct store_memory_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_cursor = &cursor->cursor;
    return OK;
}

static void memory_cursor_close(struct store_cursor *cursor)
{
    free(cursor);
}

static struct node *moved(const struct store_memory *memory, const struct node *node, enum store_move move,
                          struct span key)
{
    struct node *before[LEVELS_MAX];
    switch (move) {
    case STORE_SEEK:
        find(memory, key, before);
        return before[0]->next[0];
    case STORE_SEEK_LAST:
        find(memory, key, before);
        if (before[0]->next[0] != NULL && span_equal(node_key(before[0]->next[0]), key)) {
            return before[0]->next[0];
        }
        return before[0] == memory->head ? NULL : before[0];
    case STORE_NEXT:
        return node->next[0];
    case STORE_PREV:
        find(memory, node_key(node), before);
        return before[0] == memory->head ? NULL : before[0];
    }
    return NULL;
}

static enum err memory_move(struct store_cursor *cursor, enum store_move move, struct span key, struct span *ret_key,
                            struct span *ret_value)
{
    assert_readable(cursor->txn);
    struct store_memory_cursor *own = (struct store_memory_cursor *)cursor;
    own->node = moved(memory_of_txn(cursor->txn), own->node, move, key);
    if (own->node == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret_key = node_key(own->node);
    *ret_value = span_of(own->node->value, own->node->value_len);
    return OK;
}

static const struct store_ops memory_ops = {
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .park = memory_park,
    .renew = memory_renew,
    .sync = memory_sync,
    .drop_dead_readers = memory_drop_dead_readers,
    .set_whole = memory_set_whole,
    .is_in_place = memory_is_in_place,
    .clear = memory_clear,
    .get = memory_get,
    .put = memory_put,
    .delete = memory_delete,
    .cursor_open = memory_cursor_open,
    .cursor_close = memory_cursor_close,
    .move = memory_move,
};

enum err store_memory_open(struct store **ret_store)
{
    struct store_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    memory->head = node_new(LEVELS_MAX, (struct span){0});
    if (memory->head == NULL) {
        free(memory);
        return ERR_NO_MEMORY;
    }
    memory->store.ops = &memory_ops;
    prng_seed(&memory->prng, 1);
    *ret_store = &memory->store;
    return OK;
}
