/* notices_test.c: an operator is told of each change of state that somebody may have to act upon, in ids and words of
 * our own; of a flood the first lines of each kind, and how many there were. */
#include <check.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "core/scheduler/notices.h"
#include "tests/suite.h"

#define T0 ((int64_t)1776693600000)

static struct id id_n(enum id_kind kind, uint8_t n)
{
    uint8_t randomness[10] = {0};
    randomness[9] = n;
    return id_make(kind, T0, randomness);
}

static bool notice_about(const struct event *event, enum id_kind stream, struct notice *ret_notice)
{
    const struct log_event at = {
        .seq = 12, .workspace_id = id_n(ID_WORKSPACE, 1), .stream = id_n(stream, 2), .code = event->code};
    return notice_of(&at, event, ret_notice);
}

START_TEST(a_line_names_what_happened_to_what_and_what_to_do)
{
    struct notice notice;
    struct event event = {.code = EVENT_attempt_probed};
    event.attempt_probed = (struct attempt_probed_event){
        .target_id = id_n(ID_TARGET, 3), .probe = 3, .needs_person = true, .message = SPAN("what a stranger wrote")};
    ck_assert(notice_about(&event, ID_POST, &notice));
    ck_assert(notice.warns);
    ck_assert_str_eq(notice_word(notice.kind), "needs_person");
    ck_assert_str_eq(notice.text,
                     "seq=12 workspace=ws_01kpnk1qr0e008000000000001 post=post_01kpnk1qr0e008000000000002 "
                     "target=tgt_01kpnk1qr0e008000000000003 looks=3 next=\"a person says what became of it: GET "
                     "/v1/posts?attention=needs_person\"");
}

END_TEST

START_TEST(a_code_that_is_none_of_ours_is_not_repeated)
{
    struct notice notice;
    struct event event = {.code = EVENT_integration_disconnected};
    event.integration_disconnected =
        (struct integration_disconnected_event){.integration_id = id_n(ID_INTEGRATION, 1), .code = SPAN("x\ny=z")};
    ck_assert(notice_about(&event, ID_INTEGRATION, &notice));
    ck_assert_ptr_nonnull(strstr(notice.text, "code=none"));
    ck_assert_ptr_null(strchr(notice.text, '\n'));
    event.integration_disconnected.code = SPAN("credentials_refused");
    ck_assert(notice_about(&event, ID_INTEGRATION, &notice));
    ck_assert_ptr_nonnull(strstr(notice.text, "code=credentials_refused next="));
}

END_TEST

/* What each event says; NULL: nothing. */
static const struct {
    uint32_t code;
    uint32_t outcome; /* of attempt_finished; the status of target_finished */
    const char *word;
} told[] = {
    {EVENT_starts_suspended,         0,                 "starts_suspended"        },
    {EVENT_starts_confirmed,         0,                 "starts_confirmed"        },
    {EVENT_clock_suspected,          0,                 "clock_suspected"         },
    {EVENT_clock_trusted,            0,                 "clock_trusted"           },
    {EVENT_workspace_paused,         0,                 "workspace_paused"        },
    {EVENT_workspace_resumed,        0,                 "workspace_resumed"       },
    {EVENT_integration_disconnected, 0,                 "integration_disconnected"},
    {EVENT_integration_connected,    0,                 "integration_connected"   },
    {EVENT_attempt_finished,         OUTCOME_UNKNOWN,   "outcome_unknown"         },
    {EVENT_attempt_finished,         OUTCOME_ACCEPTED,  NULL                      },
    {EVENT_attempt_finished,         OUTCOME_TRY_AGAIN, NULL                      },
    {EVENT_attempt_settled,          0,                 "outcome_known"           },
    {EVENT_attempt_probed,           0,                 NULL                      },
    {EVENT_targets_doubted,          0,                 "needs_person"            },
    {EVENT_outcome_contradicted,     0,                 "outcome_contradicted"    },
    {EVENT_target_resolved,          0,                 "target_resolved"         },
    {EVENT_target_finished,          TARGET_FAILED,     "target_failed"           },
    {EVENT_target_finished,          TARGET_PUBLISHED,  NULL                      },
    {EVENT_targets_missed,           0,                 "targets_missed"          },
    {EVENT_post_locked,              0,                 NULL                      },
    {EVENT_post_created,             0,                 NULL                      },
    {EVENT_attempt_started,          0,                 NULL                      },
    {EVENT_post_finished,            0,                 NULL                      },
    {EVENT_key_created,              0,                 NULL                      },
};

START_TEST(each_change_that_matters_is_told_and_no_other)
{
    struct notice notice;
    struct event event = {.code = told[_i].code};
    if (event.code == EVENT_attempt_finished) {
        event.attempt_finished.outcome = told[_i].outcome;
    } else if (event.code == EVENT_target_finished) {
        event.target_finished.status = told[_i].outcome;
    }
    ck_assert_int_eq(notice_about(&event, ID_POST, &notice), told[_i].word != NULL);
    if (told[_i].word != NULL) {
        ck_assert_str_eq(notice_word(notice.kind), told[_i].word);
    }
}

END_TEST

START_TEST(a_post_that_the_lock_fails_is_told)
{
    struct notice notice;
    struct locked_target targets[] = {{.code = SPAN("render_refused")}, {.parts_count = 0}};
    struct event event = {.code = EVENT_post_locked};
    event.post_locked.targets = targets;
    event.post_locked.targets_count = 2;
    ck_assert(notice_about(&event, ID_POST, &notice));
    ck_assert_ptr_nonnull(strstr(notice.text, "targets=1 code=render_refused"));
}

END_TEST

START_TEST(a_flood_of_one_kind_is_cut_counted_and_hides_no_other)
{
    struct notices notices = {.counts = {{0}}};
    enum notice_kind kind = NOTICE_COUNT;
    uint32_t count = 0;
    for (uint32_t i = 0; i < NOTICES_A_MINUTE + 70; i++) {
        ck_assert_int_eq(notices_allow(&notices, NOTICE_TARGETS_MISSED, T0 + i), i < NOTICES_A_MINUTE);
    }
    ck_assert(notices_allow(&notices, NOTICE_INTEGRATION_DISCONNECTED, T0 + SECOND_MS));
    ck_assert(!notices_left_out(&notices, T0 + MINUTE_MS - 1, &kind, &count));
    ck_assert(notices_left_out(&notices, T0 + MINUTE_MS, &kind, &count));
    ck_assert(kind == NOTICE_TARGETS_MISSED && count == 70);
    ck_assert(!notices_left_out(&notices, T0 + MINUTE_MS, &kind, &count));
    ck_assert(notices_allow(&notices, NOTICE_TARGETS_MISSED, T0 + MINUTE_MS));
    ck_assert(notices_allow(&notices, NOTICE_TARGETS_MISSED, T0 - HOUR_MS)); /* a clock that was set back */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("notices");
    TCase *tcase = tcase_create("notices");
    tcase_add_test(tcase, a_line_names_what_happened_to_what_and_what_to_do);
    tcase_add_test(tcase, a_code_that_is_none_of_ours_is_not_repeated);
    tcase_add_loop_test(tcase, each_change_that_matters_is_told_and_no_other, 0, sizeof told / sizeof *told);
    tcase_add_test(tcase, a_post_that_the_lock_fails_is_told);
    tcase_add_test(tcase, a_flood_of_one_kind_is_cut_counted_and_hides_no_other);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
