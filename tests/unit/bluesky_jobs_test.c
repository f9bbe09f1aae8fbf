/* bluesky_jobs_test.c: each kind of job as a dialogue: what is asked, what is answered, how it ends. A token is
 * exchanged once in a job, a commit is never asked again without a definite "not accepted", and no secret is in an
 * outcome. */
#include <stdio.h>

#include "core/base/limits.h"
#include "tests/suite.h"
#include "tests/unit/bluesky_dialogue.h"

START_TEST(connect_makes_a_session)
{
    under_way.credentials = SPAN("{\"identifier\":\"@alice.test\",\"password\":\"a-b\\\"c\"}");
    begin("connect");
    asks(HTTP_POST, XRPC "server.createSession", NULL);
    ck_text(request.body, "{\"identifier\":\"alice.test\",\"password\":\"a-b\\\"c\"}");
    ck_text(request.content_type, "application/json");
    answer(200,
           "{\"did\":\"did:plc:alice\",\"handle\":\"alice.test\",\"accessJwt\":"
           "\"h.eyJleHAiOjE3NzY3MDA4MDB9.s\",\"refreshJwt\":\"r\",\"didDoc\":{\"service\":[{\"id\":\"#x\",\"type\":"
           "\"Other\",\"serviceEndpoint\":\"https://other.test\"},{\"id\":\"#atproto_pds\",\"type\":"
           "\"AtprotoPersonalDataServer\",\"serviceEndpoint\":\"https://real.test\"}]}}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.account, "did:plc:alice");
    ck_text(outcome.handle, "alice.test");
    ck_text(outcome.service, "https://real.test");
    ck_text(under_way.fresh, "{\"accessJwt\":\"h.eyJleHAiOjE3NzY3MDA4MDB9.s\",\"refreshJwt\":\"r\"}");
    ck_assert_int_eq(outcome.token_expires_ms, 1776700800000);
}

END_TEST

START_TEST(connect_keeps_the_service_when_the_named_one_is_not_allowed)
{
    under_way.credentials = SPAN("{\"identifier\":\"alice.test\",\"password\":\"p\"}");
    begin("connect");
    answer(200, "{\"did\":\"did:plc:alice\",\"handle\":\"alice.test\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\","
                "\"didDoc\":{\"service\":[{\"type\":\"AtprotoPersonalDataServer\",\"serviceEndpoint\":"
                "\"https://10.0.0.1\"}]}}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.service, "https://pds.test");
    ck_assert_int_eq(outcome.token_expires_ms, 0);
}

END_TEST

START_TEST(connect_with_a_wrong_password_is_unauthorized)
{
    under_way.credentials = SPAN("{\"password\":\"p\"}"); /* the identifier is the job's handle */
    begin("connect");
    ck_text(request.body, "{\"identifier\":\"alice.test\",\"password\":\"p\"}");
    answer(401, "{\"error\":\"AuthenticationRequired\",\"message\":\"Invalid identifier or password\"}");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
    ck_text(outcome.platform_code, "AuthenticationRequired");
    ck_text(outcome.platform_message, "Invalid identifier or password");
    ck_assert_ptr_null(under_way.fresh.data);
}

END_TEST

START_TEST(connect_without_a_password_asks_nothing)
{
    under_way.credentials = SPAN("{\"identifier\":\"alice.test\"}");
    begin("connect");
    ends(OUTCOME_REFUSED, "credentials_refused");
}

END_TEST

static const char *const forbidden[] = {
    "http://pds.test",         "https://pds.test:8443", "https://127.0.0.1",
    "https://10.0.0.1",        "https://[::1]",         "https://pds.test/path",
    "ftp://pds.test",          "https://u@pds.test",    "",
    "https://169.254.169.254", "http://127.0.0.1:2584", "http://10.0.0.1:2583",
    "https://pds.test?a=b",
};

START_TEST(a_forbidden_service_is_never_asked)
{
    job.service = span_text(forbidden[_i]);
    begin("commit");
    ends(OUTCOME_REFUSED, "address_refused");
    again();
    job.service = span_text(forbidden[_i]);
    begin("read");
    ends(OUTCOME_UNKNOWN, "address_refused");
}

END_TEST

START_TEST(a_loopback_service_is_asked_on_an_opened_port)
{
    job.service = SPAN("http://localhost:2583/");
    begin("commit");
    asks(HTTP_POST, "http://localhost:2583/xrpc/com.atproto.repo.createRecord", "Bearer access1");
}

END_TEST

START_TEST(what_is_on_a_server_of_this_machine_is_seen_there)
{
    job.service = SPAN("http://localhost:2583/");
    begin("commit");
    answer(200, CREATED);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.url, "http://localhost:2583/xrpc/com.atproto.repo.getRecord?repo=did%3Aplc%3Aalice&"
                         "collection=app.bsky.feed.post&rkey=3mjwoc5yy2222");
    ck_text(outcome.platform_id, "at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222");
}

END_TEST

START_TEST(refresh_exchanges_the_pair)
{
    begin("refresh");
    asks(HTTP_POST, XRPC "server.refreshSession", "Bearer refresh1");
    ck_assert(under_way.exchanging);
    ck_assert_ptr_null(request.body.data);
    answer(200, "{\"did\":\"did:plc:alice\",\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_assert(!under_way.exchanging);
    ck_text(under_way.fresh, "{\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}");
}

END_TEST

/* The platform's clock says 12:00 when ours says 14:00; the tokens end at 16:00 of the platform's. */
START_TEST(a_pair_lives_as_long_as_the_platforms_own_clock_says)
{
    static const char pair[] =
        "{\"did\":\"did:plc:alice\",\"handle\":\"alice.test\",\"accessJwt\":\"h.eyJleHAiOjE3NzY3MDA4MDB9.s\","
        "\"refreshJwt\":\"i.eyJleHAiOjE3NzY3MDA4MDB9.s\"}";
    under_way.credentials = SPAN("{\"identifier\":\"alice.test\",\"password\":\"p\"}");
    begin("connect");
    answer_dated("Mon, 20 Apr 2026 12:00:00 GMT", pair);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_assert_int_eq(outcome.token_expires_ms, NOW_MS + 4 * HOUR_MS);
    ck_assert_int_eq(outcome.session_expires_ms, NOW_MS + 4 * HOUR_MS);
    again();
    begin("refresh");
    answer_dated("Mon, 20 Apr 2026 15:00:00 GMT", pair);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_assert_int_eq(outcome.token_expires_ms, NOW_MS + HOUR_MS);
    ck_assert_int_eq(outcome.session_expires_ms, NOW_MS + HOUR_MS);
}

END_TEST

START_TEST(an_empty_refresh_token_never_replaces_a_stored_one)
{
    begin("refresh");
    answer(200, "{\"did\":\"did:plc:alice\",\"accessJwt\":\"access2\",\"refreshJwt\":\"\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(under_way.fresh, "{\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh1\"}");
}

END_TEST

START_TEST(a_refresh_for_another_account_is_refused)
{
    begin("refresh");
    answer(200, "{\"did\":\"did:plc:mallory\",\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}");
    ends(OUTCOME_UNAUTHORIZED, "account_mismatch");
    ck_assert_ptr_null(under_way.fresh.data);
}

END_TEST

START_TEST(a_refresh_that_is_refused_is_unauthorized_and_one_that_fails_is_tried_again)
{
    begin("refresh");
    answer(400, EXPIRED);
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
    again();
    begin("refresh");
    breaks(HTTP_NO_ANSWER);
    ends(OUTCOME_TRY_AGAIN, "platform_unavailable");
    again();
    under_way.credentials = (struct span){0};
    begin("refresh");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
}

END_TEST

START_TEST(prepare_has_nothing_to_do)
{
    begin("prepare");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.result, "{}");
}

END_TEST

START_TEST(commit_sends_the_locked_bytes_once)
{
    begin("commit");
    asks(HTTP_POST, XRPC "repo.createRecord", "Bearer access1");
    ck_text(request.body, "{" PLACE ",\"record\":" RECORD "}");
    ck_assert(request.once);
    ck_assert(under_way.committed);
    answer(200, CREATED);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.platform_id, "at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222");
    ck_text(outcome.revision, "bafy1");
    ck_text(outcome.url, "https://bsky.app/profile/alice.test/post/3mjwoc5yy2222");
    ck_assert_int_eq(outcome.published_ms, NOW_MS);
    ck_assert_ptr_null(under_way.fresh.data);
}

END_TEST

/* A platform's words go into the log for ever: a token or password that it says back must not. */
START_TEST(what_a_platform_repeats_of_our_secrets_is_struck)
{
    static const char *const echoes[] = {
        "{\"error\":\"InvalidRequest\",\"message\":\"token Bearer access1 is bad\"}",
        "{\"error\":\"Bearer access1\",\"message\":\"refresh1\"}",
    };
    begin("commit");
    answer(400, echoes[_i]);
    ends(OUTCOME_REFUSED, "platform_refused");
    const struct span texts[] = {outcome.platform_code, outcome.platform_message, outcome.message};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_ptr_null(memmem(texts[i].data, texts[i].len, "access1", 7));
        ck_assert_ptr_null(memmem(texts[i].data, texts[i].len, "refresh1", 8));
    }
    ck_text(outcome.platform_message, "(struck: it repeated a secret)");
    again();
    under_way.credentials = SPAN("{\"identifier\":\"alice.test\",\"password\":\"abcd-efgh\"}");
    begin("connect");
    answer(401, "{\"error\":\"AuthenticationRequired\",\"message\":\"wrong: abcd-efgh\"}");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
    ck_text(outcome.platform_code, "AuthenticationRequired");
    ck_text(outcome.platform_message, "(struck: it repeated a secret)");
}

