/* access_workspaces.c: tenants as read models: settings, kill switch, plan and billing periods.
 * Called by access.c for every event of a workspace's stream, and by gateway, scheduler and tools for queries. Must
 * never hand out what is another workspace's. */
#include "core/base/assert.h"
#include "projections/access_internal.h"

/* The newest first: the later a period ended, the smaller its key. */
static struct row_key period_key(const struct id *workspace_id, int64_t period_end_ms)
{
    struct row_key key = row_key(TABLE_PERIOD);
    row_key_id(&key, workspace_id);
    row_key_u64(&key, UINT64_MAX - (uint64_t)period_end_ms);
    return key;
}

/* --- events --- */

static enum err apply_created(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct workspace_created_event *created = &fact->event->workspace_created;
    const struct workspace_row row = {
        .workspace_id = created->workspace_id,
        .version = fact->at->version,
        .slug = created->slug,
        .name = created->name,
        .timezone = created->timezone,
        .max_lateness_ms = created->max_lateness_ms,
        .late_spacing_ms = created->late_spacing_ms,
        .created_ms = fact->at->time_ms,
        .updated_ms = fact->at->time_ms,
    };
    const struct row_key key = access_place_key(&created->workspace_id, PLACE_WORKSPACE);
    return row_put(txn, &key, workspace_row_desc(), &row, arena);
}

static void fold_changed(struct workspace_row *row, const struct workspace_changed_event *changed)
{
    row->slug = changed->slug.data != NULL ? changed->slug : row->slug;
    row->name = changed->name.data != NULL ? changed->name : row->name;
    row->timezone = changed->timezone.data != NULL ? changed->timezone : row->timezone;
    row->max_lateness_ms = changed->max_lateness_ms != 0 ? changed->max_lateness_ms : row->max_lateness_ms;
    row->late_spacing_ms = changed->late_spacing_ms != 0 ? changed->late_spacing_ms : row->late_spacing_ms;
    row->approval_policy = changed->approval_policy != POLICY_NONE ? changed->approval_policy : row->approval_policy;
}

/* A plan that replaces another within a period changes nothing of the days on which the periods end. */
static void fold_plan(struct workspace_row *row, const struct plan_changed_event *changed)
{
    const bool goes_on = row->period_end_ms != 0 && row->period_end_ms == changed->period_end_ms;
    row->plan = changed->plan;
    row->limits = changed->limits;
    row->limits_count = changed->limits_count;
    row->billed_since_ms = goes_on ? row->billed_since_ms : changed->period_start_ms;
    row->period_start_ms = changed->period_start_ms;
    row->period_end_ms = changed->period_end_ms;
}

static void fold(struct workspace_row *row, const struct event *event, int64_t time_ms)
{
    switch (event->code) {
    case EVENT_workspace_changed:
        fold_changed(row, &event->workspace_changed);
        break;
    case EVENT_workspace_paused:
        row->paused_ms = row->paused ? row->paused_ms : time_ms; /* again: for another reason */
        row->paused = true;
        row->pause_reason = event->workspace_paused.reason;
        break;
    case EVENT_workspace_resumed:
        row->paused = false;
        row->paused_ms = 0;
        row->pause_reason = span_of(NULL, 0);
        break;
    case EVENT_plan_changed:
        fold_plan(row, &event->plan_changed);
        break;
    case EVENT_billing_due:
        row->period_start_ms = event->billing_due.period_end_ms;
        row->period_end_ms = event->billing_due.next_end_ms;
        break;
    default:
        ASSERT(event->code == EVENT_workspace_deleted);
        row->deleted_ms = time_ms;
        row->period_start_ms = 0;
        row->period_end_ms = 0;
    }
}

static enum err put_quota(struct store_txn *txn, const struct id *workspace_id,
                          const struct plan_changed_event *changed, struct arena *arena)
{
    const struct row_key key = access_place_key(workspace_id, PLACE_QUOTA);
    for (uint32_t i = 0; i < changed->limits_count; i++) {
        if (span_equal(changed->limits[i].what, SPAN("requests_per_minute"))) {
            const struct quota_row row = {.requests_per_minute = changed->limits[i].most};
            return row_put(txn, &key, quota_row_desc(), &row, arena);
        }
    }
    return row_remove(txn, &key);
}

static enum err put_period(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct billing_due_event *due = &fact->event->billing_due;
    const struct period_row row = {.plan = due->plan,
                                   .period_start_ms = due->period_start_ms,
                                   .period_end_ms = due->period_end_ms,
                                   .uses = due->uses,
                                   .uses_count = due->uses_count};
    const struct row_key key = period_key(&due->workspace_id, due->period_end_ms);
    return row_put(txn, &key, period_row_desc(), &row, arena);
}

enum err access_apply_workspace(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct event *event = fact->event;
    const struct id *workspace_id = &fact->at->stream;
    const struct row_key key = access_place_key(workspace_id, PLACE_WORKSPACE);
    struct workspace_row row;
    if (event->code == EVENT_workspace_created) {
        return apply_created(txn, fact, arena);
    }
    TRY(access_must(row_take(txn, &key, workspace_row_desc(), arena, &row)));
    const struct workspace_row before = row;
    fold(&row, event, fact->at->time_ms);
    TRY(access_past_workspace(txn, fact, &before, &row, arena));
    row.version = fact->at->version;
    row.updated_ms = fact->at->time_ms;
    if (event->code == EVENT_plan_changed || event->code == EVENT_billing_due) {
        row.period_seq = fact->at->seq;
    }
    TRY(row_put(txn, &key, workspace_row_desc(), &row, arena));
    if (event->code == EVENT_plan_changed) {
        return put_quota(txn, workspace_id, &event->plan_changed, arena);
    }
    return event->code == EVENT_billing_due ? put_period(txn, fact, arena) : OK;
}

