/* service_test.c: the ledger behind its sockets, as gateway, scheduler and other programs meet it: real log, views and
 * vault in a temporary folder. */
#include "tests/unit/service_world.h"

struct tally {
    atomic_uint good;
    atomic_uint bad;
};

static void on_answer(void *context, enum err err, const struct answer *got)
{
    struct tally *tally = context;
    atomic_fetch_add(err == OK && got->refusal == ACCEPTED ? &tally->good : &tally->bad, 1);
}

/* Follows until position, checking that there is no gap. */
static void follow_to(struct client *client, uint64_t position)
{
    struct follower follower;
    follow_begin(&follower, 0);
    const size_t cap = FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX;
    uint8_t *bytes = malloc(cap);
    while (follower.position < position) {
        struct buf out = buf_of(bytes, cap);
        struct body_list list;
        uint64_t head = 0;
        ck_assert_int_eq(client_follow_wait(client, follow_after(&follower), 100, WAIT_MS, &out, &head, &list), OK);
        ck_assert_uint_eq(head, position);
        ck_assert_uint_gt(list.left, 0);
        struct log_event event;
        enum err err = OK;
        while ((err = follow_next(&follower, &list, &event)) == OK) {
            uint8_t hash[32];
            sha256(event.payload, hash);
            ck_assert_mem_eq(hash, event.payload_hash, sizeof hash);
        }
        ck_assert_int_eq(err, ERR_NOT_FOUND);
    }
    free(bytes);
}

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
    service_close(place->service); /* which sweeps what is left to be swept */
    place->service = NULL;
    uint8_t bytes[100];
    struct buf nothing = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &secrets[0], &nothing), ERR_NOT_FOUND);
    struct buf plain = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &secrets[1], &plain), OK);
    place_close(place);
}

END_TEST

START_TEST(another_program_does_what_its_key_allows_in_its_workspace)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    tag_key_of(SPAN(API_KEY), tag_key);
    struct client *program = connect_as(place->programs_url, tag_key, true);
    struct command command = draft(place, &part);
    command.stream = command_stream(&command);
    struct answer got;
    ck_assert_int_eq(client_command_wait(program, &command, NULL, WAIT_MS, &got), ERR_AUTH); /* no such key yet */
    make_key(place, ROLE_EDITOR);
    got = give(program, &command, NULL);
    ck_assert_uint_eq(got.refusal, ACCEPTED);
    command = command_of(place, COMMAND_pause_workspace);
    command.actor = ACTOR_SYSTEM; /* a lie: it is a key, and an editor's */
    command.pause_workspace.workspace_id = place->workspace_id;
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_role_insufficient);
    command = command_of(place, COMMAND_create_workspace);
    command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
    command.create_workspace.slug = SPAN("x");
    command.create_workspace.name = SPAN("x");
    command.create_workspace.timezone = SPAN("UTC");
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_role_insufficient);
    command = draft(place, &part);
    command.workspace_id = new_id(ID_WORKSPACE);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
    uint8_t bytes[200];
    struct buf out = buf_of(bytes, sizeof bytes);
    uint8_t body_bytes[64];
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    body_query_put(&body, SPAN("whoami"), SPAN("!"));
    ck_assert_int_eq(client_ask_wait(program, FRAME_QUERY, buf_span(&body), WAIT_MS, &out), OK);
    enum refusal refusal = ACCEPTED;
    struct span result;
    ck_assert_int_eq(body_result_read(buf_span(&out), &refusal, &result), OK);
    ck_assert(span_starts_with(result, SPAN("program ws_")));
    const struct id secret_id = new_id(ID_SECRET);
    const struct id integration_id = new_id(ID_INTEGRATION);
    ck_assert_int_ne(client_seal_wait(program, &secret_id, &integration_id, SPAN("x"), WAIT_MS), OK);
    client_close(program);
    place_close(place);
}

END_TEST

START_TEST(a_program_follows_its_own_workspace_without_gap)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_ADMIN);
    struct content_part part;
    for (int i = 0; i < 5; i++) {
        struct command command = draft(place, &part);
        give(place->client, &command, NULL);
        command = command_of(place, COMMAND_create_workspace);
        command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
        command.create_workspace.slug = SPAN("x");
        command.create_workspace.name = SPAN("x");
        command.create_workspace.timezone = SPAN("UTC");
        ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    }
    struct client *program = connect_as(place->programs_url, tag_key, true);
    uint8_t *bytes = malloc(FOLLOW_BYTES_MAX);
    uint64_t after = 0;
    while (after < 7) {
        struct buf out = buf_of(bytes, FOLLOW_BYTES_MAX);
        struct body_list list;
        uint64_t head = 0;
        ck_assert_int_eq(client_follow_wait(program, after, 3, WAIT_MS, &out, &head, &list), OK);
        ck_assert_uint_eq(head, 7);
        ck_assert_uint_gt(list.left, 0);
        while (list.left > 0) {
            struct span envelope;
            struct span payload;
            struct log_event event;
            ck_assert_int_eq(body_event_next(&list, &envelope, &payload), OK);
            ck_assert_int_eq(log_envelope_read(envelope, &event), OK);
            after++;
            ck_assert_uint_eq(event.workspace_seq, after);
            ck_assert(id_equal(&event.workspace_id, &place->workspace_id));
        }
    }
    free(bytes);
    client_close(program);
    place_close(place);
}

