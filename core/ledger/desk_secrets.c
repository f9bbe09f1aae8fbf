/* desk_secrets.c: the secrets that states name, and whether their owner is over. Called by whoever compares the vault
 * with them. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* Room for the state of whoever may own a secret; a post's is 25 KB. */
union owner {
    struct aggregate_head head;
    struct integration integration;
    struct key key;
    struct member member;
    struct user user;
    struct session session;
    struct provider provider;
};

/* ERR_NOT_FOUND: nothing is known of it. */
static enum err load_owner(struct store_txn *txn, const struct id *owner_id, union owner *ret_owner)
{
    if (!aggregate_keeps_secrets((enum id_kind)owner_id->kind)) {
        return ERR_NOT_FOUND;
    }
    TRY(desk_state(txn, owner_id, ret_owner));
    return ret_owner->head.version != 0 ? OK : ERR_NOT_FOUND;
}

/* What its own state does not tell: its person signed out everywhere, or was erased. */
static enum err session_is_over(struct store_txn *txn, const struct session *session, int64_t now_ms, bool *ret_over)
{
    struct user user;
    TRY(desk_state(txn, &session->user_id, &user));
    *ret_over =
        session->ended || user.erased || session->generation != user.generation || session->expires_ms <= now_ms;
    return OK;
}

/* It, or the workspace that it was of. */
static enum err is_over(struct store_txn *txn, enum id_kind kind, const union owner *owner, int64_t now_ms,
                        bool *ret_over)
{
    if (kind == ID_SESSION) {
        return session_is_over(txn, &owner->session, now_ms, ret_over);
    }
    struct workspace workspace = {.deleted = 0};
    if (owner->head.workspace_id.kind == ID_WORKSPACE) {
        TRY(desk_state(txn, &owner->head.workspace_id, &workspace));
    }
    *ret_over = workspace.deleted || aggregate_is_over(kind, owner);
    return OK;
}

enum err ledger_needs_secret(struct store_txn *txn, const struct id *secret_id, const struct id *owner_id,
                             int64_t now_ms, bool *ret_needed)
{
    const enum id_kind kind = (enum id_kind)owner_id->kind;
    struct id secrets[SECRETS_MAX];
    union owner owner;
    bool over = false;
    TRY(load_owner(txn, owner_id, &owner));
    TRY(is_over(txn, kind, &owner, now_ms, &over));
    bool needed = kind == ID_INTEGRATION && owner.integration.connecting;
    const uint32_t count = aggregate_secrets(kind, owner_id, &owner, secrets);
    for (uint32_t i = 0; i < count; i++) {
        needed = needed || id_equal(&secrets[i], secret_id);
    }
    *ret_needed = needed && !over;
    return OK;
}

enum err ledger_owner_is_gone(struct store_txn *txn, const struct id *owner_id, int64_t now_ms, bool *ret_gone)
{
    union owner owner;
    const enum err err = load_owner(txn, owner_id, &owner);
    if (err == ERR_NOT_FOUND) {
        *ret_gone = false; /* it may be about to begin */
        return OK;
    }
    TRY(err);
    return is_over(txn, (enum id_kind)owner_id->kind, &owner, now_ms, ret_gone);
}

/* The secret in use of an account, a key or a person (their profile); false: it needs none. */
static enum err names_secret(struct store_txn *txn, const struct id *owner_id, const union owner *owner,
                             struct id *ret_secret_id, bool *ret_names)
{
    const enum id_kind kind = (enum id_kind)owner_id->kind;
    struct id secrets[SECRETS_MAX];
    bool over = false;
    TRY(is_over(txn, kind, owner, 0, &over)); /* none of them ends by the clock */
    const bool works = kind != ID_INTEGRATION || owner->integration.connection == INTEGRATION_CONNECTED;
    *ret_names = works && !over && aggregate_secrets(kind, owner_id, owner, secrets) > 0;
    if (*ret_names) {
        *ret_secret_id = secrets[0];
    }
    return OK;
}

/* Whose state a row is, of a kind that has secrets in use: of those that a workspace owns, or of people. Rows behind a
 * state's key are of its stream. */
static bool is_state(enum table table, struct span key, struct id *ret_id)
{
    const size_t id_at = table == TABLE_WORKSPACE ? 1 + sizeof ret_id->uuid + 1 : 1;
    if (key.len != id_at + sizeof *ret_id ||
        (table == TABLE_WORKSPACE && key.data[id_at - 1] != (uint8_t)PLACE_WORKSPACE_STATE)) {
        return false;
    }
    const uint8_t kind = key.data[id_at];
    if (kind != ID_INTEGRATION && kind != ID_KEY && kind != ID_USER) {
        return false;
    }
    memcpy(ret_id, key.data + id_at, sizeof *ret_id);
    return true;
}

/* The first state behind *after in the table: whose it is, and its row. */
static enum err next_state(struct store_txn *txn, struct store_cursor *cursor, enum table table, const struct id *after,
                           struct id *ret_id, struct span *ret_row)
{
    struct row_key from;
    struct span key;
    key_begin(&from, table);
    if (after->kind != ID_NONE) {
        TRY(desk_state_key(txn, after, &from));
        buf_byte(&from.buf, 0); /* the stream's rows begin so, or later */
    } else if (table == TABLE_STATE) {
        buf_byte(&from.buf, ID_USER);
    }
    enum err err = store_seek(cursor, key_span(&from), &key, ret_row);
    while (err == OK && key.data[0] == table && (table == TABLE_WORKSPACE || key.data[1] == ID_USER)) {
        if (is_state(table, key, ret_id)) {
            return OK;
        }
        err = store_next(cursor, &key, ret_row);
    }
    return err == OK ? ERR_NOT_FOUND : err;
}

static enum err next_of_table(struct store_txn *txn, struct store_cursor *cursor, enum table table, struct id *owner_id,
                              struct id *ret_secret_id)
{
    struct id at = *owner_id;
    for (;;) {
        struct span row;
        union owner owner;
        bool names = false;
        TRY(next_state(txn, cursor, table, &at, &at, &row));
        TRY(aggregate_load((enum id_kind)at.kind, row, &owner));
        TRY(names_secret(txn, &at, &owner, ret_secret_id, &names));
        if (names) {
            *owner_id = at;
            return OK;
        }
    }
}

enum err ledger_next_secret(struct store_txn *txn, struct id *owner_id, struct id *ret_secret_id)
{
    static const struct id first = {.kind = ID_NONE};
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(txn, &cursor));
    if (owner_id->kind != ID_USER) {
        const enum err err = next_of_table(txn, cursor, TABLE_WORKSPACE, owner_id, ret_secret_id);
        if (err != ERR_NOT_FOUND) {
            return err;
        }
        *owner_id = first;
    }
    return next_of_table(txn, cursor, TABLE_STATE, owner_id, ret_secret_id);
}
