/* ledger_rows.h: events applied to a store as a ledger applies them in a replay: its own rows, states and indexes, and
 * the read models behind them. For the tests of projections that read those rows. */
#ifndef OPENPOST_TESTS_LEDGER_ROWS_H
#define OPENPOST_TESTS_LEDGER_ROWS_H

#include <check.h>
#include <stdlib.h>

#include "core/ledger/ledger_state.h"

struct ledger_rows {
    struct desk desk;
    struct fold_room room;
};

static inline struct ledger_rows *ledger_rows_new(const struct projection_list *projections)
{
    struct ledger_rows *rows = calloc(1, sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    rows->desk.projections = *projections;
    arena_init(&rows->desk.arena, (size_t)64 << 20);
    return rows;
}

static inline void ledger_rows_free(struct ledger_rows *rows)
{
    if (rows != NULL) {
        arena_done(&rows->desk.arena);
    }
    free(rows);
}

static inline void ledger_rows_apply(struct ledger_rows *rows, struct store_txn *txn, const struct log_event *at,
                                     const struct event *event)
{
    rows->desk.txn = txn;
    ck_assert_int_eq(desk_fold(&rows->desk, at, event, &rows->room), OK);
    rows->desk.txn = NULL;
}

#endif
