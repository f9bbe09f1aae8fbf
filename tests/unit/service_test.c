/* service_test.c: the ledger behind its sockets, as our own processes meet it. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/service_world.h"

#define LARGE_WAIT_MS 120000 /* 73 MB take their time under ThreadSanitizer on a busy machine */
#define LARGE_TEXT 65000     /* of each of PARTS_MAX parts: five such posts fill a frame … */
#define LARGE_POSTS 5
#define LARGE_FRAMES 11 /* … and nine of these are more than LOG_GROUP_BYTES_MAX; the last two may come too late */

static uint64_t figure(const struct place *place, const char *wanted)
{
    uint8_t bytes[4096];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct body_list figures;
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_STATUS, SPAN(""), WAIT_MS, &out), OK);
    ck_assert_int_eq(body_figures_read(buf_span(&out), &figures), OK);
    while (figures.left > 0) {
        struct span name;
        uint64_t value = 0;
        ck_assert_int_eq(body_figure_next(&figures, &name, &value), OK);
        if (span_equal(name, span_text(wanted))) {
            return value;
        }
    }
    ck_abort_msg("there is no figure %s", wanted);
}

static void wait_for_figure(const struct place *place, const char *name, uint64_t least)
{
    for (int i = 0; i < LARGE_WAIT_MS && figure(place, name) < least; i++) {
        usleep(1000);
    }
    ck_assert_uint_ge(figure(place, name), least);
}

static void ask_challenge(const struct place *place, uint8_t ret_challenge[FRAME_ID_LEN])
{
    struct welcome welcome;
    uint8_t bytes[4096];
    struct buf reply = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(client_ask_wait(place->client, FRAME_HELLO, SPAN(""), WAIT_MS, &reply), OK);
    ck_assert_int_eq(body_welcome_read(buf_span(&reply), &welcome), OK);
    memcpy(ret_challenge, welcome.challenge, FRAME_ID_LEN);
}

/* The operator's key for a frame by hand, which is told its name and the challenge. */
static struct frame_key *operator_key(const struct place *place, struct frame *frame)
{
    uint8_t key_bytes[FRAME_KEY_LEN];
    uint8_t fingerprint[SHA256_LEN];
    struct frame_key *key = NULL;
    party_key(secret, PARTY_OPERATOR, key_bytes);
    tag_key_fingerprint(key_bytes, fingerprint);
    frame->has_key_name = true;
    memcpy(frame->key_name, fingerprint, sizeof frame->key_name);
    ask_challenge(place, frame->challenge);
    ck_assert_int_eq(frame_key_new(key_bytes, &key), OK);
    return key;
}

static void wait_for_reply(struct raw_reply *raw)
{
    for (int i = 0; i < LARGE_WAIT_MS && !atomic_load(&raw->done); i++) {
        usleep(1000);
    }
    ck_assert(atomic_load(&raw->done));
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
    ck_assert_uint_eq(figure(place, "head"), 2001);
    const uint64_t groups = figure(place, "groups_total");
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
    struct client *stranger = connect_as(place->url, guess);
    struct content_part part;
    struct command command = draft(place, &part);
    command.stream = command_stream(&command);
    struct answer got;
    ck_assert_int_eq(client_command_wait(stranger, &command, NULL, WAIT_MS, &got), ERR_AUTH);
    client_close(stranger);
    const char *const urls[] = {place->url, place->programs_url};
    for (int i = 0; i < 2; i++) { /* the installation's secret itself is nobody's key, at neither door */
        stranger = connect_as(urls[i], secret);
        ck_assert_int_eq(client_command_wait(stranger, &command, NULL, WAIT_MS, &got), ERR_AUTH);
        client_close(stranger);
    }
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
    OWNED(client_close) struct client *scheduler = connect_party(place, PARTY_SCHEDULER);
    ck_assert_int_eq(client_watch(scheduler, place->publish_url, on_woken, NULL), OK);
    struct content_part part;
    for (int i = 0; i < 2000 && atomic_load(&woken_at) == 0; i++) {
        struct command command = draft(place, &part);
        give(place->client, &command, NULL);
        usleep(1000);
    }
    ck_assert_uint_gt(atomic_load(&woken_at), 1);
    client_close(scheduler);
    scheduler = NULL;
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
    OWNED(frame_key_free) struct frame_key *key = operator_key(place, &frame);
    uint8_t frame_bytes[8192];
    struct buf out = buf_of(frame_bytes, sizeof frame_bytes);
    ck_assert_int_eq(frame_write(key, &frame, &out), OK);
    struct raw_reply raw = {.done = false};
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(place->url, 1, FRAME_BYTES_MAX, &caller), OK);
    ck_assert_int_eq(caller_ask(caller, buf_span(&out), WAIT_MS, on_raw, &raw), OK);
    wait_for_reply(&raw);
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