END_TEST

struct heard {
    uint64_t count;
    uint64_t last;
    char types[8][40];
};

static void on_event(void *context, const struct openpost_event *event)
{
    struct heard *heard = context;
    if (heard->count < 8) {
        snprintf(heard->types[heard->count], sizeof heard->types[0], "%s", event->type);
    }
    ck_assert_int_eq(event->json[0], '{');
    heard->count++;
    heard->last = event->workspace_seq;
}

START_TEST(another_program_uses_the_library)
{
    struct place *place = place_open();
    make_key(place, ROLE_ADMIN);
    struct openpost *connection = NULL;
    ck_assert_int_eq(openpost_open("tcp://0.0.0.0:1", API_KEY, &connection), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_open(place->programs_url, API_KEY, &connection), OPENPOST_OK);
    const char *const texts[] = {"one", "two"};
    struct openpost_post post = {.parts = texts, .part_count = 2};
    struct openpost_answer first;
    struct openpost_answer again;
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &first), OPENPOST_OK);
    ck_assert_str_eq(first.code, "");
    ck_assert_uint_eq(first.version, 1);
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &again), OPENPOST_OK);
    ck_assert(again.repeated);
    ck_assert_str_eq(again.id, first.id);
    post.part_count = 1;
    ck_assert_int_eq(openpost_create_post(connection, &post, "my key", WAIT_MS, &again), OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "idempotency_key_reused");
    ck_assert_int_eq(openpost_create_post(connection, &post, "caf\xc3\xa9", WAIT_MS, &again), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_schedule_post(connection, first.id, 0, WAIT_MS, &again), OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "target_missing");
    ck_assert_int_eq(openpost_schedule_post(connection, "post_x", 0, WAIT_MS, &again), OPENPOST_INVALID);
    ck_assert_int_eq(openpost_cancel_post(connection, first.id, WAIT_MS, &again), OPENPOST_REFUSED);
    char text[100];
    size_t len = 0;
    ck_assert_int_eq(openpost_query(connection, "whoami", "!", 1, WAIT_MS, text, sizeof text, &len, NULL), OPENPOST_OK);
    ck_assert_int_eq(text[len - 1], '!');
    ck_assert_int_eq(openpost_query(connection, "whoami", "!", 1, WAIT_MS, text, 3, &len, NULL), OPENPOST_TOO_SMALL);
    ck_assert_int_eq(openpost_query(connection, "who", "!", 1, WAIT_MS, text, sizeof text, &len, &again),
                     OPENPOST_REFUSED);
    ck_assert_str_eq(again.code, "query_unknown");
    uint64_t position = 0;
    struct heard heard = {0};
    ck_assert_int_eq(openpost_follow(connection, &position, WAIT_MS, on_event, &heard), OPENPOST_OK);
    ck_assert_uint_eq(position, 3);
    ck_assert_uint_eq(heard.count, 3);
    ck_assert_str_eq(heard.types[0], "workspace_created");
    ck_assert_str_eq(heard.types[1], "key_created");
    ck_assert_str_eq(heard.types[2], "post_created");
    ck_assert_int_eq(openpost_follow(connection, &position, WAIT_MS, on_event, &heard), OPENPOST_OK);
    ck_assert_uint_eq(heard.count, 3);
    openpost_close(connection);
    ck_assert_int_eq(openpost_open(place->programs_url, "op_wrong_key", &connection), OPENPOST_OK);
    ck_assert_int_eq(openpost_cancel_post(connection, first.id, WAIT_MS, &again), OPENPOST_UNAUTHENTICATED);
    openpost_close(connection);
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
    ck_assert_uint_eq(ledger_head(place->ledger), 1);
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
    tcase_add_test(services, another_program_does_what_its_key_allows_in_its_workspace);
    tcase_add_test(services, a_program_follows_its_own_workspace_without_gap);
    tcase_add_test(services, another_program_uses_the_library);
    tcase_add_test(services, who_does_not_know_the_secret_gets_nowhere);
    tcase_add_test(services, followers_are_woken);
    tcase_add_loop_test(services, a_command_that_cannot_be_read_spoils_no_other, 0, 2);
    suite_add_tcase(suite, services);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
