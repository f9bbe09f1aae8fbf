/* recurrence_test.c: the local times of a rule, by days, weeks and months, to their end. The dates were taken from a
 * printed calendar. */
#include "core/calendar/recurrence.h"

#include <check.h>

#include "tests/suite.h"

#define ROWS(table_) (sizeof(table_) / sizeof *(table_))
#define DAYS_MAX 6

#define ON(weekday_) (1U << (weekday_))

static int64_t day_of(const char *text)
{
    int64_t day = 0;
    ck_assert_msg(local_read_date(span_text(text), &day), "%s", text);
    return day;
}

static const struct {
    const char *name;
    enum recurrence_unit unit;
    int64_t every;
    uint32_t weekdays;
    int month_week, month_day;
    const char *start, *until;
    uint64_t times;
    const char *days[DAYS_MAX]; /* the first ones; NULL: there are no more */
} rules[] = {
    {"every day",
     EVERY_DAY,                                    1,
     0,                                                    0,
     0,                                                           "2026-02-27",
     NULL,                                                                                    0,
     {"2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"}                                                                                            },
    {"every third day",
     EVERY_DAY,                                    3,
     0,                                                    0,
     0,                                                           "2028-02-27",
     NULL,                                                                                    0,
     {"2028-02-27", "2028-03-01", "2028-03-04", "2028-03-07", "2028-03-10", "2028-03-13"}                                                                                            },
    {"until a day",                   EVERY_DAY,   2,   0, 0, 0,  "2026-04-20", "2026-04-23", 0, {"2026-04-20", "2026-04-22"}                                                        },
    {"until that very day",
     EVERY_DAY,                                    2,
     0,                                                    0,
     0,                                                           "2026-04-20",
     "2026-04-24",                                                                            0,
     {"2026-04-20", "2026-04-22", "2026-04-24"}                                                                                                                                      },
    {"three times",                   EVERY_DAY,   1,   0, 0, 0,  "2026-04-20", NULL,         3, {"2026-04-20", "2026-04-21", "2026-04-22"}                                          },
    {"on two days of each week",
     EVERY_WEEK,                                   1,
     ON(MONDAY) | ON(FRIDAY),
     0,                                                       0,
     "2026-04-22",                                                              NULL,
     0,                                                                                          {"2026-04-24", "2026-04-27", "2026-05-01", "2026-05-04", "2026-05-08", "2026-05-11"}},
    {"of every second, from Monday",
     EVERY_WEEK,                                   2,
     ON(TUESDAY) | ON(SUNDAY),
     0,                                                       0,
     "2026-04-22",                                                              NULL,
     0,                                                                                          {"2026-04-26", "2026-05-05", "2026-05-10", "2026-05-19", "2026-05-24", "2026-06-02"}},
    {"so often, not counting before",
     EVERY_WEEK,                                   1,
     ON(MONDAY) | ON(FRIDAY),
     0,                                                       0,
     "2026-04-22",                                                              NULL,
     2,                                                                                          {"2026-04-24", "2026-04-27"}                                                        },
    {"on a day of each month",
     EVERY_MONTH,                                  1,
     0,                                                    0,
     15,                                                          "2026-11-20",
     NULL,                                                                                    0,
     {"2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15", "2027-04-15", "2027-05-15"}                                                                                            },
    {"on its last day",
     EVERY_MONTH,                                  1,
     0,                                                    0,
     31,                                                          "2027-12-01",
     NULL,                                                                                    0,
     {"2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"}                                                                                            },
    {"on the 30th, or the last",
     EVERY_MONTH,                                  1,
     0,                                                    0,
     30,                                                          "2026-01-30",
     NULL,                                                                                    0,
     {"2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30", "2026-06-30"}                                                                                            },
    {"each quarter",
     EVERY_MONTH,                                  3,
     0,                                                    0,
     1,                                                           "2026-01-02",
     NULL,                                                                                    0,
     {"2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01", "2027-04-01", "2027-07-01"}                                                                                            },
    {"on the second Tuesday",
     EVERY_MONTH,                                  1,
     ON(TUESDAY),
     2,                                                       0,
     "2026-04-01",                                                              NULL,
     0,                                                                                          {"2026-04-14", "2026-05-12", "2026-06-09", "2026-07-14", "2026-08-11", "2026-09-08"}},
    {"on the last Friday",
     EVERY_MONTH,                                  1,
     ON(FRIDAY),
     LAST_WEEK,                                               0,
     "2026-04-25",                                                              NULL,
     0,                                                                                          {"2026-05-29", "2026-06-26", "2026-07-31", "2026-08-28", "2026-09-25", "2026-10-30"}},
    {"once a leap year",              EVERY_MONTH, 12,  0, 0, 29, "2028-02-29", NULL,         3, {"2028-02-29", "2029-02-28", "2030-02-28"}                                          },
    {"till the calendar ends",        EVERY_DAY,   200, 0, 0, 0,  "9999-01-01", NULL,         0, {"9999-01-01", "9999-07-20"}                                                        },
};

static struct recurrence recurrence_of(size_t row)
{
    return (struct recurrence){.unit = rules[row].unit,
                               .every = rules[row].every,
                               .weekdays = rules[row].weekdays,
                               .month_week = rules[row].month_week,
                               .month_day = rules[row].month_day,
                               .minute = 570,
                               .start = day_of(rules[row].start),
                               .until = rules[row].until != NULL ? day_of(rules[row].until) : INT64_MAX,
                               .times = rules[row].times};
}

START_TEST(a_rule_has_its_days)
{
    const struct recurrence recurrence = recurrence_of((size_t)_i);
    struct local_time local = {.day = 0};
    for (size_t i = 0; i < DAYS_MAX; i++) {
        const bool found = recurrence_next(&recurrence, local, &local);
        ck_assert_msg(found == (rules[_i].days[i] != NULL), "%s: number %zu", rules[_i].name, i + 1);
        if (!found) {
            return;
        }
        ck_assert_msg(local.day == day_of(rules[_i].days[i]), "%s: number %zu", rules[_i].name, i + 1);
        ck_assert_int_eq(local.minute, 570);
    }
}

END_TEST

/* From whatever time it is asked, it is the first of them all that comes after. */
START_TEST(the_next_one_is_the_first_after_any_time)
{
    const struct recurrence recurrence = recurrence_of((size_t)_i);
    struct local_time from = {.day = recurrence.start - 40};
    struct local_time first = from;
    bool any = recurrence_next(&recurrence, from, &first);
    for (; from.day < recurrence.start + 900; from.day++) {
        for (int minute = 569; minute <= 570; minute++) {
            struct local_time next = {.day = 0};
            from.minute = minute;
            while (any && local_compare(first, from) <= 0) {
                any = recurrence_next(&recurrence, first, &first);
            }
            ck_assert_int_eq(recurrence_next(&recurrence, from, &next), any);
            ck_assert(!any || local_compare(next, first) == 0);
        }
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("recurrence");
    TCase *tcase = tcase_create("recurrence");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_rule_has_its_days, 0, (int)ROWS(rules));
    tcase_add_loop_test(tcase, the_next_one_is_the_first_after_any_time, 0, (int)ROWS(rules));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
