/* agenda_rows_test.c: accounts, a person's retry, how much is handed out, and that an agenda built afresh is
 * the live one. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

START_TEST(a_persons_retry_is_read_first_when_the_platform_refused)
{
    struct world world = world_locked(1, false);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_REFUSED, 0);
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1), .read_first = true};
    struct event event = {
        .code = EVENT_targets_retried,
        .targets_retried = {.due_ms = T0 + DAY_MS, .targets = &retried, .targets_count = 1}
    };
    tell(&world, T0, event);
    ck_one(&world, T0 + DAY_MS, AGENDA_READ, 1);
    tell(&world, T0,
         (struct event){
             .code = EVENT_attempt_settled,
             .attempt_settled = {.target_id = id_number(ID_TARGET, 1),
                                 .attempt_id = id_number(ID_ATTEMPT, 1),
                                 .outcome = OUTCOME_ABSENT,
                                 .next_ms = T0 + DAY_MS}
    });
    ck_one(&world, T0 + DAY_MS, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_event_that_opens_a_target_the_agenda_does_not_have_asks_for_its_row)
{
    struct world world = world_new();
    struct retried_target retried = {.target_id = id_number(ID_TARGET, 1)};
    struct event event = {
        .code = EVENT_targets_retried, .targets_retried = {.targets = &retried, .targets_count = 1}
    };
    ck_assert_int_eq(apply(&world, T0, &event), ERR_NOT_FOUND);
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0};
    event = (struct event){
        .code = EVENT_post_scheduled, .post_scheduled = {.targets = &due, .targets_count = 1}
    };
    ck_assert_int_eq(apply(&world, T0, &event), ERR_NOT_FOUND);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_account_is_connected_once_and_again_when_that_could_not_be_tried)
{
    struct world world = world_new();
    tell(&world, 2,
         (struct event){
             .code = EVENT_integration_connecting,
             .integration_connecting = {.integration_id = id_number(ID_INTEGRATION, 1), .channel = CHANNEL_BLUESKY}
    });
    next(&world, T0);
    ck_assert_uint_eq(world.count, 1);
    ck_assert_int_eq(world.due[0].action, AGENDA_CONNECT);
    agenda_failed(world.agenda, &world.due[0], T0 + 5);
    ck_none_until(&world, T0, T0 + 5);
    next(&world, T0 + 5);
    ck_assert_int_eq(world.due[0].action, AGENDA_CONNECT);
    simple(&world, EVENT_integration_connected);
    ck_none_until(&world, T0, INT64_MAX);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(no_more_is_handed_out_than_asked_for_and_the_rest_is_due_at_once)
{
    struct world world = world_new();
    connect(&world, 1);
    for (uint32_t n = 1; n <= 10; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    next_max(&world, T0 + 20, 4);
    ck_assert_uint_eq(world.count, 4);
    ck_assert_int_le(world.wake_ms, T0 + 20);
    next_max(&world, T0 + 20, 10);
    ck_assert_uint_eq(world.count, 6);
    ck_assert_int_eq(world.due[5].due_ms, T0 + 10);
    agenda_free(world.agenda);
}

END_TEST

/* What the agenda of a row must say: the same as one that followed the events. */
START_TEST(an_agenda_restored_from_rows_equals_one_built_from_events)
{
    struct world live = world_locked(2, true);
    start(&live, 1, 1, 0, T0);
    finish(&live, 1, 1, 0, OUTCOME_UNKNOWN, T0 + ATTEMPT_DEADLINE_MS);
    struct world other = world_new();
    connect(&other, 1);
    struct agenda_target row = open_attempt(7);
    row.attempt_open = false;
    row.attempt_unknown = true;
    row.status = TARGET_UNKNOWN;
    row.part_count = 2;
    row.comment = true;
    row.next_ms = T0 + ATTEMPT_DEADLINE_MS;
    ck_assert_uint_ne(agenda_digest(live.agenda), agenda_digest(other.agenda));
    ck_assert_int_eq(agenda_restore(other.agenda, &row), OK);
    ck_assert_uint_eq(agenda_digest(live.agenda), agenda_digest(other.agenda));
    ck_one(&other, T0 + ATTEMPT_DEADLINE_MS, AGENDA_READ, 1);
    ck_assert_uint_eq(agenda_digest(live.agenda),
                      agenda_digest(other.agenda)); /* what was handed out is not part of it */
    agenda_free(live.agenda);
    agenda_free(other.agenda);
}