END_TEST

/* A message is cut at its most: the beginning of a token at its end is struck as well. */
START_TEST(the_beginning_of_a_secret_is_struck_too)
{
    under_way.credentials = SPAN("{\"accessJwt\":\"abcdefghijklmnopqrstuvwxyz\",\"refreshJwt\":\"refresh1\"}");
    begin("commit");
    answer(400, "{\"error\":\"InvalidRequest\",\"message\":\"abcdefghijklmnopqrst\"}");
    ends(OUTCOME_REFUSED, "platform_refused");
    ck_text(outcome.platform_message, "(struck: it repeated a secret)");
}

END_TEST

static const char *const others[] = {
    "at://did:plc:mallory/app.bsky.feed.post/3mjwoc5yy2222",
    "at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2223",
    "at://did:plc:alice/app.bsky.feed.like/3mjwoc5yy2222",
    "at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222/",
};

START_TEST(an_answer_about_another_record_proves_nothing)
{
    char text[300];
    (void)snprintf(text, sizeof text, "{\"uri\":\"%s\",\"cid\":\"bafy1\",\"value\":" RECORD "}", others[_i]);
    begin("commit");
    answer(200, text);
    ends(OUTCOME_UNKNOWN, "outcome_unknown");
    ck_assert_ptr_null(outcome.platform_id.data);
    again();
    begin("read");
    answer(200, text);
    ends(OUTCOME_UNKNOWN, "outcome_unknown");
    ck_assert_ptr_null(outcome.platform_id.data);
}

