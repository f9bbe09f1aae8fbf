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

#define NOW_MS 1776693615001 /* 2026-04-20T14:00:15.001Z */

static struct span one_figure(struct buf *body, const char *name, uint64_t value)
{
    body_figures_begin(body, 1);
    body_figure_put(body, name, value);
    return buf_span(body);
}

static const struct {
    struct condition condition;
    const char *figure;
    uint64_t value;
    const char *degraded;
} impairments[] = {
    {{.suspended_ms = 1},                                                                                  "other",             1,     "[]"}, /* confirmed then */
    {{.suspended = true, .suspended_ms = 1776693600000, .reason = {(const uint8_t *)"it was copied", 13}},
     "other",                                                                                                                   1,
     "[{\"code\":\"starts_suspended\",\"message\":\"The data was copied or restored; an operator must confirm "
     "before anything is sent.\",\"reason\":\"it was copied\",\"since\":\"2026-04-20T14:00:00Z\","
     "\"next\":\"openpost confirm --data DIR\"}]"                                                                                          },
    {{.clock_suspect = true},
     "other",                                                                                                                   1,
     "[{\"code\":\"clock_suspect\",\"message\":\"The server's clock cannot be trusted at the moment.\","
     "\"reason\":null,\"since\":null,\"next\":\"It ends after 60 s of agreement; if the clock is right: "
     "openpost clock accept --data DIR\"}]"                                                                                                },
    {{.suspended = false},                                                                                 "adapter_silent_ms", 0,     "[]"},
    {{.suspended = false},                                                                                 "adapter_silent_ms", 10000, "[]"}, /* a question may be held for so long */
    {{.suspended = false},                                                                                 "adapter_silent_ms", 15000, "[]"},
    {{.suspended = false},
     "adapter_silent_ms",                                                                                                       15001,
     "[{\"code\":\"adapter_silent\",\"message\":\"An adapter does not answer: what goes through it is not sent.\","
     "\"reason\":null,\"since\":\"2026-04-20T14:00:00Z\",\"next\":\"It ends when the adapter answers; if it lasts: "
     "end its process with kill -9. It is started again, and what it had sent is read back\"}]"                                            },
    {{.suspended = false},                                                                                 "workspaces_paused", 0,     "[]"},
    {{.suspended = false},
     "workspaces_paused",                                                                                                       2,
     "[{\"code\":\"workspace_paused\",\"message\":\"The workspace is paused.\",\"reason\":\"Paused workspaces: 2\","
     "\"since\":null,\"next\":\"It ends when an admin of each turns its kill switch off: POST "
     "/v1/workspace/resume\"}]"                                                                                                            },
    {{.identity_silent_ms = IDENTITY_SILENT_MAX_MS},                                                       "other",             1,     "[]"},
    {{.identity_silent_ms = 15001},
     "other",                                                                                                                   1,
     "[{\"code\":\"identity_silent\",\"message\":\"The process that talks to identity providers does not answer: "
     "nobody signs in through one.\",\"reason\":null,\"since\":\"2026-04-20T14:00:00Z\",\"next\":\"It ends when the "
     "process answers; if it lasts: end openpost identity with kill -9. It is started again; posts go out meanwhile, "
     "and passwords and keys are good\"}]"                                                                                                 },
};

START_TEST(what_holds_starts_back_is_told_with_what_ends_it)
{
    uint8_t bytes[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    char text[1024];
    struct buf out = buf_of(text, sizeof text - 1);
    ready_degraded(&impairments[_i].condition, one_figure(&body, impairments[_i].figure, impairments[_i].value), NOW_MS,
                   &out);
    ck_assert_str_eq(buf_terminated(&out), impairments[_i].degraded);
}

END_TEST

START_TEST(all_that_holds_starts_back_is_told)
{
    uint8_t bytes[512];
    struct buf body = buf_of(bytes, sizeof bytes);
    char text[1024];
    struct buf out = buf_of(text, sizeof text - 1);
    ready_degraded(&(struct condition){.suspended = true, .clock_suspect = true},
                   one_figure(&body, "adapter_silent_ms", 20000), NOW_MS, &out);
    ck_assert_ptr_nonnull(strstr(buf_terminated(&out), "DIR\"},{\"code\":\"clock_suspect\""));
    ck_assert_ptr_nonnull(strstr(buf_terminated(&out), "DIR\"},{\"code\":\"adapter_silent\""));
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
    tcase_add_loop_test(tcase, what_holds_starts_back_is_told_with_what_ends_it, 0,
                        sizeof impairments / sizeof *impairments);
    tcase_add_test(tcase, all_that_holds_starts_back_is_told);
    tcase_add_test(tcase, figures_are_told_to_this_machine_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
