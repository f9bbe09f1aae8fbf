/* access.c: the installation as a read model; each event of access goes to the file whose it is. Called by the ledger
 * for every event, by the gateway for every request, and by the scheduler. Must never hand out what is another
 * workspace's. */
#include "projections/access.h"

#include "core/base/assert.h"
#include "projections/access_internal.h"

/* Before all rows of workspaces. */
static struct row_key installation_key(void)
{
    return row_key(TABLE_WORKSPACE);
}

static void fold_installation(struct installation_row *row, const struct fact *fact)
{
    const struct event *event = fact->event;
    switch (event->code) {
    case EVENT_ledger_started:
        row->epoch = event->ledger_started.epoch;
        row->release = event->ledger_started.release;
        row->started_ms = fact->at->time_ms;
        break;
    case EVENT_clock_suspected:
        row->clock_suspect = true;
        break;
    case EVENT_clock_trusted:
        row->clock_suspect = false;
        break;
    case EVENT_starts_suspended:
        row->suspended = true;
        row->suspended_ms = fact->at->time_ms;
        row->reason = event->starts_suspended.reason;
        break;
    default:
        ASSERT(event->code == EVENT_starts_confirmed);
        row->suspended = false;
        row->suspended_ms = fact->at->time_ms;
        break;
    }
}

static enum err apply_installation(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct row_key key = installation_key();
    struct installation_row row;
    const enum err err = row_take(txn, &key, installation_row_desc(), arena, &row);
    if (err == ERR_NOT_FOUND) {
        memset(&row, 0, sizeof row);
        row.release = SPAN("");
    } else {
        TRY(err);
    }
    row.installation_id = fact->at->stream;
    const struct installation_row before = row;
    fold_installation(&row, fact);
    TRY(access_past_installation(txn, fact, &before, &row, arena));
    return row_put(txn, &key, installation_row_desc(), &row, arena);
}

static enum err apply(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    TRY(access_note_outsider(txn, fact, arena));
    switch (fact->event->code) {
    case EVENT_ledger_started:
    case EVENT_clock_suspected:
    case EVENT_clock_trusted:
    case EVENT_starts_suspended:
    case EVENT_starts_confirmed:
        return apply_installation(txn, fact, arena);
    case EVENT_workspace_deleted:
        TRY(access_apply_workspace(txn, fact, arena));
        TRY(access_end_keys(txn, fact, arena));
        return access_end_memberships(txn, &fact->event->workspace_deleted.workspace_id, arena);
    case EVENT_workspace_created:
    case EVENT_workspace_paused:
    case EVENT_workspace_resumed:
    case EVENT_workspace_changed:
    case EVENT_plan_changed:
    case EVENT_billing_due:
        return access_apply_workspace(txn, fact, arena);
    case EVENT_queue_changed:
    case EVENT_slot_added:
    case EVENT_slot_removed:
    case EVENT_queue_paused:
    case EVENT_queue_resumed:
        TRY(access_apply_queue(txn, fact, arena));
        return access_hold_integration(txn, fact, arena);
    case EVENT_key_created:
    case EVENT_key_revoked:
        return access_apply_key(txn, fact, arena);
    case EVENT_credentials_used:
        TRY(access_apply_person(txn, fact, arena));
        return access_apply_key(txn, fact, arena);
    default:
        TRY(access_apply_member(txn, fact, arena));
        TRY(access_apply_person(txn, fact, arena));
        TRY(access_apply_provider(txn, fact, arena));
        TRY(access_apply_login(txn, fact, arena));
        return access_apply_integration(txn, fact, arena);
    }
}

const struct projection access_projection = {.name = "access", .apply = apply};

enum err access_installation(struct store_txn *txn, struct arena *arena, struct installation_row *ret_installation)
{
    const struct row_key key = installation_key();
    return row_get(txn, &key, installation_row_desc(), arena, ret_installation);
}
