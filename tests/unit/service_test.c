/* service_test.c: the ledger behind its sockets, as our own processes meet it. */
#include "tests/unit/service_world.h"

START_TEST(many_commands_at_once_are_answered_durable_and_followed)
{
    struct place *place = place_open();
    struct tally tally = {0};
    for (unsigned i = 0; i < 2000; i++) {
        struct content_part part;
        struct command command = draft(place, &part);
        command.stream = command_stream(&command);
        ck_assert_int_eq(client_command(place->client, &command, NULL, WAIT_MS, on_answer, &tally), OK);
    }
    for (int i = 0; i < WAIT_MS && atomic_load(&tally.good) + atomic_load(&tally.bad) < 2000; i++) {
        usleep(1000);
    }
    ck_assert_uint_eq(atomic_load(&tally.good), 2000);
    follow_to(place->client, 2001);
    uint8_t bytes[4096];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct body_list figures;
    uint64_t groups = 0;
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_STATUS, SPAN(""), WAIT_MS, &out), OK);
    ck_assert_int_eq(body_figures_read(buf_span(&out), &figures), OK);
    while (figures.left > 0) {
        struct span name;
        uint64_t value = 0;
        ck_assert_int_eq(body_figure_next(&figures, &name, &value), OK);
        if (span_equal(name, SPAN("head"))) {
            ck_assert_uint_eq(value, 2001);
        }
        groups = span_equal(name, SPAN("groups_total")) ? value : groups;
    }
    ck_assert_uint_ge(groups, 4);
    ck_assert_uint_le(groups, 500);
    place_close(place);
}

END_TEST

START_TEST(a_restarted_ledger_answers_old_commands_as_before)
{
    struct place *place = place_open();
    struct content_part part;
    struct command command = draft(place, &part);
    const struct idempotency key = {.present = true, .scope = {1}, .body = {1}};
    const struct answer first = give(place->client, &command, &key);
    service_close(place->service);
    ck_assert_int_eq(serve(place), OK);
    const struct answer again = give(place->client, &command, &key);
    ck_assert(again.repeated && again.seq == first.seq && again.version == 1);
    struct command other = draft(place, &part);
    const struct answer same = give(place->client, &other, &key);
    ck_assert(same.repeated && id_equal(&same.stream, &command.create_post.post_id));
    place_close(place);
}

END_TEST

START_TEST(a_secret_is_sealed_and_can_be_opened_by_who_has_the_master_key)
{
    struct place *place = place_open();
    const struct id secret_id = new_id(ID_SECRET);
    const struct id integration_id = new_id(ID_INTEGRATION);
    ck_assert_int_eq(client_seal_wait(place->client, &secret_id, &integration_id, SPAN("an app password"), WAIT_MS),
                     OK);
    uint8_t bytes[100];
    struct buf plain = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &secret_id, &plain), OK);
    ck_assert(span_equal(buf_span(&plain), SPAN("an app password")));
    place_close(place);
}

END_TEST

START_TEST(a_deleted_accounts_secrets_are_destroyed)
{
    struct place *place = place_open();
    struct id secrets[2];
    struct id integrations[2];
    struct command command;
    for (int i = 0; i < 2; i++) {
        secrets[i] = new_id(ID_SECRET);
        integrations[i] = new_id(ID_INTEGRATION);
        ck_assert_int_eq(client_seal_wait(place->client, &secrets[i], &integrations[i], SPAN("secret"), WAIT_MS), OK);
        command = command_of(place, COMMAND_connect_integration);
        command.connect_integration.integration_id = integrations[i];
        command.connect_integration.channel = CHANNEL_BLUESKY;
        command.connect_integration.identifier = SPAN("acme.test");
        command.connect_integration.vault_id = secrets[i];
        command.connect_integration.fingerprint = SPAN("abc");
        ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    }
    command = command_of(place, COMMAND_delete_integration);
    command.delete_integration.integration_id = integrations[0];
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    service_close(place->service); /* the vault is for one thread at a time */
    place->service = NULL;
    uint8_t bytes[100];
    struct buf nothing = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &secrets[0], &nothing), ERR_NOT_FOUND);
    struct buf plain = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &secrets[1], &plain), OK);
    place_close(place);
}

