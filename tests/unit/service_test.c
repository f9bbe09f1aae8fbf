/* service_test.c: the ledger behind its sockets, as gateway, scheduler and other programs meet it: real log, views and
 * vault in a temporary folder. */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service.h"
#include "core/log/checkpoint.h"
#include "core/message/codec.h"
#include "core/wire/caller.h"
#include "core/wire/client.h"
#include "core/wire/follow.h"
#include "core/wire/openpost.h"
#include "core/wire/stream.h"
#include "core/wire/tag_key.h"
#include "projections/access.h"
#include "projections/registry.h"

#define WAIT_MS 20000
#define API_KEY "op_test_0123456789"

struct place {
    char folder[64];
    struct checkpoint_key *key;
    struct log *log;
    struct store *views;
    struct vault *vault;
    struct ledger *ledger;
    struct service *service;
    struct client *client; /* one of our own processes */
    char url[64];
    char programs_url[64];
    char publish_url[64];
    struct id workspace_id;
    struct id key_id;
};

static const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3};

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

static struct id new_id(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

static enum err answer(const struct question *question, enum refusal *ret_refusal, struct buf *out)
{
    if (!span_equal(question->name, SPAN("whoami"))) {
        *ret_refusal = REFUSED_query_unknown;
        return OK;
    }
    buf_text(out, question->asker->own ? "own " : "program ");
    id_write(out, &question->asker->workspace_id);
    buf_put(out, question->arguments);
    return OK;
}

static enum err principal(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct asker *ret_asker)
{
    struct principal found;
    TRY(access_find_named(txn, name, now_ms, &found));
    *ret_asker = (struct asker){.key_id = found.key_id, .workspace_id = found.workspace_id, .role = found.role};
    return OK;
}

static const struct service_parts parts = {.answer = answer, .principal = principal};

static void broken(void *context, enum err err)
{
    (void)context;
    (void)fprintf(stderr, "the writer broke: %s\n", err_name(err));
    abort();
}

/* Free ports, given back at once. */
static void free_url(char url[64])
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    snprintf(url, 64, "tcp://127.0.0.1:%u", publisher_port(publisher));
}

static struct client *connect_as(const char *url, const uint8_t key[FRAME_KEY_LEN], bool program)
{
    struct client_options options = {.url = url, .program = program, .random = random_fill, .now_ms = clock_boot_ms};
    memcpy(options.key, key, sizeof options.key);
    struct client *client = NULL;
    ck_assert_int_eq(client_open(&options, &client), OK);
    return client;
}

static enum err serve(struct place *place)
{
    struct service_options options = {.ledger = place->ledger,
                                      .log = place->log,
                                      .views = place->views,
                                      .vault = place->vault,
                                      .parts = &parts,
                                      .installation_id = new_id(ID_SYSTEM),
                                      .url = place->url,
                                      .programs_url = place->programs_url,
                                      .publish_url = place->publish_url};
    memcpy(options.secret, secret, sizeof options.secret);
    return service_open(&options, broken, NULL, &place->service);
}

static struct command command_of(const struct place *place, uint32_t code)
{
    struct command command = {.code = code, .actor = ACTOR_OPERATOR};
    command.command_id = new_id(ID_COMMAND);
    command.workspace_id = place->workspace_id;
    return command;
}

static struct answer give(struct client *client, struct command *command, const struct idempotency *idempotency)
{
    struct answer got;
    command->stream = command_stream(command);
    ck_assert_int_eq(client_command_wait(client, command, idempotency, WAIT_MS, &got), OK);
    return got;
}

