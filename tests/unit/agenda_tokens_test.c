/* agenda_tokens_test.c: when an account's tokens are exchanged: before a start that would find them dead, long before
 * an idle session ends, never twice at a time, never for who is not connected; and what a start does meanwhile. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

#define GIVEN_MS (T0 - 10 * HOUR_MS) /* when the tokens were */

/* A secret that was made at that instant. */
static struct id secret_of(int64_t at_ms)
{
    const uint8_t randomness[10] = {0};
    return id_make(ID_SECRET, at_ms, randomness);
}

static void refreshed(struct world *world, int64_t at_ms, int64_t expires_ms, int64_t session_ms)
{
    tell(world, at_ms,
         (struct event){
             .code = EVENT_integration_refreshed,
             .integration_refreshed = {.integration_id = id_number(ID_INTEGRATION, 1),
                                       .vault_id = secret_of(at_ms),
                                       .token_expires_ms = expires_ms,
                                       .session_expires_ms = session_ms}
    });
}

/* An account whose access token dies then, and a post for T0. */
static struct world world_expiring(int64_t expires_ms)
{
    struct world world = world_new();
    connect(&world, 1);
    refreshed(&world, GIVEN_MS, expires_ms, 0);
    schedule(&world, 1, 1, T0, 0);
    lock(&world, 1, 1, false);
    return world;
}

static struct agenda_due ck_refresh(struct world *world, int64_t now_ms)
{
    next(world, now_ms);
    ck_assert_uint_eq(world->count, 1);
    ck_assert_int_eq(world->due[0].action, AGENDA_REFRESH);
    const struct id integration_id = id_number(ID_INTEGRATION, 1);
    ck_assert(id_equal(&world->due[0].integration_id, &integration_id));
    return world->due[0];
}

static const struct {
    const char *name;
    int64_t expires_ms;
    int64_t wake_ms; /* T0: the start; before: the exchange */
} lives[] = {
    {"it never expires",             0,                        T0                },
    {"it lives long enough",         T0 + AGENDA_FRESH_MS,     T0                },
    {"it dies soon after the start", T0 + AGENDA_FRESH_MS - 1, T0 - LOCK_AHEAD_MS},
    {"it dies at the start",         T0,                       T0 - LOCK_AHEAD_MS},
    {"it died long before",          GIVEN_MS + 2 * HOUR_MS,   T0 - LOCK_AHEAD_MS},
};

