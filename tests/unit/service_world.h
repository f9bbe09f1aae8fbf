/* service_world.h: the ledger behind its sockets: real log, views and vault in a temporary folder. For the tests
 * service*_test.c. */
#ifndef OPENPOST_UNIT_SERVICE_WORLD_H
#define OPENPOST_UNIT_SERVICE_WORLD_H

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/bluesky.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/sha256.h"
#include "core/decider/aggregate.h"
#include "core/ledger/service.h"
#include "core/log/checkpoint.h"
#include "core/message/codec.h"
#include "core/wire/caller.h"
#include "core/wire/client.h"
#include "core/wire/follow.h"
#include "core/wire/openpost.h"
#include "core/wire/publisher.h"
#include "core/wire/tag_key.h"
#include "projections/access.h"
#include "projections/posts.h"
#include "projections/registry.h"
#include "tests/folder.h"
#include "tests/suite.h"

#define WAIT_MS 20000
#define API_KEY "op_test_0123456789"

struct place {
    char folder[FOLDER_MAX];
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
    int64_t jumped_ms;        /* what the wall clock jumped ahead before the service was opened */
    pthread_mutex_t deciding; /* who holds it keeps the writer from deciding anything that becomes an event */
    struct zones *zones;
    const struct channel *channel;
    struct channel_list channels;
    struct service_parts parts;
};

static const uint8_t secret[FRAME_KEY_LEN] = {1, 2, 3};

static inline void random_bytes(void *context, void *data, size_t len)
{
    struct place *place = context;
    lock_take(&place->deciding);
    lock_give(&place->deciding);
    random_fill(data, len);
}

static inline struct id new_id(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

/* Which question was answered when: "gate" holds the reader until it is open, "turn" gets the next number. The
 * arguments of both are the gate's address. */
struct gate {
    atomic_bool entered;
    atomic_bool open;
    atomic_uint turns;
};

static inline void pass_gate(struct gate *gate)
{
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open)) {
        usleep(1000);
    }
}

static inline enum err answer(const struct question *question, enum refusal *ret_refusal, struct buf *out)
{
    if (span_equal(question->name, SPAN("signed"))) { /* arguments: a position */
        uint64_t seq = 0;
        TRY(span_to_u64(question->arguments, &seq));
        const enum err err = log_checkpoint_at(question->log, seq, out);
        return err == ERR_NOT_FOUND ? ERR_BUSY : err;
    }
    if (span_equal(question->name, SPAN("gate")) || span_equal(question->name, SPAN("turn"))) {
        struct gate *gate = NULL;
        memcpy(&gate, question->arguments.data, sizeof gate);
        if (span_equal(question->name, SPAN("gate"))) {
            pass_gate(gate);
        } else {
            buf_u64(out, atomic_fetch_add(&gate->turns, 1));
        }
        return OK;
    }
    if (span_equal(question->name, SPAN("find"))) { /* arguments: an id, of what is not there */
        *ret_refusal = REFUSED_not_found;
        return id_parse(question->arguments, ID_NONE, question->named);
    }
    if (!span_equal(question->name, SPAN("whoami"))) {
        *ret_refusal = REFUSED_query_unknown;
        return OK;
    }
    buf_text(out, question->asker->party != PARTY_NONE ? "own " : "program ");
    id_write(out, &question->asker->workspace_id);
    buf_put(out, question->arguments);
    return OK;
}

static inline enum err principal(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct asker *ret_asker)
{
    struct principal found;
    TRY(access_find_named(txn, name, now_ms, &found));
    *ret_asker = (struct asker){
        .key_id = found.key_id,
        .workspace_id = found.workspace_id,
        .grant = {.role = found.role, .scopes = found.scopes, .restricted = found.restricted}
    };
    return OK;
}

static inline enum err written(struct store_txn *txn, const struct asker *asker, const struct id *post_id,
                               struct arena *arena, struct written_post *ret_post)
{
    struct post_view view;
    TRY(posts_get(txn, &asker->workspace_id, post_id, arena, &view));
    struct approval_source source;
    TRY(posts_approval_source(&view, arena, &source));
    *ret_post = (struct written_post){
        .version = view.row.version,
        .status = view.row.status,
        .publish_at_ms = view.row.publish_at_ms,
        .content = {.parts = view.content.parts,
                    .part_count = view.content.parts_count,
                    .link = view.content.link,
                    .first_comment = view.content.first_comment},
        .targets = view.content.targets,
        .due_ms = source.due_ms,
        .target_count = view.content.targets_count,
        .template_id = view.row.template_id,
        .default_queue_of = view.row.default_queue_of,
        .blanks = view.row.blanks,
        .blank_count = view.row.blanks_count
    };
    return OK;
}

