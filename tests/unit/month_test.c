/* month_test.c: a month ends on the local midnight of the day on which the first began, or on the last day of a month
 * that has fewer, whatever clocks do. The instants were worked out by hand from the zones' published rules. */
#include "core/calendar/month.h"

#include <check.h>

#include "core/calendar/instant.h"
#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))

static int64_t instant(const char *text)
{
    int64_t time_ms = 0;
    ck_assert_int_eq(instant_parse(span_text(text), &time_ms), INSTANT_OK);
    return time_ms;
}

static struct zones *open_zones(void)
{
    struct zones *zones = NULL;
    ck_assert_int_eq(zones_open(&zones), OK);
    return zones;
}

static const struct {
    const char *zone, *anchor, *time, *next;
} months[] = {
    {"UTC",              "2026-01-15T00:00:00Z", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"},
    {"UTC",              "2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"},
    {"UTC",              "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"},
    {"UTC",              "2024-01-30T00:00:00Z", "2024-01-30T00:00:00Z", "2024-02-29T00:00:00Z"},
    {"UTC",              "2026-12-05T00:00:00Z", "2026-12-05T00:00:00Z", "2027-01-05T00:00:00Z"},
    {"Europe/Berlin",    "2026-02-28T23:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"}, /* summer begins */
    {"Europe/Berlin",    "2026-09-30T22:00:00Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"}, /* and ends */
    {"America/New_York", "2026-02-28T05:00:00Z", "2026-02-28T05:00:00Z", "2026-03-28T04:00:00Z"},
    {"America/Santiago", "2026-08-06T04:00:00Z", "2026-08-06T04:00:00Z", "2026-09-06T04:00:00Z"}, /* no midnight */
    {"America/Havana",   "2026-10-01T04:00:00Z", "2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z"}, /* midnight once */
};

START_TEST(a_month_ends_on_the_day_on_which_the_first_began)
{
    struct zones *zones = open_zones();
    int64_t next_ms = 0;
    ck_assert_int_eq(
        month_next(zones, span_text(months[_i].zone), instant(months[_i].anchor), instant(months[_i].time), &next_ms),
        OK);
    ck_assert_int_eq(next_ms, instant(months[_i].next));
    zones_close(zones);
}

END_TEST

static const struct {
    const char *zone, *time, *midnight;
} days[] = {
    {"UTC",              "2026-04-20T00:00:00Z", "2026-04-20T00:00:00Z"},
    {"UTC",              "2026-04-20T23:59:59Z", "2026-04-20T00:00:00Z"},
    {"Europe/Berlin",    "2026-04-20T21:59:59Z", "2026-04-19T22:00:00Z"},
    {"Europe/Berlin",    "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"},
    {"Pacific/Auckland", "2026-04-20T14:00:00Z", "2026-04-20T12:00:00Z"},
    {"America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z"},
};

START_TEST(a_day_begins_at_its_midnight_or_where_clocks_went_over_that)
{
    struct zones *zones = open_zones();
    int64_t midnight_ms = 0;
    ck_assert_int_eq(month_midnight(zones, span_text(days[_i].zone), instant(days[_i].time), &midnight_ms), OK);
    ck_assert_int_eq(midnight_ms, instant(days[_i].midnight));
    zones_close(zones);
}

END_TEST

START_TEST(an_unknown_zone_and_a_far_future_are_refused)
{
    struct zones *zones = open_zones();
    int64_t time_ms = 7;
    ck_assert_int_eq(month_midnight(zones, SPAN("Mars/Olympus"), 0, &time_ms), ERR_NOT_FOUND);
    ck_assert_int_eq(month_next(zones, SPAN("Mars/Olympus"), 0, 0, &time_ms), ERR_NOT_FOUND);
    ck_assert_int_eq(month_next(zones, SPAN("UTC"), 0, instant("9999-12-15T00:00:00Z"), &time_ms), ERR_RANGE);
    ck_assert_int_eq(time_ms, 7);
    zones_close(zones);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("month");
    TCase *tcase = tcase_create("month");
    tcase_add_loop_test(tcase, a_month_ends_on_the_day_on_which_the_first_began, 0, ROWS(months));
    tcase_add_loop_test(tcase, a_day_begins_at_its_midnight_or_where_clocks_went_over_that, 0, ROWS(days));
    tcase_add_test(tcase, an_unknown_zone_and_a_far_future_are_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