END_TEST

START_TEST(a_later_part_replies)
{
    job.root_id = SPAN("at://r");
    job.root_revision = SPAN("cid-r");
    job.parent_id = SPAN("at://p");
    job.parent_revision = SPAN("cid-p");
    begin("commit");
    ck_text(request.body, "{" PLACE ",\"record\":{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\",\"createdAt\":"
                          "\"2026-04-20T14:00:00Z\",\"reply\":{\"root\":{\"uri\":\"at://r\",\"cid\":\"cid-r\"},"
                          "\"parent\":{\"uri\":\"at://p\",\"cid\":\"cid-p\"}}}}");
    again();
    job.root_id = SPAN("at://r");
    job.root_revision = SPAN("cid-r");
    begin("commit");
    ck_assert(memmem(request.body.data, request.body.len, "\"parent\":{\"uri\":\"at://r\",\"cid\":\"cid-r\"}", 39) !=
              NULL);
}

END_TEST

START_TEST(an_expired_token_is_refreshed_once_and_the_commit_repeated)
{
    begin("commit");
    answer(400, EXPIRED);
    asks(HTTP_POST, XRPC "server.refreshSession", "Bearer refresh1");
    ck_assert(under_way.exchanging);
    answer(200, "{\"did\":\"did:plc:alice\",\"accessJwt\":\"access2\",\"refreshJwt\":\"refresh2\"}");
    ck_assert(!under_way.exchanging);
    stores(FRESH);
    asks(HTTP_POST, XRPC "repo.createRecord", "Bearer access2");
    ck_text(request.body, "{" PLACE ",\"record\":" RECORD "}");
    answer(200, CREATED);
    ends(OUTCOME_ACCEPTED, NULL);
    ck_assert_ptr_null(under_way.fresh.data);
}

