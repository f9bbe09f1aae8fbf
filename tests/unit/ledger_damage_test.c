/* ledger_damage_test.c: read models that lost rows are found out before anything is decided upon them: what would be
 * decided is in the log for ever. And a log that holds what a ledger wrote upon such rows is served all the same. */
#include "core/ledger/ledger_state.h"
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

#define STATE_KEY_MAX (1 + 16 + 1 + sizeof(struct id))

static void delete_key(struct store *views, struct span key)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(views, true, &txn), OK);
    ck_assert_int_eq(store_delete(txn, key), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
}

static void delete_row(struct store *views, enum table table, const struct id *id)
{
    uint8_t bytes[1 + sizeof *id];
    bytes[0] = (uint8_t)table;
    memcpy(bytes + 1, id, sizeof *id);
    delete_key(views, span_of(bytes, sizeof bytes));
}

/* A post's state stands among the post's rows, a workspace's and an account's among the workspace's. Returns the key's
 * length. */
static size_t put_state_key(const struct world *world, const struct id *stream, uint8_t key[STATE_KEY_MAX])
{
    struct buf buf = buf_of(key, STATE_KEY_MAX);
    if (stream->kind == ID_POST) {
        buf_byte(&buf, TABLE_POST);
        buf_put(&buf, span_of(stream->uuid, sizeof stream->uuid));
        buf_byte(&buf, PLACE_POST_STATE);
        return buf.len;
    }
    const bool is_owned = stream->kind == ID_WORKSPACE || stream->kind == ID_KEY || stream->kind == ID_INTEGRATION;
    buf_byte(&buf, is_owned ? TABLE_WORKSPACE : TABLE_STATE);
    if (is_owned) {
        buf_put(&buf, span_of(world->workspace_id.uuid, sizeof world->workspace_id.uuid));
        buf_byte(&buf, PLACE_WORKSPACE_STATE);
    }
    buf_put(&buf, span_of(stream, sizeof *stream));
    return buf.len;
}

/* The state, and where the stream's first events stand. */
static void lose_state(struct world *world, const struct id *stream)
{
    uint8_t key[STATE_KEY_MAX + 8] = {0};
    const size_t len = put_state_key(world, stream, key);
    delete_key(world->views, span_of(key, len));
    delete_key(world->views, span_of(key, len + 8));
}

/* The command is not decided, and the log is what it was. */
static void ck_doubted(struct world *world, const struct command *command)
{
    struct answer answer;
    const uint64_t head = ledger_head(world->ledger);
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, command, NULL, &answer), ERR_ALTERED);
    ledger_abort(world->ledger);
    ck_assert_uint_eq(ledger_head(world->ledger), head);
}

/* As the process does when it starts again. */
static void rebuild(struct world *world)
{
    ledger_close(world->ledger);
    world_open_ledger(world, false);
    world_check_rebuilt(world);
}

static void reopen(struct world *world)
{
    ledger_close(world->ledger);
    world_open_ledger(world, true);
}

/* A command to the installation, the workspace, the key, the first account or the post. */
static struct command about(struct world *world, int what, const struct id *post_id)
{
    struct command command = {0};
    switch (what) {
    case 0:
        command = world_command(world, COMMAND_suspect_clock);
        command.workspace_id = (struct id){0};
        command.suspect_clock.wall_ms = world->now_ms;
        return command;
    case 1:
        command = world_command(world, COMMAND_pause_workspace);
        command.pause_workspace.workspace_id = world->workspace_id;
        return command;
    case 2:
        command = world_command(world, COMMAND_revoke_key);
        command.revoke_key.key_id = world->key_id;
        return command;
    case 3:
        command = world_command(world, COMMAND_pause_integration);
        command.pause_integration.integration_id = world->integrations[0];
        return command;
    default:
        command = world_command(world, COMMAND_schedule_post);
        command.schedule_post.post_id = *post_id;
        command.schedule_post.at_ms = world->now_ms + HOUR_MS;
        return command;
    }
}

