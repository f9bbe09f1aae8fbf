/* vault.c: see vault.h. Rows of the store:
 *
 *   secret id                           owner's id (17 bytes), box
 *   secret id                           owner's id, ROW_OWN_KEY, slot (4, big-endian), index tag (32; zeros: none), box
 *   INDEX, index tag (32), secret id    owner's id
 *
 * A box begins with its version, 1, so that the byte behind the owner's id tells which row it is. A secret with a key
 * of its own is written slot first, and deleted slot first: whatever a crash leaves, no row without its slot opens. */
#include "core/vault/vault.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/store/store.h"
#include "core/vault/slots.h"

#define INDEX 0xFE /* behind every kind of id */
#define ROW_OWN_KEY 2
#define ROW_HEAD_MAX (sizeof(struct id) + 1 + 4 + SHA256_LEN)
#define PRETEND_MAX 1024
#define INDEX_KEY_LEN (1 + SHA256_LEN + sizeof(struct id))

struct vault {
    struct store *store;
    struct slots people; /* not open: read-only */
    struct slots accounts;
    uint8_t master[BOX_KEY_LEN];
};

/* What stands before a row's box. */
struct row_head {
    struct id owner_id;
    bool own_key;
    uint32_t slot;
    uint8_t tag[SHA256_LEN]; /* zeros: it is not in the index */
    size_t len;
};

static const uint8_t no_tag[SHA256_LEN];

static struct span key_of(const struct id *secret_id)
{
    return span_of(secret_id, sizeof *secret_id);
}

/* Where the own keys of the owner's secrets are; NULL: they have none, as an API key's, which is over with the key. */
static struct slots *slots_of(struct vault *vault, const struct id *owner_id)
{
    switch ((int)owner_id->kind) {
    case ID_USER:
    case ID_MEMBER:
    case ID_SESSION:
        return &vault->people;
    case ID_INTEGRATION:
    case ID_PROVIDER:
        return &vault->accounts;
    default:
        return NULL;
    }
}

static void derive(const struct vault *vault, const char *purpose, uint8_t ret_key[BOX_KEY_LEN])
{
    const enum err err = box_derive(vault->master, purpose, ret_key);
    ASSERT(err == OK);
}

/* own_key: the secret's; NULL: it has none. */
static void data_key(const struct vault *vault, const struct id *owner_id, const uint8_t *own_key,
                     uint8_t ret_key[BOX_KEY_LEN])
{
    char text[64];
    struct buf purpose = buf_of(text, sizeof text);
    buf_text(&purpose, "openpost vault ");
    id_write(&purpose, owner_id);
    const char *terminated = buf_terminated(&purpose);
    ASSERT(terminated != NULL);
    derive(vault, terminated, ret_key);
    if (own_key != NULL) {
        uint8_t both[SHA256_LEN];
        sha256_hmac(span_of(ret_key, BOX_KEY_LEN), span_of(own_key, BOX_KEY_LEN), both);
        memcpy(ret_key, both, sizeof both);
        explicit_bzero(both, sizeof both);
    }
}

void vault_mac(const struct vault *vault, const char *purpose, struct span text, uint8_t ret_mac[SHA256_LEN])
{
    uint8_t key[BOX_KEY_LEN];
    derive(vault, purpose, key);
    sha256_hmac(span_of(key, sizeof key), text, ret_mac);
    explicit_bzero(key, sizeof key);
}

static void index_key(const uint8_t tag[SHA256_LEN], const struct id *secret_id, uint8_t ret_key[INDEX_KEY_LEN])
{
    ret_key[0] = INDEX;
    memcpy(ret_key + 1, tag, SHA256_LEN);
    memcpy(ret_key + 1 + SHA256_LEN, secret_id, sizeof *secret_id);
}

static void head_put(struct buf *row, const struct row_head *head)
{
    buf_put(row, span_of(&head->owner_id, sizeof head->owner_id));
    if (head->own_key) {
        uint8_t slot[8];
        put_be64(slot, head->slot);
        buf_byte(row, ROW_OWN_KEY);
        buf_put(row, span_of(slot + 4, 4));
        buf_put(row, span_of(head->tag, sizeof head->tag));
    }
}