END_TEST

START_TEST(a_restored_target_that_is_scheduled_earlier_starts_earlier)
{
    struct world world = world_new();
    connect(&world, 1);
    struct agenda_target row = open_attempt(7);
    row = (struct agenda_target){.workspace_id = row.workspace_id,
                                 .post_id = row.post_id,
                                 .target_id = row.target_id,
                                 .integration_id = row.integration_id,
                                 .channel = CHANNEL_BLUESKY,
                                 .status = TARGET_PENDING,
                                 .publish_at_ms = T0 + HOUR_MS,
                                 .due_ms = T0 + HOUR_MS,
                                 .next_ms = T0 + HOUR_MS};
    ck_assert_int_eq(agenda_restore(world.agenda, &row), OK);
    struct target_due due = {.target_id = id_number(ID_TARGET, 1), .due_ms = T0};
    tell(&world, 3,
         (struct event){
             .code = EVENT_post_scheduled,
             .post_scheduled = {
                                .post_id = id_number(ID_POST, 1), .publish_at_ms = T0, .targets = &due, .targets_count = 1}
    });
    lock(&world, 1, 1, false);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

/* Many targets at random instants on few accounts, some cancelled: everything comes out once, none too early. */
START_TEST(every_target_comes_out_once_whatever_the_order)
{
    enum { MANY = 5000, ACCOUNTS = 40 };
    struct world world = world_new();
    struct prng prng;
    prng_seed(&prng, 42);
    static bool seen[MANY + 1];
    static bool cancelled[MANY + 1];
    static int64_t instants[MANY + 1];
    for (uint32_t a = 1; a <= ACCOUNTS; a++) {
        connect(&world, a);
    }
    for (uint32_t n = 1; n <= MANY; n++) {
        instants[n] = T0 + (int64_t)prng_below(&prng, 100000);
        schedule(&world, n, 1 + n % ACCOUNTS, instants[n], 0);
        lock(&world, n, 1, false);
    }
    for (uint32_t i = 0; i < MANY / 4; i++) {
        const uint32_t n = 1 + (uint32_t)prng_below(&prng, MANY);
        struct target_ref ref = {.target_id = id_number(ID_TARGET, n)};
        tell(&world, T0,
             (struct event){
                 .code = EVENT_targets_cancelled, .targets_cancelled = {.targets = &ref, .targets_count = 1}
        });
        cancelled[n] = true;
    }
    uint32_t out = 0;
    for (int64_t now_ms = T0; now_ms <= T0 + 100000;) {
        next_max(&world, now_ms, DUE_MAX);
        for (uint32_t i = 0; i < world.count; i++) {
            const uint32_t n = get_be32(world.due[i].target_id.uuid + 12);
            ck_assert(!seen[n] && !cancelled[n]);
            ck_assert_int_eq(world.due[i].due_ms, instants[n]);
            ck_assert_int_le(instants[n], now_ms);
            seen[n] = true;
            out++;
            start(&world, n, n, 0, now_ms); /* and has its end at once: nobody waits for anybody */
            finish(&world, n, n, 0, OUTCOME_ACCEPTED, 0);
        }
        now_ms = world.count == DUE_MAX ? now_ms : now_ms + 777;
    }
    uint32_t expected = 0;
    for (uint32_t n = 1; n <= MANY; n++) {
        expected += !cancelled[n];
    }
    next(&world, T0 + 100000);
    ck_assert_uint_eq(out + world.count, expected);
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_rows");
    TCase *tcase = tcase_create("agenda");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_persons_retry_is_read_first_when_the_platform_refused);
    tcase_add_test(tcase, an_event_that_opens_a_target_the_agenda_does_not_have_asks_for_its_row);
    tcase_add_test(tcase, an_account_is_connected_once_and_again_when_that_could_not_be_tried);
    tcase_add_test(tcase, no_more_is_handed_out_than_asked_for_and_the_rest_is_due_at_once);
    tcase_add_test(tcase, an_agenda_restored_from_rows_equals_one_built_from_events);
    tcase_add_test(tcase, a_restored_target_that_is_scheduled_earlier_starts_earlier);
    tcase_add_test(tcase, every_target_comes_out_once_whatever_the_order);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
