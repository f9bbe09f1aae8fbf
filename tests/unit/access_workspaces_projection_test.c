/* access_workspaces_projection_test.c: a tenant is read back as its events left it: pause, plan, quota,
 * periods that are over; another's are its own. */
#include "tests/unit/projection_fixture.h"

#define DUE_MS (T0 + 30 * DAY_MS)

static void feed_own(struct world *world, const struct id *workspace_id, const struct event *event)
{
    feed(world, workspace_id, workspace_id, event);
}

static struct workspace_row read_row(struct world *world, const struct id *workspace_id)
{
    struct workspace_row row;
    ck_assert_int_eq(access_workspace(reading(world), workspace_id, &world->arena, &row), OK);
    return row;
}

static void feed_plan(struct world *world, const struct id *workspace_id, struct plan_limit *limits, uint32_t count,
                      int64_t start_ms, int64_t end_ms)
{
    struct event event = event_of(EVENT_plan_changed);
    event.plan_changed = (struct plan_changed_event){.workspace_id = *workspace_id,
                                                     .plan = SPAN("team"),
                                                     .limits = limits,
                                                     .limits_count = count,
                                                     .period_start_ms = start_ms,
                                                     .period_end_ms = end_ms};
    feed_own(world, workspace_id, &event);
}

static void feed_bill(struct world *world, const struct id *workspace_id, int64_t from_ms, int64_t till_ms)
{
    struct plan_use uses[] = {
        {.what = SPAN("members"), .used = 3}
    };
    struct event event = event_of(EVENT_billing_due);
    event.billing_due = (struct billing_due_event){.workspace_id = *workspace_id,
                                                   .plan = SPAN("team"),
                                                   .period_start_ms = from_ms,
                                                   .period_end_ms = till_ms,
                                                   .next_end_ms = till_ms + 30 * DAY_MS,
                                                   .uses = uses,
                                                   .uses_count = 1};
    feed_own(world, workspace_id, &event);
}

START_TEST(a_pause_is_dated_and_its_end_forgets_it)
{
    struct world world;
    const struct id workspace_id = the_workspace();
    world_init(&world);
    feed_workspace(&world, &workspace_id);
    struct event event = event_of(EVENT_workspace_paused);
    event.workspace_paused = (struct workspace_paused_event){.workspace_id = workspace_id, .reason = SPAN("holiday")};
    feed_own(&world, &workspace_id, &event);
    struct workspace_row row = read_row(&world, &workspace_id);
    ck_assert(row.paused);
    ck_assert_int_eq(row.paused_ms, row.updated_ms);
    event = event_of(EVENT_workspace_resumed);
    event.workspace_resumed.workspace_id = workspace_id;
    feed_own(&world, &workspace_id, &event);
    row = read_row(&world, &workspace_id);
    ck_assert(!row.paused && row.paused_ms == 0 && row.pause_reason.data == NULL);
    world_done(&world);
}

END_TEST