END_TEST

START_TEST(a_second_401_is_unauthorized)
{
    begin("commit");
    answer(401, "");
    answer(200, FRESH);
    stores(FRESH);
    answer(401, "");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
}

END_TEST

static const struct {
    enum http_result result;
    unsigned status;
    const char *body;
    enum outcome outcome;
    const char *code;
} exchanges[] = {
    {HTTP_COMPLETE,  400, EXPIRED, OUTCOME_UNAUTHORIZED, "credentials_refused"  },
    {HTTP_COMPLETE,  401, "",      OUTCOME_UNAUTHORIZED, "credentials_refused"  },
    {HTTP_COMPLETE,  429, "",      OUTCOME_DEFERRED,     "platform_rate_limited"},
    {HTTP_COMPLETE,  500, "",      OUTCOME_TRY_AGAIN,    "platform_unavailable" },
    {HTTP_NOT_SENT,  0,   "",      OUTCOME_TRY_AGAIN,    "platform_unreachable" },
    {HTTP_TIMED_OUT, 0,   "",      OUTCOME_TRY_AGAIN,    "platform_unavailable" },
};

START_TEST(a_failed_exchange_within_a_commit_is_not_unknown)
{
    begin("commit");
    answer(401, "");
    const struct http_response response = {
        .result = exchanges[_i].result, .status = exchanges[_i].status, .body = span_text(exchanges[_i].body)};
    next(&response);
    ends(exchanges[_i].outcome, exchanges[_i].code);
}

END_TEST

START_TEST(a_commit_after_an_exchange_that_gets_no_answer_is_unknown)
{
    begin("commit");
    answer(401, "");
    answer(200, FRESH);
    stores(FRESH);
    breaks(HTTP_TIMED_OUT);
    ends(OUTCOME_UNKNOWN, "outcome_unknown");
}

END_TEST

START_TEST(a_commit_whose_pair_is_not_stored_in_time_was_not_sent)
{
    begin("commit");
    answer(401, "");
    answer(200, FRESH);
    breaks(HTTP_NOT_SENT);
    ends(OUTCOME_TRY_AGAIN, "platform_unreachable");
    ck_text(under_way.fresh, FRESH); /* the pair was exchanged all the same and must be kept */
}

END_TEST

START_TEST(tokens_exchanged_by_another_job_are_used)
{
    begin("commit");
    answer(401, "");
    ck_assert(under_way.exchanging);
    under_way.credentials = SPAN("{\"accessJwt\":\"access9\",\"refreshJwt\":\"refresh9\"}");
    next(NULL);
    asks(HTTP_POST, XRPC "repo.createRecord", "Bearer access9");
    ck_assert(!under_way.exchanging);
    answer(401, "");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
    ck_assert_ptr_null(under_way.fresh.data);
}

END_TEST

START_TEST(a_job_that_lacks_something_asks_nothing)
{
    under_way.credentials = (struct span){0};
    begin("commit");
    ends(OUTCOME_UNAUTHORIZED, "credentials_refused");
    again();
    job.account = (struct span){0};
    begin("commit");
    ends(OUTCOME_REFUSED, "platform_refused");
    again();
    job.key = (struct span){0};
    begin("delete");
    ends(OUTCOME_REFUSED, "platform_refused");
    again();
    job.payload = SPAN("[]");
    begin("commit");
    ends(OUTCOME_REFUSED, "render_refused");
    again();
    begin("dance");
    ends(OUTCOME_REFUSED, "platform_refused");
}