static inline enum err known_account(struct store_txn *txn, const struct asker *asker, const struct id *integration_id,
                                     struct arena *arena, struct known_account *ret_account)
{
    struct integration_ref *accounts = NULL;
    struct grant grant = asker->grant;
    struct integration_row row;
    if (grant.restricted) {
        TRY(access_key_accounts(txn, &asker->key_id, arena, &accounts, &grant.account_count));
        grant.accounts = accounts;
    }
    TRY(access_sees(&grant, integration_id) ? OK : ERR_NOT_FOUND);
    TRY(access_integration(txn, &asker->workspace_id, integration_id, arena, &row));
    *ret_account = (struct known_account){.channel = row.channel,
                                          .was_connected = row.account.data != NULL,
                                          .service = row.service,
                                          .vault_id = row.vault_id,
                                          .connect_vault_id = row.connect_vault_id};
    return OK;
}

static inline enum err known_key(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                                 struct arena *arena, struct known_key *ret_key)
{
    struct key_row row;
    TRY(access_key_own(txn, workspace_id, key_id, arena, &row));
    *ret_key = (struct known_key){.name = row.name, .revoked = row.revoked_ms != 0};
    return OK;
}

static inline void broken(void *context, enum err err)
{
    (void)context;
    (void)fprintf(stderr, "the writer broke: %s\n", err_name(err));
    abort();
}

/* Free ports, given back at once. */
static inline void free_url(char url[64])
{
    OWNED(publisher_close) struct publisher *publisher = NULL;
    ck_assert_int_eq(publisher_open("tcp://127.0.0.1:0", &publisher), OK);
    snprintf(url, 64, "tcp://127.0.0.1:%u", publisher_port(publisher));
}

static inline struct client *connect_as(const char *url, const uint8_t key[FRAME_KEY_LEN])
{
    struct client_options options = {.url = url, .random = random_fill, .now_ms = clock_boot_ms};
    memcpy(options.key, key, sizeof options.key);
    struct client *client = NULL;
    ck_assert_int_eq(client_open(&options, &client), OK);
    return client;
}

static inline struct client *connect_party(const struct place *place, enum party party)
{
    uint8_t key[FRAME_KEY_LEN];
    party_key(secret, party, key);
    return connect_as(place->url, key);
}

static inline enum err serve(struct place *place)
{
    place->channel = bluesky_channel();
    place->channels = (struct channel_list){.items = &place->channel, .count = 1};
    place->parts = (struct service_parts){
        .answer = answer,
        .principal = principal,
        .post = written,
        .account = known_account,
        .key = known_key,
        .is_fingerprint = access_is_fingerprint,
        .zones = place->zones,
        .admission = {.zones = place->zones, .channels = &place->channels}
    };
    struct service_options options = {.ledger = place->ledger,
                                      .log = place->log,
                                      .views = place->views,
                                      .vault = place->vault,
                                      .parts = &place->parts,
                                      .installation_id = new_id(ID_SYSTEM),
                                      .url = place->url,
                                      .programs_url = place->programs_url,
                                      .publish_url = place->publish_url,
                                      .apart_ms = clock_wall_ms() - clock_boot_ms() - place->jumped_ms};
    memcpy(options.secret, secret, sizeof options.secret);
    return service_open(&options, broken, NULL, &place->service);
}

static inline struct command command_of(const struct place *place, uint32_t code)
{
    struct command command = {.code = code, .actor = ACTOR_OPERATOR};
    command.command_id = new_id(ID_COMMAND);
    command.workspace_id = place->workspace_id;
    return command;
}

static inline struct answer give(struct client *client, struct command *command, const struct idempotency *idempotency)
{
    struct answer got;
    command->stream = command_stream(command);
    ck_assert_int_eq(client_command_wait(client, command, idempotency, WAIT_MS, &got), OK);
    return got;
}

