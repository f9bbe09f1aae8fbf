/* dispatch_views.c: see dispatch_views.h. Called by the scheduler's process through its parts. Must never write. */
#include "projections/dispatch_views.h"

#include "core/base/assert.h"
#include "core/ledger/ledger.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "projections/queue.h"

_Static_assert(QUEUE_LATE_MS == AGENDA_LATE_MS, "readers are told of a turn when the agenda makes one wait for it");

#define ROWS_AT_A_TIME 10000 /* a read transaction lasts some 20 ms, with open targets 35 */
#define ARENA_MAX ((size_t)256 << 20)

enum err dispatch_views_begin(struct dispatch_views *views)
{
    ASSERT(views->txn == NULL);
    const enum err err = store_begin(views->store, false, &views->txn);
    return err == ERR_REBUILDING && !store_is_in_place(views->store) ? ERR_CLOSED : err;
}

void dispatch_views_end(struct dispatch_views *views)
{
    store_abort(views->txn);
    views->txn = NULL;
}

static enum err txn_of(void *context, struct store_txn **ret_txn)
{
    struct dispatch_views *views = context;
    *ret_txn = views->txn;
    return views->txn != NULL ? OK : ERR_CLOSED;
}

static enum err load_approved(struct store_txn *txn, const struct id *post_id, struct arena *arena,
                              struct dispatch_post *post)
{
    struct approval_row row;
    const enum err err = posts_approval(txn, post_id, arena, &row);
    TRY(err == ERR_NOT_FOUND ? ERR_ALTERED : err);
    post->approved = row.targets;
    post->approved_count = row.targets_count;
    return OK;
}