START_TEST(a_plan_says_how_often_may_be_asked_until_another_does_not)
{
    struct world world;
    const struct id workspace_id = the_workspace();
    uint64_t per_minute = 7;
    struct plan_limit limits[] = {
        {.what = SPAN("members"),             .most = 3  },
        {.what = SPAN("requests_per_minute"), .most = 120},
    };
    world_init(&world);
    feed_workspace(&world, &workspace_id);
    ck_assert_int_eq(access_quota(reading(&world), &workspace_id, &per_minute), OK);
    ck_assert_uint_eq(per_minute, 0);
    feed_plan(&world, &workspace_id, limits, 2, 0, 0);
    ck_assert_int_eq(access_quota(reading(&world), &workspace_id, &per_minute), OK);
    ck_assert_uint_eq(per_minute, 120);
    const struct workspace_row row = read_row(&world, &workspace_id);
    ck_assert(span_equal(row.plan, SPAN("team")));
    ck_assert_uint_eq(row.limits_count, 2);
    feed_plan(&world, &workspace_id, limits, 1, 0, 0);
    ck_assert_int_eq(access_quota(reading(&world), &workspace_id, &per_minute), OK);
    ck_assert_uint_eq(per_minute, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(periods_that_are_over_are_listed_the_newest_first)
{
    struct world world;
    const struct id workspace_id = the_workspace();
    struct period_row *rows = NULL;
    uint32_t count = 0;
    world_init(&world);
    feed_workspace(&world, &workspace_id);
    feed_plan(&world, &workspace_id, NULL, 0, T0, DUE_MS);
    feed_bill(&world, &workspace_id, T0, DUE_MS);
    feed_bill(&world, &workspace_id, DUE_MS, DUE_MS + 30 * DAY_MS);
    ck_assert_int_eq(access_periods(reading(&world), &workspace_id, 0, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(rows[0].period_start_ms, DUE_MS);
    ck_assert_int_eq(rows[1].period_end_ms, DUE_MS);
    struct period_row one;
    ck_assert_int_eq(access_period(reading(&world), &workspace_id, DUE_MS, &world.arena, &one), OK);
    ck_assert_int_eq(one.period_start_ms, T0);
    ck_assert_uint_eq(rows[1].uses_count, 1);
    ck_assert_int_eq(
        access_periods(reading(&world), &workspace_id, rows[0].period_end_ms, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(rows[0].period_end_ms, DUE_MS);
    const struct workspace_row row = read_row(&world, &workspace_id);
    ck_assert_int_eq(row.billed_since_ms, T0);
    ck_assert_int_eq(row.period_start_ms, DUE_MS + 30 * DAY_MS);
    const struct id other = id_n(ID_WORKSPACE, 99);
    ck_assert_int_eq(access_periods(reading(&world), &other, 0, 10, &world.arena, &rows, &count), OK);
    ck_assert_uint_eq(count, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

START_TEST(another_plan_within_a_period_keeps_the_day_on_which_periods_end)
{
    struct world world;
    const struct id workspace_id = the_workspace();
    world_init(&world);
    feed_workspace(&world, &workspace_id);
    feed_plan(&world, &workspace_id, NULL, 0, T0, DUE_MS);
    feed_bill(&world, &workspace_id, T0, DUE_MS);
    feed_plan(&world, &workspace_id, NULL, 0, DUE_MS, DUE_MS + 30 * DAY_MS);
    ck_assert_int_eq(read_row(&world, &workspace_id).billed_since_ms, T0);
    feed_plan(&world, &workspace_id, NULL, 0, DUE_MS + DAY_MS, DUE_MS + 31 * DAY_MS);
    ck_assert_int_eq(read_row(&world, &workspace_id).billed_since_ms, DUE_MS + DAY_MS);
    world_done(&world);
}

END_TEST

START_TEST(what_was_deleted_is_billed_no_more)
{
    struct world world;
    const struct id workspace_id = the_workspace();
    world_init(&world);
    feed_workspace(&world, &workspace_id);
    feed_plan(&world, &workspace_id, NULL, 0, T0, DUE_MS);
    struct event event = event_of(EVENT_workspace_deleted);
    event.workspace_deleted.workspace_id = workspace_id;
    feed_own(&world, &workspace_id, &event);
    const struct workspace_row row = read_row(&world, &workspace_id);
    ck_assert_int_eq(row.deleted_ms, row.updated_ms);
    ck_assert_int_eq(row.period_end_ms, 0);
    check_rebuild(&world);
    world_done(&world);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("access_workspaces");
    TCase *tcase = tcase_create("access_workspaces");
    tcase_add_test(tcase, a_pause_is_dated_and_its_end_forgets_it);
    tcase_add_test(tcase, a_plan_says_how_often_may_be_asked_until_another_does_not);
    tcase_add_test(tcase, periods_that_are_over_are_listed_the_newest_first);
    tcase_add_test(tcase, another_plan_within_a_period_keeps_the_day_on_which_periods_end);
    tcase_add_test(tcase, what_was_deleted_is_billed_no_more);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
