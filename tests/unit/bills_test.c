/* bills_test.c: each period that is over is asked for until an event says that it is closed, the earliest first,
 * whether an event or a read model told of it. */
#include "core/scheduler/bills.h"

#include <check.h>

#include "core/base/limits.h"
#include "core/calendar/instant.h"
#include "core/log/log.h"
#include "tests/suite.h"

#define T0 ((int64_t)1776643200000) /* 2026-04-20T00:00:00Z */
#define MONTH_MS (30 * DAY_MS)      /* April's */

struct desk {
    struct bills bills;
    struct zones *zones;
    struct arena arena;
    struct billed billed; /* what the read models say of each */
    enum err err;
};

static enum err load(void *context, const struct id *workspace_id, struct arena *arena, struct billed *ret_billed)
{
    struct desk *desk = context;
    (void)workspace_id;
    (void)arena;
    *ret_billed = desk->billed;
    return desk->err;
}

static void dice(void *context, void *data, size_t len)
{
    (void)context;
    memset(data, 7, len);
}

static void desk_open(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    bills_init(&desk->bills);
    ck_assert_int_eq(zones_open(&desk->zones), OK);
    arena_init(&desk->arena, (size_t)1 << 20);
    desk->billed = (struct billed){.timezone = SPAN("UTC"), .since_ms = T0, .period_end_ms = T0 + MONTH_MS, .seq = 5};
}

static void desk_close(struct desk *desk)
{
    bills_done(&desk->bills);
    zones_close(desk->zones);
    arena_done(&desk->arena);
}

static struct id workspace_n(uint8_t n)
{
    const uint8_t randomness[10] = {[9] = n};
    return id_make(ID_WORKSPACE, T0, randomness);
}

static bool next(struct desk *desk, int64_t now_ms, struct command *ret_command, int64_t *ret_wake_ms)
{
    const struct bills_load options = {.zones = desk->zones, .context = desk, .billed = load, .random = dice};
    return bills_command(&desk->bills, &options, now_ms, &desk->arena, ret_command, ret_wake_ms);
}

static void apply_plan(struct desk *desk, uint8_t n, int64_t end_ms)
{
    struct event event = {.code = EVENT_plan_changed};
    event.plan_changed.workspace_id = workspace_n(n);
    event.plan_changed.period_end_ms = end_ms;
    ck_assert_int_eq(bills_apply(&desk->bills, &event), OK);
}

