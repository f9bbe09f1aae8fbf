/* desk.c: states and small rows of the ledger's own in the views environment. Called by ledger.c and replay; knows keys
 * and row forms, no rules. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"
#include "core/text/text_measure.h"

/* States */

static struct integration *cached(struct desk *desk, const struct id *integration_id)
{
    const uint32_t hash = get_be32(integration_id->uuid + 12);
    return &desk->integrations[hash % INTEGRATIONS_CACHED];
}

enum err desk_store(struct desk *desk, const struct id *stream, const struct aggregate *state)
{
    struct row_key key;
    key_state(&key, &state->head.workspace_id, stream);
    const enum id_kind kind = (enum id_kind)stream->kind;
    TRY(store_put(desk->txn, key_span(&key), span_of(state, aggregate_stored_size(kind, state))));
    if (kind == ID_SYSTEM) {
        desk->installation = state->installation;
        desk->installation_known = true;
    } else if (kind == ID_WORKSPACE) {
        desk->workspace = state->workspace;
        desk->workspace_id = *stream;
    } else if (kind == ID_INTEGRATION) {
        *cached(desk, stream) = state->integration;
    }
    return OK;
}

void desk_forget(struct desk *desk)
{
    desk->installation_known = false;
    desk->workspace_id = (struct id){0};
    desk->oldest_at = 0;
    desk->oldest_count = 0;
    for (size_t i = 0; i < INTEGRATIONS_CACHED; i++) {
        desk->integrations[i].head.version = 0;
    }
    memset(desk->hints, 0, sizeof desk->hints);
}