END_TEST

START_TEST(without_a_key_the_platform_names_the_record)
{
    job.key = (struct span){0};
    begin("commit");
    ck_text(request.body, "{\"repo\":\"did:plc:alice\",\"collection\":\"app.bsky.feed.post\",\"record\":" RECORD "}");
    ck_assert(request.once);
    answer(200, "{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/chosen\",\"cid\":\"bafy1\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.platform_id, "at://did:plc:alice/app.bsky.feed.post/chosen");
    ck_text(outcome.url, "https://bsky.app/profile/alice.test/post/chosen");
    again();
    job.key = (struct span){0};
    begin("commit");
    answer(200, "{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/access1\",\"cid\":\"bafy1\"}");
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.platform_id, "(struck: it repeated a secret)");
}

END_TEST

START_TEST(without_a_key_a_reading_finds_nothing_and_proves_nothing)
{
    job.key = SPAN("");
    begin("read");
    ends(OUTCOME_UNKNOWN, "platform_refused");
}

END_TEST

#define READ_URL XRPC "repo.getRecord?repo=did%3Aplc%3Aalice&collection=app.bsky.feed.post&rkey=3mjwoc5yy2222"
#define FOUND(value_) \
    "{\"uri\":\"at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222\",\"cid\":\"bafy1\",\"value\":" value_ "}"

START_TEST(read_proves_presence_by_key_and_content)
{
    begin("read");
    asks(HTTP_GET, READ_URL, NULL);
    ck_assert(!under_way.committed);
    answer(200, FOUND("{\"text\":\"Hi\",\"createdAt\":\"2026-04-20T14:00:00Z\",\"$type\":\"app.bsky.feed.post\"}"));
    ends(OUTCOME_ACCEPTED, NULL);
    ck_text(outcome.platform_id, "at://did:plc:alice/app.bsky.feed.post/3mjwoc5yy2222");
    ck_text(outcome.url, "https://bsky.app/profile/alice.test/post/3mjwoc5yy2222");
    ck_assert_int_eq(outcome.published_ms, job.started_ms);
}

END_TEST

START_TEST(another_record_under_the_key_proves_nothing)
{
    begin("read");
    answer(200, FOUND("{\"text\":\"Ho\",\"createdAt\":\"2026-04-20T14:00:00Z\",\"$type\":\"app.bsky.feed.post\"}"));
    ends(OUTCOME_UNKNOWN, "outcome_unknown");
    again();
    job.root_id = SPAN("at://r"); /* the locked part replies, the one found does not */
    begin("read");
    answer(200, FOUND(RECORD));
    ends(OUTCOME_UNKNOWN, "outcome_unknown");
}

END_TEST

START_TEST(read_proves_absence_only_by_the_platforms_word)
{
    begin("read");
    answer(400, "{\"error\":\"RecordNotFound\",\"message\":\"Could not locate record\"}");
    ends(OUTCOME_ABSENT, "outcome_absent");
    again();
    begin("read");
    answer(400, "{\"error\":\"InvalidRequest\",\"message\":\"Could not find repo\"}");
    ends(OUTCOME_UNKNOWN, "platform_refused");
    again();
    begin("read");
    breaks(HTTP_NOT_SENT);
    ends(OUTCOME_UNKNOWN, "platform_unreachable");
}

END_TEST

START_TEST(delete_is_repeatable)
{
    begin("delete");
    asks(HTTP_POST, XRPC "repo.deleteRecord", "Bearer access1");
    ck_text(request.body, "{" PLACE "}");
    ck_assert(!request.once);
    answer(400, EXPIRED);
    answer(200, FRESH);
    stores(FRESH);
    asks(HTTP_POST, XRPC "repo.deleteRecord", "Bearer access2");
    answer(200, "{}");
    ends(OUTCOME_ACCEPTED, NULL);
    again();
    begin("delete");
    breaks(HTTP_TIMED_OUT);
    ends(OUTCOME_TRY_AGAIN, "platform_unavailable");
}

END_TEST

