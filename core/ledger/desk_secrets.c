/* desk_secrets.c: the secrets that the states of accounts and keys name, in their order. Called by whoever compares the
 * vault with them. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* The secret in use; false: it needs none. */
static bool names_secret(const struct id *owner_id, const struct aggregate *state, struct id *ret_secret_id)
{
    if (owner_id->kind == ID_KEY) {
        *ret_secret_id = *owner_id; /* its tag key */
        return !state->key.revoked;
    }
    *ret_secret_id = state->integration.vault_id;
    return state->integration.connection == INTEGRATION_CONNECTED;
}

/* The first state of that kind behind *after: its owner's id and its row. A state's key is the id alone; rows behind it
 * are of the stream. */
static enum err next_state(struct store_cursor *cursor, enum id_kind kind, const struct id *after, struct id *ret_id,
                           struct span *ret_row)
{
    struct row_key from;
    struct span key;
    key_begin(&from, TABLE_STATE);
    if (after->kind == kind) {
        key_id(&from, after);
        buf_byte(&from.buf, 0); /* the stream's rows begin so, or later */
    } else {
        buf_byte(&from.buf, (uint8_t)kind);
    }
    enum err err = store_seek(cursor, key_span(&from), &key, ret_row);
    while (err == OK && key.len != 1 + sizeof *ret_id && key.data[0] == TABLE_STATE && key.data[1] == kind) {
        err = store_next(cursor, &key, ret_row);
    }
    TRY(err);
    if (key.data[0] != TABLE_STATE || key.data[1] != kind) {
        return ERR_NOT_FOUND;
    }
    memcpy(ret_id, key.data + 1, sizeof *ret_id);
    return OK;
}

static enum err next_of_kind(struct store_cursor *cursor, enum id_kind kind, struct id *owner_id,
                             struct id *ret_secret_id)
{
    struct id at = *owner_id;
    for (;;) {
        struct span row;
        struct aggregate state;
        TRY(next_state(cursor, kind, &at, &at, &row));
        TRY(aggregate_load(kind, row, &state));
        if (names_secret(&at, &state, ret_secret_id)) {
            *owner_id = at;
            return OK;
        }
    }
}

enum err ledger_next_secret(struct store_txn *txn, struct id *owner_id, struct id *ret_secret_id)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    if (owner_id->kind != ID_KEY) {
        const enum err err = next_of_kind(cursor, ID_INTEGRATION, owner_id, ret_secret_id);
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return next_of_kind(cursor, ID_KEY, owner_id, ret_secret_id);
}
