/* ledger_test.c: the shell around the rules: refusals, groups that are kept whole or not at all, a full disk, and read
 * models that are always what the log says. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

START_TEST(a_refused_command_changes_nothing_and_says_why)
{
    struct world *world = world_open(4, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = world_post(world, 2, world->now_ms + 2 * LOCK_AHEAD_MS, specs, &part);
    world_must(world, &command);
    const struct id post_id = command.create_post.post_id;
    world->now_ms += LOCK_AHEAD_MS + 1;
    const uint64_t before = world_digest(world->views);
    const uint64_t head = ledger_head(world->ledger);
    command = world_command(world, COMMAND_schedule_post);
    command.schedule_post.post_id = post_id;
    command.schedule_post.now = true;
    struct answer answer = world_give(world, &command, NULL);
    ck_assert_uint_eq(answer.refusal, REFUSED_post_locked);
    ck_assert_int_eq(answer.hint_ms, START_MS + LOCK_AHEAD_MS);
    ck_assert_int_eq(answer.publish_at_ms, START_MS + 2 * LOCK_AHEAD_MS);
    ck_assert_uint_eq(answer.version, 2);
    command = world_command(world, COMMAND_delete_integration);
    command.delete_integration.integration_id = world->integrations[1];
    answer = world_give(world, &command, NULL);
    ck_assert_uint_eq(answer.refusal, REFUSED_integration_in_use);
    ck_assert(id_equal(&answer.detail[0], &post_id) && id_is_none(&answer.detail[1]));
    ck_assert_uint_eq(ledger_head(world->ledger), head);
    ck_assert_uint_eq(world_digest(world->views), before);
    command.delete_integration.integration_id = world->integrations[2];
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, ACCEPTED);
    world_close(world);
}

END_TEST

START_TEST(another_workspaces_things_are_not_there)
{
    struct world *world = world_open(5, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = world_post(world, 1, 0, specs, &part);
    world_must(world, &command);
    struct command again = command;
    const struct id post_id = command.create_post.post_id;
    const struct id foreign = world_id(world, ID_WORKSPACE);
    command = world_command(world, COMMAND_create_workspace);
    command.create_workspace.workspace_id = foreign;
    command.create_workspace.slug = SPAN("other");
    command.create_workspace.name = SPAN("Other");
    command.create_workspace.timezone = SPAN("UTC");
    world_must(world, &command);
    command = world_command(world, COMMAND_delete_post);
    command.workspace_id = foreign;
    command.delete_post.post_id = post_id;
    const struct answer of_foreign = world_give(world, &command, NULL);
    command.command_id = world_id(world, ID_COMMAND);
    command.delete_post.post_id = world_id(world, ID_POST);
    const struct answer of_unknown = world_give(world, &command, NULL);
    ck_assert_uint_eq(of_foreign.refusal, REFUSED_not_found);
    ck_assert_uint_eq(of_unknown.refusal, REFUSED_not_found);
    ck_assert_uint_eq(of_foreign.version, 0);
    ck_assert_uint_eq(of_unknown.version, 0);
    ck_assert_uint_eq(of_foreign.seq, of_unknown.seq);
    ck_assert_int_eq(of_foreign.hint_ms, 0);
    ck_assert_int_eq(of_foreign.publish_at_ms, 0);
    ck_assert(world_give(world, &again, NULL).repeated);
    again.workspace_id = foreign; /* nor are their commands' answers, and an id that is taken is so whosever it is */
    const struct answer of_foreign_command = world_give(world, &again, NULL);
    ck_assert_uint_eq(of_foreign_command.refusal, REFUSED_exists);
    ck_assert_uint_eq(of_foreign_command.version, 0);
    again.command_id = world_id(world, ID_COMMAND);
    const struct answer of_foreign_id = world_give(world, &again, NULL);
    ck_assert_uint_eq(of_foreign_id.refusal, REFUSED_exists);
    ck_assert_uint_eq(of_foreign_id.version, 0);
    ck_assert_uint_eq(of_foreign_command.workspace_seq, 0);
    command = world_post(world, 1, 0, specs, &part);
    command.workspace_id = foreign;
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_reference_not_found);
    world_close(world);
}