/* ERR_AUTH: the row was damaged. */
static enum err head_read(struct span row, struct row_head *ret_head)
{
    struct row_head head = {.len = sizeof head.owner_id};
    if (row.len <= head.len) {
        return ERR_AUTH;
    }
    memcpy(&head.owner_id, row.data, head.len);
    if (head.owner_id.kind >= ID_KIND_COUNT) { /* nobody's */
        return ERR_AUTH;
    }
    head.own_key = row.data[head.len] == ROW_OWN_KEY;
    if (head.own_key) {
        if (row.len < ROW_HEAD_MAX) {
            return ERR_AUTH;
        }
        const uint8_t *at = row.data + head.len + 1;
        head.slot = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        memcpy(head.tag, at + 4, sizeof head.tag);
        head.len = ROW_HEAD_MAX;
    }
    *ret_head = head;
    return OK;
}

/* ERR_NOT_FOUND: there is no such secret. */
static enum err head_of(struct store_txn *txn, const struct id *secret_id, struct row_head *ret_head)
{
    struct span row;
    TRY(store_get(txn, key_of(secret_id), &row));
    return head_read(row, ret_head);
}

/* Slots that a crash left between a secret's second put and the end of its first slot. A slot without a row stays: the
 * rows may have been taken away, and come back. */
static enum err drop_replaced(struct vault *vault, struct slots *slots)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct id holder;
    enum err err;
    TRY(store_begin(vault->store, false, &txn));
    for (uint32_t slot = 0; (err = slots_holder(slots, slot, &holder)) == OK; slot++) {
        struct row_head head;
        if (!id_is_none(&holder) && head_of(txn, &holder, &head) == OK && head.own_key && head.slot != slot) {
            TRY(slots_erase(slots, slot, &holder));
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err vault_open(const char *path, const uint8_t master[BOX_KEY_LEN], bool read_only, struct vault **ret_vault)
{
    OWNED(vault_close) struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        return ERR_NO_MEMORY;
    }
    vault->people.fd = -1;
    vault->accounts.fd = -1;
    memcpy(vault->master, master, BOX_KEY_LEN);
    TRY(store_lmdb_open_durable(path, VAULT_MAP_BYTES, read_only, &vault->store));
    TRY(slots_open(path, SLOTS_ACCOUNTS, read_only, &vault->accounts));
    if (!read_only) {
        TRY(slots_open(path, SLOTS_PEOPLE, false, &vault->people));
        TRY(drop_replaced(vault, &vault->people));
        TRY(drop_replaced(vault, &vault->accounts));
    }
    *ret_vault = vault;
    vault = NULL;
    return OK;
}

void vault_close(struct vault *vault)
{
    if (vault != NULL) {
        slots_close(&vault->people);
        slots_close(&vault->accounts);
        store_close(vault->store);
        explicit_bzero(vault->master, sizeof vault->master);
        free(vault);
    }
}

/* The row and its entry of the index, in one transaction. replaced: what the secret was before. */
static enum err write_rows(struct vault *vault, const struct vault_secret *secret, const struct row_head *head,
                           struct span row, struct row_head *ret_replaced)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    uint8_t key[INDEX_KEY_LEN];
    struct row_head replaced = {.own_key = false};
    TRY(store_begin(vault->store, true, &txn));
    const enum err err = head_of(txn, &secret->id, &replaced);
    TRY(err == ERR_NOT_FOUND || err == ERR_AUTH ? OK : err);
    if (memcmp(replaced.tag, no_tag, sizeof no_tag) != 0) {
        index_key(replaced.tag, &secret->id, key);
        const enum err gone = store_delete(txn, span_of(key, sizeof key));
        TRY(gone == ERR_NOT_FOUND ? OK : gone);
    }
    TRY(store_put(txn, key_of(&secret->id), row));
    if (memcmp(head->tag, no_tag, sizeof no_tag) != 0) {
        index_key(head->tag, &secret->id, key);
        TRY(store_put(txn, span_of(key, sizeof key), span_of(&head->owner_id, sizeof head->owner_id)));
    }
    TRY(store_commit(&txn));
    *ret_replaced = replaced;
    return OK;
}

