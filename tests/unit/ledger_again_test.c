/* ledger_again_test.c: one answer per command id and per Idempotency-Key, for thirty days, by whichever process and
 * from whatever views; and none to who uses one of them for something else. */
#include "tests/suite.h"
#include "tests/unit/ledger_world.h"

START_TEST(a_command_again_gets_its_first_answer_and_does_nothing)
{
    struct world *world = world_open(1, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    const struct command command = world_post(world, 2, world->now_ms + HOUR_MS, specs, &part);
    struct answer first;
    struct answer again;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &first), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, &command, NULL, &again), OK); /* in its own group */
    ck_assert_int_eq(ledger_commit(world->ledger), OK);
    ck_assert(!first.repeated && again.repeated);
    ck_assert_uint_eq(first.events, 2);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(again.refusal, ACCEPTED);
        ck_assert_uint_eq(again.seq, first.seq);
        ck_assert_uint_eq(again.workspace_seq, first.workspace_seq);
        ck_assert_uint_eq(again.version, 2);
        ck_assert_uint_eq(again.events, first.events);
        ck_assert_int_eq(again.time_ms, first.time_ms);
        ck_assert(id_equal(&again.stream, &command.create_post.post_id));
        ck_assert_uint_eq(ledger_head(world->ledger), first.seq);
        ledger_close(world->ledger); /* … by another process, with the views as they are, and rebuilt */
        world_open_ledger(world, i == 0);
        world->now_ms += 29 * DAY_MS * (i == 1);
        again = world_give(world, &command, NULL);
        ck_assert(again.repeated);
    }
    world_close(world);
}

END_TEST

START_TEST(a_command_id_serves_one_command_and_for_thirty_days)
{
    struct world *world = world_open(2, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct command command = world_post(world, 1, 0, specs, &part);
    world_must(world, &command);
    struct command other = world_post(world, 1, 0, specs, &part);
    other.command_id = command.command_id;
    ck_assert_uint_eq(world_give(world, &other, NULL).refusal, REFUSED_command_reused);
    struct command schedule = world_command(world, COMMAND_schedule_post);
    schedule.schedule_post.post_id = command.create_post.post_id;
    schedule.schedule_post.at_ms = world->now_ms + HOUR_MS;
    world_must(world, &schedule);
    other = world_command(world, COMMAND_cancel_post); /* nobody is told "accepted" of what was not done */
    other.command_id = schedule.command_id;
    other.cancel_post.post_id = command.create_post.post_id;
    for (int i = 0; i < 3; i++) { /* also after a rebuild */
        ck_assert_uint_eq(world_give(world, &other, NULL).refusal, REFUSED_command_reused);
        ck_assert(world_give(world, &schedule, NULL).repeated);
        ledger_close(world->ledger);
        world_open_ledger(world, i == 0);
    }
    world->now_ms += 30 * DAY_MS + 1;
    ck_assert_uint_eq(world_give(world, &command, NULL).refusal, REFUSED_command_too_old);
    other.command_id = world_id(world, ID_POST);
    ck_assert_uint_eq(world_give(world, &other, NULL).refusal, REFUSED_command_invalid);
    other = world_command(world, 9999);
    ck_assert_uint_eq(world_give(world, &other, NULL).refusal, REFUSED_command_invalid);
    other = world_command(world, COMMAND_delete_post);
    other.delete_post.post_id = world->integrations[0];
    ck_assert_uint_eq(world_give(world, &other, NULL).refusal, REFUSED_command_invalid);
    world_close(world);
}

END_TEST

START_TEST(an_idempotency_key_gets_its_first_answer_whatever_the_command_id)
{
    struct world *world = world_open(3, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    struct idempotency key = {.present = true, .scope = {1}, .body = {2}};
    struct command command = world_post(world, 1, world->now_ms - 5, specs, &part);
    ck_assert_uint_eq(world_give(world, &command, &key).refusal,
                      REFUSED_timestamp_past); /* a refusal is decided afresh */
    command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
    const struct answer first = world_give(world, &command, &key);
    ck_assert_uint_eq(first.refusal, ACCEPTED);
    struct command second = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part);
    for (int i = 0; i < 4; i++) { /* also when nobody trusts the views any more: a power loss */
        const struct answer again = world_give(world, &second, &key);
        ck_assert(again.repeated && again.refusal == ACCEPTED && again.seq == first.seq && again.version == 2);
        ck_assert(id_equal(&again.stream, &command.create_post.post_id));
        ledger_close(world->ledger);
        world_open_ledger(world, i % 2 == 0);
    }
    key.body[0] = 3;
    ck_assert_uint_eq(world_give(world, &second, &key).refusal, REFUSED_idempotency_key_reused);
    key.scope[0] = 9;
    ck_assert_uint_eq(world_give(world, &second, &key).refusal, ACCEPTED);
    world_close(world);
}

END_TEST

static unsigned count_keys(struct store *views)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    OWNED(store_cursor_close) struct store_cursor *cursor = NULL;
    const uint8_t table = TABLE_IDEMPOTENCY;
    struct span key;
    struct span value;
    unsigned count = 0;
    ck_assert_int_eq(store_begin(views, false, &txn), OK);
    ck_assert_int_eq(store_cursor_open(txn, &cursor), OK);
    for (enum err err = store_seek(cursor, span_of(&table, 1), &key, &value); err == OK && key.data[0] == table;
         err = store_next(cursor, &key, &value)) {
        count++;
    }
    return count;
}

