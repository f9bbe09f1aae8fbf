/* punctuality_projection_test.c: counts and lateness per integration and day; quantiles are never below the truth, nor
 * far above. */
#include <stdio.h>
#include <stdlib.h>

#include "core/calendar/instant.h"

#include "tests/unit/projection_fixture.h"

START_TEST(a_bucket_holds_what_lies_between_its_ends)
{
    ck_assert_uint_eq(lateness_bucket(-5), 0);
    ck_assert_uint_eq(lateness_bucket(0), 0);
    ck_assert_uint_eq(lateness_bucket(1), 1);
    ck_assert_uint_eq(lateness_bucket(2), 2);
    ck_assert_uint_eq(lateness_bucket(3), 3);
    ck_assert_uint_eq(lateness_bucket(INT64_MAX), PUNCTUALITY_BUCKETS - 1);
    for (unsigned bucket = 1; bucket + 1 < PUNCTUALITY_BUCKETS; bucket++) {
        const int64_t end_ms = (int64_t)lateness_bucket_end_ms(bucket);
        ck_assert_uint_eq(lateness_bucket(end_ms - 1), bucket);
        ck_assert_uint_eq(lateness_bucket(end_ms), bucket + 1);
    }
}

END_TEST

static int by_value(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

START_TEST(a_quantile_is_at_most_half_above_the_truth)
{
    enum { COUNT = 1000 };
    struct prng prng;
    struct lateness lateness = {.total = 0};
    int64_t values[COUNT];
    prng_seed(&prng, 3);
    for (int i = 0; i < COUNT; i++) {
        values[i] = (int64_t)prng_below(&prng, (uint64_t)1 << prng_below(&prng, 24));
        lateness_add(&lateness, values[i]);
    }
    qsort(values, COUNT, sizeof *values, by_value);
    for (unsigned permille = 1; permille <= 1000; permille++) {
        const int64_t truth = values[(COUNT * permille + 999) / 1000 - 1];
        const int64_t quantile = (int64_t)lateness_quantile_ms(&lateness, permille);
        ck_assert_int_ge(quantile, truth);
        ck_assert_int_le(quantile, truth + truth / 2 + 1);
        ck_assert_int_le(quantile, values[COUNT - 1]);
    }
    ck_assert_uint_eq(lateness_quantile_ms(&lateness, 1000), (uint64_t)values[COUNT - 1]);
}

END_TEST

START_TEST(nothing_measured_is_nothing_late)
{
    const struct lateness lateness = {.total = 0};
    ck_assert_uint_eq(lateness_quantile_ms(&lateness, 500), 0);
}

END_TEST

/* One day of one integration: post n starts late_ms after its time and is published 100 ms later. */
static void feed_published(struct world *world, uint32_t n, int64_t due_ms, int64_t late_ms)
{
    world->now_ms = due_ms - HOUR_MS;
    feed_created(world, n, 1);
    feed_scheduled(world, n, 1, due_ms);
    feed_locked(world, n, 1, 1, false);
    world->now_ms = due_ms + late_ms;
    struct event event = event_of(EVENT_attempt_started);
    event.attempt_started = (struct attempt_started_event){
        .post_id = id_n(ID_POST, n),
        .target_id = target_n(n, 0),
        .attempt_id = attempt_n(n, 0, 1),
        .number = 1,
        .fence = 1,
        .due_ms = due_ms,
        .deadline_ms = world->now_ms + ATTEMPT_DEADLINE_MS,
    };
    feed_post(world, n, &event);
    world->now_ms += 100;
    feed_accepted(world, n, 0, 1, 0);
    feed_target_finished(world, n, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_post_finished(world, n, POST_PUBLISHED);
}

static uint32_t reports_in(struct world *world, const char *zone, uint32_t first_day, uint32_t last_day,
                           struct punctuality_report **ret_reports)
{
    OWNED(zones_close) struct zones *zones = NULL;
    uint32_t count = 0;
    const struct id integration_id = id_n(ID_INTEGRATION, 1);
    ck_assert_int_eq(zones_open(&zones), OK);
    ck_assert_int_eq(punctuality_query(reading(world), &integration_id, zones, span_text(zone), first_day, last_day,
                                       100, &world->arena, ret_reports, &count),
                     OK);
    return count;
}

static uint32_t reports_of(struct world *world, uint32_t first_day, uint32_t last_day,
                           struct punctuality_report **ret_reports)
{
    return reports_in(world, "UTC", first_day, last_day, ret_reports);
}

/* A day begins at local midnight: UTC-4 in April, +5:45, +14; and the day on which the clock goes back has 25 hours. */
static const struct {
    const char *zone;
    const char *due[2];
    const char *days[2]; /* the second is NULL when both fall on one */
} locals[] = {
    {"UTC",                {"2026-04-20T23:59:59Z", "2026-04-21T00:00:00Z"}, {"2026-04-20", "2026-04-21"}},
    {"America/New_York",   {"2026-04-20T23:59:59Z", "2026-04-21T00:00:00Z"}, {"2026-04-20", NULL}        },
    {"America/New_York",   {"2026-04-21T03:59:59Z", "2026-04-21T04:00:00Z"}, {"2026-04-20", "2026-04-21"}},
    {"Asia/Kathmandu",     {"2026-04-20T18:14:59Z", "2026-04-20T18:15:00Z"}, {"2026-04-20", "2026-04-21"}},
    {"Pacific/Kiritimati", {"2026-04-20T09:59:59Z", "2026-04-20T10:00:00Z"}, {"2026-04-20", "2026-04-21"}},
    {"Europe/Berlin",      {"2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"}, {"2026-10-25", NULL}        },
    {"Europe/Berlin",      {"2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"}, {"2026-10-25", "2026-10-26"}},
};

static int64_t instant_at(const char *text)
{
    int64_t time_ms = 0;
    ck_assert_int_eq(instant_parse(span_text(text), &time_ms), INSTANT_OK);
    return time_ms;
}

static uint32_t day_at(const char *date)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%sT00:00:00Z", date);
    return (uint32_t)(instant_at(text) / DAY_MS);
}

static void feed_published(struct world *world, uint32_t n, int64_t due_ms, int64_t late_ms);

START_TEST(a_day_is_one_of_the_workspaces_zone)
{
    struct world world;
    struct punctuality_report *reports = NULL;
    world_init(&world);
    for (uint32_t i = 0; i < 2; i++) {
        feed_published(&world, i + 1, instant_at(locals[_i].due[i]), 5);
    }
    const bool two = locals[_i].days[1] != NULL;
    const uint32_t first = day_at(locals[_i].days[0]);
    ck_assert_uint_eq(reports_in(&world, locals[_i].zone, 0, UINT32_MAX, &reports), two ? 2 : 1);
    ck_assert_uint_eq(reports[0].day, first);
    ck_assert_uint_eq(reports[0].attempts, two ? 1 : 2);
    ck_assert(!two || reports[1].day == day_at(locals[_i].days[1]));
    ck_assert_uint_eq(reports_in(&world, locals[_i].zone, first, first, &reports), 1);
    ck_assert_uint_eq(reports[0].day, first);
    ck_assert_uint_eq(reports_in(&world, locals[_i].zone, first - 9, first - 1, &reports), 0);
    world_done(&world);
}

END_TEST

START_TEST(many_quarters_of_an_hour_are_summed_to_their_days)
{
    struct world world;
    struct punctuality_report *reports = NULL;
    world_init(&world);
    const int64_t midnight_ms = T0 - T0 % DAY_MS;
    for (uint32_t n = 0; n < 700; n++) {
        feed_published(&world, n + 1, midnight_ms + n * 15 * MINUTE_MS, n);
    }
    ck_assert_uint_eq(reports_of(&world, 0, UINT32_MAX, &reports), 8);
    for (uint32_t i = 0; i < 8; i++) {
        ck_assert_uint_eq(reports[i].day, (uint64_t)(midnight_ms / DAY_MS) + i);
        ck_assert_uint_eq(reports[i].published, i < 7 ? 96 : 700 - 7 * 96);
        ck_assert_uint_eq(reports[i].start.max_ms, i < 7 ? 96 * i + 95 : 699);
    }
    world_done(&world);
}

END_TEST

START_TEST(days_are_counted_by_when_targets_were_due)
{
    struct world world;
    world_init(&world);
    const int64_t midnight_ms = T0 - T0 % DAY_MS + DAY_MS;
    for (uint32_t n = 1; n <= 10; n++) {
        feed_published(&world, n, midnight_ms - SECOND_MS, 2000); /* started after midnight all the same */
    }
    feed_published(&world, 11, midnight_ms, 7);
    const uint32_t day = (uint32_t)(T0 / DAY_MS);
    struct punctuality_report *reports = NULL;
    ck_assert_uint_eq(reports_of(&world, 0, UINT32_MAX, &reports), 2);
    ck_assert_uint_eq(reports[0].day, day);
    ck_assert_uint_eq(reports[0].attempts, 10);
    ck_assert_uint_eq(reports[0].accepted, 10);
    ck_assert_uint_eq(reports[0].published, 10);
    ck_assert_uint_eq(reports[0].start.total, 10);
    ck_assert_uint_eq(reports[0].start.max_ms, 2000);
    ck_assert_uint_eq(lateness_quantile_ms(&reports[0].start, 500), 2000);
    ck_assert_uint_eq(reports[0].receipt.max_ms, 2100);
    ck_assert_uint_eq(reports[1].day, day + 1);
    ck_assert_uint_eq(reports[1].start.max_ms, 7);
    ck_assert_uint_eq(reports_of(&world, day + 1, day + 1, &reports), 1);
    ck_assert_uint_eq(reports[0].day, day + 1);
    ck_assert_uint_eq(reports_of(&world, day, day, &reports), 1);
    ck_assert_uint_eq(reports[0].day, day);
    ck_assert_uint_eq(reports_of(&world, day + 2, UINT32_MAX, &reports), 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

static const struct {
    enum outcome outcome;
    uint64_t try_again, deferred, unauthorized, refused, unknown;
} outcomes[] = {
    {OUTCOME_TRY_AGAIN,    1, 0, 0, 0, 0},
    {OUTCOME_DEFERRED,     0, 1, 0, 0, 0},
    {OUTCOME_UNAUTHORIZED, 0, 0, 1, 0, 0},
    {OUTCOME_REFUSED,      0, 0, 0, 1, 0},
    {OUTCOME_UNKNOWN,      0, 0, 0, 0, 1},
};

START_TEST(every_outcome_is_counted_as_itself)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0);
    feed_locked(&world, 1, 2, 1, false);
    feed_started(&world, 1, 0, 1, 0);
    const struct event event = outcome_event(1, 0, 1, 0, outcomes[_i].outcome);
    feed_post(&world, 1, &event);
    feed_target_finished(&world, 1, 0, TARGET_FAILED, SPAN("attempts_exhausted"));
    struct punctuality_report *reports = NULL;
    ck_assert_uint_eq(reports_of(&world, 0, UINT32_MAX, &reports), 1);
    ck_assert_uint_eq(reports[0].attempts, 1);
    ck_assert_uint_eq(reports[0].accepted, 0);
    ck_assert_uint_eq(reports[0].try_again, outcomes[_i].try_again);
    ck_assert_uint_eq(reports[0].deferred, outcomes[_i].deferred);
    ck_assert_uint_eq(reports[0].unauthorized, outcomes[_i].unauthorized);
    ck_assert_uint_eq(reports[0].refused, outcomes[_i].refused);
    ck_assert_uint_eq(reports[0].unknown, outcomes[_i].unknown);
    ck_assert_uint_eq(reports[0].failed, 1);
    ck_assert_uint_eq(reports[0].published, 0);
    world_done(&world);
}

END_TEST

START_TEST(a_target_whose_rendering_was_refused_has_failed)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0);
    struct locked_target refused[] = {
        {.target_id = target_n(1, 0), .code = SPAN("text_too_long")},
        {.target_id = target_n(1, 1), .code = SPAN("text_too_long")},
    };
    struct event event = event_of(EVENT_post_locked);
    event.post_locked =
        (struct post_locked_event){.post_id = id_n(ID_POST, 1), .version = 2, .targets = refused, .targets_count = 2};
    feed_post(&world, 1, &event);
    struct punctuality_report *reports = NULL;
    ck_assert_uint_eq(reports_of(&world, 0, UINT32_MAX, &reports), 1); /* of the first target's account */
    ck_assert_uint_eq(reports[0].failed, 1);
    ck_assert_uint_eq(reports[0].attempts, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(misses_are_counted_and_comments_are_not)
{
    struct world world;
    world_init(&world);
    feed_created(&world, 1, 2);
    feed_scheduled(&world, 1, 2, T0);
    feed_locked(&world, 1, 2, 1, true);
    feed_started(&world, 1, 0, 1, 0);
    feed_accepted(&world, 1, 0, 1, 0);
    feed_target_finished(&world, 1, 0, TARGET_PUBLISHED, span_of(NULL, 0));
    feed_started(&world, 1, 0, 2, 1);
    feed_accepted(&world, 1, 0, 2, 1);
    struct event event = event_of(EVENT_targets_missed);
    event.targets_missed = (struct targets_missed_event){.post_id = id_n(ID_POST, 1),
                                                         .code = SPAN("lateness_exceeded"),
                                                         .targets = ref_of(&world, 1, 1),
                                                         .targets_count = 1};
    feed_post(&world, 1, &event);
    struct punctuality_report *reports = NULL;
    ck_assert_uint_eq(reports_of(&world, 0, UINT32_MAX, &reports), 1);
    ck_assert_uint_eq(reports[0].attempts, 1);
    ck_assert_uint_eq(reports[0].accepted, 1);
    ck_assert_uint_eq(reports[0].missed, 0);
    const struct id second = id_n(ID_INTEGRATION, 2);
    uint32_t count = 0;
    OWNED(zones_close) struct zones *zones = NULL;
    ck_assert_int_eq(zones_open(&zones), OK);
    ck_assert_int_eq(punctuality_query(reading(&world), &second, zones, SPAN("UTC"), 0, UINT32_MAX, 10, &world.arena,
                                       &reports, &count),
                     OK);
    ck_assert_int_eq(punctuality_query(reading(&world), &second, zones, SPAN("Mars/Base"), 0, UINT32_MAX, 10,
                                       &world.arena, &reports, &count),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(punctuality_query(reading(&world), &second, zones, SPAN("UTC"), 0, UINT32_MAX, 10, &world.arena,
                                       &reports, &count),
                     OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(reports[0].missed, 1);
    ck_assert_uint_eq(reports[0].attempts, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(reports_are_summed)
{
    struct punctuality_report sum = {.attempts = 1};
    struct punctuality_report day = {.attempts = 2, .missed = 3};
    lateness_add(&sum.start, 4);
    lateness_add(&day.start, 9);
    punctuality_sum(&sum, &day);
    ck_assert_uint_eq(sum.attempts, 3);
    ck_assert_uint_eq(sum.missed, 3);
    ck_assert_uint_eq(sum.start.total, 2);
    ck_assert_uint_eq(sum.start.max_ms, 9);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("punctuality_projection");
    TCase *tcase = tcase_create("punctuality");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_bucket_holds_what_lies_between_its_ends);
    tcase_add_test(tcase, a_quantile_is_at_most_half_above_the_truth);
    tcase_add_test(tcase, nothing_measured_is_nothing_late);
    tcase_add_test(tcase, days_are_counted_by_when_targets_were_due);
    tcase_add_loop_test(tcase, a_day_is_one_of_the_workspaces_zone, 0, sizeof locals / sizeof *locals);
    tcase_add_test(tcase, many_quarters_of_an_hour_are_summed_to_their_days);
    tcase_add_loop_test(tcase, every_outcome_is_counted_as_itself, 0, sizeof outcomes / sizeof *outcomes);
    tcase_add_test(tcase, a_target_whose_rendering_was_refused_has_failed);
    tcase_add_test(tcase, misses_are_counted_and_comments_are_not);
    tcase_add_test(tcase, reports_are_summed);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
