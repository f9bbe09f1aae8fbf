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

/* A key of TABLE_TENANT. */
static inline void key_tenant(struct row_key *key, const struct id *workspace_id, enum tenant_place place)
{
    key_begin(key, TABLE_TENANT);
    buf_put(&key->buf, span_of(workspace_id->uuid, sizeof workspace_id->uuid));
    buf_byte(&key->buf, (uint8_t)place);
}

static inline struct span key_span(const struct row_key *key)
{
    ASSERT(buf_ok(&key->buf));
    return buf_span(&key->buf);
}

#endif
