/* row_store.h: keys and rows of the read models in the store. A key is the table's byte, ids as their sixteen bytes
 * (kinds are known from the place) and numbers big-endian, so that memcmp orders them. */
#ifndef OPENPOST_PROJECTIONS_ROW_STORE_H
#define OPENPOST_PROJECTIONS_ROW_STORE_H

#include "core/base/arena.h"
#include "core/store/store.h"
#include "core/store/tables.h"
#include "projections/row.h"

#define ROW_KEY_MAX 64

struct row_key {
    uint8_t bytes[ROW_KEY_MAX];
    size_t len;
};

/* The rows of a post lie side by side, behind its state (core/store/tables.h) what changes often first, so that an
 * event touches one page or two. */
enum post_place {
    PLACE_POST = 1,     /* post_row */
    PLACE_ACTIVITY = 2, /* version / 8 -> up to 8 of activity_row */
    PLACE_ATTEMPT = 3,  /* target id, number -> attempt_row */
    PLACE_PREPARED = 4, /* target id -> prepared_row */
    PLACE_CONTENT = 5,  /* post_content_row */
    PLACE_PAYLOAD = 6,  /* target id -> locked_target */
    PLACE_EDIT = 7,     /* version -> post_edit_row */
};

/* row_key begins a key; the others append to it. */
struct row_key row_key(enum table table);
void row_key_id(struct row_key *key, const struct id *id);
void row_key_u64(struct row_key *key, uint64_t value);
void row_key_u32(struct row_key *key, uint32_t value);
void row_key_byte(struct row_key *key, uint8_t byte);

/* row_key_tenant begins the key of one of a workspace's rows of TABLE_TENANT. */
struct row_key row_key_tenant(const struct id *workspace_id, enum tenant_place place);
/* row_key_post begins the key of one of a post's rows. */
struct row_key row_key_post(const struct id *post_id, enum post_place place);

static inline struct span row_key_span(const struct row_key *key)
{
    return span_of(key->bytes, key->len);
}

/* row_get decodes a row that borrows from the store: for readers, which write nothing. row_take copies its bytes to the
 * arena first: for those who change and put it. ERR_NOT_FOUND; what does not decode is ERR_ALTERED. */
enum err row_get(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, struct arena *arena,
                 void *ret_row) MUST_USE;
enum err row_take(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, struct arena *arena,
                  void *ret_row) MUST_USE;
/* row_get_own likewise a row whose owner (row_codec.h: row_owner) is workspace_id, NULL: whosever it is. Another's is
 * ERR_NOT_FOUND before anything of it is decoded: it takes as long as a row that is not there. */
enum err row_get_own(struct store_txn *txn, const struct row_key *key, const struct id *workspace_id,
                     const struct record_desc *desc, struct arena *arena, void *ret_row) MUST_USE;
/* row_read decodes bytes that a cursor gave. */
enum err row_read(struct span bytes, const struct record_desc *desc, struct arena *arena, void *ret_row) MUST_USE;
enum err row_put(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, const void *row,
                 struct arena *arena) MUST_USE;
/* row_put_changed writes only when the stored bytes differ. */
enum err row_put_changed(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc,
                         const void *row, struct arena *arena) MUST_USE;
/* row_append puts a row behind those that stand at the key already: rows that are read together need not have a key
 * each. row_decode_next (row_codec.h) reads them. */
enum err row_append(struct store_txn *txn, const struct row_key *key, const struct record_desc *desc, const void *row,
                    struct arena *arena) MUST_USE;
/* row_remove deletes a row; none there is as good. */
enum err row_remove(struct store_txn *txn, const struct row_key *key) MUST_USE;

/* row_list decodes the rows whose keys begin with prefix, in order, those after the key from (NULL: from the first), at
 * most limit, into an array in the arena: ret_rows points to desc->size bytes each. No rows: NULL and 0. */
enum err row_list(struct store_txn *txn, const struct row_key *prefix, const struct row_key *from,
                  const struct record_desc *desc, uint32_t limit, struct arena *arena, void **ret_rows,
                  uint32_t *ret_count) MUST_USE;

/* row_walk_refs hands what each ref_row whose key begins with prefix names to visit, in order, those after the key from
 * (NULL: from the first), until visit has enough of them. What visit returns but OK ends the walk and is returned. */
typedef enum err row_visit(void *context, const struct id *id, bool *ret_enough);
enum err row_walk_refs(struct store_txn *txn, const struct row_key *prefix, const struct row_key *from,
                       struct arena *arena, row_visit *visit, void *context) MUST_USE;

#endif