static enum err seal_row(struct vault *vault, const struct vault_secret *secret, const uint8_t *randomness,
                         const struct row_head *head, struct buf *row)
{
    uint8_t key[BOX_KEY_LEN];
    data_key(vault, &secret->owner_id, head->own_key ? randomness + 12 : NULL, key);
    head_put(row, head);
    const enum err err = box_seal(key, randomness, key_of(&secret->id), secret->plain, row);
    explicit_bzero(key, sizeof key);
    return err;
}

enum err vault_put(struct vault *vault, const struct vault_secret *secret,
                   const uint8_t randomness[VAULT_RANDOMNESS_LEN])
{
    struct slots *slots = slots_of(vault, &secret->owner_id);
    struct row_head head = {.owner_id = secret->owner_id, .own_key = slots != NULL};
    struct row_head replaced;
    ASSERT(head.own_key || secret->found_by.len == 0);
    if (secret->plain.len > VAULT_PLAIN_MAX) {
        return ERR_TOO_LONG;
    }
    if (secret->found_by.len > 0) {
        vault_mac(vault, "openpost vault index", secret->found_by, head.tag);
    }
    const size_t cap = ROW_HEAD_MAX + secret->plain.len + BOX_OVERHEAD;
    uint8_t *bytes = malloc(cap);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    struct buf row = buf_of(bytes, cap);
    enum err err = head.own_key ? slots_take(slots, &secret->id, randomness + 12, &head.slot) : OK;
    err = err == OK ? seal_row(vault, secret, randomness, &head, &row) : err;
    err = err == OK ? write_rows(vault, secret, &head, buf_span(&row), &replaced) : err;
    free(bytes);
    TRY(err);
    slots = replaced.own_key ? slots_of(vault, &replaced.owner_id) : NULL;
    if (slots != NULL) {
        err = slots_erase(slots, replaced.slot, &secret->id);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ERR_CONFLICT: the slot is not its own any more. */
static enum err get(struct vault *vault, const struct id *secret_id, struct buf *out)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct span row;
    struct row_head head;
    uint8_t own_key[BOX_KEY_LEN];
    uint8_t key[BOX_KEY_LEN];
    TRY(store_begin(vault->store, false, &txn));
    TRY(store_get(txn, key_of(secret_id), &row));
    TRY(head_read(row, &head));
    if (head.own_key) {
        const struct slots *slots = slots_of(vault, &head.owner_id);
        TRY(slots == NULL ? ERR_AUTH : slots->fd < 0 ? ERR_NOT_FOUND : OK);
        const enum err err = slots_read(slots, head.slot, secret_id, own_key);
        TRY(err == ERR_NOT_FOUND ? ERR_CONFLICT : err);
    }
    data_key(vault, &head.owner_id, head.own_key ? own_key : NULL, key);
    const enum err err = box_open(key, key_of(secret_id), span_of(row.data + head.len, row.len - head.len), out);
    explicit_bzero(own_key, sizeof own_key);
    explicit_bzero(key, sizeof key);
    return err;
}

/* One that is put again has another slot before the old one is erased: who had read the old row looks once more. */
enum err vault_get(struct vault *vault, const struct id *secret_id, struct buf *out)
{
    enum err err = get(vault, secret_id, out);
    err = err == ERR_CONFLICT ? get(vault, secret_id, out) : err;
    return err == ERR_CONFLICT ? ERR_NOT_FOUND : err;
}

enum err vault_look(struct vault *vault, const struct id *secret_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct span row;
    TRY(store_begin(vault->store, false, &txn));
    return store_get(txn, key_of(secret_id), &row);
}

void vault_pretend(struct vault *vault, size_t plain_len)
{
    const struct id nobody = {.kind = ID_USER};
    uint8_t bytes[PRETEND_MAX] = {1}; /* a box of version 1, which nothing opens */
    uint8_t plain[PRETEND_MAX];
    uint8_t own_key[BOX_KEY_LEN] = {0};
    uint8_t key[BOX_KEY_LEN];
    struct buf out = buf_of(plain, sizeof plain);
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct span row;
    ASSERT(plain_len + BOX_OVERHEAD <= sizeof bytes);
    if (store_begin(vault->store, false, &txn) == OK && store_get(txn, key_of(&nobody), &row) != OK &&
        vault->people.fd >= 0) {
        const enum err read = slots_read(&vault->people, 0, &nobody, own_key);
        (void)read;
    }
    data_key(vault, &nobody, own_key, key);
    const enum err opened = box_open(key, key_of(&nobody), span_of(bytes, plain_len + BOX_OVERHEAD), &out);
    ASSERT(opened == ERR_AUTH);
}

enum err vault_find(struct vault *vault, struct span found_by, struct id *secret_id, struct id *ret_owner_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    uint8_t tag[SHA256_LEN];
    uint8_t from[INDEX_KEY_LEN];
    struct span key;
    struct span row;
    vault_mac(vault, "openpost vault index", found_by, tag);
    index_key(tag, secret_id, from);
    TRY(store_begin(vault->store, false, &txn));
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, span_of(from, sizeof from), &key, &row);
    if (err == OK && span_equal(key, span_of(from, sizeof from))) {
        err = store_next(cursor, &key, &row);
    }
    TRY(err);
    if (key.len != INDEX_KEY_LEN || memcmp(key.data, from, 1 + SHA256_LEN) != 0) {
        return ERR_NOT_FOUND;
    }
    if (row.len != sizeof *ret_owner_id) {
        return ERR_ALTERED;
    }
    memcpy(secret_id, key.data + 1 + SHA256_LEN, sizeof *secret_id);
    memcpy(ret_owner_id, row.data, sizeof *ret_owner_id);
    return OK;
}