END_TEST

START_TEST(an_account_is_connected_once_in_a_workspace)
{
    struct world *world = world_open(6, 0, 0);
    world_found(world);
    struct command command = world_command(world, COMMAND_connect_integration);
    const struct id id = world_id(world, ID_INTEGRATION);
    command.connect_integration.integration_id = id;
    command.connect_integration.channel = CHANNEL_BLUESKY;
    command.connect_integration.identifier = SPAN("acme.test");
    command.connect_integration.vault_id = world_id(world, ID_SECRET);
    command.connect_integration.fingerprint = SPAN("abc");
    world_must(world, &command);
    command = world_command(world, COMMAND_record_connection);
    command.record_connection.integration_id = id;
    command.record_connection.account = SPAN("b"); /* the second one's */
    command.record_connection.handle = SPAN("acme");
    command.record_connection.vault_id = world_id(world, ID_SECRET);
    command.record_connection.fingerprint = SPAN("abc");
    const struct answer refused = world_give(world, &command, NULL);
    ck_assert_uint_eq(refused.refusal, REFUSED_account_exists);
    ck_assert(id_equal(&refused.detail[0], &world->integrations[1])); /* which one has it */
    struct command removal = world_command(world, COMMAND_delete_integration);
    removal.delete_integration.integration_id = world->integrations[1];
    world_must(world, &removal);
    command.command_id = world_id(world, ID_COMMAND);
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, ACCEPTED);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(a_group_is_kept_whole_or_not_at_all)
{
    struct world *world = world_open(7, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const uint64_t before = world_digest(world->views);
    const uint64_t head = ledger_head(world->ledger);
    const struct command command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
    struct command pause = world_command(world, COMMAND_pause_integration);
    pause.pause_integration.integration_id = world->integrations[0];
    struct answer answer;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
        ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &answer), OK);
        ck_assert_uint_eq(answer.refusal, ACCEPTED);
        ck_assert_uint_eq(answer.seq, head + 2);
        ck_assert_int_eq(ledger_handle(world->ledger, &pause, NULL, &answer), OK);
        ck_assert_uint_eq(answer.refusal, ACCEPTED);
        ck_assert_uint_eq(answer.events, 1); /* what a dropped group did is not remembered */
        if (i == 0) {
            ledger_abort(world->ledger);
        } else if (i == 1) {
            log_memory_fail_next_commit(world->log, ERR_NO_SPACE);
            ck_assert_int_eq(ledger_commit(world->ledger), ERR_NO_SPACE);
        } else {
            ck_assert_int_eq(ledger_commit(world->ledger), OK);
            break;
        }
        ck_assert_uint_eq(world_digest(world->views), before);
        ck_assert_uint_eq(ledger_head(world->ledger), head);
        ck_assert_int_eq(ledger_find_command(world->ledger, &command.command_id, &answer), ERR_NOT_FOUND);
    }
    ck_assert_int_eq(ledger_find_command(world->ledger, &command.command_id, &answer), OK);
    ck_assert_uint_eq(answer.seq, head + 2);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(a_full_log_refuses_people_and_lets_what_is_scheduled_go_on)
{
    struct world *world = world_open(8, 600000, 100000);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct answer answer;
    struct command last = {0};
    unsigned taken = 0;
    do { /* several in a group, so that some fit and some do not */
        ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
        for (int i = 0; i < 7; i++) {
            const struct command command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
            ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &answer), OK);
            if (answer.refusal == ACCEPTED) {
                last = command;
                taken++;
            }
        }
        ck_assert_int_eq(ledger_commit(world->ledger), OK);
        ck_assert_uint_lt(taken, 10000);
    } while (answer.refusal == ACCEPTED);
    ck_assert_uint_eq(answer.refusal, REFUSED_storage_full);
    ck_assert_uint_gt(taken, 50);
    world_check_rebuilt(world);
    do { /* a group reserves more than it uses: one at a time there is still some room */
        const struct command command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
        answer = world_give(world, &command, NULL);
    } while (answer.refusal == ACCEPTED);
    ck_assert_uint_eq(answer.refusal, REFUSED_storage_full);
    struct command cancel = world_command(world, COMMAND_cancel_post);
    cancel.cancel_post.post_id = last.create_post.post_id;
    world_must(world, &cancel); /* from the reserve */
    struct command revoke = world_command(world, COMMAND_revoke_key);
    revoke.revoke_key.key_id = world->key_id;
    world_must(world, &revoke); /* likewise: a key that was stolen is not good till somebody makes room */
    const struct command more = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
    ck_assert_uint_eq(world_give(world, &more, NULL).refusal, REFUSED_storage_full);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(a_payload_above_the_logs_limit_is_refused)
{
    struct world *world = world_open(9, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = world_post(world, 2, world->now_ms + LOCK_AHEAD_MS + 5, specs, &part);
    world_must(world, &command);
    const struct id post_id = command.create_post.post_id;
    world->now_ms += 10;
    uint8_t *large = calloc(1, 2000000);
    struct locked_part parts[3];
    struct locked_target targets[2];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct locked_part){.key = SPAN("k"), .created_ms = 1, .payload = span_of(large, 2000000)};
        sha256(parts[i].payload, parts[i].payload_hash.bytes);
    }
    for (int i = 0; i < 2; i++) {
        targets[i] = (struct locked_target){.target_id = specs[i].target_id, .parts = parts, .parts_count = 3};
    }
    command = world_command(world, COMMAND_lock_post);
    command.actor = ACTOR_SCHEDULER;
    command.role = ROLE_NONE;
    command.expected_version = 2;
    command.lock_post.post_id = post_id;
    command.lock_post.targets = targets;
    command.lock_post.targets_count = 2;
    const uint64_t before = world_digest(world->views);
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_payload_too_large);
    ck_assert_uint_eq(world_digest(world->views), before);
    command.command_id = world_id(world, ID_COMMAND);
    parts[0].payload = parts[1].payload = parts[2].payload = SPAN("small");
    for (int i = 0; i < 3; i++) {
        sha256(parts[i].payload, parts[i].payload_hash.bytes);
    }
    world_must(world, &command);
    free(large);
    world_close(world);
}