START_TEST(tokens_that_would_be_dead_are_exchanged_before_the_start)
{
    struct world world = world_expiring(lives[_i].expires_ms);
    ck_none_until(&world, T0 - LOCK_AHEAD_MS - 1, lives[_i].wake_ms);
    if (lives[_i].wake_ms != T0) {
        const struct agenda_due due = ck_refresh(&world, T0 - LOCK_AHEAD_MS);
        ck_assert_uint_eq(due.cause, world.seq); /* the lock */
        ck_assert_uint_ne(due.cause, 0);
        refreshed(&world, T0 - LOCK_AHEAD_MS + 200, T0 + 2 * HOUR_MS, 0);
        ck_none_until(&world, T0 - LOCK_AHEAD_MS + 200, T0);
    }
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_start_waits_for_the_exchange_that_it_needs)
{
    struct world world = world_expiring(T0 - HOUR_MS);
    (void)ck_refresh(&world, T0 - LOCK_AHEAD_MS);
    next(&world, T0 + 1000);
    ck_assert_uint_eq(world.count, 0); /* one exchange at a time, and no start before it */
    refreshed(&world, T0 + 2000, T0 + 2 * HOUR_MS, 0);
    ck_one(&world, T0 + 2000, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_start_does_not_wait_while_its_token_lives)
{
    struct world world = world_expiring(T0 + 60000);
    (void)ck_refresh(&world, T0 - LOCK_AHEAD_MS);
    ck_one(&world, T0, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(an_exchange_that_fails_lets_the_start_go_and_is_tried_again_with_longer_and_longer_waits)
{
    struct world world = world_expiring(T0 - HOUR_MS);
    int64_t now_ms = T0 - LOCK_AHEAD_MS;
    struct agenda_due due = ck_refresh(&world, now_ms);
    agenda_failed(world.agenda, &due, now_ms + 30000);
    due = ck_refresh(&world, now_ms + 30000);
    agenda_failed(world.agenda, &due, now_ms + 60000); /* and half a minute more */
    ck_none_until(&world, now_ms + 60000, now_ms + 90000);
    (void)ck_refresh(&world, now_ms + 90000);
    ck_one(&world, T0, AGENDA_START, 1); /* though the third one is still out */
    agenda_free(world.agenda);

    world = world_expiring(T0 - HOUR_MS);
    due = ck_refresh(&world, now_ms);
    agenda_failed(world.agenda, &due, T0 + HOUR_MS);
    ck_one(&world, T0, AGENDA_START, 1); /* its attempt may still exchange them itself */
    int64_t again_ms = T0 + HOUR_MS;
    for (int i = 0; i < 20; i++) {
        due = ck_refresh(&world, again_ms);
        agenda_failed(world.agenda, &due, again_ms);
        next(&world, again_ms);
        ck_assert_int_le(world.wake_ms - again_ms, 64 * MINUTE_MS);
        again_ms = world.wake_ms;
    }
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_retry_long_after_the_lock_is_given_new_tokens_first)
{
    struct world world = world_expiring(T0 + HOUR_MS);
    start(&world, 1, 1, 0, T0);
    finish(&world, 1, 1, 0, OUTCOME_DEFERRED, T0 + 3 * HOUR_MS); /* to a limit's reset */
    ck_none_until(&world, T0, T0 + 3 * HOUR_MS - LOCK_AHEAD_MS);
    (void)ck_refresh(&world, T0 + 3 * HOUR_MS - LOCK_AHEAD_MS);
    refreshed(&world, T0 + 3 * HOUR_MS - LOCK_AHEAD_MS, T0 + 5 * HOUR_MS, 0);
    ck_one(&world, T0 + 3 * HOUR_MS, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(what_is_resumed_is_given_new_tokens_first)
{
    struct world world = world_expiring(T0 + 20 * MINUTE_MS);
    simple(&world, EVENT_workspace_paused);
    next(&world, T0 + HOUR_MS);
    ck_assert_uint_eq(world.count, 0); /* what is held needs none */
    simple(&world, EVENT_workspace_resumed);
    (void)ck_refresh(&world, T0 + HOUR_MS); /* a late start, which has its turn after */
    refreshed(&world, T0 + HOUR_MS + 200, T0 + 3 * HOUR_MS, 0);
    ck_one(&world, T0 + HOUR_MS + 200, AGENDA_START, 1);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(late_ones_whose_turns_outlast_the_token_are_given_new_ones)
{
    struct world world = world_new();
    connect(&world, 1);
    refreshed(&world, GIVEN_MS, T0 + HOUR_MS + AGENDA_FRESH_MS, 0);
    for (uint32_t n = 1; n <= 2; n++) {
        schedule(&world, n, 1, T0 + n, 0);
        lock(&world, n, 1, false);
    }
    simple(&world, EVENT_workspace_paused);
    next(&world, T0 + HOUR_MS);
    simple(&world, EVENT_workspace_resumed);
    ck_one(&world, T0 + HOUR_MS, AGENDA_START, 1);
    start(&world, 1, 1, 0, T0 + HOUR_MS);
    next(&world, T0 + HOUR_MS + LATE_SPACING_DEFAULT_MS);
    ck_assert_uint_eq(world.count, 2); /* the token still lives: the second one goes beside the exchange */
    ck_assert_int_eq(world.due[0].action, AGENDA_START);
    ck_assert_int_eq(world.due[1].action, AGENDA_REFRESH);
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_pair_that_does_not_last_is_not_exchanged_again_and_again)
{
    struct world world = world_expiring(GIVEN_MS); /* dead at once: one of the clocks is wrong */
    (void)ck_refresh(&world, T0 - LOCK_AHEAD_MS);
    refreshed(&world, T0 - LOCK_AHEAD_MS, T0 - HOUR_MS, 0);
    ck_one(&world, T0, AGENDA_START, 1);
    next(&world, T0 + 1000);
    ck_assert_uint_eq(world.count, 0);
    agenda_free(world.agenda);
}

END_TEST

static const struct {
    const char *name;
    int64_t expires_ms, session_ms;
    int64_t due_ms; /* INT64_MAX: never */
} sessions[] = {
    {"ninety days",                 GIVEN_MS + HOUR_MS, GIVEN_MS + 90 * DAY_MS,  GIVEN_MS + 30 * DAY_MS },
    {"a year, and tokens for ever", 0,                  GIVEN_MS + 366 * DAY_MS, GIVEN_MS + 122 * DAY_MS},
    {"it does not say",             GIVEN_MS + HOUR_MS, 0,                       GIVEN_MS + 30 * DAY_MS },
    {"nothing that could end",      0,                  0,                       INT64_MAX              },
    {"an hour",                     GIVEN_MS + HOUR_MS, GIVEN_MS + HOUR_MS,      GIVEN_MS + HOUR_MS     },
    {"it was over when it began",   GIVEN_MS - HOUR_MS, GIVEN_MS - DAY_MS,       GIVEN_MS + HOUR_MS     },
};

START_TEST(an_idle_session_is_kept_alive)
{
    struct world world = world_new();
    connect(&world, 1);
    refreshed(&world, GIVEN_MS, sessions[_i].expires_ms, sessions[_i].session_ms);
    ck_none_until(&world, GIVEN_MS, sessions[_i].due_ms);
    if (sessions[_i].due_ms != INT64_MAX) {
        const int64_t due_ms = sessions[_i].due_ms;
        simple(&world, EVENT_integration_paused); /* that lasts longer than a session */
        const struct agenda_due due = ck_refresh(&world, due_ms);
        ck_assert_uint_eq(due.cause, world.seq - 1);
        refreshed(&world, due_ms, due_ms + HOUR_MS, due_ms + 90 * DAY_MS);
        ck_none_until(&world, due_ms, due_ms + 30 * DAY_MS);
    }
    agenda_free(world.agenda);
}

END_TEST

START_TEST(a_refreshed_pair_that_does_not_say_keeps_the_end_of_its_session)
{
    struct world world = world_new();
    connect(&world, 1);
    refreshed(&world, GIVEN_MS, GIVEN_MS + HOUR_MS, GIVEN_MS + 90 * DAY_MS);
    refreshed(&world, GIVEN_MS + 30 * DAY_MS, GIVEN_MS + 31 * DAY_MS, 0);
    ck_none_until(&world, GIVEN_MS, GIVEN_MS + 50 * DAY_MS); /* a third of sixty days */
    agenda_free(world.agenda);
}

END_TEST

static const uint32_t stopping[] = {EVENT_integration_disconnected, EVENT_starts_suspended, EVENT_clock_suspected};

START_TEST(nothing_is_exchanged_for_who_is_not_connected_nor_by_a_copy_nor_under_a_suspect_clock)
{
    struct world world = world_new();
    connect(&world, 1);
    refreshed(&world, GIVEN_MS, GIVEN_MS + HOUR_MS, GIVEN_MS + 90 * DAY_MS);
    simple(&world, stopping[_i]);
    ck_none_until(&world, GIVEN_MS + 40 * DAY_MS, INT64_MAX);
    agenda_free(world.agenda);
}

END_TEST

/* Ten thousand accounts, connected together, with a post each for nine o'clock. */
START_TEST(ten_thousand_accounts_are_not_exchanged_in_one_second)
{
    enum { MANY = 10000, PER_SECOND_MAX = 100 };
    struct world world = world_new();
    for (uint32_t i = 1; i <= MANY; i++) {
        const uint32_t account = i * (UINT32_MAX / MANY); /* as random ids lie */
        connect(&world, account);
        tell(&world, GIVEN_MS,
             (struct event){
                 .code = EVENT_integration_refreshed,
                 .integration_refreshed = {.integration_id = id_number(ID_INTEGRATION, account),
                                           .vault_id = secret_of(GIVEN_MS),
                                           .token_expires_ms = GIVEN_MS + 2 * HOUR_MS,
                                           .session_expires_ms = GIVEN_MS + 90 * DAY_MS}
        });
        schedule(&world, i, account, T0, 0);
        lock(&world, i, 1, false);
    }
    uint32_t exchanged = 0;
    for (int64_t now_ms = T0 - LOCK_AHEAD_MS; now_ms < T0; now_ms += 1000) {
        uint32_t second = 0;
        for (next(&world, now_ms); world.count > 0; next(&world, now_ms)) {
            second += world.count;
        }
        ck_assert_uint_le(second, PER_SECOND_MAX);
        exchanged += second;
    }
    ck_assert_uint_eq(exchanged, MANY);
    agenda_free(world.agenda);

    world = world_new();
    uint32_t days[4] = {0};
    for (uint32_t i = 1; i <= MANY; i++) {
        const struct agenda_integration row = {.workspace_id = the_workspace(),
                                               .integration_id = id_number(ID_INTEGRATION, i * (UINT32_MAX / MANY)),
                                               .channel = CHANNEL_BLUESKY,
                                               .status = INTEGRATION_CONNECTED,
                                               .tokens_ms = GIVEN_MS,
                                               .token_expires_ms = GIVEN_MS + 2 * HOUR_MS,
                                               .session_expires_ms = GIVEN_MS + 90 * DAY_MS};
        ck_assert_int_eq(agenda_restore_integration(world.agenda, &row), OK);
    }
    for (uint32_t day = 0; day < 4; day++) {
        for (next(&world, GIVEN_MS + (27 + day) * DAY_MS); world.count > 0;
             next(&world, GIVEN_MS + (27 + day) * DAY_MS)) {
            days[day] += world.count;
        }
    }
    ck_assert_uint_le(days[0], 10);
    for (uint32_t day = 1; day < 4; day++) {
        ck_assert_uint_ge(days[day], MANY / 3 - 10);
    }
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_tokens");
    TCase *tcase = tcase_create("agenda_tokens");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, tokens_that_would_be_dead_are_exchanged_before_the_start, 0,
                        sizeof lives / sizeof *lives);
    tcase_add_test(tcase, a_start_waits_for_the_exchange_that_it_needs);
    tcase_add_test(tcase, a_start_does_not_wait_while_its_token_lives);
    tcase_add_test(tcase, an_exchange_that_fails_lets_the_start_go_and_is_tried_again_with_longer_and_longer_waits);
    tcase_add_test(tcase, a_retry_long_after_the_lock_is_given_new_tokens_first);
    tcase_add_test(tcase, what_is_resumed_is_given_new_tokens_first);
    tcase_add_test(tcase, late_ones_whose_turns_outlast_the_token_are_given_new_ones);
    tcase_add_test(tcase, a_pair_that_does_not_last_is_not_exchanged_again_and_again);
    tcase_add_loop_test(tcase, an_idle_session_is_kept_alive, 0, sizeof sessions / sizeof *sessions);
    tcase_add_test(tcase, a_refreshed_pair_that_does_not_say_keeps_the_end_of_its_session);
    tcase_add_loop_test(tcase, nothing_is_exchanged_for_who_is_not_connected_nor_by_a_copy_nor_under_a_suspect_clock, 0,
                        sizeof stopping / sizeof *stopping);
    tcase_add_test(tcase, ten_thousand_accounts_are_not_exchanged_in_one_second);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