/* A frame of large posts, by hand: client.c would send the first of them alone. */
static void ask_for_large_posts(const struct place *place, struct caller *caller, struct raw_reply *raw)
{
    static uint8_t text[LARGE_TEXT];
    struct content_part texts[PARTS_MAX];
    uint8_t *bytes = malloc(3 * FRAME_BYTES_MAX);
    ck_assert_ptr_nonnull(bytes);
    struct buf encoded = buf_of(bytes, FRAME_BYTES_MAX);
    struct buf body = buf_of(bytes + FRAME_BYTES_MAX, FRAME_BYTES_MAX);
    struct buf out = buf_of(bytes + 2 * FRAME_BYTES_MAX, FRAME_BYTES_MAX);
    memset(text, 'a', sizeof text);
    body_commands_begin(&body, LARGE_POSTS);
    for (unsigned i = 0; i < LARGE_POSTS; i++) {
        struct command command = draft(place, &texts[0]);
        for (unsigned part = 0; part < PARTS_MAX; part++) {
            texts[part] = (struct content_part){.text = span_of(text, sizeof text)};
        }
        command.create_post.parts_count = PARTS_MAX;
        command.stream = command_stream(&command);
        encoded.len = 0;
        ck_assert_int_eq(command_encode(&command, &encoded), OK);
        body_command_put(&body, buf_span(&encoded), NULL);
    }
    struct frame frame = {.kind = FRAME_COMMANDS, .body = buf_span(&body)};
    random_fill(frame.id, sizeof frame.id);
    OWNED(frame_key_free) struct frame_key *key = operator_key(place, &frame);
    ck_assert_int_eq(frame_write(key, &frame, &out), OK);
    ck_assert_int_eq(caller_ask(caller, buf_span(&out), LARGE_WAIT_MS, on_raw, raw), OK);
    free(bytes);
}

/* The writer is held in a first group until all of them wait: its next group has more than 73 MB, and the log takes 64
 * MiB in a transaction. */
START_TEST(more_than_one_transaction_takes_is_written_in_several)
{
    struct place *place = place_open();
    struct raw_reply replies[LARGE_FRAMES] = {{.done = false}};
    struct tally tally = {0};
    struct content_part part;
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(place->url, LARGE_FRAMES, FRAME_BYTES_MAX, &caller), OK);
    lock_take(&place->deciding);
    struct command first = draft(place, &part);
    first.stream = command_stream(&first);
    ck_assert_int_eq(client_command(place->client, &first, NULL, LARGE_WAIT_MS, on_answer, &tally), OK);
    const uint64_t before = figure(place, "requests_total");
    for (unsigned i = 0; i < LARGE_FRAMES; i++) {
        ask_for_large_posts(place, caller, &replies[i]);
    }
    wait_for_figure(place, "requests_total", before + 2 * LARGE_FRAMES + 1); /* with the challenges, and the question */
    lock_give(&place->deciding);
    for (unsigned i = 0; i < LARGE_FRAMES; i++) {
        struct frame frame;
        struct body_list list;
        struct answer got;
        wait_for_reply(&replies[i]);
        ck_assert_int_eq(frame_read(span_of(replies[i].bytes, replies[i].len), &frame), OK);
        ck_assert_int_eq(body_answers_read(frame.body, &list), OK);
        ck_assert_uint_eq(list.left, LARGE_POSTS);
        while (list.left > 0) {
            ck_assert_int_eq(body_answer_next(&list, &got), OK);
            ck_assert_uint_eq(got.refusal, ACCEPTED);
        }
    }
    ck_assert_uint_eq(figure(place, "head"), 2 + LARGE_FRAMES * LARGE_POSTS);
    caller_close(caller);
    caller = NULL;
    place_close(place);
}

END_TEST

/* Reads log and views from when it is told where they are until it is killed. */
_Noreturn static void read_until_killed(int in, int out)
{
    char folder[FOLDER_MAX];
    char path[300];
    struct log *log = NULL;
    struct log_cursor *cursor = NULL;
    struct log_event event;
    struct store *views = NULL;
    struct store_txn *txn = NULL;
    bool good = read(in, folder, sizeof folder) == sizeof folder;
    snprintf(path, sizeof path, "%s/log", folder);
    const struct log_options options = {.path = path, .read_only = true};
    good = good && log_lmdb_open(&options, &log, NULL) == OK && log_cursor_open(log, 0, &cursor) == OK &&
           log_cursor_next(cursor, &event) == OK;
    snprintf(path, sizeof path, "%s/views", folder);
    good = good && store_lmdb_open(path, (size_t)1 << 30, true, &views) == OK && store_begin(views, false, &txn) == OK;
    (void)!write(out, good ? "y" : "n", 1);
    (void)pause();
    _exit(1);
}

