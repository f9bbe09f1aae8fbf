/* plan_test.c: each plan is found by its name and bounds what its line says; what has no limit is not named. */
#include "core/decider/plan.h"

#include <check.h>

#include "tests/suite.h"

START_TEST(who_runs_the_installation_has_no_limits_and_is_not_billed)
{
    struct plan_limit limits[LIMIT_COUNT];
    const struct plan *plan = plan_find(SPAN(PLAN_OF_NOBODY));
    ck_assert_ptr_nonnull(plan);
    ck_assert_uint_eq(plan_limits(plan, limits), 0);
    ck_assert(!plan_is_billed(plan));
}

END_TEST

START_TEST(each_plan_is_found_and_fits_into_the_log)
{
    const struct plan *plan = NULL;
    uint32_t count = 0;
    for (; (plan = plan_at(count)) != NULL; count++) {
        struct plan_limit limits[LIMIT_COUNT];
        ck_assert_ptr_eq(plan_find(span_text(plan->name)), plan);
        ck_assert_uint_le(strlen(plan->name), PLAN_WORD_MAX);
        for (uint32_t i = 0; i < plan_limits(plan, limits); i++) {
            ck_assert_uint_gt(limits[i].most, 0);
        }
    }
    ck_assert_uint_eq(count, 4);
    ck_assert_ptr_null(plan_find(SPAN("unheard_of")));
}

END_TEST

START_TEST(a_limit_is_named_as_the_rules_name_it)
{
    struct plan_limit limits[LIMIT_COUNT];
    const uint32_t count = plan_limits(plan_find(SPAN("agency")), limits);
    ck_assert_uint_eq(count, 3);
    ck_assert(span_equal(limits[0].what, SPAN("integrations")) && limits[0].most == 200);
    ck_assert(span_equal(limits[1].what, SPAN("members")) && limits[1].most == 100);
    ck_assert(span_equal(limits[2].what, SPAN("requests_per_minute")) && limits[2].most == 3000);
    ck_assert(plan_is_billed(plan_find(SPAN("agency"))));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tcase = tcase_create("plan");
    tcase_add_test(tcase, who_runs_the_installation_has_no_limits_and_is_not_billed);
    tcase_add_test(tcase, each_plan_is_found_and_fits_into_the_log);
    tcase_add_test(tcase, a_limit_is_named_as_the_rules_name_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
