/* dispatch_views.h: what the scheduler reads of the read models: its agenda when it starts, and what it renders and
 * sends. The one place where scheduler and projections meet; used by the composition root and the simulation. */
#ifndef OPENPOST_PROJECTIONS_DISPATCH_VIEWS_H
#define OPENPOST_PROJECTIONS_DISPATCH_VIEWS_H

#include "core/scheduler/bills.h"
#include "core/scheduler/dispatch.h"
#include "core/scheduler/expiries.h"
#include "core/store/store.h"

/* A reader. Between begin and end it has a transaction, and what it loads lives until end: keep that under a second. */
struct dispatch_views {
    struct store *store; /* borrowed */
    struct store_txn *txn;
};

/* dispatch_views_begin: ERR_REBUILDING: wait a moment; ERR_CLOSED: they are made again in a new file. */
enum err dispatch_views_begin(struct dispatch_views *views) MUST_USE;
void dispatch_views_end(struct dispatch_views *views);

/* The functions of struct dispatch_load, context being the struct dispatch_views. Outside begin and end they return
 * ERR_CLOSED. dispatch_views_account leaves credentials empty: they are in the vault, under vault_id. */
enum err dispatch_views_post(void *context, const struct id *post_id, struct arena *arena,
                             struct dispatch_post *ret_post);
enum err dispatch_views_payload(void *context, const struct id *post_id, const struct id *target_id,
                                struct arena *arena, struct dispatch_payload *ret_payload);
enum err dispatch_views_account(void *context, const struct id *integration_id, bool connecting, struct arena *arena,
                                struct dispatch_account *ret_account);
enum err dispatch_views_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                             struct agenda_target **ret_rows, uint32_t *ret_count);

/* dispatch_views_restore fills an empty agenda in transactions of its own (views must not be begun). The rows are as of
 * *ret_position or later: follow the log from there, and ask the agenda for nothing before the head is reached. */
enum err dispatch_views_restore(struct dispatch_views *views, struct agenda *agenda, uint64_t *ret_position) MUST_USE;
/* dispatch_views_bills and dispatch_views_expiries fill empty ones likewise, from rows of then or later;
 * dispatch_views_billed is of struct bills_load, as those above are of dispatch_load. */
enum err dispatch_views_bills(struct dispatch_views *views, struct bills *bills) MUST_USE;
enum err dispatch_views_expiries(struct dispatch_views *views, struct expiries *expiries) MUST_USE;
enum err dispatch_views_billed(void *context, const struct id *workspace_id, struct arena *arena,
                               struct billed *ret_billed);

#endif
