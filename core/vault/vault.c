/* vault.c: see vault.h. A row: secret id -> owner's id (17 bytes), box. */
#include "core/vault/vault.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/store/store.h"

struct vault {
    struct store *store;
    uint8_t master[BOX_KEY_LEN];
};

static struct span key_of(const struct id *secret_id)
{
    return span_of(secret_id, sizeof *secret_id);
}

static enum err data_key(const struct vault *vault, const struct id *owner_id, uint8_t ret_key[BOX_KEY_LEN])
{
    char text[64];
    struct buf purpose = buf_of(text, sizeof text);
    buf_text(&purpose, "openpost vault ");
    id_write(&purpose, owner_id);
    const char *terminated = buf_terminated(&purpose);
    ASSERT(terminated != NULL);
    return box_derive(vault->master, terminated, ret_key);
}

enum err vault_open(const char *path, const uint8_t master[BOX_KEY_LEN], bool read_only, struct vault **ret_vault)
{
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(vault->master, master, BOX_KEY_LEN);
    const enum err err = store_lmdb_open_durable(path, VAULT_MAP_BYTES, read_only, &vault->store);
    if (err != OK) {
        vault_close(vault);
        return err;
    }
    *ret_vault = vault;
    return OK;
}

void vault_close(struct vault *vault)
{
    if (vault != NULL) {
        store_close(vault->store);
        explicit_bzero(vault->master, sizeof vault->master);
        free(vault);
    }
}

enum err vault_put(struct vault *vault, const struct id *secret_id, const struct id *owner_id, const uint8_t nonce[12],
                   struct span plain)
{
    if (plain.len > VAULT_PLAIN_MAX) {
        return ERR_TOO_LONG;
    }
    const size_t cap = sizeof *owner_id + plain.len + BOX_OVERHEAD;
    uint8_t *bytes = malloc(cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    uint8_t key[BOX_KEY_LEN];
    enum err err = data_key(vault, owner_id, key);
    struct buf row = buf_of(bytes, cap);
    buf_put(&row, span_of(owner_id, sizeof *owner_id));
    OWNED(store_abort) struct store_txn *txn = NULL;
    err = err == OK ? box_seal(key, nonce, key_of(secret_id), plain, &row) : err;
    explicit_bzero(key, sizeof key);
    err = err == OK ? store_begin(vault->store, true, &txn) : err;
    err = err == OK ? store_put(txn, key_of(secret_id), buf_span(&row)) : err;
    err = err == OK ? store_commit(&txn) : err;
    free(bytes);
    return err;
}

enum err vault_get(struct vault *vault, const struct id *secret_id, struct buf *out)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct span row;
    TRY(store_begin(vault->store, false, &txn));
    TRY(store_get(txn, key_of(secret_id), &row));
    struct id owner_id;
    if (row.len < sizeof owner_id) {
        return ERR_AUTH;
    }
    memcpy(&owner_id, row.data, sizeof owner_id);
    if (owner_id.kind >= ID_KIND_COUNT) { /* nobody's: the row was damaged */
        return ERR_AUTH;
    }
    uint8_t key[BOX_KEY_LEN];
    TRY(data_key(vault, &owner_id, key));
    const enum err err =
        box_open(key, key_of(secret_id), span_of(row.data + sizeof owner_id, row.len - sizeof owner_id), out);
    explicit_bzero(key, sizeof key);
    return err;
}

enum err vault_delete(struct vault *vault, const struct id *secret_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(vault->store, true, &txn));
    TRY(store_delete(txn, key_of(secret_id)));
    TRY(store_commit(&txn));
    return OK;
}

/* The next secret after *id (any when it is absent). */
static enum err next_after(struct store *store, struct id *id, struct id *ret_owner_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(store, false, &txn));
    struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    struct span key;
    struct span row;
    enum err err = store_seek(cursor, key_of(id), &key, &row);
    if (err == OK && span_equal(key, key_of(id))) {
        err = store_next(cursor, &key, &row);
    }
    if (err == OK && (key.len != sizeof *id || row.len < sizeof *ret_owner_id)) {
        err = ERR_ALTERED;
    }
    if (err == OK) {
        memcpy(id, key.data, sizeof *id);
        memcpy(ret_owner_id, row.data, sizeof *ret_owner_id);
    }
    store_cursor_close(cursor);
    return err;
}

enum err vault_sweep(struct vault *vault, vault_named *named, void *context, uint64_t *ret_deleted)
{
    struct id id = {0};
    struct id owner_id;
    uint64_t deleted = 0;
    enum err err;
    while ((err = next_after(vault->store, &id, &owner_id)) == OK) {
        if (!named(context, &id, &owner_id)) {
            TRY(vault_delete(vault, &id));
            deleted++;
        }
    }
    if (err == ERR_NOT_FOUND) {
        *ret_deleted = deleted;
        return OK;
    }
    return err;
}
