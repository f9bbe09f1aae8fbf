/* desk_index.c: rows that tell a decider what its own state cannot: who has an open post or an account, who owns a
 * workspace, whose a name is, who is a member where, how much is used. Called by desk.c for every event, live and in a
 * replay, and before every decision. Must never depend on anything but the states around an event. */
#include "core/ledger/desk_key.h"
#include "core/ledger/ledger_state.h"
#include "core/ledger/people.h"

/* A row that says all by being there. */
static enum err put_mark(struct desk *desk, const struct row_key *key, bool is_there)
{
    if (is_there) {
        return store_put(desk->txn, key_span(key), SPAN(""));
    }
    const enum err err = store_delete(desk->txn, key_span(key));
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Open posts */

static enum err put_open(struct desk *desk, const struct id *workspace_id, const struct id *integration_id,
                         int64_t due_ms, const struct id *post_id, bool open)
{
    struct row_key key;
    key_open(&key, workspace_id, integration_id, due_ms);
    buf_put(&key.buf, span_of(post_id->uuid, sizeof post_id->uuid));
    if (!open) {
        desk_slot_released(desk, integration_id, due_ms);
    }
    return put_mark(desk, &key, open);
}

/* Which posts an event made open somewhere, or no longer, and at which instants their targets stand: a row moves from
 * one instant to the other with the event that moves the target, so that the next command sees both. */
static enum err index_open(struct desk *desk, const struct post *before, const struct post *after)
{
    const struct id *workspace_id = after->head.version > 0 ? &after->head.workspace_id : &before->head.workspace_id;
    for (unsigned i = 0; i < before->target_count; i++) {
        const struct id *id = &before->targets[i].integration_id;
        const int64_t due_ms = post_open_due(before, id);
        if (due_ms != 0 && due_ms != post_open_due(after, id)) {
            TRY(put_open(desk, workspace_id, id, due_ms, &after->post_id, false));
        }
    }
    for (unsigned i = 0; i < after->target_count; i++) {
        const struct id *id = &after->targets[i].integration_id;
        const int64_t due_ms = post_open_due(after, id);
        if (due_ms != 0 && due_ms != post_open_due(before, id)) {
            TRY(put_open(desk, workspace_id, id, due_ms, &after->post_id, true));
        }
    }
    return OK;
}

enum err desk_open_posts(struct desk *desk, const struct id *workspace_id, const struct id *integration_id,
                         struct id *ret_posts, uint32_t max, uint32_t *ret_count)
{
    struct open_scan scan;
    uint32_t count = 0;
    TRY(open_scan_begin(desk->txn, workspace_id, integration_id, 0, &scan));
    while (count < max && scan.due_ms != INT64_MAX) {
        ret_posts[count] = scan.post_id;
        count++;
        TRY(open_scan_next(&scan));
    }
    open_scan_end(&scan);
    *ret_count = count;
    return OK;
}

/* Queues */

static enum err index_queue(struct desk *desk, const struct queue *before, const struct queue *after)
{
    struct row_key key;
    if (before->paused == after->paused) {
        return OK;
    }
    const struct queue *known = after->head.version > 0 ? after : before;
    key_queue_paused(&key, &known->head.workspace_id, &known->integration_id);
    return put_mark(desk, &key, after->paused != 0);
}

/* Accounts */

static void account_key(struct row_key *key, const struct id *workspace_id, uint32_t channel, struct span account)
{
    key_begin(key, TABLE_ACCOUNT);
    key_id(key, workspace_id);
    buf_byte(&key->buf, (uint8_t)channel);
    buf_put(&key->buf, account);
}

/* Which integration has an account. */
static enum err index_account(struct desk *desk, const struct integration *before, const struct integration *after)
{
    struct row_key key;
    const bool had = before->account_len > 0 && before->connection != INTEGRATION_DELETED;
    const bool has = after->account_len > 0 && after->connection != INTEGRATION_DELETED;
    if (had == has) {
        return OK; /* an account never changes: account_mismatch */
    }
    account_key(&key, &after->head.workspace_id, after->channel, span_of(after->account, after->account_len));
    if (has) {
        return store_put(desk->txn, key_span(&key), span_of(&after->integration_id, sizeof after->integration_id));
    }
    account_key(&key, &before->head.workspace_id, before->channel, span_of(before->account, before->account_len));
    const enum err err = store_delete(desk->txn, key_span(&key));
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err desk_account_holder(struct desk *desk, const struct command *command, const struct integration *state,
                             struct id *ret_integration_id)
{
    struct row_key key;
    struct span row;
    const struct span account = command->record_connection.account;
    if (account.len > ACCOUNT_MAX) {
        return ERR_NOT_FOUND;
    }
    account_key(&key, &command->workspace_id, state->channel, account);
    TRY(store_get(desk->txn, key_span(&key), &row));
    if (row.len != sizeof *ret_integration_id) {
        return ERR_ALTERED;
    }
    memcpy(ret_integration_id, row.data, row.len);
    return id_equal(ret_integration_id, &state->integration_id) ? ERR_NOT_FOUND : OK;
}

static enum err account_is_taken(struct desk *desk, const struct command *command, const struct integration *state,
                                 bool *ret_taken)
{
    struct id holder;
    const enum err err = desk_account_holder(desk, command, state, &holder);
    *ret_taken = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Owners and memberships */

static void owner_key(struct row_key *key, const struct id *workspace_id)
{
    key_begin(key, TABLE_OWNER);
    key_id(key, workspace_id);
}

#define MEMBERSHIP_KEY_LEN (1 + 3 * sizeof(struct id)) /* table, person, workspace, member */

static void membership_key(struct row_key *key, const struct id *user_id)
{
    key_begin(key, TABLE_MEMBERSHIP);
    key_id(key, user_id);
}

static enum err put_membership(struct desk *desk, const struct id *member_id, const struct member *member,
                               bool is_there)
{
    struct row_key key;
    membership_key(&key, &member->user_id);
    key_id(&key, &member->head.workspace_id);
    key_id(&key, member_id);
    return put_mark(desk, &key, is_there);
}

static enum err put_term(struct desk *desk, const struct id *member_id, const struct member *member, bool is_there)
{
    struct row_key key;
    key_term(&key, &member->head.workspace_id, member_ends(member));
    key_id(&key, member_id);
    return put_mark(desk, &key, is_there);
}

/* When those who take a seat of the plan leave it without an event. */
static enum err index_term(struct desk *desk, const struct id *member_id, const struct member *before,
                           const struct member *after)
{
    if (member_ends(before) == member_ends(after)) {
        return OK;
    }
    if (member_ends(before) != 0) {
        TRY(put_term(desk, member_id, before, false));
    }
    return member_ends(after) != 0 ? put_term(desk, member_id, after, true) : OK;
}

static enum err index_member(struct desk *desk, const struct id *member_id, const struct member *before,
                             const struct member *after)
{
    const bool was = before->status == MEMBER_ACTIVE;
    const bool is = after->status == MEMBER_ACTIVE;
    if (was != is) {
        TRY(put_membership(desk, member_id, is ? after : before, is));
    }
    TRY(index_term(desk, member_id, before, after));
    if (member_owns(before) != member_owns(after)) {
        struct row_key key;
        owner_key(&key, member_owns(after) ? &after->head.workspace_id : &before->head.workspace_id);
        key_id(&key, member_id);
        TRY(put_mark(desk, &key, member_owns(after)));
    }
    return OK;
}

/* How many rows' keys begin with prefix; max: so many, or more. */
static enum err count_rows(struct desk *desk, const struct row_key *prefix, uint32_t max, uint32_t *ret_count)
{
    struct span key;
    struct span row;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    TRY(store_cursor_open(desk->txn, &cursor));
    uint32_t count = 0;
    enum err err = store_seek(cursor, key_span(prefix), &key, &row);
    while (err == OK && count < max && span_starts_with(key, key_span(prefix))) {
        count++;
        err = store_next(cursor, &key, &row);
    }
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return OK;
}

static enum err count_owners(struct desk *desk, const struct command *command, uint32_t *ret_count)
{
    struct row_key prefix;
    owner_key(&prefix, &command->workspace_id);
    return count_rows(desk, &prefix, 2, ret_count);
}

/* Whether a membership whose row's key begins with prefix is not over, of a workspace that was not deleted. */
static enum err finds_membership(struct store_txn *txn, const struct row_key *prefix, int64_t now_ms, bool *ret_found)
{
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    struct span key;
    struct span row;
    bool found = false;
    TRY(store_cursor_open(txn, &cursor));
    enum err err = store_seek(cursor, key_span(prefix), &key, &row);
    while (err == OK && !found && span_starts_with(key, key_span(prefix))) {
        struct id ids[2]; /* workspace, member */
        struct workspace workspace;
        struct member member;
        TRY(key.len == MEMBERSHIP_KEY_LEN ? OK : ERR_ALTERED);
        memcpy(ids, key.data + key.len - sizeof ids, sizeof ids);
        TRY(desk_state_of(txn, &ids[0], &ids[1], &member));
        TRY(desk_state_of(txn, NULL, &ids[0], &workspace));
        found = !workspace.deleted && !member_is_over(&member, now_ms);
        err = store_next(cursor, &key, &row);
    }
    TRY(err == ERR_NOT_FOUND ? OK : err);
    *ret_found = found;
    return OK;
}

enum err ledger_is_member(struct store_txn *txn, const struct id *workspace_id, const struct id *user_id,
                          int64_t now_ms, bool *ret_is_member)
{
    struct row_key prefix;
    membership_key(&prefix, user_id);
    key_id(&prefix, workspace_id);
    return finds_membership(txn, &prefix, now_ms, ret_is_member);
}

static enum err is_anywhere(struct desk *desk, const struct id *user_id, int64_t now_ms, bool *ret_is_anywhere)
{
    struct row_key prefix;
    membership_key(&prefix, user_id);
    return finds_membership(desk->txn, &prefix, now_ms, ret_is_anywhere);
}

/* Names in addresses */

static void slug_key(struct row_key *key, struct span slug)
{
    key_begin(key, TABLE_SLUG);
    buf_put(&key->buf, slug);
}

static struct span slug_of(const struct workspace *workspace)
{
    return span_of(workspace->slug, workspace->slug_len);
}

/* Two workspaces of before names were compared may share one: it is the later one's. */
static enum err index_slug(struct desk *desk, const struct id *workspace_id, const struct workspace *before,
                           const struct workspace *after)
{
    struct row_key key;
    struct span row = {0};
    const struct span own = span_of(workspace_id, sizeof *workspace_id);
    if (span_equal(slug_of(before), slug_of(after))) {
        return OK;
    }
    slug_key(&key, slug_of(before));
    const enum err err = store_get(desk->txn, key_span(&key), &row);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    if (err == OK && span_equal(row, own)) {
        TRY(store_delete(desk->txn, key_span(&key)));
    }
    slug_key(&key, slug_of(after));
    return after->slug_len > 0 ? store_put(desk->txn, key_span(&key), own) : OK;
}

enum err ledger_slug(struct store_txn *txn, struct span slug, struct id *ret_workspace_id)
{
    struct row_key key;
    struct span row;
    if (slug.len == 0 || slug.len > SLUG_MAX) {
        return ERR_NOT_FOUND;
    }
    slug_key(&key, slug);
    TRY(store_get(txn, key_span(&key), &row));
    TRY(row.len == sizeof *ret_workspace_id ? OK : ERR_ALTERED);
    memcpy(ret_workspace_id, row.data, row.len);
    return OK;
}

static enum err slug_is_taken(struct desk *desk, const struct id *workspace_id, struct span slug, bool *ret_taken)
{
    struct id holder;
    const enum err err = ledger_slug(desk->txn, slug, &holder);
    if (err == OK) {
        *ret_taken = !id_equal(&holder, workspace_id);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Uses */

/* What one aggregate uses of its workspace's plan. */
static struct usage uses_of(enum id_kind kind, const struct aggregate *state)
{
    struct usage uses = {.published_targets = 0};
    if (kind == ID_INTEGRATION) {
        uses.used[LIMIT_INTEGRATIONS] = integration_is_schedulable(&state->integration);
    } else if (kind == ID_MEMBER) {
        uses.used[LIMIT_MEMBERS] = state->member.status == MEMBER_INVITED || state->member.status == MEMBER_ACTIVE;
    } else if (kind == ID_POST) {
        uses.used[LIMIT_SCHEDULED_POSTS] = state->post.status >= POST_SCHEDULED && !post_is_final(&state->post);
        for (unsigned i = 0; i < state->post.target_count; i++) {
            uses.published_targets += state->post.targets[i].status == TARGET_PUBLISHED;
        }
    }
    return uses;
}

static uint64_t moved(uint64_t count, uint64_t before, uint64_t after)
{
    return count + after > before ? count + after - before : 0;
}

static enum err index_uses(struct desk *desk, enum id_kind kind, const struct aggregate *before,
                           const struct aggregate *after)
{
    const struct usage was = uses_of(kind, before);
    const struct usage is = uses_of(kind, after);
    const struct id *workspace_id = after->head.version > 0 ? &after->head.workspace_id : &before->head.workspace_id;
    struct usage usage;
    if (memcmp(&was, &is, sizeof was) == 0) {
        return OK;
    }
    TRY(desk_tenant_uses(desk->txn, workspace_id, &usage));
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        usage.used[i] = moved(usage.used[i], was.used[i], is.used[i]);
    }
    usage.published_targets = moved(usage.published_targets, was.published_targets, is.published_targets);
    return desk_tenant_use(desk, workspace_id, &usage);
}

/* With a new billing period the count of what was published begins anew. */
static enum err index_period(struct desk *desk, const struct id *workspace_id, const struct workspace *before,
                             const struct workspace *after)
{
    struct usage usage;
    if (before->period_start_ms == after->period_start_ms) {
        return OK;
    }
    TRY(desk_tenant_uses(desk->txn, workspace_id, &usage));
    usage.published_targets = 0;
    return desk_tenant_use(desk, workspace_id, &usage);
}

static enum err tell_uses(struct desk *desk, const struct command *command, enum limit limit, struct context_room *room,
                          struct decide_context *context)
{
    if (context->workspace == NULL || (limit != LIMIT_COUNT && context->workspace->limits[limit] == 0)) {
        return OK;
    }
    const struct id workspace_id = command_workspace(command);
    context->usage = &room->usage;
    if (limit != LIMIT_MEMBERS && limit != LIMIT_COUNT) {
        return desk_tenant_uses(desk->txn, &workspace_id, &room->usage); /* nobody counts members for each post */
    }
    return ledger_usage(desk->txn, &workspace_id, context->now_ms, &room->usage);
}

/* Templates and series: a mark for each that is there, so that those of a workspace can be counted */

static void there_key(struct row_key *key, enum table table, const struct id *workspace_id)
{
    key_begin(key, table);
    buf_byte(&key->buf, table == TABLE_SERIES ? (uint8_t)PLACE_SERIES_THERE : (uint8_t)PLACE_TEMPLATE_THERE);
    key_id(key, workspace_id);
}

/* head: of the state before or after that has a workspace. */
static enum err index_there(struct desk *desk, enum table table, const struct id *stream,
                            const struct aggregate_head *head, bool was, bool is)
{
    struct row_key key;
    if (was == is) {
        return OK;
    }
    there_key(&key, table, &head->workspace_id);
    key_id(&key, stream);
    return put_mark(desk, &key, is);
}

static enum err count_there(struct desk *desk, enum table table, const struct command *command, uint32_t max,
                            uint32_t *ret_count)
{
    struct row_key prefix;
    there_key(&prefix, table, &command->workspace_id);
    return count_rows(desk, &prefix, max, ret_count);
}

/* One of another workspace is as good as none. */
static enum err tell_template(struct desk *desk, const struct command *command, struct context_room *room,
                              struct decide_context *context)
{
    const struct id *template_id = &command->create_post.template_id;
    if (template_id->kind != ID_TEMPLATE) {
        return OK;
    }
    TRY(desk_load(desk, template_id, &room->template));
    if (id_equal(&room->template.head.workspace_id, &command->workspace_id)) {
        context->template = &room->template;
    }
    return OK;
}

/* All of them */

enum err desk_index(struct desk *desk, const struct id *stream, const struct aggregate *before,
                    const struct aggregate *after)
{
    const enum id_kind kind = (enum id_kind)stream->kind;
    const struct aggregate_head *head = after->head.version > 0 ? &after->head : &before->head;
    TRY(index_uses(desk, kind, before, after));
    if (kind == ID_POST) {
        return index_open(desk, &before->post, &after->post);
    }
    if (kind == ID_INTEGRATION) {
        return index_account(desk, &before->integration, &after->integration);
    }
    if (kind == ID_QUEUE) {
        return index_queue(desk, &before->queue, &after->queue);
    }
    if (kind == ID_MEMBER) {
        return index_member(desk, stream, &before->member, &after->member);
    }
    if (kind == ID_TEMPLATE) {
        return index_there(desk, TABLE_TEMPLATE, stream, head, template_is_there(&before->template),
                           template_is_there(&after->template));
    }
    if (kind == ID_SERIES) {
        return index_there(desk, TABLE_SERIES, stream, head, series_goes_on(&before->series),
                           series_goes_on(&after->series));
    }
    if (kind == ID_WORKSPACE) {
        TRY(index_slug(desk, stream, &before->workspace, &after->workspace));
        return index_period(desk, stream, &before->workspace, &after->workspace);
    }
    return OK;
}

/* Whether the person is a member of the command's workspace now. */
static enum err tell_member(struct desk *desk, const struct command *command, const struct id *user_id,
                            struct decide_context *context)
{
    return ledger_is_member(desk->txn, &command->workspace_id, user_id, context->now_ms, &context->is_member);
}

/* Whether an invitation to the command's workspace is open to the address of that one, which is none yet or none any
 * more, or a member has it. */
static enum err tell_addressed(struct desk *desk, const struct command *command, const struct id *secret_id,
                               struct decide_context *context)
{
    return desk->vault == NULL ? OK
                               : people_addressed(desk->txn, desk->vault, &command->workspace_id, secret_id,
                                                  context->now_ms, &context->is_invited, &context->is_member);
}

/* Of one that may go on though it is over: whether its person, or its address, has come by another since. */
static enum err tell_returning(struct desk *desk, const struct command *command, const struct member *member,
                               struct decide_context *context)
{
    if (member->status == MEMBER_INVITED) {
        return member_is_over(member, context->now_ms) ? tell_addressed(desk, command, &member->vault_id, context) : OK;
    }
    return tell_member(desk, command, &member->user_id, context);
}

/* Who they are; absent: nobody yet. */
static enum err tell_user(struct desk *desk, const struct id *user_id, struct context_room *room,
                          struct decide_context *context)
{
    if (user_id->kind != ID_USER) {
        return OK;
    }
    context->user = &room->user;
    return desk_load(desk, user_id, &room->user);
}

/* Who signs in, and through whom. */
static enum err tell_signer(struct desk *desk, const struct open_session_command *open, struct context_room *room,
                            struct decide_context *context)
{
    context->user = &room->user;
    if (open->user_id.kind == ID_USER) {
        TRY(desk_load(desk, &open->user_id, &room->user));
    }
    if (open->provider_id.kind == ID_PROVIDER) {
        context->provider = &room->provider;
        TRY(desk_load(desk, &open->provider_id, &room->provider));
    }
    return OK;
}

enum err desk_index_context(struct desk *desk, const struct command *command, const struct aggregate *state,
                            struct context_room *room, struct decide_context *context)
{
    switch (command->code) {
    case COMMAND_record_connection:
        return account_is_taken(desk, command, &state->integration, &context->account_taken);
    case COMMAND_delete_integration: {
        struct id posts[ANSWER_DETAIL_MAX];
        return desk_open_posts(desk, &command->workspace_id, &command->delete_integration.integration_id, posts,
                               ANSWER_DETAIL_MAX, &context->open_post_count);
    }
    case COMMAND_create_workspace:
        return slug_is_taken(desk, &command->create_workspace.workspace_id, command->create_workspace.slug,
                             &context->slug_taken);
    case COMMAND_change_workspace:
        return slug_is_taken(desk, &command->change_workspace.workspace_id, command->change_workspace.slug,
                             &context->slug_taken);
    case COMMAND_close_period:
    case COMMAND_delete_workspace:
        return tell_uses(desk, command, LIMIT_COUNT, room, context);
    case COMMAND_connect_integration:
        return tell_uses(desk, command, LIMIT_INTEGRATIONS, room, context);
    case COMMAND_invite_member:
        TRY(tell_addressed(desk, command, &command->invite_member.vault_id, context));
        return tell_uses(desk, command, LIMIT_MEMBERS, room, context);
    case COMMAND_create_template:
        return count_there(desk, TABLE_TEMPLATE, command, TEMPLATES_MAX, &context->template_count);
    case COMMAND_create_series:
        return count_there(desk, TABLE_SERIES, command, SERIES_MAX, &context->series_count);
    case COMMAND_create_post:
        TRY(tell_template(desk, command, room, context));
        TRY(desk_free_slots(desk, command, &state->post, room, context));
        return tell_uses(desk, command, LIMIT_SCHEDULED_POSTS, room, context);
    case COMMAND_schedule_post:
        TRY(desk_free_slots(desk, command, &state->post, room, context));
        return tell_uses(desk, command, LIMIT_SCHEDULED_POSTS, room, context);
    case COMMAND_make_instance:
        return tell_uses(desk, command, LIMIT_SCHEDULED_POSTS, room, context);
    case COMMAND_start_attempt:
    case COMMAND_miss_targets:
        return desk_queue_is_paused(desk, command, &state->post, &context->queue_paused);
    case COMMAND_add_member:
        TRY(tell_user(desk, &command->add_member.user_id, room, context));
        TRY(tell_uses(desk, command, LIMIT_MEMBERS, room, context));
        return tell_member(desk, command, &command->add_member.user_id, context);
    case COMMAND_join_workspace:
        return tell_member(desk, command, &command->join_workspace.user_id, context);
    case COMMAND_change_member:
        TRY(tell_uses(desk, command, LIMIT_MEMBERS, room, context));
        TRY(tell_returning(desk, command, &state->member, context));
        TRY(tell_user(desk, &state->member.user_id, room, context));
        return count_owners(desk, command, &context->owner_count);
    case COMMAND_remove_member:
    case COMMAND_leave_workspace:
        return count_owners(desk, command, &context->owner_count);
    case COMMAND_erase_user:
        return is_anywhere(desk, &command->erase_user.user_id, context->now_ms, &context->is_member);
    case COMMAND_open_session:
        return tell_signer(desk, &command->open_session, room, context);
    default:
        return OK;
    }
}