START_TEST(a_state_that_is_gone_is_no_stream_that_begins)
{
    struct world *world = world_open(31, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const struct command post = world_post(world, 1, 0, specs, &part);
    world_must(world, &post);
    const struct id streams[] = {world->options.installation_id, world->workspace_id, world->key_id,
                                 world->integrations[0], post.create_post.post_id};
    lose_state(world, &streams[_i]);
    struct command command = about(world, _i, &post.create_post.post_id);
    if (_i == 0) { /* the ledger does not even open */
        ledger_close(world->ledger);
        world->ledger = NULL;
        ck_assert_int_eq(ledger_open(&world->options, true, &world->ledger), ERR_ALTERED);
        world_open_ledger(world, false);
    } else {
        if (_i != 1) {
            ck_doubted(world, &command);
        }
        reopen(world); /* nothing is known by heart any more */
        ck_doubted(world, &command);
        rebuild(world);
    }
    command.command_id = world_id(world, ID_COMMAND);
    world_must(world, &command);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(a_post_that_names_an_account_whose_state_is_gone_is_not_decided)
{
    struct world *world = world_open(32, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    lose_state(world, &world->integrations[1]);
    reopen(world);
    const struct command command = world_post(world, 2, world->now_ms + HOUR_MS, specs, &part);
    ck_doubted(world, &command);
    rebuild(world);
    world_must(world, &command);
    world_close(world);
}

END_TEST

START_TEST(a_post_that_was_made_is_not_made_again)
{
    struct world *world = world_open(33, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const struct command first = world_post(world, 1, 0, specs, &part);
    world_must(world, &first);
    struct command again = first;
    again.command_id = world_id(world, ID_COMMAND);
    lose_state(world, &first.create_post.post_id);
    ck_doubted(world, &again);
    rebuild(world);
    ck_assert_uint_ne(world_give(world, &again, NULL).refusal, ACCEPTED);
    world_close(world);
}

END_TEST

/* All that the views had of it: the log itself tells. */
START_TEST(a_workspace_of_which_no_row_is_left_is_known_by_the_log)
{
    struct world *world = world_open(34, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    lose_state(world, &world->workspace_id);
    delete_row(world->views, TABLE_STREAM, &world->workspace_id);
    reopen(world);
    const struct command post = world_post(world, 1, 0, specs, &part);
    ck_doubted(world, &post);
    struct command again = world_command(world, COMMAND_create_workspace);
    again.create_workspace.workspace_id = world->workspace_id;
    again.create_workspace.slug = SPAN("acme");
    again.create_workspace.name = SPAN("Acme");
    again.create_workspace.timezone = SPAN("UTC");
    ck_doubted(world, &again);
    rebuild(world);
    world_must(world, &post);
    world_close(world);
}

END_TEST

/* A page as it was before: state and index agree with each other, and with nobody else. */
START_TEST(a_version_that_is_taken_is_not_given_again)
{
    struct world *world = world_open(35, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const struct command first = world_post(world, 1, 0, specs, &part);
    world_must(world, &first);
    uint8_t bytes[STATE_KEY_MAX];
    uint8_t old[4096];
    struct span row;
    size_t old_len = 0;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const struct span key = span_of(bytes, put_state_key(world, &first.create_post.post_id, bytes));
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(store_get(txn, key, &row), OK);
    ck_assert_uint_le(row.len, sizeof old);
    old_len = row.len;
    memcpy(old, row.data, old_len);
    store_abort(txn);
    txn = NULL;
    struct command command = about(world, 4, &first.create_post.post_id);
    world_must(world, &command);
    ck_assert_int_eq(store_begin(world->views, true, &txn), OK);
    ck_assert_int_eq(store_put(txn, key, span_of(old, old_len)), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    command = about(world, 4, &first.create_post.post_id);
    ck_doubted(world, &command);
    world_close(world);
}

END_TEST

START_TEST(a_command_whose_answer_is_gone_is_not_carried_out_again)
{
    struct world *world = world_open(36, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const struct command create = world_post(world, 1, 0, specs, &part);
    world_must(world, &create);
    delete_row(world->views, TABLE_COMMAND, &create.command_id);
    ck_doubted(world, &create);
    const struct command schedule = about(world, 4, &create.create_post.post_id);
    world_must(world, &schedule);
    delete_row(world->views, TABLE_COMMAND, &schedule.command_id);
    ck_doubted(world, &schedule);
    rebuild(world);
    ck_assert(world_give(world, &schedule, NULL).repeated);
    ck_assert(world_give(world, &create, NULL).repeated);
    world_close(world);
}

END_TEST

/* The log tells of the installation, too, whatever else is gone: a first start would begin it a second time. */
START_TEST(an_installation_of_which_no_row_is_left_is_known_by_the_log)
{
    struct world *world = world_open(38, 0, 0);
    world_found(world);
    struct command command = about(world, 0, NULL);
    world_must(world, &command);
    lose_state(world, &world->options.installation_id);
    delete_row(world->views, TABLE_STREAM, &world->options.installation_id);
    ledger_close(world->ledger);
    world->ledger = NULL;
    ck_assert_int_eq(ledger_open(&world->options, true, &world->ledger), ERR_ALTERED);
    world_open_ledger(world, false);
    world_close(world);
}

END_TEST

/* What the vault's sweep asks: it would delete what is still needed. */
START_TEST(the_secrets_of_an_account_whose_state_is_gone_are_not_given_up)
{
    struct world *world = world_open(37, 0, 0);
    bool answer = false;
    OWNED(store_abort) struct store_txn *txn = NULL;
    world_found(world);
    lose_state(world, &world->integrations[0]);
    lose_state(world, &world->key_id);
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(ledger_needs_secret(txn, &world->key_id, &world->integrations[0], 0, &answer), ERR_ALTERED);
    ck_assert_int_eq(ledger_owner_is_gone(txn, &world->integrations[0], 0, &answer), ERR_ALTERED);
    ck_assert_int_eq(ledger_needs_secret(txn, &world->key_id, &world->key_id, 0, &answer), ERR_ALTERED);
    ck_assert_int_eq(ledger_owner_is_gone(txn, &world->key_id, 0, &answer), ERR_ALTERED);
    store_abort(txn);
    txn = NULL;
    const struct id stranger = world_id(world, ID_INTEGRATION); /* of whom every row may be gone */
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(ledger_needs_secret(txn, &world->key_id, &stranger, 0, &answer), ERR_NOT_FOUND);
    store_abort(txn);
    txn = NULL;
    world_close(world);
}

END_TEST

/* Of whom the row is gone that says that it has begun, and whose it is. By its id alone it is nobody. */
START_TEST(an_account_that_nobody_says_has_begun_does_not_begin_again)
{
    struct world *world = world_open(38, 0, 0);
    struct integration account;
    struct answer answer;
    bool needed = true;
    OWNED(store_abort) struct store_txn *txn = NULL;
    world_found(world);
    const struct id *account_id = &world->integrations[0];
    delete_row(world->views, TABLE_STREAM, account_id);
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    ck_assert_int_eq(desk_state(txn, account_id, &account), OK);
    ck_assert_uint_eq(account.head.version, 0);
    ck_assert_int_eq(ledger_needs_secret(txn, &world->key_id, account_id, 0, &needed), ERR_NOT_FOUND);
    ck_assert_int_eq(desk_state_of(txn, &world->workspace_id, account_id, &account), OK);
    ck_assert_uint_gt(account.head.version, 0);
    store_abort(txn);
    txn = NULL;
    reopen(world);
    struct command command = world_command(world, COMMAND_connect_integration);
    command.connect_integration.integration_id = *account_id;
    command.connect_integration.channel = CHANNEL_BLUESKY;
    command.connect_integration.identifier = SPAN("acme.test");
    command.connect_integration.vault_id = world_id(world, ID_SECRET);
    command.connect_integration.fingerprint = SPAN("abd");
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &answer), OK);
    ledger_abort(world->ledger);
    ck_assert_uint_ge(answer.version, account.head.version);
    world_close(world);
}

END_TEST

/* A log that repeats or skips */

struct heard {
    unsigned count;
    uint64_t seq;
};

static void hear(void *context, const struct log_event *at)
{
    struct heard *heard = context;
    heard->seq = at->seq;
    heard->count++;
}

/* Appends event seq of the log once more, as that version of its stream. */
static uint64_t append_again(struct world *world, uint64_t seq, uint64_t version)
{
    static uint8_t bytes[LOG_PAYLOAD_MAX];
    struct buf payload = buf_of(bytes, sizeof bytes);
    struct log_event event;
    ck_assert_int_eq(log_read(world->log, seq, &payload, &event), OK);
    event.version = version;
    event.time_ms = ledger_stamp(world->ledger, world->now_ms);
    event.command_id = world_id(world, ID_COMMAND);
    ck_assert_int_eq(log_begin(world->log), OK);
    ck_assert_int_eq(log_append(world->log, &event, true), OK);
    ck_assert_int_eq(log_commit(world->log), OK);
    return event.seq;
}

static void open_hearing(struct world *world, bool trusted, struct heard *ret_heard)
{
    ledger_close(world->ledger);
    *ret_heard = (struct heard){0};
    world->options.watch = (struct replay_watch){.out_of_order = hear, .context = ret_heard};
    world_open_ledger(world, trusted);
    world->options.watch = (struct replay_watch){0};
}

static struct answer schedule(struct world *world, const struct id *post_id, uint64_t expected_version)
{
    struct command command = about(world, 4, post_id);
    command.expected_version = expected_version;
    return world_give(world, &command, NULL);
}

static uint64_t stream_seq(struct world *world, const struct id *stream, uint64_t version)
{
    uint64_t seq = 0;
    OWNED(store_abort) struct store_txn *txn = NULL;
    ck_assert_int_eq(store_begin(world->views, false, &txn), OK);
    const enum err err = ledger_stream_seq(txn, stream, version, &seq);
    ck_assert(err == OK || err == ERR_NOT_FOUND);
    return seq;
}

/* _i: how many versions the stream had before, apart from its first. */
START_TEST(a_stream_that_began_again_goes_on_from_its_second_beginning)
{
    struct world *world = world_open(38, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    struct heard heard;
    world_found(world);
    const struct command create = world_post(world, 2, 0, specs, &part);
    const struct id post_id = create.create_post.post_id;
    const uint64_t created = world_must(world, &create).seq;
    for (int i = 0; i < _i; i++) {
        world->now_ms += MINUTE_MS; /* each time another instant */
        const struct command command = about(world, 4, &post_id);
        ck_assert_uint_eq(world_must(world, &command).version, 2 + (uint64_t)i);
    }
    const uint64_t again = append_again(world, created, 1);
    open_hearing(world, _i % 2 == 0, &heard);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_uint_eq(heard.seq, again);
    ck_assert_uint_eq(stream_seq(world, &post_id, 1), again);
    ck_assert_uint_eq(stream_seq(world, &post_id, 2), 0);
    ck_assert_uint_eq(stream_seq(world, &post_id, 33), 0);
    world_check_rebuilt(world);
    for (uint64_t version = 1; version < 70; version++) {
        world->now_ms += MINUTE_MS;
        const struct answer answer = schedule(world, &post_id, version);
        ck_assert_uint_eq(answer.refusal, ACCEPTED);
        ck_assert_uint_eq(answer.version, version + 1);
    }
    open_hearing(world, true, &heard);
    ck_assert_uint_eq(heard.count, 0); /* told once */
    open_hearing(world, false, &heard);
    ck_assert_uint_eq(heard.count, 1);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(an_event_decided_upon_an_older_version_is_folded_upon_it)
{
    struct world *world = world_open(39, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    struct heard heard;
    uint64_t seqs[41] = {0};
    world_found(world);
    const struct command create = world_post(world, 2, 0, specs, &part);
    const struct id post_id = create.create_post.post_id;
    seqs[1] = world_must(world, &create).seq;
    for (uint64_t version = 2; version <= 40; version++) {
        world->now_ms += MINUTE_MS;
        seqs[version] = schedule(world, &post_id, version - 1).seq;
    }
    const uint64_t version = _i == 0 ? 3 : _i == 1 ? 32 : _i == 2 ? 33 : 40;
    const uint64_t again = append_again(world, seqs[version], version);
    open_hearing(world, true, &heard);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_uint_eq(heard.seq, again);
    ck_assert_uint_eq(stream_seq(world, &post_id, version - 1), seqs[version - 1]);
    ck_assert_uint_eq(stream_seq(world, &post_id, version), again);
    ck_assert_uint_eq(stream_seq(world, &post_id, version + 1), 0);
    world->now_ms += MINUTE_MS;
    ck_assert_uint_eq(schedule(world, &post_id, version).version, version + 1);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(an_event_that_skips_versions_is_passed_over)
{
    struct world *world = world_open(40, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    struct heard heard;
    world_found(world);
    const struct command create = world_post(world, 2, 0, specs, &part);
    const uint64_t created = world_must(world, &create).seq;
    const uint64_t scheduled = schedule(world, &create.create_post.post_id, 1).seq;
    append_again(world, scheduled, 4);
    const uint64_t skips = append_again(world, created, 99);
    open_hearing(world, _i == 0, &heard);
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_uint_eq(heard.seq, skips);
    world->now_ms += MINUTE_MS;
    ck_assert_uint_eq(schedule(world, &create.create_post.post_id, 2).version, 3);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

/* The epoch, too, begins again: as it did for the ledger that wrote it. */
START_TEST(an_installation_that_began_again_opens)
{
    struct world *world = world_open(41, 0, 0);
    struct heard heard;
    world_found(world);
    append_again(world, 1, 1);
    open_hearing(world, _i == 0, &heard);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_uint_eq(ledger_epoch(world->ledger), 1);
    const struct command command = about(world, 0, NULL);
    world_must(world, &command);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_damage");
    TCase *lost = tcase_create("lost rows");
    tcase_add_loop_test(lost, a_state_that_is_gone_is_no_stream_that_begins, 0, 5);
    tcase_add_test(lost, a_post_that_names_an_account_whose_state_is_gone_is_not_decided);
    tcase_add_test(lost, a_post_that_was_made_is_not_made_again);
    tcase_add_test(lost, a_workspace_of_which_no_row_is_left_is_known_by_the_log);
    tcase_add_test(lost, a_version_that_is_taken_is_not_given_again);
    tcase_add_test(lost, a_command_whose_answer_is_gone_is_not_carried_out_again);
    tcase_add_test(lost, the_secrets_of_an_account_whose_state_is_gone_are_not_given_up);
    tcase_add_test(lost, an_account_that_nobody_says_has_begun_does_not_begin_again);
    tcase_add_test(lost, an_installation_of_which_no_row_is_left_is_known_by_the_log);
    suite_add_tcase(suite, lost);
    TCase *order = tcase_create("out of order");
    tcase_add_loop_test(order, a_stream_that_began_again_goes_on_from_its_second_beginning, 0, 1);
    tcase_add_loop_test(order, a_stream_that_began_again_goes_on_from_its_second_beginning, 31, 34);
    tcase_add_loop_test(order, an_event_decided_upon_an_older_version_is_folded_upon_it, 0, 4);
    tcase_add_loop_test(order, an_event_that_skips_versions_is_passed_over, 0, 2);
    tcase_add_loop_test(order, an_installation_that_began_again_opens, 0, 2);
    suite_add_tcase(suite, order);
    return run_suite(suite);
}