/* Over RPC a command's id may come again with other content: nobody is told "accepted" of what was not written. */
START_TEST(a_command_id_is_refused_to_other_content_where_both_have_a_digest)
{
    struct world *world = world_open(4, 0, 0);
    struct target_spec specs[3];
    struct target_spec silent_specs[3];
    struct content_part part;
    world_found(world);
    const struct idempotency said = {.present = true, .body = {1}};
    const struct idempotency other = {.present = true, .body = {2}};
    const struct idempotency keyed = {.present = true, .scope = {7}, .body = {1}};
    const struct command command = world_post(world, 1, world->now_ms + HOUR_MS, specs, &part); /* of two events */
    const struct answer first = world_give(world, &command, &said);
    ck_assert_uint_eq(first.refusal, ACCEPTED);
    ck_assert_uint_eq(first.events, 2);
    const struct command silent = world_post(world, 1, 0, silent_specs, &part);
    world_must(world, &silent);
    for (int i = 0; i < 4; i++) { /* also when nobody trusts the views any more */
        const struct answer again = world_give(world, &command, &said);
        ck_assert(again.repeated && again.refusal == ACCEPTED && again.seq == first.seq);
        ck_assert_uint_eq(world_give(world, &command, &other).refusal, REFUSED_command_reused);
        ck_assert(world_give(world, &command, NULL).repeated);  /* one of our own: there is nothing to compare */
        ck_assert(world_give(world, &silent, &other).repeated); /* likewise */
        ck_assert_uint_eq(count_keys(world->views), 0);
        ledger_close(world->ledger);
        world_open_ledger(world, i % 2 == 0);
    }
    struct command next = world_post(world, 1, 0, specs, &part); /* another id, and no key: another command */
    ck_assert(!world_give(world, &next, &said).repeated);
    next = world_post(world, 1, 0, specs, &part);
    ck_assert(!world_give(world, &next, &keyed).repeated);
    ck_assert_uint_eq(world_give(world, &next, &other).refusal, REFUSED_command_reused);
    ck_assert_uint_eq(count_keys(world->views), 1);
    world_close(world);
}

END_TEST

START_TEST(old_idempotency_keys_are_forgotten)
{
    struct world *world = world_open(13, 0, 0);
    struct target_spec specs[3];
    struct content_part part;
    world_found(world);
    for (int day = 0; day < 120; day++) {
        for (int i = 0; i < 5; i++) {
            struct idempotency key = {.present = true};
            prng_fill(&world->prng, key.scope, sizeof key.scope);
            const struct command command = world_post(world, 1, 0, specs, &part);
            ck_assert_uint_eq(world_give(world, &command, &key).refusal, ACCEPTED);
        }
        world->now_ms += DAY_MS;
    }
    ck_assert_uint_ge(count_keys(world->views), 30 * 5);
    ck_assert_uint_le(count_keys(world->views), 45 * 5);
    world_close(world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger_again");
    TCase *tcase = tcase_create("answers");
    tcase_add_test(tcase, a_command_again_gets_its_first_answer_and_does_nothing);
    tcase_add_test(tcase, a_command_id_serves_one_command_and_for_thirty_days);
    tcase_add_test(tcase, an_idempotency_key_gets_its_first_answer_whatever_the_command_id);
    tcase_add_test(tcase, a_command_id_is_refused_to_other_content_where_both_have_a_digest);
    tcase_add_test(tcase, old_idempotency_keys_are_forgotten);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