static inline struct place *place_open(void)
{
    struct place *place = calloc(1, sizeof *place);
    char path[300];
    const uint8_t seed[32] = {9};
    lock_init(&place->deciding);
    const uint8_t master[32] = {8};
    make_folder(place->folder);
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
    ck_assert_int_eq(zones_open(&place->zones), OK);
    const struct ledger_options options = {.log = place->log,
                                           .views = place->views,
                                           .projections = projections_all,
                                           .zones = place->zones,
                                           .installation_id = new_id(ID_SYSTEM),
                                           .random = random_bytes,
                                           .random_context = place};
    ck_assert_int_eq(ledger_open(&options, true, &place->ledger), OK);
    enum err err = ERR_BUSY;
    for (int i = 0; i < 20 && err == ERR_BUSY; i++) { /* another process may take a port that was free a moment ago */
        free_url(place->url);
        free_url(place->programs_url);
        free_url(place->publish_url);
        err = serve(place);
    }
    ck_assert_int_eq(err, OK);
    place->client = connect_party(place, PARTY_OPERATOR);
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
static inline void make_key_kept(struct place *place, enum role role, bool kept)
{
    uint8_t tag_key[TAG_KEY_LEN];
    struct command command = command_of(place, COMMAND_create_key);
    place->key_id = new_id(ID_KEY);
    command.create_key.key_id = place->key_id;
    command.create_key.workspace_id = place->workspace_id;
    command.create_key.name = SPAN("test");
    command.create_key.role = role;
    command.create_key.expires_ms = role == ROLE_AUDITOR ? clock_wall_ms() + DAY_MS : 0;
    tag_key_of(SPAN(API_KEY), tag_key);
    tag_key_fingerprint(tag_key, command.create_key.fingerprint.bytes);
    const struct span secret_bytes = span_of(tag_key, sizeof tag_key);
    if (kept) {
        ck_assert_int_eq(client_seal_wait(place->client, &place->key_id, &place->key_id, secret_bytes, WAIT_MS), OK);
    }
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
}

static inline void make_key(struct place *place, enum role role)
{
    make_key_kept(place, role, true);
}

static inline void place_close(struct place *place)
{
    client_close(place->client);
    service_close(place->service);
    ledger_close(place->ledger);
    vault_close(place->vault);
    store_close(place->views);
    log_close(place->log);
    checkpoint_key_free(place->key);
    zones_close(place->zones);
    remove_folder(place->folder);
    lock_done(&place->deciding);
    free(place);
}

static inline struct command draft(const struct place *place, struct content_part *part)
{
    struct command command = command_of(place, COMMAND_create_post);
    *part = (struct content_part){.text = SPAN("hello")};
    command.create_post.post_id = new_id(ID_POST);
    command.create_post.parts = part;
    command.create_post.parts_count = 1;
    return command;
}

/* A draft in the key's name, as the gateway sends it: with the role that it read. */
static inline struct command draft_of(const struct place *place, const struct id *key_id, struct content_part *part)
{
    struct command command = draft(place, part);
    command.actor = ACTOR_KEY;
    command.actor_id = *key_id;
    command.role = ROLE_OWNER;
    return command;
}

/* An account that the platform has accepted. */
static inline struct id connect_account_of(struct place *place, struct span account)
{
    struct command command = command_of(place, COMMAND_connect_integration);
    const struct id integration_id = new_id(ID_INTEGRATION);
    command.connect_integration = (struct connect_integration_command){.integration_id = integration_id,
                                                                       .channel = CHANNEL_BLUESKY,
                                                                       .identifier = SPAN("acme.test"),
                                                                       .vault_id = new_id(ID_SECRET),
                                                                       .fingerprint = SPAN("abc")};
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    command = command_of(place, COMMAND_record_connection);
    command.record_connection = (struct record_connection_command){.integration_id = integration_id,
                                                                   .account = account,
                                                                   .handle = SPAN("acme.test"),
                                                                   .vault_id = new_id(ID_SECRET),
                                                                   .fingerprint = SPAN("abc")};
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    return integration_id;
}

static inline struct id connect_account(struct place *place)
{
    return connect_account_of(place, SPAN("did:plc:acme"));
}

struct tally {
    atomic_uint good;
    atomic_uint bad;
};

static inline void on_answer(void *context, enum err err, const struct answer *got)
{
    struct tally *tally = context;
    atomic_fetch_add(err == OK && got->refusal == ACCEPTED ? &tally->good : &tally->bad, 1);
}

/* Follows until position, checking that there is no gap. */
static inline void follow_to(struct client *client, uint64_t position)
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

struct raw_reply {
    atomic_bool done;
    size_t len;
    uint8_t bytes[4096];
};

static inline void on_raw(void *context, enum err err, struct span reply)
{
    struct raw_reply *raw = context;
    if (err == OK && reply.len <= sizeof raw->bytes) {
        memcpy(raw->bytes, reply.data, reply.len);
        raw->len = reply.len;
    }
    atomic_store(&raw->done, true);
}

#endif
