/* projection.h: what the ledger asks of a read model. The composition root hands the ledger a list of them. */
#ifndef OPENPOST_LEDGER_PROJECTION_H
#define OPENPOST_LEDGER_PROJECTION_H

#include "core/base/arena.h"
#include "core/log/log.h"
#include "core/message/message.h"
#include "core/store/store.h"

/* One committed event, decoded. */
struct fact {
    const struct log_event *at; /* seq, time, workspace, stream, version, actor, command */
    const struct event *event;
};

struct projection {
    const char *name;
    /* Applies one event to the read model's own tables within txn. Deterministic: the same events give the same bytes.
     * Only operating errors of the store may come back. arena is for scratch memory. */
    enum err (*apply)(struct store_txn *txn, const struct fact *fact, struct arena *arena);
};

/* An event is applied to all of them in this order, before the next one is, live and at a rebuild alike: so one may
 * read what stood before the event from those that come after it. */
struct projection_list {
    const struct projection *const *items;
    size_t count;
};

#endif