END_TEST

static struct log_event looked_at(const struct world *world, uint64_t seq)
{
    struct log_event event;
    ck_assert_int_eq(log_look(world->log, seq, &event), OK);
    return event;
}

START_TEST(every_event_names_the_one_that_led_to_it)
{
    struct world *world = world_open(11, 0, 0);
    struct target_spec spec;
    struct content_part part;
    world_found(world);
    const struct command create = world_post(world, 1, world->now_ms + HOUR_MS, &spec, &part);
    const uint64_t scheduled = world_must(world, &create).seq;
    ck_assert_uint_eq(looked_at(world, scheduled - 1).causation, 0); /* a person's */
    ck_assert_uint_eq(looked_at(world, scheduled).causation, scheduled - 1);
    struct command cancel = world_command(world, COMMAND_cancel_post);
    cancel.cancel_post.post_id = create.create_post.post_id;
    cancel.causation = scheduled;
    const struct answer answer = world_must(world, &cancel);
    ck_assert_uint_eq(answer.events, 2);
    ck_assert_uint_eq(looked_at(world, answer.seq - 1).causation, scheduled);
    ck_assert_uint_eq(looked_at(world, answer.seq).causation, answer.seq - 1);
    ck_assert(looked_at(world, answer.seq).payload.data == NULL);
    world_check_rebuilt(world);
    world_close(world);
}

END_TEST