static struct row_key outsider_key(const struct id *workspace_id, const struct id *user_id)
{
    struct row_key key = access_place_key(workspace_id, PLACE_OUTSIDER);
    row_key_id(&key, user_id);
    return key;
}

enum err access_note_outsider(struct store_txn *txn, const struct fact *fact, struct arena *arena)
{
    const struct log_event *at = fact->at;
    if (at->actor != ACTOR_OPERATOR || at->actor_id.kind != ID_USER || id_is_none(&at->workspace_id)) {
        return OK;
    }
    const struct row_key key = outsider_key(&at->workspace_id, &at->actor_id);
    struct span row;
    const enum err err = store_get(txn, row_key_span(&key), &row);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    const struct outsider_row outsider = {.user_id = at->actor_id, .since_ms = at->time_ms};
    return row_put(txn, &key, outsider_row_desc(), &outsider, arena);
}

/* --- queries --- */

enum err access_outsider(struct store_txn *txn, const struct id *workspace_id, const struct id *user_id,
                         struct outsider_row *ret_outsider)
{
    const struct row_key key = outsider_key(workspace_id, user_id);
    return access_plain(txn, &key, outsider_row_desc(), ret_outsider);
}

enum err access_workspace(struct store_txn *txn, const struct id *workspace_id, struct arena *arena,
                          struct workspace_row *ret_workspace)
{
    const struct row_key key = access_place_key(workspace_id, PLACE_WORKSPACE);
    return row_get(txn, &key, workspace_row_desc(), arena, ret_workspace);
}

/* The first workspace whose rows begin at the key or behind it; its document's bytes. */
static enum err next_workspace(struct store_cursor *cursor, const struct row_key *from, struct id *ret_workspace_id,
                               struct span *ret_row)
{
    const struct row_key table = row_key(TABLE_WORKSPACE);
    struct row_key at = *from;
    struct id workspace_id = {.kind = ID_WORKSPACE};
    struct span key;
    for (;;) {
        TRY(store_seek(cursor, row_key_span(&at), &key, ret_row));
        if (!span_starts_with(key, row_key_span(&table))) {
            return ERR_NOT_FOUND;
        }
        TRY(key.len > table.len + sizeof workspace_id.uuid ? OK : ERR_ALTERED);
        memcpy(workspace_id.uuid, key.data + table.len, sizeof workspace_id.uuid);
        at = access_place_key(&workspace_id, PLACE_WORKSPACE);
        if (span_equal(key, row_key_span(&at))) {
            *ret_workspace_id = workspace_id;
            return OK;
        }
        at = access_place_key(&workspace_id, PLACE_LAST);
    }
}

enum err access_workspaces(struct store_txn *txn, const struct id *after, uint32_t limit, struct arena *arena,
                           struct workspace_row **ret_workspaces, uint32_t *ret_count)
{
    static const struct id before_all = {.kind = ID_WORKSPACE};
    struct id at;
    struct span row;
    uint32_t count = 0;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct workspace_row *workspaces = arena_room(arena, (size_t)limit * sizeof *workspaces);
    if (workspaces == NULL) {
        return ERR_NO_MEMORY;
    }
    TRY(store_cursor_open(txn, &cursor));
    struct row_key from =
        after != NULL ? access_place_key(after, PLACE_LAST) : access_place_key(&before_all, PLACE_WORKSPACE);
    enum err err = OK;
    while (count < limit && (err = next_workspace(cursor, &from, &at, &row)) == OK) {
        TRY(row_read(row, workspace_row_desc(), arena, &workspaces[count]));
        from = access_place_key(&at, PLACE_LAST);
        count++;
    }
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_workspaces = workspaces;
    *ret_count = count;
    return OK;
}

enum err access_quota(struct store_txn *txn, const struct id *workspace_id, uint64_t *ret_per_minute)
{
    const struct row_key key = access_place_key(workspace_id, PLACE_QUOTA);
    struct quota_row row = {.requests_per_minute = 0};
    struct arena none; /* the row has no lists */
    arena_init(&none, 0);
    const enum err err = row_get(txn, &key, quota_row_desc(), &none, &row);
    arena_done(&none);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_per_minute = row.requests_per_minute;
    return OK;
}

enum err access_periods(struct store_txn *txn, const struct id *workspace_id, int64_t before_ms, uint32_t limit,
                        struct arena *arena, struct period_row **ret_rows, uint32_t *ret_count)
{
    struct row_key prefix = row_key(TABLE_PERIOD);
    row_key_id(&prefix, workspace_id);
    const struct row_key from = period_key(workspace_id, before_ms);
    void *rows = NULL;
    TRY(row_list(txn, &prefix, before_ms != 0 ? &from : NULL, period_row_desc(), limit, arena, &rows, ret_count));
    *ret_rows = rows;
    return OK;
}

enum err access_period(struct store_txn *txn, const struct id *workspace_id, int64_t period_end_ms, struct arena *arena,
                       struct period_row *ret_period)
{
    const struct row_key key = period_key(workspace_id, period_end_ms);
    return access_must(row_get(txn, &key, period_row_desc(), arena, ret_period));
}