enum err dispatch_views_post(void *context, const struct id *post_id, struct arena *arena,
                             struct dispatch_post *ret_post)
{
    struct store_txn *txn;
    TRY(txn_of(context, &txn));
    struct post_view *view = arena_alloc(arena, sizeof *view);
    if (view == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(posts_get(txn, NULL, post_id, arena, view));
    struct dispatch_target *targets = arena_alloc(arena, (view->row.targets_count + 1) * sizeof *targets);
    if (targets == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < view->row.targets_count; i++) {
        targets[i] = (struct dispatch_target){.spec = view->content.targets[i], .due_ms = view->row.targets[i].due_ms};
    }
    *ret_post = (struct dispatch_post){
        .version = view->row.version,
        .content = {.parts = view->content.parts,
                    .part_count = view->content.parts_count,
                    .link = view->content.link,
                    .first_comment = view->content.first_comment},
        .targets = targets,
        .target_count = view->row.targets_count,
        .is_approved = view->row.approved_under != POLICY_NONE
    };
    return ret_post->is_approved ? load_approved(txn, post_id, arena, ret_post) : OK;
}

enum err dispatch_views_payload(void *context, const struct id *post_id, const struct id *target_id,
                                struct arena *arena, struct dispatch_payload *ret_payload)
{
    struct store_txn *txn;
    struct post_payload payload;
    TRY(txn_of(context, &txn));
    TRY(posts_payload(txn, post_id, target_id, arena, &payload));
    const uint32_t count = payload.live_count;
    struct dispatch_live *live = arena_alloc(arena, (count + 1) * sizeof *live);
    if (live == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct live_part *part = &payload.live[i];
        live[i] = (struct dispatch_live){
            .part = (uint32_t)part->part, .platform_id = part->platform_id, .revision = part->revision};
    }
    *ret_payload = (struct dispatch_payload){.parts = payload.locked.parts,
                                             .part_count = payload.locked.parts_count,
                                             .live = live,
                                             .live_count = count,
                                             .prepared = payload.prepared};
    return OK;
}

enum err dispatch_views_account(void *context, const struct id *integration_id, bool connecting, struct arena *arena,
                                struct dispatch_account *ret_account)
{
    struct store_txn *txn;
    struct integration_row row;
    TRY(txn_of(context, &txn));
    TRY(access_integration(txn, NULL, integration_id, arena, &row));
    const bool elsewhere = connecting && row.connect_service.data != NULL;
    const bool renamed = connecting && row.connect_identifier.data != NULL;
    *ret_account = (struct dispatch_account){.service = elsewhere ? row.connect_service : row.service,
                                             .account = row.account,
                                             .handle = row.handle,
                                             .identifier = renamed ? row.connect_identifier : row.identifier,
                                             .vault_id = connecting ? row.connect_vault_id : row.vault_id,
                                             .fingerprint = row.fingerprint};
    return OK;
}

static struct agenda_target agenda_row(const struct queue_row *row)
{
    return (struct agenda_target){.workspace_id = row->workspace_id,
                                  .post_id = row->post_id,
                                  .target_id = row->target_id,
                                  .integration_id = row->integration_id,
                                  .channel = row->channel,
                                  .status = row->status,
                                  .approved_under = row->approved_under,
                                  .approval_reminded = row->approval_reminded,
                                  .locked = row->locked,
                                  .version = row->version,
                                  .publish_at_ms = row->publish_at_ms,
                                  .not_after_ms = row->not_after_ms,
                                  .due_ms = row->due_ms,
                                  .next_ms = row->next_ms,
                                  .part_next = (uint32_t)row->part_next,
                                  .part_count = (uint32_t)row->part_count,
                                  .comment = row->comment,
                                  .attempt_id = row->attempt_id,
                                  .attempt_part = (uint32_t)row->attempt_part,
                                  .attempt_open = row->attempt_open,
                                  .attempt_unknown = row->attempt_unknown,
                                  .fence = row->fence,
                                  .deadline_ms = row->deadline_ms,
                                  .read_first = row->read_first,
                                  .contradicted = row->contradicted,
                                  .seq = row->seq};
}

enum err dispatch_views_open(void *context, const struct id *post_id, uint64_t position, struct arena *arena,
                             struct agenda_target **ret_rows, uint32_t *ret_count)
{
    struct store_txn *txn;
    struct post_view view;
    uint64_t stands = 0;
    TRY(txn_of(context, &txn));
    TRY(ledger_views_position(txn, &stands));
    if (stands < position) {
        return ERR_BUSY;
    }
    TRY(posts_get(txn, NULL, post_id, arena, &view));
    struct agenda_target *rows = arena_alloc(arena, (view.row.targets_count + 1) * sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < view.row.targets_count; i++) {
        struct queue_row row;
        if (queue_row_of(&view.row, &view.row.targets[i], &row)) {
            rows[count] = agenda_row(&row);
            count++;
        }
    }
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}

/* --- at the start --- */

static enum err restore_installation(struct store_txn *txn, struct arena *arena, struct agenda *agenda)
{
    struct installation_row row;
    const enum err err = access_installation(txn, arena, &row);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    const struct agenda_installation installation = {.epoch = row.epoch,
                                                     .clock_suspect = row.clock_suspect,
                                                     .suspended = row.suspended,
                                                     .suspended_at_ms = row.suspended_ms};
    agenda_restore_installation(agenda, &installation);
    return OK;
}

/* Each restores up to ROWS_AT_A_TIME rows after *after and moves it on; *ret_more: there may be others. */
static enum err restore_workspaces(struct store_txn *txn, struct arena *arena, struct agenda *agenda, struct id *after,
                                   bool *ret_more)
{
    struct workspace_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_workspaces(txn, after, ROWS_AT_A_TIME, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        const struct agenda_workspace workspace = {.workspace_id = rows[i].workspace_id,
                                                   .paused = rows[i].paused,
                                                   .deleted = rows[i].deleted_ms != 0,
                                                   .max_lateness_ms = rows[i].max_lateness_ms,
                                                   .late_spacing_ms = rows[i].late_spacing_ms,
                                                   .approval_policy = rows[i].approval_policy};
        TRY(agenda_restore_workspace(agenda, &workspace));
        *after = rows[i].workspace_id;
    }
    *ret_more = count == ROWS_AT_A_TIME;
    return OK;
}

static enum err restore_integrations(struct store_txn *txn, struct arena *arena, struct agenda *agenda,
                                     struct id *after, bool *ret_more)
{
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_integration_scan(txn, after, ROWS_AT_A_TIME, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        const struct agenda_integration integration = {.workspace_id = rows[i].workspace_id,
                                                       .integration_id = rows[i].integration_id,
                                                       .channel = rows[i].channel,
                                                       .status = rows[i].status,
                                                       .connecting = rows[i].status != INTEGRATION_DELETED &&
                                                                     !id_is_none(&rows[i].connect_vault_id),
                                                       .paused = rows[i].paused,
                                                       .queue_paused = rows[i].queue_paused,
                                                       .connect_ms = rows[i].connect_ms,
                                                       .limited_ms = rows[i].limited_ms,
                                                       .tokens_ms = id_time_ms(&rows[i].vault_id),
                                                       .token_expires_ms = rows[i].token_expires_ms,
                                                       .session_expires_ms = rows[i].session_expires_ms,
                                                       .seq = rows[i].seq};
        TRY(agenda_restore_integration(agenda, &integration));
        *after = rows[i].integration_id;
    }
    *ret_more = count == ROWS_AT_A_TIME;
    return OK;
}

typedef enum err restore_some(struct store_txn *txn, struct arena *arena, struct agenda *agenda, struct id *after,
                              bool *ret_more);

static enum err restore_all(struct dispatch_views *views, struct arena *arena, struct agenda *agenda,
                            restore_some *some)
{
    struct id after = {0};
    for (bool more = true; more;) {
        TRY(dispatch_views_begin(views));
        arena_reset(arena);
        const enum err err = some(views->txn, arena, agenda, &after, &more);
        dispatch_views_end(views);
        TRY(err);
    }
    return OK;
}

/* Between two chunks targets go on. One that the walk then misses moved behind it or was opened, by an event after the
 * position from which the scheduler follows the log, and of a target that the agenda does not have each of these events
 * (post_scheduled, target_resolved, targets_retried, an outcome after all) has the post loaded: agenda_apply's
 * ERR_NOT_FOUND. One that is met twice, or as it is later than the position, is restored as the same loading would do
 * it; one that is met and then closed is taken off by its event. Of one post some may be restored as of before its
 * lock and some as of behind it: then the agenda takes an edit's and a schedule's word for the former. A test plays
 * all that: dispatch_views_projection_test.c. */
static enum err restore_targets(struct dispatch_views *views, struct arena *arena, struct agenda *agenda)
{
    struct open_walk walk = {.is_over = false};
    while (!walk.is_over) {
        struct queue_row *rows = NULL;
        uint32_t count = 0;
        TRY(dispatch_views_begin(views));
        arena_reset(arena);
        enum err err = queue_scan(views->txn, ROWS_AT_A_TIME, &walk, arena, &rows, &count);
        for (uint32_t i = 0; i < count && err == OK; i++) {
            const struct agenda_target target = agenda_row(&rows[i]);
            err = agenda_restore(agenda, &target);
        }
        dispatch_views_end(views);
        TRY(err);
    }
    return OK;
}

enum err dispatch_views_restore(struct dispatch_views *views, struct agenda *agenda, uint64_t *ret_position)
{
    struct arena arena;
    uint64_t position = 0;
    arena_init(&arena, ARENA_MAX);
    enum err err = dispatch_views_begin(views);
    if (err == OK) {
        err = ledger_views_position(views->txn, &position);
        err = err == ERR_NOT_FOUND ? OK : err;
        err = err != OK ? err : restore_installation(views->txn, &arena, agenda);
        dispatch_views_end(views);
    }
    err = err == OK ? restore_all(views, &arena, agenda, restore_workspaces) : err;
    err = err == OK ? restore_all(views, &arena, agenda, restore_integrations) : err;
    err = err == OK ? restore_targets(views, &arena, agenda) : err;
    arena_done(&arena);
    if (err == OK) {
        *ret_position = position;
    }
    return err;
}

enum err dispatch_views_billed(void *context, const struct id *workspace_id, struct arena *arena,
                               struct billed *ret_billed)
{
    struct store_txn *txn;
    struct workspace_row row;
    TRY(txn_of(context, &txn));
    TRY(access_workspace(txn, workspace_id, arena, &row));
    *ret_billed = (struct billed){.timezone = row.timezone,
                                  .since_ms = row.billed_since_ms,
                                  .period_end_ms = row.period_end_ms,
                                  .seq = row.period_seq};
    return OK;
}

static enum err restore_bills(struct store_txn *txn, struct arena *arena, void *into, struct id *after, bool *ret_more)
{
    struct bills *bills = into;
    struct workspace_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_workspaces(txn, after, ROWS_AT_A_TIME, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(bills_restore(bills, &rows[i].workspace_id, rows[i].period_end_ms));
        *after = rows[i].workspace_id;
    }
    *ret_more = count == ROWS_AT_A_TIME;
    return OK;
}

static bool is_workspace_over(struct store_txn *txn, const struct id *workspace_id, struct arena *arena)
{
    struct workspace_row row;
    return access_workspace(txn, workspace_id, arena, &row) == OK && row.deleted_ms != 0;
}

static enum err restore_expiries(struct store_txn *txn, struct arena *arena, void *into, struct id *after,
                                 bool *ret_more)
{
    struct integration_row *rows = NULL;
    uint32_t count = 0;
    TRY(access_integration_scan(txn, after, ROWS_AT_A_TIME, arena, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        const struct expiry expiry = {.integration_id = rows[i].integration_id,
                                      .workspace_id = rows[i].workspace_id,
                                      .end_ms = rows[i].session_expires_ms,
                                      .warned = rows[i].warned,
                                      .seq = rows[i].seq};
        if (rows[i].status == INTEGRATION_CONNECTED && expiry.end_ms != 0 &&
            !is_workspace_over(txn, &expiry.workspace_id, arena)) {
            TRY(expiries_restore(into, &expiry));
        }
        *after = rows[i].integration_id;
    }
    *ret_more = count == ROWS_AT_A_TIME;
    return OK;
}

typedef enum err fill_some(struct store_txn *txn, struct arena *arena, void *into, struct id *after, bool *ret_more);

static enum err fill_all(struct dispatch_views *views, fill_some *some, void *into)
{
    struct arena arena;
    struct id after = {0};
    enum err err = OK;
    arena_init(&arena, ARENA_MAX);
    for (bool more = true; more && err == OK;) {
        err = dispatch_views_begin(views);
        arena_reset(&arena);
        err = err == OK ? some(views->txn, &arena, into, &after, &more) : err;
        dispatch_views_end(views);
    }
    arena_done(&arena);
    return err;
}

enum err dispatch_views_bills(struct dispatch_views *views, struct bills *bills)
{
    return fill_all(views, restore_bills, bills);
}

enum err dispatch_views_expiries(struct dispatch_views *views, struct expiries *expiries)
{
    return fill_all(views, restore_expiries, expiries);
}