/* Whether a stream has begun, by a row that lies apart from its state; of one that is owned it says whose. */
static enum err has_begun(struct store_txn *txn, const struct id *stream, struct id *ret_owner_id, bool *ret_begun)
{
    struct row_key key;
    struct span row;
    key_begin(&key, TABLE_STREAM);
    key_id(&key, stream);
    const enum err err = store_get(txn, key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_begun = err == OK;
    *ret_owner_id = (struct id){.kind = ID_NONE};
    if (err == OK && key_is_owned(stream)) {
        TRY(row.len == sizeof *ret_owner_id ? OK : ERR_ALTERED);
        memcpy(ret_owner_id, row.data, row.len);
    }
    return OK;
}

static enum err put_begun(struct desk *desk, const struct id *stream, const struct id *workspace_id)
{
    struct row_key key;
    key_begin(&key, TABLE_STREAM);
    key_id(&key, stream);
    const size_t len = key_is_owned(stream) ? sizeof *workspace_id : 0;
    return store_put(desk->txn, key_span(&key), span_of(workspace_id, len));
}

/* Of what never began, too, a key that nothing stands at: both take as long. */
enum err desk_state_key(struct store_txn *txn, const struct id *stream, struct row_key *ret_key)
{
    struct id owner_id = {.kind = ID_NONE};
    bool begun = false;
    if (key_is_owned(stream)) {
        TRY(has_begun(txn, stream, &owner_id, &begun));
    }
    key_state(ret_key, &owner_id, stream);
    return OK;
}

/* workspace_id: whose it is, in all likelihood: there it is looked for first; NULL: nobody knows. *ret_begun: of one
 * that is owned, and is not found, whether it has begun nevertheless.
 *
 * One that is owned stands where only its workspace's id leads, or the row that says that it has begun. Were that row
 * alone lost, who asks by the id alone is told that it never began: to know better would take a walk through all
 * workspaces, for each id that somebody made up. It harms nobody: who decides about it names its workspace, so finds it
 * and begins no second one; and of whom nothing is known the vault gives no secret up but upon views that were just
 * made (vault_orphans.h). */
static enum err get_row(struct store_txn *txn, const struct id *workspace_id, const struct id *stream,
                        struct span *ret_row, bool *ret_begun)
{
    struct row_key key;
    struct id owner_id = {.kind = ID_NONE};
    *ret_begun = false;
    if (key_is_owned(stream) && workspace_id != NULL) {
        key_state(&key, workspace_id, stream);
        const enum err err = store_get(txn, key_span(&key), ret_row);
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    if (key_is_owned(stream)) {
        TRY(has_begun(txn, stream, &owner_id, ret_begun));
    }
    key_state(&key, &owner_id, stream);
    return store_get(txn, key_span(&key), ret_row);
}

enum err ledger_is_foreign(struct store_txn *txn, const struct id *stream, const struct id *workspace_id,
                           bool *ret_foreign)
{
    static const struct aggregate_head nothing = {.version = 0}; /* looked at like what is there: both take as long */
    struct span row = span_of(&nothing, sizeof nothing);
    struct aggregate_head head;
    bool begun = false;
    const enum err err = get_row(txn, NULL, stream, &row, &begun);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(row.len < sizeof head ? ERR_TRUNCATED : OK);
    memcpy(&head, row.data, sizeof head);
    const bool is_own = id_equal(&head.workspace_id, workspace_id);
    *ret_foreign = head.version > 0 && !is_own;
    return OK;
}

/* Small states are read by themselves, for a post is 25 KB. A state that is not there though its stream has begun was
 * lost: upon nothing a second beginning would be decided, which would be in the log for ever. */
enum err desk_state_of(struct store_txn *txn, const struct id *workspace_id, const struct id *stream, void *ret_state)
{
    struct span row = {0};
    bool begun = false;
    const enum err err = get_row(txn, workspace_id, stream, &row, &begun);
    if (err == ERR_NOT_FOUND && !key_is_owned(stream)) {
        struct id nobody;
        TRY(has_begun(txn, stream, &nobody, &begun));
    }
    TRY(err == ERR_NOT_FOUND ? (begun ? ERR_ALTERED : OK) : err);
    return aggregate_load((enum id_kind)stream->kind, row, ret_state);
}

enum err desk_state(struct store_txn *txn, const struct id *stream, void *ret_state)
{
    return desk_state_of(txn, NULL, stream, ret_state);
}

/* Whether the log has events of the installation: the first start left one, a few behind the beginning. */
static enum err installation_has_begun(struct log *log, bool *ret_begun)
{
    OWNED(log_cursor_close) struct log_cursor *cursor = NULL;
    struct log_event event = {.seq = 0};
    enum err err = log_cursor_open(log, 0, &cursor);
    while (err == OK && event.stream.kind != ID_SYSTEM) {
        err = log_cursor_next(cursor, &event);
    }
    *ret_begun = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The same for who decides: whether the installation or a workspace has events, the log itself tells. */
enum err desk_load_of(struct desk *desk, const struct id *workspace_id, const struct id *stream, void *state)
{
    TRY(desk_state_of(desk->txn, workspace_id, stream, state));
    const struct aggregate_head *head = state;
    bool begun = false;
    if (head->version == 0 && stream->kind == ID_WORKSPACE) {
        uint64_t workspace_seq = 0;
        TRY(log_workspace_head(desk->log, stream, &workspace_seq));
        begun = workspace_seq != 0;
    } else if (head->version == 0 && stream->kind == ID_SYSTEM) {
        TRY(installation_has_begun(desk->log, &begun));
    }
    return begun ? ERR_ALTERED : OK;
}

enum err desk_load(struct desk *desk, const struct id *stream, void *ret_state)
{
    return desk_load_of(desk, NULL, stream, ret_state);
}

enum err desk_installation(struct desk *desk, const struct installation **ret_installation)
{
    if (!desk->installation_known) {
        TRY(desk_load(desk, &desk->installation_id, &desk->installation));
        desk->installation_known = true;
    }
    *ret_installation = &desk->installation;
    return OK;
}

static enum err find_workspace(struct desk *desk, const struct id *workspace_id, const struct workspace **ret_workspace)
{
    *ret_workspace = NULL;
    if (workspace_id->kind != ID_WORKSPACE) {
        return OK;
    }
    if (!id_equal(&desk->workspace_id, workspace_id)) {
        desk->workspace_id = (struct id){0};
        TRY(desk_load(desk, workspace_id, &desk->workspace));
        desk->workspace_id = *workspace_id;
    }
    *ret_workspace = desk->workspace.head.version == 0 ? NULL : &desk->workspace;
    return OK;
}

static enum err find_integration(struct desk *desk, const struct id *workspace_id, const struct id *integration_id,
                                 const struct integration **ret_integration)
{
    struct integration *state = cached(desk, integration_id);
    *ret_integration = NULL;
    if (integration_id->kind != ID_INTEGRATION) {
        return OK;
    }
    if (state->head.version == 0 || !id_equal(&state->integration_id, integration_id)) {
        state->head.version = 0;
        TRY(desk_state_of(desk->txn, workspace_id, integration_id, state));
    }
    if (state->head.version != 0 && id_equal(&state->head.workspace_id, workspace_id)) {
        *ret_integration = state;
    }
    return OK;
}

/* Position */

/* version (4), position (8), whose log it is the position of (16), text_version (4): words are among the rows */
#define POSITION_ROW (4 + 8 + 16 + 4)

static const uint8_t position_key[] = {TABLE_META};

/* Rows of another version, or of words that were told apart otherwise, are made again. */
static bool is_known(struct span row)
{
    return row.len == POSITION_ROW && get_be32(row.data) == VIEWS_VERSION && get_be32(row.data + 28) == text_version();
}

enum err desk_position(struct store_txn *txn, uint64_t *ret_position)
{
    struct span row;
    TRY(store_get(txn, span_of(position_key, sizeof position_key), &row));
    if (!is_known(row)) {
        return ERR_NOT_FOUND;
    }
    *ret_position = get_be64(row.data + 4);
    return OK;
}

enum err desk_is_foreign(struct store_txn *txn, const struct id *installation_id, bool *ret_foreign)
{
    struct span row = {0};
    const enum err err = store_get(txn, span_of(position_key, sizeof position_key), &row);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_foreign =
        err == OK && is_known(row) && memcmp(row.data + 12, installation_id->uuid, sizeof installation_id->uuid) != 0;
    return OK;
}

static enum err position_put(struct desk *desk, uint64_t position)
{
    uint8_t row[POSITION_ROW];
    put_be32(row, VIEWS_VERSION);
    put_be64(row + 4, position);
    memcpy(row + 12, desk->installation_id.uuid, sizeof desk->installation_id.uuid);
    put_be32(row + 28, text_version());
    return store_put(desk->txn, span_of(position_key, sizeof position_key), span_of(row, sizeof row));
}

enum err desk_commit(struct desk *desk, uint64_t position)
{
    const enum err err = position_put(desk, position);
    if (err != OK) {
        store_abort(desk->txn);
        desk->txn = NULL;
        return err;
    }
    struct store_txn *txn = desk->txn;
    desk->txn = NULL;
    return store_commit(&txn);
}

/* Indexes */

/* Where events of a stream stand in the log: rows of SEQS_PER_ROW numbers of 8 bytes, for a row an event would be more
 * key than number. number: of an event, from 1. Where a workspace's stand tells desk_tenant.c. */
#define SEQ_ROW ((size_t)SEQS_PER_ROW * 8)

/* state: the key of its state. */
static void seq_key(struct row_key *key, const struct row_key *state, uint64_t number)
{
    uint8_t bytes[8];
    key->buf = buf_of(key->bytes, sizeof key->bytes);
    buf_put(&key->buf, key_span(state));
    put_be64(bytes, (number - 1) / SEQS_PER_ROW);
    buf_put(&key->buf, span_of(bytes, sizeof bytes));
}

static size_t place_in_row(uint64_t number)
{
    return (size_t)((number - 1) % SEQS_PER_ROW) * 8;
}

/* Numbers come one by one, so each goes to the end of its row: one that does not was given by a state that is not the
 * newest. */
static enum err put_seq(struct desk *desk, const struct log_event *at)
{
    struct row_key state;
    struct row_key key;
    const uint64_t number = at->version;
    uint8_t bytes[SEQ_ROW];
    const size_t place = place_in_row(number);
    key_state(&state, &at->workspace_id, &at->stream);
    seq_key(&key, &state, number);
    struct span row = {0};
    const enum err err = store_get(desk->txn, key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (row.len != place) {
        return ERR_ALTERED;
    }
    if (place > 0) {
        memcpy(bytes, row.data, place);
    }
    put_be64(bytes + place, at->seq);
    return store_put(desk->txn, key_span(&key), span_of(bytes, place + 8));
}

enum err ledger_stream_seq(struct store_txn *txn, const struct id *stream, uint64_t version, uint64_t *ret_seq)
{
    struct row_key state;
    struct row_key key;
    struct span row;
    if (version == 0) {
        return ERR_NOT_FOUND;
    }
    const size_t at = place_in_row(version);
    TRY(desk_state_key(txn, stream, &state));
    seq_key(&key, &state, version);
    TRY(store_get(txn, key_span(&key), &row));
    if (row.len % 8 != 0 || row.len > SEQ_ROW) {
        return ERR_ALTERED;
    }
    if (row.len < at + 8) {
        return ERR_NOT_FOUND;
    }
    *ret_seq = get_be64(row.data + at);
    return OK;
}

enum err desk_seqs_cut(struct desk *desk, const struct id *stream, uint64_t version)
{
    struct row_key state;
    struct row_key key;
    struct span row = {0};
    uint8_t bytes[SEQ_ROW];
    const size_t kept = place_in_row(version + 1); /* bytes of the row that the next one goes to */
    TRY(desk_state_key(desk->txn, stream, &state));
    seq_key(&key, &state, version + 1);
    enum err err = store_get(desk->txn, key_span(&key), &row);
    if (err == OK && kept > 0) {
        memcpy(bytes, row.data, kept);
        TRY(store_put(desk->txn, key_span(&key), span_of(bytes, kept)));
        version += SEQS_PER_ROW;
        seq_key(&key, &state, version + 1);
    }
    while ((err = store_delete(desk->txn, key_span(&key))) == OK) {
        version += SEQS_PER_ROW;
        seq_key(&key, &state, version + 1);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err desk_note(struct desk *desk, const struct log_event *at)
{
    if (at->workspace_seq != 0) {
        TRY(desk_tenant_note(desk, at));
    }
    return desk_command_put(desk, at);
}

enum err desk_apply(struct desk *desk, const struct log_event *at, const struct event *event,
                    const struct aggregate *before, const struct aggregate *after)
{
    TRY(put_seq(desk, at)); /* beside its state: one page for both */
    if (at->version == 1) {
        TRY(put_begun(desk, &at->stream, &at->workspace_id));
    }
    TRY(desk_note(desk, at));
    TRY(desk_index(desk, &at->stream, before, after));
    const struct fact fact = {.at = at, .event = event};
    for (size_t i = 0; i < desk->projections.count; i++) {
        arena_reset(&desk->arena);
        TRY(desk->projections.items[i]->apply(desk->txn, &fact, &desk->arena));
    }
    return OK;
}

enum err desk_fold(struct desk *desk, const struct log_event *at, const struct event *event, struct fold_room *room)
{
    const enum id_kind kind = (enum id_kind)at->stream.kind;
    struct span row = {0};
    bool begun = false;
    const enum err err = get_row(desk->txn, &at->workspace_id, &at->stream, &row, &begun);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(aggregate_load_over(kind, err == OK ? row : (struct span){0}, room->used, &room->after));
    room->used = aggregate_stored_size(kind, &room->after);
    if (at->version != room->after.head.version + 1) {
        return ERR_CONFLICT;
    }
    /* What indexes compare lies within the stored beginning; a post's whole state is 25 KB. */
    const size_t loaded = room->used;
    memcpy(&room->before, &room->after, loaded);
    aggregate_evolve(kind, &room->after, event, &at->workspace_id, at->time_ms);
    room->after.head.command_id = at->command_id;
    const size_t folded = aggregate_stored_size(kind, &room->after);
    room->used = folded > loaded ? folded : loaded;
    TRY(desk_apply(desk, at, event, &room->before, &room->after));
    return desk_store(desk, &at->stream, &room->after);
}

/* What a decider may know */

static enum err add_integration(struct desk *desk, const struct command *command, const struct id *integration_id,
                                struct context_room *room, struct decide_context *context)
{
    const struct integration *state = NULL;
    for (uint32_t i = 0; i < context->integration_count; i++) {
        if (id_equal(&room->copies[i].integration_id, integration_id)) {
            return OK;
        }
    }
    TRY(find_integration(desk, &command->workspace_id, integration_id, &state));
    if (state != NULL && context->integration_count < 2 * TARGETS_MAX) {
        room->copies[context->integration_count] = *state;
        room->integrations[context->integration_count] = &room->copies[context->integration_count];
        context->integration_count++;
    }
    return OK;
}

/* The accounts that a command of a post, series or template names. */
static enum err add_named_integrations(struct desk *desk, const struct command *command, struct context_room *room,
                                       struct decide_context *context)
{
    uint32_t count = 0;
    const struct target_spec *specs = command_targets(command, &count);
    for (uint32_t i = 0; i < count; i++) {
        TRY(add_integration(desk, command, &specs[i].integration_id, room, context));
    }
    return OK;
}

/* The series of a post that is made or follows it; NULL: it is not there, or another workspace's. */
static enum err find_series(struct desk *desk, const struct command *command, struct context_room *room,
                            struct decide_context *context)
{
    const bool makes = command->code == COMMAND_make_instance;
    if (!makes && command->code != COMMAND_edit_instance) {
        return OK;
    }
    const struct id *series_id = makes ? &command->make_instance.series_id : &command->edit_instance.series_id;
    if (series_id->kind != ID_SERIES) {
        return OK;
    }
    TRY(desk_state(desk->txn, series_id, &room->series));
    const bool is_own =
        room->series.head.version != 0 && id_equal(&room->series.head.workspace_id, &command->workspace_id);
    context->series = is_own ? &room->series : NULL;
    return OK;
}

/* And those that the post has. */
static enum err add_post_integrations(struct desk *desk, const struct command *command, const struct post *post,
                                      struct context_room *room, struct decide_context *context)
{
    TRY(add_named_integrations(desk, command, room, context));
    for (unsigned i = 0; i < post->target_count; i++) {
        TRY(add_integration(desk, command, &post->targets[i].integration_id, room, context));
    }
    return OK;
}

enum err desk_context(struct desk *desk, const struct command *command, const struct aggregate *state,
                      struct context_room *room, struct decide_context *ret_context)
{
    struct decide_context *context = ret_context;
    const enum id_kind kind = command_aggregate(command->code);
    TRY(desk_installation(desk, &context->installation));
    TRY(find_workspace(desk, &command->workspace_id, &context->workspace));
    context->integrations = room->integrations;
    if (kind == ID_POST) {
        TRY(add_post_integrations(desk, command, &state->post, room, context));
        TRY(find_series(desk, command, room, context));
        if (command->code == COMMAND_record_outcome) {
            TRY(desk_recall(desk, &state->post, &command->record_outcome, &room->recalled));
            context->recalled = &room->recalled;
        }
        if (command->code == COMMAND_approve_post && context->workspace != NULL &&
            context->workspace->approval_policy == POLICY_FOUR_EYES &&
            id_equal(&state->head.workspace_id, &command->workspace_id)) {
            TRY(desk_approver(desk, command, &context->approver));
        }
    } else if (kind == ID_SERIES || kind == ID_TEMPLATE) {
        TRY(add_named_integrations(desk, command, room, context));
    } else if (kind == ID_QUEUE) {
        const struct id *integration_id = &command->pause_queue.integration_id; /* every command of a queue names it */
        const struct id own = id_queue(integration_id);
        if (id_equal(&own, &command->pause_queue.queue_id)) {
            TRY(add_integration(desk, command, integration_id, room, context));
        }
    } else if (command->code == COMMAND_create_key) {
        for (uint32_t i = 0; i < command->create_key.integrations_count; i++) {
            TRY(add_integration(desk, command, &command->create_key.integrations[i].integration_id, room, context));
        }
        TRY(desk_rotated_origin(desk, command, &context->rotated_origin_id));
    }
    return desk_index_context(desk, command, state, room, context);
}
