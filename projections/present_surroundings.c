/* present_surroundings.c: what a post or a queue shows that is not its own: the workspace's, an account's, the
 * installation's. Called by present*.c and by the gate. An answer to a command shows it as it was when that was
 * decided. */
#include "projections/present.h"

#include "core/base/limits.h"

/* What the page's posts share. An answer to a command is of one post, and of the past. */
static struct present_seen *seen_of(const struct present *present)
{
    return present->as_of == 0 ? present->seen : NULL;
}

static enum err read_workspace(const struct present *present, const struct id *workspace_id,
                               struct workspace_row *ret_workspace)
{
    TRY(access_workspace(present->txn, workspace_id, present->arena, ret_workspace));
    if (present->as_of == 0 || ret_workspace->updated_ms < present->now_ms) { /* it has not changed since then */
        return OK;
    }
    return access_workspace_as_of(present->txn, present->as_of, present->arena, ret_workspace);
}

enum err present_surroundings(const struct present *present, const struct id *workspace_id,
                              struct workspace_row *ret_workspace)
{
    struct present_seen *seen = seen_of(present);
    if (seen == NULL) {
        return read_workspace(present, workspace_id, ret_workspace);
    }
    if (!id_equal(&seen->workspace.workspace_id, workspace_id)) {
        TRY(read_workspace(present, workspace_id, &seen->workspace));
    }
    *ret_workspace = seen->workspace;
    return OK;
}

/* One that is not there is looked for again. */
static const struct integration_row *seen_account(const struct present_seen *seen, const struct id *workspace_id,
                                                  const struct id *integration_id)
{
    for (uint32_t i = 0; seen != NULL && i < seen->account_count; i++) {
        const struct integration_row *row = &seen->accounts[i];
        if (id_equal(&row->integration_id, integration_id) && id_equal(&row->workspace_id, workspace_id)) {
            return row;
        }
    }
    return NULL;
}

enum err present_account(const struct present *present, const struct id *workspace_id, const struct id *integration_id,
                         struct integration_row *ret_integration)
{
    struct present_seen *seen = seen_of(present);
    const struct integration_row *row = seen_account(seen, workspace_id, integration_id);
    if (row != NULL) {
        *ret_integration = *row;
        return OK;
    }
    if (present->as_of != 0) {
        return access_integration_as_of(present->txn, workspace_id, integration_id, present->as_of, present->arena,
                                        ret_integration);
    }
    TRY(access_integration(present->txn, workspace_id, integration_id, present->arena, ret_integration));
    if (seen != NULL && seen->account_count < PRESENT_ACCOUNTS_SEEN) {
        seen->accounts[seen->account_count] = *ret_integration; /* it has no list, so nothing of it is in the arena */
        seen->account_count++;
    }
    return OK;
}

static enum err read_installation(const struct present *present, struct installation_row *ret_installation)
{
    struct installation_row row = {.suspended = false};
    const enum err err = access_installation(present->txn, present->arena, &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK && present->as_of != 0) {
        TRY(access_installation_as_of(present->txn, present->as_of, present->arena, &row));
    }
    *ret_installation = row;
    return OK;
}

enum err present_installation(const struct present *present, struct installation_row *ret_installation)
{
    struct present_seen *seen = seen_of(present);
    if (seen == NULL) {
        return read_installation(present, ret_installation);
    }
    if (!seen->installation_read) {
        TRY(read_installation(present, &seen->installation));
        seen->installation_read = true;
    }
    *ret_installation = seen->installation;
    return OK;
}

/* Fifty accounts of a channel mostly get the same, and to measure a long text takes milliseconds. */
static uint32_t first_alike(const struct post_view *post, uint32_t index)
{
    int64_t at_ms[TARGETS_MAX];
    for (uint32_t i = 0; i <= index; i++) {
        const struct target_row *target = &post->row.targets[i];
        at_ms[i] = target->due_ms != 0 ? target->due_ms : target->at_ms;
    }
    return target_spec_first_alike(post->content.targets, at_ms, index);
}

enum err present_draft(const struct present *present, const struct post_view *post, uint32_t index,
                       struct present_shown *shown, struct buf *out)
{
    const struct present_shown first = shown[first_alike(post, index)];
    const size_t start = out->len;
    enum err err = OK;
    if (first.len > 0) {
        buf_put(out, span_of(out->data + first.start, first.len));
    } else {
        err = present->rendering(present->rendering_context, present->arena, post, index, out);
    }
    shown[index] = (struct present_shown){.start = start, .len = out->len - start};
    return err;
}
