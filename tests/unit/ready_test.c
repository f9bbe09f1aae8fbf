/* ready_test.c: /readyz: the log is writable, the scheduler ticked in the last 5 s, and nothing that could be sent now
 * is late by more than 60 s; what holds starts back is told beside. /metrics: who is told. */
#include <check.h>
#include <stdlib.h>

#include "core/wire/body.h"
#include "gateway/gateway.h"
#include "tests/suite.h"

#define FIGURES 3

static const char *const names[FIGURES] = {"storage_full", "scheduler_silent_ms", "scheduler_late_ms"};

static const struct {
    uint64_t values[FIGURES];
    unsigned count;
    const char *says; /* a word of the reason; NULL: ready */
} rows[] = {
    {{0, 0, 0},          FIGURES, NULL       },
    {{0, 5000, 60000},   FIGURES, NULL       },
    {{1, 0, 0},          FIGURES, "disk"     },
    {{0, 5001, 0},       FIGURES, "scheduler"},
    {{0, 0, 60001},      FIGURES, "60 s"     },
    {{0, 0, UINT64_MAX}, FIGURES, "60 s"     },
    {{0, 0, 0},          2,       "60 s"     }, /* a figure is missing */
    {{0, 0, 0},          0,       "disk"     },
};

START_TEST(an_installation_is_ready_or_says_why_not)
{
    uint8_t bytes[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_figures_begin(&body, rows[_i].count);
    for (unsigned i = 0; i < rows[_i].count; i++) {
        body_figure_put(&body, names[i], rows[_i].values[i]);
    }
    const char *why = ready_fault(buf_span(&body));
    ck_assert_msg((why == NULL) == (rows[_i].says == NULL), "%s", why == NULL ? "ready" : why);
    ck_assert(why == NULL || strstr(why, rows[_i].says) != NULL);
}

END_TEST

START_TEST(an_installation_whose_log_is_altered_is_not_ready)
{
    uint8_t bytes[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    body_figures_begin(&body, 1);
    body_figure_put(&body, _i == 2 ? "other" : "log_altered_at", _i == 1 ? 7 : 0);
    const char *why = log_fault(buf_span(&body));
    ck_assert((why == NULL) == (_i == 0));
    ck_assert(why == NULL || strstr(why, "openpost verify") != NULL);
}

END_TEST

START_TEST(what_cannot_be_read_is_not_ready)
{
    ck_assert_ptr_nonnull(ready_fault(SPAN("nonsense")));
    ck_assert_ptr_nonnull(ready_fault((struct span){0}));
}

END_TEST

START_TEST(what_holds_starts_back_is_told_with_what_ends_it)
{
    const struct {
        struct condition condition;
        const char *degraded;
    } cases[] = {
        {{.suspended_ms = 1},                                                                 "[]"}, /* confirmed then */
        {{.suspended = true, .suspended_ms = 1776693600000, .reason = SPAN("it was copied")},
         "[{\"code\":\"starts_suspended\",\"message\":\"The data was copied or restored; an operator must confirm "
         "before anything is sent.\",\"reason\":\"it was copied\",\"since\":\"2026-04-20T14:00:00Z\","
         "\"next\":\"openpost confirm --data DIR\"}]"                                             },
        {{.clock_suspect = true},
         "[{\"code\":\"clock_suspect\",\"message\":\"The server's clock cannot be trusted at the moment.\","
         "\"reason\":null,\"since\":null,\"next\":\"It ends after 60 s of agreement; if the clock is right: "
         "openpost clock accept --data DIR\"}]"                                                   },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        struct buf out = buf_of(text, sizeof text - 1);
        ready_degraded(&cases[i].condition, &out);
        ck_assert_str_eq(buf_terminated(&out), cases[i].degraded);
    }
    char text[1024];
    struct buf out = buf_of(text, sizeof text - 1);
    ready_degraded(&(struct condition){.suspended = true, .clock_suspect = true}, &out);
    ck_assert_ptr_nonnull(strstr(buf_terminated(&out), "DIR\"},{\"code\":\"clock_suspect\""));
}

END_TEST

START_TEST(figures_are_told_to_this_machine_alone)
{
    ck_assert(metrics_are_for(SPAN("127.0.0.1")));
    ck_assert(metrics_are_for(SPAN("127.1.2.3")));
    ck_assert(metrics_are_for(SPAN("::1")));
    ck_assert(!metrics_are_for(SPAN("192.0.2.1")));
    ck_assert(!metrics_are_for(SPAN("12.7.0.1")));
    ck_assert(!metrics_are_for(SPAN("2001:db8::1")));
    ck_assert(!metrics_are_for(SPAN("::10")));
    ck_assert(!metrics_are_for(SPAN("")));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("ready");
    TCase *tcase = tcase_create("ready");
    tcase_add_loop_test(tcase, an_installation_is_ready_or_says_why_not, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, an_installation_whose_log_is_altered_is_not_ready, 0, 3);
    tcase_add_test(tcase, what_cannot_be_read_is_not_ready);
    tcase_add_test(tcase, what_holds_starts_back_is_told_with_what_ends_it);
    tcase_add_test(tcase, figures_are_told_to_this_machine_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