START_TEST(a_lost_job_is_unknown_only_when_something_may_have_been_committed)
{
    begin("commit");
    platform_lost(&under_way, &outcome);
    ck_assert_int_eq(outcome.outcome, OUTCOME_UNKNOWN);
    again();
    begin("delete");
    platform_lost(&under_way, &outcome);
    ck_assert_int_eq(outcome.outcome, OUTCOME_TRY_AGAIN);
    again();
    begin("read");
    platform_lost(&under_way, &outcome);
    ck_assert_int_eq(outcome.outcome, OUTCOME_UNKNOWN);
}

END_TEST

START_TEST(every_step_says_when_memory_ends)
{
    struct arena none;
    static const char *const kinds[] = {"connect", "refresh", "commit", "read", "delete", "resolve"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        arena_init(&none, 0);
        job.kind = span_text(kinds[i]);
        under_way.arena = &none;
        under_way.state = NULL;
        ck_assert_int_eq(bluesky_platform()->next(&under_way, NULL, &request, &finished, &outcome), ERR_NO_MEMORY);
        ck_assert(!finished);
        arena_done(&none);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("bluesky_jobs");
    TCase *tcase = tcase_create("bluesky_jobs");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, connect_makes_a_session);
    tcase_add_test(tcase, connect_keeps_the_service_when_the_named_one_is_not_allowed);
    tcase_add_test(tcase, connect_with_a_wrong_password_is_unauthorized);
    tcase_add_test(tcase, connect_without_a_password_asks_nothing);
    tcase_add_loop_test(tcase, a_forbidden_service_is_never_asked, 0, sizeof forbidden / sizeof *forbidden);
    tcase_add_test(tcase, a_loopback_service_is_asked_on_an_opened_port);
    tcase_add_test(tcase, what_is_on_a_server_of_this_machine_is_seen_there);
    tcase_add_test(tcase, refresh_exchanges_the_pair);
    tcase_add_test(tcase, a_pair_lives_as_long_as_the_platforms_own_clock_says);
    tcase_add_test(tcase, an_empty_refresh_token_never_replaces_a_stored_one);
    tcase_add_test(tcase, a_refresh_for_another_account_is_refused);
    tcase_add_test(tcase, a_refresh_that_is_refused_is_unauthorized_and_one_that_fails_is_tried_again);
    tcase_add_test(tcase, prepare_has_nothing_to_do);
    tcase_add_test(tcase, commit_sends_the_locked_bytes_once);
    tcase_add_loop_test(tcase, what_a_platform_repeats_of_our_secrets_is_struck, 0, 2);
    tcase_add_test(tcase, the_beginning_of_a_secret_is_struck_too);
    tcase_add_loop_test(tcase, an_answer_about_another_record_proves_nothing, 0, 4);
    tcase_add_test(tcase, a_later_part_replies);
    tcase_add_test(tcase, an_expired_token_is_refreshed_once_and_the_commit_repeated);
    tcase_add_test(tcase, a_second_401_is_unauthorized);
    tcase_add_loop_test(tcase, a_failed_exchange_within_a_commit_is_not_unknown, 0,
                        sizeof exchanges / sizeof *exchanges);
    tcase_add_test(tcase, a_commit_after_an_exchange_that_gets_no_answer_is_unknown);
    tcase_add_test(tcase, a_commit_whose_pair_is_not_stored_in_time_was_not_sent);
    tcase_add_test(tcase, tokens_exchanged_by_another_job_are_used);
    tcase_add_test(tcase, a_job_that_lacks_something_asks_nothing);
    tcase_add_test(tcase, without_a_key_the_platform_names_the_record);
    tcase_add_test(tcase, without_a_key_a_reading_finds_nothing_and_proves_nothing);
    tcase_add_test(tcase, read_proves_presence_by_key_and_content);
    tcase_add_test(tcase, another_record_under_the_key_proves_nothing);
    tcase_add_test(tcase, read_proves_absence_only_by_the_platforms_word);
    tcase_add_test(tcase, delete_is_repeatable);
    tcase_add_test(tcase, a_lost_job_is_unknown_only_when_something_may_have_been_committed);
    tcase_add_test(tcase, every_step_says_when_memory_ends);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
