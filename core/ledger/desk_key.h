/* desk_key.h: keys of the ledger's own rows. Only desk*.c and people.c include it. */
#ifndef OPENPOST_LEDGER_DESK_KEY_H
#define OPENPOST_LEDGER_DESK_KEY_H

#include "core/base/assert.h"
#include "core/base/typeid.h"
#include "core/store/store.h"
#include "core/store/tables.h"

/* A key: the table's byte, then parts. */
struct row_key {
    uint8_t bytes[STORE_KEY_MAX];
    struct buf buf;
};

static inline void key_begin(struct row_key *key, enum table table)
{
    key->buf = buf_of(key->bytes, sizeof key->bytes);
    buf_byte(&key->buf, (uint8_t)table);
}

static inline void key_id(struct row_key *key, const struct id *id)
{
    buf_put(&key->buf, span_of(id, sizeof *id));
}

/* A key of TABLE_TERM, up to the member. */
static inline void key_term(struct row_key *key, const struct id *workspace_id, int64_t end_ms)
{
    uint8_t bytes[8];
    key_begin(key, TABLE_TERM);
    key_id(key, workspace_id);
    put_be64(bytes, (uint64_t)end_ms);
    buf_put(&key->buf, span_of(bytes, sizeof bytes));
}

/* Those whose states stand among their workspace's: what it is not enough to know the id of. */
static inline bool key_is_owned(const struct id *stream)
{
    return stream->kind == ID_KEY || stream->kind == ID_MEMBER || stream->kind == ID_INTEGRATION;
}

/* The key of an aggregate's state; those of the rows that tell where its events stand begin likewise. workspace_id: of
 * one that is owned, whose it is. */
static inline void key_state(struct row_key *key, const struct id *workspace_id, const struct id *stream)
{
    if (stream->kind == ID_POST) {
        key_begin(key, TABLE_POST);
        buf_put(&key->buf, span_of(stream->uuid, sizeof stream->uuid));
        buf_byte(&key->buf, (uint8_t)PLACE_POST_STATE);
    } else if (stream->kind == ID_WORKSPACE || key_is_owned(stream)) {
        const struct id *lead = stream->kind == ID_WORKSPACE ? stream : workspace_id;
        key_begin(key, TABLE_WORKSPACE);
        buf_put(&key->buf, span_of(lead->uuid, sizeof lead->uuid));
        buf_byte(&key->buf, (uint8_t)PLACE_WORKSPACE_STATE);
        key_id(key, stream);
    } else {
        key_begin(key, TABLE_STATE);
        key_id(key, stream);
    }
}

/* desk_state_key makes the key of an aggregate's state by its id alone, which for one that is owned is one more look.
 */
enum err desk_state_key(struct store_txn *txn, const struct id *stream, struct row_key *ret_key) MUST_USE;

/* A key of TABLE_TENANT. */
static inline void key_tenant(struct row_key *key, const struct id *workspace_id, enum tenant_place place)
{
    key_begin(key, TABLE_TENANT);
    buf_put(&key->buf, span_of(workspace_id->uuid, sizeof workspace_id->uuid));
    buf_byte(&key->buf, (uint8_t)place);
}

/* A key of PLACE_OPEN, up to the post. */
static inline void key_open(struct row_key *key, const struct id *workspace_id, const struct id *integration_id,
                            int64_t due_ms)
{
    uint8_t bytes[8];
    key_tenant(key, workspace_id, PLACE_OPEN);
    buf_put(&key->buf, span_of(integration_id->uuid, sizeof integration_id->uuid));
    put_be64(bytes, (uint64_t)due_ms);
    buf_put(&key->buf, span_of(bytes, sizeof bytes));
}

static inline void key_queue_paused(struct row_key *key, const struct id *workspace_id, const struct id *integration_id)
{
    key_tenant(key, workspace_id, PLACE_QUEUE_PAUSED);
    buf_put(&key->buf, span_of(integration_id->uuid, sizeof integration_id->uuid));
}

static inline struct span key_span(const struct row_key *key)
{
    ASSERT(buf_ok(&key->buf));
    return buf_span(&key->buf);
}

#endif
