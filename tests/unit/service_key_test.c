/* service_key_test.c: who may speak as an API key over RPC: whoever has the key, nobody who has read of it. */
#include "tests/suite.h"
#include "tests/unit/service_world.h"

/* Sends one frame by hand to the other programs' door; returns the reply's. */
static struct frame send_by_hand(const struct place *place, const uint8_t key_bytes[FRAME_KEY_LEN], struct frame frame,
                                 struct raw_reply *raw)
{
    OWNED(frame_key_free) struct frame_key *key = NULL;
    OWNED(caller_close) struct caller *caller = NULL;
    uint8_t bytes[1024];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct frame reply = {0};
    ck_assert_int_eq(frame_key_new(key_bytes, &key), OK);
    ck_assert_int_eq(frame_write(key, &frame, &out), OK);
    ck_assert_int_eq(caller_open(place->programs_url, 1, FRAME_BYTES_MAX, &caller), OK);
    ck_assert_int_eq(caller_ask(caller, buf_span(&out), WAIT_MS, on_raw, raw), OK);
    for (int i = 0; i < WAIT_MS && !atomic_load(&raw->done); i++) {
        usleep(1000);
    }
    ck_assert(atomic_load(&raw->done));
    ck_assert_int_eq(frame_read(span_of(raw->bytes, raw->len), &reply), OK);
    return reply;
}

/* An auditor reads key_created in the log: no frame that is made of what it shows may be taken for the key's. */
START_TEST(what_the_log_shows_of_a_key_makes_no_tag)
{
    struct place *place = place_open();
    make_key(place, ROLE_OWNER);
    uint8_t payload_bytes[4096];
    struct buf payload = buf_of(payload_bytes, sizeof payload_bytes);
    struct log_event at;
    struct event event;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    ck_assert_int_eq(log_read(place->log, ledger_head(place->ledger), &payload, &at), OK);
    ck_assert_int_eq(event_decode(at.payload, &arena, &event), OK);
    ck_assert_uint_eq(event.code, EVENT_key_created);
    const uint8_t *shown = event.key_created.fingerprint.bytes;
    uint8_t hashed[32];
    sha256(span_of(shown, 32), hashed);
    const uint8_t *const keys[] = {shown, hashed};
    const uint8_t *const names[] = {shown, hashed};
    for (size_t i = 0; i < 4; i++) {
        struct raw_reply raw = {.done = false};
        struct frame frame = {.kind = FRAME_HELLO, .id = {1}, .has_key_name = true};
        memcpy(frame.key_name, names[i / 2], sizeof frame.key_name);
        const struct frame reply = send_by_hand(place, keys[i % 2], frame, &raw);
        ck_assert_uint_eq(reply.kind, FRAME_REFUSED);
        enum refusal refusal = ACCEPTED;
        ck_assert_int_eq(body_code_read(reply.body, &refusal), OK);
        ck_assert_uint_eq(refusal, REFUSED_frame_unauthenticated);
    }
    uint8_t tag_key[TAG_KEY_LEN];
    struct raw_reply raw = {.done = false};
    struct frame frame = {.kind = FRAME_HELLO, .id = {1}, .has_key_name = true};
    tag_key_of(SPAN(API_KEY), tag_key);
    memcpy(frame.key_name, shown, sizeof frame.key_name);
    ck_assert_uint_eq(send_by_hand(place, tag_key, frame, &raw).kind, FRAME_WELCOME); /* the key itself is */
    arena_done(&arena);
    place_close(place);
}

END_TEST

START_TEST(a_key_whose_tag_key_is_not_in_the_vault_is_told_so)
{
    struct place *place = place_open();
    struct openpost *connection = NULL;
    char text[100];
    size_t len = 0;
    make_key_kept(place, ROLE_OWNER, false);
    ck_assert_int_eq(openpost_open(place->programs_url, API_KEY, &connection), OPENPOST_OK);
    ck_assert_int_eq(openpost_query(connection, "whoami", "!", 1, WAIT_MS, text, sizeof text, &len, NULL),
                     OPENPOST_KEY_NOT_IN_VAULT);
    openpost_close(connection);
    place_close(place);
}

END_TEST

START_TEST(a_revoked_key_opens_nothing_from_the_next_frame_on_and_its_tag_key_is_destroyed)
{
    struct place *place = place_open();
    uint8_t tag_key[TAG_KEY_LEN];
    struct content_part part;
    make_key(place, ROLE_EDITOR);
    tag_key_of(SPAN(API_KEY), tag_key);
    struct client *program = connect_as(place->programs_url, tag_key);
    struct command command = draft(place, &part);
    ck_assert_uint_eq(give(program, &command, NULL).refusal, ACCEPTED);
    struct command revoke = command_of(place, COMMAND_revoke_key);
    revoke.revoke_key.key_id = place->key_id;
    ck_assert_uint_eq(give(place->client, &revoke, NULL).refusal, ACCEPTED);
    struct answer got;
    command = draft(place, &part);
    command.stream = command_stream(&command);
    ck_assert_int_eq(client_command_wait(program, &command, NULL, WAIT_MS, &got), ERR_AUTH);
    client_close(program);
    service_close(place->service);
    place->service = NULL;
    uint8_t bytes[100];
    struct buf nothing = buf_of(bytes, sizeof bytes);
    ck_assert_int_eq(vault_get(place->vault, &place->key_id, &nothing), ERR_NOT_FOUND);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_key");
    TCase *keys = tcase_create("keys");
    tcase_set_timeout(keys, 60);
    tcase_add_test(keys, what_the_log_shows_of_a_key_makes_no_tag);
    tcase_add_test(keys, a_key_whose_tag_key_is_not_in_the_vault_is_told_so);
    tcase_add_test(keys, a_revoked_key_opens_nothing_from_the_next_frame_on_and_its_tag_key_is_destroyed);
    suite_add_tcase(suite, keys);
    return run_suite(suite);
}
