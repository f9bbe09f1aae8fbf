/* desk_tenant.c: the one row of a workspace that each of its events changes: where its last events stand in the log,
 * and what it uses of its plan. Called by desk.c and desk_index.c for every event, and by whoever reads a workspace's
 * events or use. One row, because among many workspaces each has a page of its own: see enum tenant_place. */
#include "core/base/assert.h"
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"

/* The row: how many rows of SEQS_PER_ROW seqs stand at PLACE_SEQS (8 bytes), what is used (8 each), then fewer than
 * SEQS_PER_ROW seqs (8 each), in the order of workspace_seq. When they are as many they go to PLACE_SEQS. */
#define USES (LIMIT_COUNT + 1)
#define SEQS_AT (8 + (size_t)USES * 8)
#define HEAD_MAX (SEQS_AT + (size_t)SEQS_PER_ROW * 8)

struct tenant_head {
    uint64_t rows;
    struct usage usage;
    uint32_t count; /* of seqs */
    uint8_t seqs[SEQS_PER_ROW * 8];
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

/* A workspace without events has zeros. */
static enum err get_head(struct store_txn *txn, const struct id *workspace_id, struct tenant_head *ret_head)
{
    struct row_key key;
    struct span row;
    struct tenant_head head = {.rows = 0};
    head_key(&key, workspace_id);
    const enum err err = store_get(txn, key_span(&key), &row);
    if (err == ERR_NOT_FOUND) {
        *ret_head = head;
        return OK;
    }
    TRY(err);
    TRY(row.len >= SEQS_AT && row.len < HEAD_MAX && row.len % 8 == 0 ? OK : ERR_ALTERED);
    head.rows = get_be64(row.data);
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        head.usage.used[i] = get_be64(row.data + 8 + i * 8);
    }
    head.usage.published_targets = get_be64(row.data + 8 + (size_t)LIMIT_COUNT * 8);
    head.count = (uint32_t)((row.len - SEQS_AT) / 8);
    memcpy(head.seqs, row.data + SEQS_AT, (size_t)head.count * 8);
    *ret_head = head;
    return OK;
}

static enum err put_head(struct store_txn *txn, const struct id *workspace_id, const struct tenant_head *head)
{
    struct row_key key;
    uint8_t row[HEAD_MAX];
    ASSERT(head->count < SEQS_PER_ROW);
    head_key(&key, workspace_id);
    put_be64(row, head->rows);
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        put_be64(row + 8 + i * 8, head->usage.used[i]);
    }
    put_be64(row + 8 + (size_t)LIMIT_COUNT * 8, head->usage.published_targets);
    memcpy(row + SEQS_AT, head->seqs, (size_t)head->count * 8);
    return store_put(txn, key_span(&key), span_of(row, SEQS_AT + (size_t)head->count * 8));
}

enum err desk_tenant_note(struct desk *desk, const struct log_event *at)
{
    struct tenant_head head;
    TRY(get_head(desk->txn, &at->workspace_id, &head));
    if (at->workspace_seq != head.rows * SEQS_PER_ROW + head.count + 1) {
        return ERR_ALTERED; /* they come one by one */
    }
    put_be64(head.seqs + (size_t)head.count * 8, at->seq);
    head.count++;
    if (head.count == SEQS_PER_ROW) {
        struct row_key key;
        seqs_key(&key, &at->workspace_id, head.rows);
        TRY(store_put(desk->txn, key_span(&key), span_of(head.seqs, sizeof head.seqs)));
        head.rows++;
        head.count = 0;
    }
    return put_head(desk->txn, &at->workspace_id, &head);
}

enum err desk_tenant_use(struct desk *desk, const struct id *workspace_id, const struct usage *usage)
{
    struct tenant_head head;
    TRY(get_head(desk->txn, workspace_id, &head));
    head.usage = *usage;
    return put_head(desk->txn, workspace_id, &head);
}

enum err ledger_usage(struct store_txn *txn, const struct id *workspace_id, struct usage *ret_usage)
{
    struct tenant_head head;
    TRY(get_head(txn, workspace_id, &head));
    *ret_usage = head.usage;
    return OK;
}

enum err ledger_workspace_last(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_workspace_seq)
{
    struct tenant_head head;
    TRY(get_head(txn, workspace_id, &head));
    *ret_workspace_seq = head.rows * SEQS_PER_ROW + head.count;
    return OK;
}

enum err ledger_workspace_seq(struct store_txn *txn, const struct id *workspace_id, uint64_t workspace_seq,
                              uint64_t *ret_seq)
{
    struct row_key key;
    struct span row;
    struct tenant_head head;
    TRY(get_head(txn, workspace_id, &head));
    if (workspace_seq == 0 || workspace_seq > head.rows * SEQS_PER_ROW + head.count) {
        return ERR_NOT_FOUND;
    }
    const uint64_t number = (workspace_seq - 1) / SEQS_PER_ROW;
    const size_t at = (size_t)((workspace_seq - 1) % SEQS_PER_ROW) * 8;
    if (number == head.rows) {
        *ret_seq = get_be64(head.seqs + at);
        return OK;
    }
    seqs_key(&key, workspace_id, number);
    const enum err err = store_get(txn, key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    TRY(row.len == (size_t)SEQS_PER_ROW * 8 ? OK : ERR_ALTERED);
    *ret_seq = get_be64(row.data + at);
    return OK;
}
