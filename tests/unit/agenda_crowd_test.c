/* agenda_crowd_test.c: an account whose platform hangs holds up itself and nobody else. */
#include "tests/suite.h"
#include "tests/unit/agenda_world.h"

enum { HUNG = 50, EACH = 100, OTHER = HUNG + 1 };

/* So many targets, each of a post of its own, are due and locked. */
static void locked(struct world *world, uint32_t first, uint32_t count, uint32_t account, int64_t due_ms)
{
    for (uint32_t n = first; n < first + count; n++) {
        schedule(world, n, account, due_ms, 0);
        lock(world, n, 1, false);
    }
}

/* Starts all that may start, and returns how many; of each account in started, which may be NULL. */
static uint32_t start_all(struct world *world, int64_t now_ms, uint32_t *started)
{
    uint32_t count = 0;
    do {
        next_max(world, now_ms, DUE_MAX);
        for (uint32_t i = 0; i < world->count; i++) {
            const uint32_t n = get_be32(world->due[i].target_id.uuid + 12);
            ck_assert_int_eq(world->due[i].action, AGENDA_START);
            start(world, n, n, 0, now_ms);
            if (started != NULL) {
                started[get_be32(world->due[i].integration_id.uuid + 12)]++;
            }
        }
        count += world->count;
    } while (world->count > 0);
    return count;
}

START_TEST(accounts_that_hang_leave_room_for_whoever_comes_next)
{
    struct world world = world_new();
    uint32_t started[OTHER + 1] = {0};
    for (uint32_t account = 1; account <= OTHER; account++) {
        connect(&world, account);
    }
    for (uint32_t account = 1; account <= HUNG; account++) {
        locked(&world, account * 1000, EACH, account, T0);
    }
    locked(&world, OTHER * 1000, 5, OTHER, T0 + 1000);
    const uint32_t count = start_all(&world, T0, started);
    ck_assert_uint_lt(count, AGENDA_STARTS_MAX);
    for (uint32_t account = 1; account <= HUNG; account++) {
        ck_assert_uint_ge(started[account], 5);
    }
    ck_assert_uint_eq(agenda_overdue(world.agenda, T0).in_line, HUNG * EACH - count);
    ck_assert_uint_eq(start_all(&world, T0 + 1000, started), 5);
    ck_assert_uint_eq(started[OTHER], 5);
    agenda_free(world.agenda);
}

END_TEST

/* One ends, and this one is started. */
static void ck_next(struct world *world, int64_t now_ms, uint32_t *ended, uint32_t n)
{
    ++*ended;
    finish(world, *ended, *ended, 0, OUTCOME_ACCEPTED, 0);
    ck_one(world, now_ms, AGENDA_START, n);
    start(world, n, n, 0, now_ms);
    next(world, now_ms);
    ck_assert_uint_eq(world->count, 0);
}

/* However long it takes: it is not late for that. What is late comes after, spaced out as ever. */
START_TEST(what_waits_for_others_of_its_account_goes_when_they_end_in_the_order_of_their_instants)
{
    enum { MANY = 100 };
    struct world world = world_new();
    const int64_t long_after_ms = T0 + AGENDA_LATE_MS + 40000; /* the attempts are not given up yet */
    uint32_t ended = 0;
    connect(&world, 1);
    locked(&world, 1, MANY, 1, T0);
    locked(&world, 1000, 3, 1, T0 + 2);
    locked(&world, 2000, 2, 1, T0 + 1);
    const uint32_t count = start_all(&world, T0 + 2, NULL);
    ck_assert_uint_ge(count, 16); /* twice what an adapter has under way of an account */
    ck_assert_uint_lt(count, MANY);
    locked(&world, 3000, 2, 1, T0 + 5);
    next(&world, long_after_ms);
    ck_assert_uint_eq(world.count, 0);
    ck_assert_int_eq(agenda_overdue(world.agenda, long_after_ms).late_ms, 0); /* nothing that could be attempted */
    for (uint32_t n = count + 1; n <= MANY; n++) {
        ck_next(&world, long_after_ms, &ended, n);
    }
    for (uint32_t n = 0; n < 5; n++) {
        ck_next(&world, long_after_ms, &ended, n < 2 ? 2000 + n : 1000 + n - 2);
    }
    ck_next(&world, long_after_ms, &ended, 3000);
    finish(&world, ended + 1, ended + 1, 0, OUTCOME_ACCEPTED, 0);
    next(&world, long_after_ms + LATE_SPACING_DEFAULT_MS - 1);
    ck_assert_uint_eq(world.count, 0);
    ck_one(&world, long_after_ms + LATE_SPACING_DEFAULT_MS, AGENDA_START, 3001);
    agenda_free(world.agenda);
}

END_TEST

/* Whatever else ends it: the account is not left with fewer. */
START_TEST(a_start_that_came_to_nothing_makes_room_like_any_other)
{
    struct world world = world_new();
    connect(&world, 1);
    locked(&world, 1, AGENDA_STARTS_MAX, 1, T0);
    uint32_t seen = 0;
    for (int64_t now_ms = T0; seen < AGENDA_STARTS_MAX && now_ms < T0 + HOUR_MS; now_ms += 1000) {
        next_max(&world, now_ms, DUE_MAX);
        for (uint32_t i = 0; i < world.count; i++) {
            struct target_ref ref = {.target_id = world.due[i].target_id};
            struct event cancelled = {
                .code = EVENT_targets_cancelled, .targets_cancelled = {.targets = &ref, .targets_count = 1}
            };
            if (i % 2 == 0) {
                tell(&world, now_ms, cancelled);
                seen++;
            } else {
                agenda_failed(world.agenda, &world.due[i], now_ms + 1000);
            }
        }
    }
    ck_assert_uint_eq(seen, AGENDA_STARTS_MAX);
    agenda_free(world.agenda);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda_crowd");
    TCase *tcase = tcase_create("agenda");
    tcase_add_test(tcase, accounts_that_hang_leave_room_for_whoever_comes_next);
    tcase_add_test(tcase, what_waits_for_others_of_its_account_goes_when_they_end_in_the_order_of_their_instants);
    tcase_add_test(tcase, a_start_that_came_to_nothing_makes_room_like_any_other);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