static struct place *place_open(void)
{
    struct place *place = calloc(1, sizeof *place);
    char path[80];
    const uint8_t seed[32] = {9};
    const uint8_t master[32] = {8};
    snprintf(place->folder, sizeof place->folder, "/tmp/openpost-service-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place->folder));
    ck_assert_int_eq(checkpoint_key_new(seed, "openpost/test", &place->key), OK);
    snprintf(path, sizeof path, "%s/log", place->folder);
    const struct log_options log_options = {.path = path,
                                            .map_size = (size_t)1 << 30,
                                            .reserve = (size_t)1 << 20,
                                            .key = place->key,
                                            .checkpoint_every = 1000};
    ck_assert_int_eq(log_lmdb_open(&log_options, &place->log, NULL), OK);
    snprintf(path, sizeof path, "%s/views", place->folder);
    ck_assert_int_eq(store_lmdb_open(path, (size_t)1 << 30, false, &place->views), OK);
    snprintf(path, sizeof path, "%s/vault", place->folder);
    ck_assert_int_eq(vault_open(path, master, false, &place->vault), OK);
    const struct ledger_options options = {.log = place->log,
                                           .views = place->views,
                                           .projections = projections_all,
                                           .installation_id = new_id(ID_SYSTEM),
                                           .random = random_bytes};
    ck_assert_int_eq(ledger_open(&options, true, &place->ledger), OK);
    enum err err = ERR_BUSY;
    for (int i = 0; i < 20 && err == ERR_BUSY; i++) { /* another process may take a port that was free a moment ago */
        free_url(place->url);
        free_url(place->programs_url);
        free_url(place->publish_url);
        err = serve(place);
    }
    ck_assert_int_eq(err, OK);
    place->client = connect_as(place->url, secret, false);
    struct command command = command_of(place, COMMAND_create_workspace);
    command.create_workspace.workspace_id = new_id(ID_WORKSPACE);
    command.create_workspace.slug = SPAN("acme");
    command.create_workspace.name = SPAN("Acme");
    command.create_workspace.timezone = SPAN("UTC");
    const struct id workspace_id = command.create_workspace.workspace_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    place->workspace_id = workspace_id;
    return place;
}

/* kept: its tag key lies in the vault. */
static void make_key_kept(struct place *place, enum role role, bool kept)
{
    uint8_t tag_key[TAG_KEY_LEN];
    struct command command = command_of(place, COMMAND_create_key);
    place->key_id = new_id(ID_KEY);
    command.create_key.key_id = place->key_id;
    command.create_key.workspace_id = place->workspace_id;
    command.create_key.name = SPAN("test");
    command.create_key.role = role;
    tag_key_of(SPAN(API_KEY), tag_key);
    tag_key_fingerprint(tag_key, command.create_key.fingerprint.bytes);
    const struct span secret_bytes = span_of(tag_key, sizeof tag_key);
    if (kept) {
        ck_assert_int_eq(client_seal_wait(place->client, &place->key_id, &place->key_id, secret_bytes, WAIT_MS), OK);
    }
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
}

static void make_key(struct place *place, enum role role)
{
    make_key_kept(place, role, true);
}

static void place_close(struct place *place)
{
    client_close(place->client);
    service_close(place->service);
    ledger_close(place->ledger);
    vault_close(place->vault);
    store_close(place->views);
    log_close(place->log);
    checkpoint_key_free(place->key);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", place->folder);
    ck_assert_int_eq(system(command), 0);
    free(place);
}

static struct command draft(const struct place *place, struct content_part *part)
{
    struct command command = command_of(place, COMMAND_create_post);
    *part = (struct content_part){.text = SPAN("hello")};
    command.actor = ACTOR_KEY;
    command.actor_id = new_id(ID_KEY);
    command.role = ROLE_OWNER;
    command.create_post.post_id = new_id(ID_POST);
    command.create_post.parts = part;
    command.create_post.parts_count = 1;
    return command;
}

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

struct raw_reply {
    atomic_bool done;
    size_t len;
    uint8_t bytes[4096];
};

static void on_raw(void *context, enum err err, struct span reply)
{
    struct raw_reply *raw = context;
    if (err == OK && reply.len <= sizeof raw->bytes) {
        memcpy(raw->bytes, reply.data, reply.len);
        raw->len = reply.len;
    }
    atomic_store(&raw->done, true);
}

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
    struct client *program = connect_as(place->programs_url, tag_key, true);
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
    tcase_add_test(services, what_the_log_shows_of_a_key_makes_no_tag);
    tcase_add_test(services, a_key_whose_tag_key_is_not_in_the_vault_is_told_so);
    tcase_add_test(services, a_revoked_key_opens_nothing_from_the_next_frame_on_and_its_tag_key_is_destroyed);
    tcase_add_loop_test(services, a_command_that_cannot_be_read_spoils_no_other, 0, 2);
    suite_add_tcase(suite, services);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
