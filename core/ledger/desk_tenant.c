/* desk_tenant.c: the one row of a workspace that each of its events changes: where its last events stand in the log,
 * and what it uses of its plan. Called by desk.c and desk_index.c for every event, and by whoever reads a workspace's
 * events or use. One row, because among many workspaces each has a page of its own: see enum tenant_place. */
#include "core/base/assert.h"
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* The row: how many rows of SEQS_PER_ROW seqs stand at PLACE_SEQS (8 bytes), what is used (8 each), then fewer than
 * SEQS_PER_ROW seqs (8 each), in the order of workspace_seq. When they are as many they go to PLACE_SEQS. It is changed
 * as the bytes that it is: this is done for every event. */
#define USES_AT 8
#define SEQS_AT (USES_AT + (size_t)(LIMIT_COUNT + 1) * 8)
#define SEQS_LEN ((size_t)SEQS_PER_ROW * 8)
#define HEAD_MAX (SEQS_AT + SEQS_LEN)

struct tenant_head {
    uint8_t bytes[HEAD_MAX];
    size_t len;
};

static void head_key(struct row_key *key, const struct id *workspace_id)
{
    key_tenant(key, workspace_id, PLACE_TENANT_HEAD);
}

static void seqs_key(struct row_key *key, const struct id *workspace_id, uint64_t number)
{
    uint8_t bytes[8];
    key_tenant(key, workspace_id, PLACE_SEQS);
    put_be64(bytes, number);
    buf_put(&key->buf, span_of(bytes, sizeof bytes));
}

/* Borrows from the transaction; a workspace without events has zeros. */
static enum err look_at_head(struct store_txn *txn, const struct id *workspace_id, struct span *ret_row)
{
    static const uint8_t nothing[SEQS_AT] = {0};
    struct row_key key;
    struct span row = {0};
    head_key(&key, workspace_id);
    const enum err err = store_get(txn, key_span(&key), &row);
    if (err == ERR_NOT_FOUND) {
        *ret_row = span_of(nothing, sizeof nothing);
        return OK;
    }
    TRY(err);
    TRY(row.len >= SEQS_AT && row.len < HEAD_MAX && row.len % 8 == 0 ? OK : ERR_ALTERED);
    *ret_row = row;
    return OK;
}

static enum err take_head(struct store_txn *txn, const struct id *workspace_id, struct tenant_head *ret_head)
{
    struct span row;
    TRY(look_at_head(txn, workspace_id, &row));
    memcpy(ret_head->bytes, row.data, row.len);
    ret_head->len = row.len;
    return OK;
}

static enum err put_head(struct store_txn *txn, const struct id *workspace_id, const struct tenant_head *head)
{
    struct row_key key;
    ASSERT(head->len < HEAD_MAX);
    head_key(&key, workspace_id);
    return store_put(txn, key_span(&key), span_of(head->bytes, head->len));
}

/* The workspace's last workspace_seq. */
static uint64_t last_of(struct span head)
{
    return get_be64(head.data) * SEQS_PER_ROW + (head.len - SEQS_AT) / 8;
}

enum err desk_tenant_note(struct desk *desk, const struct log_event *at)
{
    struct tenant_head head;
    TRY(take_head(desk->txn, &at->workspace_id, &head));
    if (at->workspace_seq != last_of(span_of(head.bytes, head.len)) + 1) {
        return ERR_ALTERED; /* they come one by one */
    }
    put_be64(head.bytes + head.len, at->seq);
    head.len += 8;
    if (head.len == HEAD_MAX) {
        struct row_key key;
        const uint64_t rows = get_be64(head.bytes);
        seqs_key(&key, &at->workspace_id, rows);
        TRY(store_put(desk->txn, key_span(&key), span_of(head.bytes + SEQS_AT, SEQS_LEN)));
        put_be64(head.bytes, rows + 1);
        head.len = SEQS_AT;
    }
    return put_head(desk->txn, &at->workspace_id, &head);
}

enum err desk_tenant_use(struct desk *desk, const struct id *workspace_id, const struct usage *usage)
{
    struct tenant_head head;
    TRY(take_head(desk->txn, workspace_id, &head));
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        put_be64(head.bytes + USES_AT + i * 8, usage->used[i]);
    }
    put_be64(head.bytes + USES_AT + (size_t)LIMIT_COUNT * 8, usage->published_targets);
    return put_head(desk->txn, workspace_id, &head);
}

enum err desk_tenant_uses(struct store_txn *txn, const struct id *workspace_id, struct usage *ret_usage)
{
    struct span head;
    TRY(look_at_head(txn, workspace_id, &head));
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        ret_usage->used[i] = get_be64(head.data + USES_AT + i * 8);
    }
    ret_usage->published_targets = get_be64(head.data + USES_AT + (size_t)LIMIT_COUNT * 8);
    return OK;
}

/* How many memberships and invitations are over. */
static enum err count_over(struct store_txn *txn, const struct id *workspace_id, int64_t now_ms, uint64_t *ret_count)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct row_key from;
    struct row_key end; /* of what is over by now */
    struct span key;
    struct span row;
    uint64_t count = 0;
    key_term(&from, workspace_id, 0);
    key_term(&end, workspace_id, now_ms + 1);
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, key_span(&from), &key, &row);
    while (err == OK && span_compare(key, key_span(&end)) < 0) {
        count++;
        err = store_next(cursor, &key, &row);
    }
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_count = count;
    return OK;
}

enum err ledger_usage(struct store_txn *txn, const struct id *workspace_id, int64_t now_ms, struct usage *ret_usage)
{
    struct usage usage;
    uint64_t over = 0;
    TRY(desk_tenant_uses(txn, workspace_id, &usage));
    TRY(count_over(txn, workspace_id, now_ms, &over));
    TRY(over <= usage.used[LIMIT_MEMBERS] ? OK : ERR_ALTERED);
    usage.used[LIMIT_MEMBERS] -= over;
    *ret_usage = usage;
    return OK;
}

enum err ledger_workspace_last(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq)
{
    struct span head;
    TRY(look_at_head(txn, workspace_id, &head));
    *ret_workspace_seq = last_of(head);
    return OK;
}

enum err ledger_workspace_seq(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq,
                              uint64_t *ret_seq)
{
    struct row_key key;
    struct span row;
    struct span head;
    TRY(look_at_head(txn, workspace_id, &head));
    if (workspace_seq == 0 || workspace_seq > last_of(head)) {
        return ERR_NOT_FOUND;
    }
    const uint64_t number = (workspace_seq - 1) / SEQS_PER_ROW;
    const size_t at = (size_t)((workspace_seq - 1) % SEQS_PER_ROW) * 8;
    if (number == get_be64(head.data)) {
        *ret_seq = get_be64(head.data + SEQS_AT + at);
        return OK;
    }
    seqs_key(&key, workspace_id, number);
    const enum err err = store_get(txn, key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    TRY(row.len == SEQS_LEN ? OK : ERR_ALTERED);
    *ret_seq = get_be64(row.data + at);
    return OK;
}