START_TEST(a_period_is_closed_when_it_is_over_and_not_before)
{
    struct desk desk;
    struct command command;
    int64_t wake_ms = 0;
    desk_open(&desk);
    ck_assert(!next(&desk, T0, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, TIMERS_NEVER);
    apply_plan(&desk, 1, T0 + MONTH_MS);
    ck_assert(!next(&desk, T0 + MONTH_MS - 1, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, T0 + MONTH_MS);
    ck_assert(next(&desk, T0 + MONTH_MS, &command, &wake_ms));
    const struct id workspace_id = workspace_n(1);
    int64_t june_ms = 0;
    ck_assert_int_eq(instant_parse(SPAN("2026-06-20T00:00:00Z"), &june_ms), INSTANT_OK);
    ck_assert_uint_eq(command.code, COMMAND_close_period);
    ck_assert_uint_eq(command.actor, ACTOR_SCHEDULER);
    ck_assert_uint_eq(command.causation, 5);
    ck_assert(id_equal(&command.stream, &workspace_id) && id_equal(&command.workspace_id, &workspace_id));
    ck_assert_int_eq(command.close_period.period_end_ms, T0 + MONTH_MS);
    ck_assert_int_eq(command.close_period.next_end_ms, june_ms);
    desk_close(&desk);
}

END_TEST

START_TEST(what_is_not_closed_is_asked_for_again_and_what_is_never)
{
    struct desk desk;
    struct command command;
    int64_t wake_ms = 0;
    const int64_t end_ms = T0 + MONTH_MS;
    desk_open(&desk);
    apply_plan(&desk, 1, end_ms);
    ck_assert(next(&desk, end_ms, &command, &wake_ms));
    ck_assert(!next(&desk, end_ms, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, end_ms + BILL_AGAIN_MS);
    ck_assert(next(&desk, end_ms + BILL_AGAIN_MS, &command, &wake_ms));
    struct event event = {.code = EVENT_billing_due};
    event.billing_due.workspace_id = workspace_n(1);
    event.billing_due.period_end_ms = end_ms;
    event.billing_due.next_end_ms = end_ms + MONTH_MS;
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(bills_apply(&desk.bills, &event), OK);
        ck_assert(!next(&desk, end_ms + HOUR_MS, &command, &wake_ms));
        ck_assert_int_eq(wake_ms, end_ms + MONTH_MS);
    }
    desk_close(&desk);
}

END_TEST

START_TEST(read_models_that_are_behind_are_waited_for)
{
    struct desk desk;
    struct command command;
    int64_t wake_ms = 0;
    const int64_t end_ms = T0 + MONTH_MS;
    desk_open(&desk);
    apply_plan(&desk, 1, end_ms);
    desk.billed.period_end_ms = T0;
    ck_assert(!next(&desk, end_ms, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, end_ms + BILL_AGAIN_MS);
    desk.err = ERR_NOT_FOUND;
    ck_assert(!next(&desk, end_ms + BILL_AGAIN_MS, &command, &wake_ms));
    desk.err = OK;
    desk.billed.period_end_ms = end_ms;
    ck_assert(next(&desk, end_ms + 2 * BILL_AGAIN_MS, &command, &wake_ms));
    desk_close(&desk);
}

END_TEST

START_TEST(the_earliest_is_first_and_one_that_fails_holds_up_no_other)
{
    struct desk desk;
    struct command command;
    int64_t wake_ms = 0;
    desk_open(&desk);
    for (uint8_t n = 1; n <= 100; n++) {
        const struct id workspace_id = workspace_n(n);
        ck_assert_int_eq(bills_restore(&desk.bills, &workspace_id, T0 + MONTH_MS + (n - 50) * HOUR_MS), OK);
    }
    ck_assert(next(&desk, T0 + MONTH_MS, &command, &wake_ms)); /* the others' rows tell of another period */
    const struct id fiftieth = workspace_n(50);
    ck_assert(id_equal(&command.stream, &fiftieth));
    ck_assert(!next(&desk, T0 + MONTH_MS, &command, &wake_ms));
    desk_close(&desk);
}

END_TEST

START_TEST(a_workspace_that_ended_or_is_no_longer_billed_has_no_period)
{
    struct desk desk;
    struct command command;
    int64_t wake_ms = 0;
    desk_open(&desk);
    apply_plan(&desk, 1, T0 + MONTH_MS);
    apply_plan(&desk, 2, T0 + MONTH_MS);
    apply_plan(&desk, 2, 0);
    apply_plan(&desk, 3, 0);
    struct event event = {.code = EVENT_workspace_deleted};
    event.workspace_deleted.workspace_id = workspace_n(1);
    ck_assert_int_eq(bills_apply(&desk.bills, &event), OK);
    ck_assert(!next(&desk, T0 + 2 * MONTH_MS, &command, &wake_ms));
    ck_assert_int_eq(wake_ms, TIMERS_NEVER);
    desk_close(&desk);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bills");
    TCase *tcase = tcase_create("bills");
    tcase_add_test(tcase, a_period_is_closed_when_it_is_over_and_not_before);
    tcase_add_test(tcase, what_is_not_closed_is_asked_for_again_and_what_is_never);
    tcase_add_test(tcase, read_models_that_are_behind_are_waited_for);
    tcase_add_test(tcase, the_earliest_is_first_and_one_that_fails_holds_up_no_other);
    tcase_add_test(tcase, a_workspace_that_ended_or_is_no_longer_billed_has_no_period);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
