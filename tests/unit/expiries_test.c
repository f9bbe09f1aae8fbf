/* expiries_test.c: each session that ends within a week is asked to be told of until an event says that it was, the
 * earliest first, whether an event or a read model told of it; no longer when it is renewed, disconnected or gone. */
#include "core/scheduler/expiries.h"

#include <check.h>

#include "core/base/limits.h"
#include "tests/suite.h"

#define T0 ((int64_t)1776643200000) /* 2026-04-20T00:00:00Z */
#define END_MS (T0 + 30 * DAY_MS)
#define NEAR_MS (END_MS - 7 * DAY_MS)

static struct id id_of(enum id_kind kind, uint8_t n)
{
    const uint8_t randomness[10] = {[9] = n};
    return id_make(kind, T0, randomness);
}

static void dice(void *context, void *data, size_t len)
{
    (void)context;
    memset(data, 7, len);
}

static bool next(struct expiries *expiries, int64_t now_ms, struct command *ret_command)
{
    return expiries_command(expiries, now_ms, dice, NULL, ret_command);
}

static void apply_at(struct expiries *expiries, const struct event *event, int64_t time_ms)
{
    const struct log_event at = {.seq = 9, .workspace_id = id_of(ID_WORKSPACE, 1), .time_ms = time_ms};
    ck_assert_int_eq(expiries_apply(expiries, &at, event), OK);
}

static void connected(struct expiries *expiries, uint8_t n, int64_t end_ms)
{
    struct event event = {.code = EVENT_integration_connected};
    event.integration_connected.integration_id = id_of(ID_INTEGRATION, n);
    event.integration_connected.session_expires_ms = end_ms;
    apply_at(expiries, &event, T0);
}

static void refreshed(struct expiries *expiries, uint8_t n, int64_t end_ms, int64_t time_ms)
{
    struct event event = {.code = EVENT_integration_refreshed};
    event.integration_refreshed.integration_id = id_of(ID_INTEGRATION, n);
    event.integration_refreshed.session_expires_ms = end_ms;
    apply_at(expiries, &event, time_ms);
}

static void told(struct expiries *expiries, uint8_t n, int64_t end_ms)
{
    struct event event = {.code = EVENT_integration_expiring};
    event.integration_expiring.integration_id = id_of(ID_INTEGRATION, n);
    event.integration_expiring.session_expires_ms = end_ms;
    apply_at(expiries, &event, end_ms - 7 * DAY_MS);
}

START_TEST(an_end_is_told_of_a_week_before_until_an_event_says_so)
{
    struct expiries expiries;
    struct command command;
    expiries_init(&expiries);
    connected(&expiries, 1, END_MS);
    ck_assert(!next(&expiries, NEAR_MS - 1, &command));
    ck_assert(next(&expiries, NEAR_MS, &command));
    ck_assert_uint_eq(command.code, COMMAND_warn_expiring);
    ck_assert_int_eq(command.warn_expiring.session_expires_ms, END_MS);
    ck_assert_uint_eq(command.stream.uuid[15], 1);
    ck_assert_uint_eq(command.causation, 9);
    ck_assert(!next(&expiries, NEAR_MS + EXPIRY_AGAIN_MS - 1, &command));
    ck_assert(next(&expiries, NEAR_MS + EXPIRY_AGAIN_MS, &command)); /* the answer was lost */
    told(&expiries, 1, END_MS);
    ck_assert(!next(&expiries, END_MS, &command));
    expiries_done(&expiries);
}

END_TEST

START_TEST(a_session_that_is_renewed_is_told_of_when_that_one_ends)
{
    struct expiries expiries;
    struct command command;
    expiries_init(&expiries);
    connected(&expiries, 1, END_MS);
    refreshed(&expiries, 1, END_MS + 10 * DAY_MS, T0);
    ck_assert(!next(&expiries, NEAR_MS + 10 * DAY_MS - 1, &command));
    ck_assert(next(&expiries, NEAR_MS + 10 * DAY_MS, &command));
    told(&expiries, 1, END_MS + 10 * DAY_MS);
    refreshed(&expiries, 1, END_MS + 11 * DAY_MS, END_MS + 10 * DAY_MS); /* near: told of already */
    refreshed(&expiries, 1, 0, END_MS + 10 * DAY_MS);
    ck_assert(!next(&expiries, END_MS + 11 * DAY_MS, &command));
    refreshed(&expiries, 1, END_MS + 40 * DAY_MS, END_MS + 11 * DAY_MS); /* far off, so another time */
    ck_assert(next(&expiries, END_MS + 33 * DAY_MS, &command));
    expiries_done(&expiries);
}

END_TEST

START_TEST(what_is_not_connected_is_not_told_of)
{
    struct expiries expiries;
    struct command command;
    struct event event = {.code = EVENT_integration_disconnected};
    expiries_init(&expiries);
    connected(&expiries, 1, END_MS);
    event.integration_disconnected.integration_id = id_of(ID_INTEGRATION, 1);
    apply_at(&expiries, &event, T0);
    connected(&expiries, 2, END_MS);
    event = (struct event){.code = EVENT_integration_deleted};
    event.integration_deleted.integration_id = id_of(ID_INTEGRATION, 2);
    apply_at(&expiries, &event, T0);
    connected(&expiries, 3, END_MS);
    connected(&expiries, 3, 0); /* again, without an end */
    ck_assert(!next(&expiries, END_MS, &command));
    connected(&expiries, 4, END_MS);
    connected(&expiries, 5, END_MS);
    event = (struct event){.code = EVENT_workspace_deleted};
    event.workspace_deleted.workspace_id = id_of(ID_WORKSPACE, 2);
    apply_at(&expiries, &event, T0);
    ck_assert(next(&expiries, END_MS, &command));
    event.workspace_deleted.workspace_id = id_of(ID_WORKSPACE, 1);
    apply_at(&expiries, &event, T0);
    ck_assert(!next(&expiries, END_MS + DAY_MS, &command));
    expiries_done(&expiries);
}

END_TEST

START_TEST(a_start_knows_what_the_read_models_say)
{
    struct expiries expiries;
    struct command command;
    struct expiry expiry = {
        .integration_id = id_of(ID_INTEGRATION, 1), .workspace_id = id_of(ID_WORKSPACE, 1), .end_ms = END_MS, .seq = 3};
    expiries_init(&expiries);
    ck_assert_int_eq(expiries_restore(&expiries, &expiry), OK);
    expiry.integration_id = id_of(ID_INTEGRATION, 2);
    expiry.warned = true;
    ck_assert_int_eq(expiries_restore(&expiries, &expiry), OK);
    ck_assert(next(&expiries, NEAR_MS, &command));
    ck_assert_uint_eq(command.stream.uuid[15], 1);
    ck_assert_uint_eq(command.causation, 3);
    ck_assert(!next(&expiries, NEAR_MS, &command));
    expiries_done(&expiries);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("expiries");
    TCase *tcase = tcase_create("expiries");
    tcase_add_test(tcase, an_end_is_told_of_a_week_before_until_an_event_says_so);
    tcase_add_test(tcase, a_session_that_is_renewed_is_told_of_when_that_one_ends);
    tcase_add_test(tcase, what_is_not_connected_is_not_told_of);
    tcase_add_test(tcase, a_start_knows_what_the_read_models_say);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