END_TEST

START_TEST(who_does_not_know_the_secret_gets_nowhere)
{
    struct place *place = place_open();
    const uint8_t guess[FRAME_KEY_LEN] = {1, 2, 4};
    struct client *stranger = connect_as(place->url, guess, false);
    struct content_part part;
    struct command command = draft(place, &part);
    command.stream = command_stream(&command);
    struct answer got;
    ck_assert_int_eq(client_command_wait(stranger, &command, NULL, WAIT_MS, &got), ERR_AUTH);
    client_close(stranger);
    stranger =
        connect_as(place->programs_url, secret, false); /* the installation's secret at the other programs' door */
    ck_assert_int_eq(client_command_wait(stranger, &command, NULL, WAIT_MS, &got), ERR_AUTH);
    client_close(stranger);
    struct log_event event;
    for (uint64_t seq = 2; log_look(place->log, seq, &event) == OK; seq++) {
        ck_assert_uint_eq(event.code, EVENT_access_refused); /* and that is all that came of it */
    }
    place_close(place);
}

END_TEST

static atomic_uint_fast64_t woken_at;

static void on_woken(void *context, uint64_t head)
{
    (void)context;
    atomic_store(&woken_at, head);
}

START_TEST(followers_are_woken)
{
    struct place *place = place_open();
    ck_assert_int_eq(client_watch(place->client, place->publish_url, on_woken, NULL), OK);
    struct content_part part;
    for (int i = 0; i < 2000 && atomic_load(&woken_at) == 0; i++) {
        struct command command = draft(place, &part);
        give(place->client, &command, NULL);
        usleep(1000);
    }
    ck_assert_uint_gt(atomic_load(&woken_at), 1);
    place_close(place);
}

END_TEST

/* The size of the checkpoint that covers a position, asked for at once. */
static uint64_t signed_size(struct place *place, uint64_t seq)
{
    uint8_t body_bytes[128];
    uint8_t bytes[2048];
    char number[24];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    struct buf out = buf_of(bytes, sizeof bytes);
    struct buf text = buf_of(number, sizeof number);
    enum refusal refusal = ACCEPTED;
    struct span note = {0};
    uint64_t size = 0;
    buf_u64(&text, seq);
    body_query_put(&body, SPAN("signed"), buf_span(&text));
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_QUERY, buf_span(&body), WAIT_MS, &out), OK);
    ck_assert_int_eq(body_result_read(buf_span(&out), &refusal, &note), OK);
    ck_assert_uint_eq(refusal, ACCEPTED);
    const size_t line = span_find(note, '\n') + 1;
    const struct span rest = span_of(note.data + line, note.len - line);
    ck_assert_int_eq(span_to_u64(span_of(rest.data, span_find(rest, '\n')), &size), OK);
    return size;
}

START_TEST(who_asks_for_a_young_events_checkpoint_gets_it)
{
    struct place *place = place_open();
    struct content_part part;
    for (int i = 0; i < 3; i++) { /* the second and third wait until a second is over */
        struct command command = draft(place, &part);
        const struct answer answer = give(place->client, &command, NULL);
        ck_assert_uint_eq(signed_size(place, answer.seq), answer.seq);
        ck_assert_uint_eq(signed_size(place, answer.seq), answer.seq); /* nothing new: none is signed for it */
    }
    place_close(place);
}

END_TEST

static void on_reply(void *context, enum err err, struct span body)
{
    (void)body;
    ck_assert_int_ne(err, OK);
    atomic_store((atomic_bool *)context, true);
}

START_TEST(a_service_that_ends_keeps_nobody_waiting_for_a_checkpoint)
{
    struct place *place = place_open();
    uint8_t body_bytes[128];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    atomic_bool ended = false;
    body_query_put(&body, SPAN("signed"), SPAN("1000000"));
    ck_assert_int_eq(client_ask(place->client, FRAME_QUERY, buf_span(&body), WAIT_MS, on_reply, &ended), OK);
    struct content_part part;
    struct command command = draft(place, &part);
    (void)give(place->client, &command, NULL);
    (void)signed_size(place, 1);
    place_close(place);
    ck_assert(atomic_load(&ended));
}