START_TEST(what_a_killed_reader_held_is_given_back)
{
    int there[2];
    int back[2];
    char byte = 0;
    ck_assert_int_eq(pipe(there), 0);
    ck_assert_int_eq(pipe(back), 0);
    const pid_t child = fork(); /* before there are threads, and before the environments are opened */
    if (child == 0) {
        read_until_killed(there[0], back[1]);
    }
    struct place *place = place_open();
    ck_assert_int_eq(write(there[1], place->folder, sizeof place->folder), sizeof place->folder);
    ck_assert_int_eq(read(back[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ck_assert_uint_eq(figure(place, "readers_dropped_total"), 0);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    service_close(place->service);
    ck_assert_int_eq(serve(place), OK); /* it looks at once, and then each minute */
    wait_for_figure(place, "readers_dropped_total", 2);
    place_close(place);
}

END_TEST

START_TEST(a_clock_that_was_set_while_no_ledger_ran_is_suspect)
{
    struct place *place = place_open();
    struct content_part part;
    struct command command = draft(place, &part);
    const struct answer before = give(place->client, &command, NULL);
    ck_assert_uint_eq(figure(place, "clock_suspect"), 0);
    service_close(place->service);
    place->jumped_ms = HOUR_MS;
    ck_assert_int_eq(serve(place), OK);
    command = draft(place, &part);
    const struct answer after = give(place->client, &command, NULL);
    ck_assert_uint_eq(figure(place, "clock_suspect"), 1);
    ck_assert_int_eq(after.time_ms, before.time_ms); /* an hour behind, and a stamp does not go back */
    place_close(place);
}

END_TEST

START_TEST(a_lock_whose_hash_is_not_its_payloads_is_refused)
{
    struct place *place = place_open();
    struct client *scheduler = connect_party(place, PARTY_SCHEDULER);
    struct locked_part part = {.key = SPAN(""), .payload = SPAN("the bytes")};
    struct locked_target target = {.target_id = new_id(ID_TARGET), .parts = &part, .parts_count = 1};
    sha256(part.payload, part.payload_hash.bytes);
    for (int i = 0; i < 2; i++) {
        struct command command = command_of(place, COMMAND_lock_post);
        command.lock_post.post_id = new_id(ID_POST);
        command.lock_post.targets = &target;
        command.lock_post.targets_count = 1;
        ck_assert_uint_eq(give(scheduler, &command, NULL).refusal,
                          i == 0 ? REFUSED_not_found : REFUSED_command_invalid);
        part.payload_hash.bytes[SHA256_LEN - 1] ^= 1;
    }
    client_close(scheduler);
    place_close(place);
}

END_TEST

START_TEST(refused_commands_are_counted_whoever_refused_them)
{
    struct place *place = place_open();
    struct content_part part;
    uint8_t tag_key[TAG_KEY_LEN];
    make_key(place, ROLE_EDITOR);
    const uint64_t before = figure(place, "commands_total");
    ck_assert_uint_eq(figure(place, "commands_refused_total"), 0);
    struct command command = draft(place, &part);
    give(place->client, &command, NULL);
    command = command_of(place, COMMAND_cancel_post); /* the decider */
    command.cancel_post.post_id = new_id(ID_POST);
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, REFUSED_not_found);
    tag_key_of(SPAN(API_KEY), tag_key);
    struct client *program = connect_as(place->programs_url, tag_key);
    command = command_of(place, COMMAND_pause_workspace); /* the door */
    command.pause_workspace.workspace_id = place->workspace_id;
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_role_insufficient);
    ck_assert_uint_eq(figure(place, "commands_total"), before + 3);
    ck_assert_uint_eq(figure(place, "commands_refused_total"), 2);
    client_close(program);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *services = tcase_create("services");
    tcase_set_timeout(services, 180);
    tcase_add_test(services, a_lock_whose_hash_is_not_its_payloads_is_refused);
    tcase_add_test(services, refused_commands_are_counted_whoever_refused_them);
    tcase_add_test(services, many_commands_at_once_are_answered_durable_and_followed);
    tcase_add_test(services, more_than_one_transaction_takes_is_written_in_several);
    tcase_add_test(services, what_a_killed_reader_held_is_given_back);
    tcase_add_test(services, a_clock_that_was_set_while_no_ledger_ran_is_suspect);
    tcase_add_test(services, a_restarted_ledger_answers_old_commands_as_before);
    tcase_add_test(services, a_secret_is_sealed_and_can_be_opened_by_who_has_the_master_key);
    tcase_add_test(services, a_deleted_accounts_secrets_are_destroyed);
    tcase_add_test(services, who_does_not_know_the_secret_gets_nowhere);
    tcase_add_test(services, followers_are_woken);
    tcase_add_test(services, who_asks_for_a_young_events_checkpoint_gets_it);
    tcase_add_test(services, a_service_that_ends_keeps_nobody_waiting_for_a_checkpoint);
    tcase_add_loop_test(services, a_command_that_cannot_be_read_spoils_no_other, 0, 2);
    suite_add_tcase(suite, services);
    return run_suite(suite);
}