/* Before the row: a crash between them leaves one that nothing opens. */
static enum err destroy_key(struct vault *vault, const struct id *secret_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct row_head head;
    TRY(store_begin(vault->store, false, &txn));
    const enum err read = head_of(txn, secret_id, &head);
    if (read == ERR_AUTH) { /* damaged: it can be deleted all the same */
        return OK;
    }
    TRY(read);
    struct slots *slots = head.own_key ? slots_of(vault, &head.owner_id) : NULL;
    const enum err err = slots != NULL ? slots_erase(slots, head.slot, secret_id) : OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err vault_delete(struct vault *vault, const struct id *secret_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct row_head head = {.own_key = false};
    uint8_t key[INDEX_KEY_LEN];
    TRY(destroy_key(vault, secret_id));
    TRY(store_begin(vault->store, true, &txn));
    const enum err read = head_of(txn, secret_id, &head);
    TRY(read == ERR_AUTH ? OK : read);
    if (memcmp(head.tag, no_tag, sizeof no_tag) != 0) {
        index_key(head.tag, secret_id, key);
        const enum err gone = store_delete(txn, span_of(key, sizeof key));
        TRY(gone == ERR_NOT_FOUND ? OK : gone);
    }
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
    if (err == OK && key.data[0] == INDEX) {
        err = ERR_NOT_FOUND; /* behind the last secret */
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

enum err vault_sweep(struct vault *vault, vault_named *named, void *context, uint32_t max, struct id *from,
                     uint64_t *ret_deleted)
{
    *ret_deleted = 0;
    for (uint32_t i = 0; i < max; i++) {
        struct id owner_id;
        const enum err err = next_after(vault->store, from, &owner_id);
        if (err == ERR_NOT_FOUND) {
            *from = (struct id){0};
            return OK;
        }
        TRY(err);
        if (!named(context, from, &owner_id)) {
            TRY(vault_delete(vault, from));
            (*ret_deleted)++;
        }
    }
    return OK;
}