END_TEST

START_TEST(a_command_that_cannot_be_read_spoils_no_other)
{
    struct place *place = place_open();
    uint8_t first[1024];
    uint8_t bytes[4096];
    struct content_part part;
    struct command command = draft(place, &part);
    command.stream = command_stream(&command);
    struct buf encoded = buf_of(first, sizeof first);
    ck_assert_int_eq(command_encode(&command, &encoded), OK);
    struct buf body = buf_of(bytes, sizeof bytes);
    body_commands_begin(&body, 3);
    body_command_put(&body, SPAN("nonsense"), NULL);
    body_command_put(&body, buf_span(&encoded), NULL);
    body_command_put(&body, SPAN(""), NULL);
    if (_i == 1) { /* the last item is none, and what follows cannot be told from the rest */
        body.data[body.len - 3] = 0xC3;
    }
    /* client.c sends no such thing: a frame by hand */
    struct frame frame = {.kind = FRAME_COMMANDS, .id = {1}, .body = buf_span(&body)};
    struct welcome welcome;
    uint8_t reply_bytes[4096];
    struct buf reply = buf_of(reply_bytes, sizeof reply_bytes);
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_HELLO, SPAN(""), WAIT_MS, &reply), OK);
    ck_assert_int_eq(body_welcome_read(buf_span(&reply), &welcome), OK);
    memcpy(frame.challenge, welcome.challenge, sizeof frame.challenge);
    OWNED(frame_key_free) struct frame_key *key = NULL;
    ck_assert_int_eq(frame_key_new(secret, &key), OK);
    uint8_t frame_bytes[8192];
    struct buf out = buf_of(frame_bytes, sizeof frame_bytes);
    ck_assert_int_eq(frame_write(key, &frame, &out), OK);
    struct raw_reply raw = {.done = false};
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(place->url, 1, FRAME_BYTES_MAX, &caller), OK);
    ck_assert_int_eq(caller_ask(caller, buf_span(&out), WAIT_MS, on_raw, &raw), OK);
    for (int i = 0; i < WAIT_MS && !atomic_load(&raw.done); i++) {
        usleep(1000);
    }
    ck_assert(atomic_load(&raw.done));
    struct body_list list;
    struct answer got[3];
    ck_assert_int_eq(frame_read(span_of(raw.bytes, raw.len), &frame), OK);
    ck_assert(frame_check(key, span_of(raw.bytes, raw.len)));
    ck_assert_int_eq(body_answers_read(frame.body, &list), OK);
    ck_assert_uint_eq(list.left, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(body_answer_next(&list, &got[i]), OK);
    }
    ck_assert_uint_eq(got[0].refusal, REFUSED_command_invalid);
    ck_assert_uint_eq(got[1].refusal, ACCEPTED);
    ck_assert_uint_eq(got[2].refusal, _i == 1 ? REFUSED_frame_invalid : REFUSED_command_invalid);
    caller_close(caller);
    caller = NULL;
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *services = tcase_create("services");
    tcase_set_timeout(services, 60);
    tcase_add_test(services, many_commands_at_once_are_answered_durable_and_followed);
    tcase_add_test(services, a_restarted_ledger_answers_old_commands_as_before);
    tcase_add_test(services, a_secret_is_sealed_and_can_be_opened_by_who_has_the_master_key);
    tcase_add_test(services, a_deleted_accounts_secrets_are_destroyed);
    tcase_add_test(services, who_does_not_know_the_secret_gets_nowhere);
    tcase_add_test(services, followers_are_woken);
    tcase_add_test(services, who_asks_for_a_young_events_checkpoint_gets_it);
    tcase_add_test(services, a_service_that_ends_keeps_nobody_waiting_for_a_checkpoint);
    tcase_add_loop_test(services, a_command_that_cannot_be_read_spoils_no_other, 0, 2);
    suite_add_tcase(suite, services);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