START_TEST(a_cause_that_is_no_earlier_event_of_the_workspace_is_refused)
{
    struct world *world = world_open(12, 0, 0);
    world_found(world);
    const uint64_t head = ledger_head(world->ledger);
    const uint64_t wrong[] = {head + 1, UINT64_MAX, 1 /* the installation's */};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct command pause = world_command(world, COMMAND_pause_workspace);
        pause.pause_workspace.workspace_id = world->workspace_id;
        pause.causation = wrong[i];
        ck_assert_uint_eq(world_give(world, &pause, NULL).refusal, REFUSED_command_invalid);
    }
    ck_assert_uint_eq(ledger_head(world->ledger), head);
    struct command pause = world_command(world, COMMAND_pause_workspace);
    pause.pause_workspace.workspace_id = world->workspace_id;
    pause.causation = head;
    ck_assert_uint_eq(looked_at(world, world_must(world, &pause).seq).causation, head);
    world_close(world);
}

END_TEST

START_TEST(stamps_never_go_back)
{
    struct world *world = world_open(10, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = world_post(world, 1, 0, specs, &part);
    const struct answer first = world_must(world, &command);
    world->now_ms -= HOUR_MS;
    command = world_post(world, 1, 0, specs, &part);
    const struct answer second = world_must(world, &command);
    ck_assert_int_eq(second.time_ms, first.time_ms);
    ledger_close(world->ledger);
    world_open_ledger(world, true);
    ck_assert_int_eq(ledger_stamp(world->ledger, 5), first.time_ms);
    ck_assert_int_eq(ledger_stamp(world->ledger, first.time_ms + 5), first.time_ms + 5);
    world_close(world);
}

END_TEST

START_TEST(every_start_of_a_ledger_has_its_own_epoch)
{
    struct world *world = world_open(11, 0, 0);
    world_found(world);
    for (uint64_t epoch = 1; epoch < 4; epoch++) {
        ck_assert_uint_eq(ledger_epoch(world->ledger), epoch);
        ledger_close(world->ledger);
        world_open_ledger(world, epoch % 2 == 0);
        ck_assert_uint_eq(ledger_epoch(world->ledger), epoch);
        struct command command = world_command(world, COMMAND_start_ledger);
        command.workspace_id = (struct id){0};
        command.start_ledger.boot = SPAN("boot");
        command.start_ledger.release = SPAN("test");
        world_must(world, &command);
    }
    world_close(world);
}

END_TEST

/* Copies the rows of one store to another. */
static void copy_rows(struct store *from, struct store *to)
{
    OWNED(store_abort) struct store_txn *in = NULL;
    OWNED(store_abort) struct store_txn *out = NULL;
    ck_assert_int_eq(store_begin(from, false, &in), OK);
    ck_assert_int_eq(store_begin(to, true, &out), OK);
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    ck_assert_int_eq(store_cursor_open(in, &cursor), OK);
    struct span key;
    struct span value;
    const uint8_t first = 0;
    for (enum err err = store_seek(cursor, span_of(&first, 1), &key, &value); err == OK;
         err = store_next(cursor, &key, &value)) {
        ck_assert_int_eq(store_put(out, key, value), OK);
    }
    ck_assert_int_eq(store_commit(&out), OK);
}

/* A log is committed before the views: views ahead of it prove that an older log was put in its place. */
START_TEST(a_log_that_is_older_than_the_views_is_known_to_have_gone_back)
{
    struct world *world = world_open(15, 0, 0);
    struct world *older = world_open(15, 0, 0);
    bool back = true;
    ck_assert_int_eq(ledger_went_back(world->log, world->views, &world->options.installation_id, &back), OK);
    ck_assert(!back); /* nothing yet */
    world_found(world);
    ck_assert_uint_gt(ledger_head(world->ledger), ledger_head(older->ledger));
    ck_assert_int_eq(ledger_went_back(world->log, world->views, &world->options.installation_id, &back), OK);
    ck_assert(!back);
    ck_assert_int_eq(ledger_went_back(world->log, older->views, &older->options.installation_id, &back), OK);
    ck_assert(!back); /* behind: they are brought up */
    ck_assert_int_eq(ledger_went_back(older->log, world->views, &world->options.installation_id, &back), OK);
    ck_assert(back);
    world_close(world);
    world_close(older);
}

END_TEST

START_TEST(views_that_are_behind_are_brought_up_and_doubtful_ones_are_rebuilt)
{
    struct world *world = world_open(12, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    const struct idempotency key = {.present = true, .scope = {1}, .body = {2}};
    world_found(world);
    const struct command first = world_post(world, 1, 0, specs, &part);
    const struct id keyed = first.create_post.post_id;
    ck_assert_uint_eq(world_give(world, &first, &key).refusal, ACCEPTED);
    OWNED(store_close) struct store *behind = NULL;
    ck_assert_int_eq(store_memory_open(&behind), OK);
    copy_rows(world->views, behind);
    for (int i = 0; i < 20; i++) {
        const struct command command = world_post(world, 3, world->now_ms + HOUR_MS, specs, &part);
        world_must(world, &command);
    }
    const uint64_t good = world_digest(world->views);
    ck_assert_uint_ne(world_digest(behind), good);
    ledger_close(world->ledger);
    world->ledger = NULL;
    world->options.views = behind; /* a crash between the two commits */
    OWNED(ledger_close) struct ledger *ledger = NULL;
    ck_assert_int_eq(ledger_open(&world->options, true, &ledger), OK);
    ck_assert_uint_eq(world_digest(behind), good);
    ledger_close(ledger);
    ledger = NULL;
    OWNED(store_abort) struct store_txn *txn = NULL;
    const uint8_t meta = TABLE_META;
    struct span row;
    uint8_t bytes[64];
    ck_assert_int_eq(store_begin(behind, true, &txn), OK);
    ck_assert_int_eq(store_get(txn, span_of(&meta, 1), &row), OK);
    const size_t len = row.len;
    memcpy(bytes, row.data, len);
    static const size_t places[] = {0, 10, 9, 28}; /* another version; a position far ahead; another Unicode */
    bytes[places[_i]] ^= 0x40;
    ck_assert_int_eq(store_put(txn, span_of(&meta, 1), span_of(bytes, len)), OK);
    ck_assert_int_eq(store_put(txn, SPAN("\x20nonsense"), SPAN("x")), OK);
    ck_assert_int_eq(store_commit(&txn), OK);
    ck_assert_int_eq(ledger_open(&world->options, true, &ledger), OK);
    ck_assert_uint_eq(world_digest(behind), good);
    struct command command = world_post(world, 1, 0, specs, &part);
    struct answer answer;
    ck_assert_int_eq(ledger_begin(ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(ledger, &command, &key, &answer), OK);
    ck_assert(answer.repeated); /* an Idempotency-Key outlives the rebuild of views that can be read */
    ck_assert(id_equal(&answer.stream, &keyed));
    ledger_abort(ledger);
    ledger_close(ledger);
    ledger = NULL;
    world->options.views = world->views;
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *refusals = tcase_create("refusals");
    tcase_add_test(refusals, a_refused_command_changes_nothing_and_says_why);
    tcase_add_test(refusals, another_workspaces_things_are_not_there);
    tcase_add_test(refusals, an_account_is_connected_once_in_a_workspace);
    suite_add_tcase(suite, refusals);
    TCase *groups = tcase_create("groups");
    tcase_add_test(groups, a_group_is_kept_whole_or_not_at_all);
    tcase_add_test(groups, a_full_log_refuses_people_and_lets_what_is_scheduled_go_on);
    tcase_add_test(groups, a_payload_above_the_logs_limit_is_refused);
    tcase_add_test(groups, every_event_names_the_one_that_led_to_it);
    tcase_add_test(groups, a_cause_that_is_no_earlier_event_of_the_workspace_is_refused);
    tcase_add_test(groups, stamps_never_go_back);
    tcase_add_test(groups, every_start_of_a_ledger_has_its_own_epoch);
    tcase_add_test(groups, a_log_that_is_older_than_the_views_is_known_to_have_gone_back);
    tcase_add_loop_test(groups, views_that_are_behind_are_brought_up_and_doubtful_ones_are_rebuilt, 0, 4);
    suite_add_tcase(suite, groups);
    return run_suite(suite);
}
