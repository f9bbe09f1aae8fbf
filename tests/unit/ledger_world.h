/* ledger_world.h: a ledger over a log and a store in memory, and commands to give it: for ledger_test.c and
 * ledger_walk_test.c. Time and chance come from the test. */
#ifndef OPENPOST_TESTS_LEDGER_WORLD_H
#define OPENPOST_TESTS_LEDGER_WORLD_H

#include <check.h>
#include <stdlib.h>

#include "core/base/prng.h"
#include "core/base/sha256.h"
#include "core/decider/aggregate.h"
#include "core/ledger/ledger.h"
#include "core/log/checkpoint.h"
#include "core/store/tables.h"
#include "projections/registry.h"
#include "tests/digest.h"

#define START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct world {
    struct checkpoint_key *key;
    struct log *log;
    struct store *views;
    struct ledger *ledger;
    struct ledger_options options;
    struct zones *zones;
    struct prng prng;
    int64_t now_ms;
    struct id workspace_id;
    struct id key_id;
    struct id integrations[3];
};

static inline void world_random(void *context, void *data, size_t len)
{
    prng_fill(context, data, len);
}

static inline struct id world_id(struct world *world, enum id_kind kind)
{
    uint8_t randomness[10];
    prng_fill(&world->prng, randomness, sizeof randomness);
    return id_make(kind, world->now_ms, randomness);
}

static inline void world_open_ledger(struct world *world, bool trusted)
{
    ck_assert_int_eq(ledger_open(&world->options, trusted, &world->ledger), OK);
}

/* map_size and reserve as in log_options; 0: without end. */
static inline struct world *world_open(uint64_t seed, size_t map_size, size_t reserve)
{
    struct world *world = calloc(1, sizeof *world);
    ck_assert_ptr_nonnull(world);
    const uint8_t seed_bytes[32] = {7};
    prng_seed(&world->prng, seed);
    world->now_ms = START_MS;
    ck_assert_int_eq(checkpoint_key_new(seed_bytes, "openpost/test", &world->key), OK);
    const struct log_options log_options = {
        .map_size = map_size, .reserve = reserve, .key = world->key, .checkpoint_every = 100};
    ck_assert_int_eq(log_memory_open(&log_options, &world->log), OK);
    ck_assert_int_eq(store_memory_open(&world->views), OK);
    ck_assert_int_eq(zones_open(&world->zones), OK);
    world->options = (struct ledger_options){.log = world->log,
                                             .views = world->views,
                                             .projections = projections_all,
                                             .zones = world->zones,
                                             .installation_id = world_id(world, ID_SYSTEM),
                                             .random = world_random,
                                             .random_context = &world->prng};
    world_open_ledger(world, false);
    return world;
}

static inline void world_close(struct world *world)
{
    ledger_close(world->ledger);
    store_close(world->views);
    log_close(world->log);
    zones_close(world->zones);
    checkpoint_key_free(world->key);
    free(world);
}

static inline struct command world_command(struct world *world, uint32_t code)
{
    struct command command = {.code = code, .actor = ACTOR_KEY, .role = ROLE_OWNER};
    command.command_id = world_id(world, ID_COMMAND);
    command.workspace_id = world->workspace_id;
    command.actor_id = world->key_id;
    return command;
}

/* One command in a group of its own. */
static inline struct answer world_give(struct world *world, const struct command *command,
                                       const struct idempotency *idempotency)
{
    struct answer answer;
    ck_assert_int_eq(ledger_begin(world->ledger, world->now_ms), OK);
    ck_assert_int_eq(ledger_handle(world->ledger, command, idempotency, &answer), OK);
    ck_assert_int_eq(ledger_commit(world->ledger), OK);
    return answer;
}

static inline struct answer world_must(struct world *world, const struct command *command)
{
    const struct answer answer = world_give(world, command, NULL);
    ck_assert_msg(answer.refusal == ACCEPTED, "%s", refusal_desc((enum refusal)answer.refusal)->code);
    return answer;
}

/* A workspace with an owner's key of that fingerprint: from now on the world speaks for it. */
static inline void world_workspace(struct world *world, const char *slug, const uint8_t fingerprint[SHA256_LEN])
{
    world->workspace_id = (struct id){0};
    world->key_id = (struct id){0};
    const struct id workspace_id = world_id(world, ID_WORKSPACE);
    struct command command = world_command(world, COMMAND_create_workspace);
    command.create_workspace.workspace_id = workspace_id;
    command.create_workspace.slug = span_text(slug);
    command.create_workspace.name = span_text(slug);
    command.create_workspace.timezone = SPAN("UTC");
    world_must(world, &command);
    world->workspace_id = workspace_id;
    command = world_command(world, COMMAND_create_key);
    command.create_key.key_id = world_id(world, ID_KEY);
    command.create_key.workspace_id = workspace_id;
    command.create_key.name = SPAN("test");
    command.create_key.role = ROLE_OWNER;
    memcpy(command.create_key.fingerprint.bytes, fingerprint, SHA256_LEN);
    world_must(world, &command);
    world->key_id = command.create_key.key_id;
}

/* A started ledger, a workspace with a key, and three connected accounts. */
static inline void world_found(struct world *world)
{
    static const uint8_t fingerprint[SHA256_LEN] = {1};
    struct command command = world_command(world, COMMAND_start_ledger);
    command.start_ledger.boot = SPAN("boot");
    command.start_ledger.release = SPAN("test");
    world_must(world, &command);
    world_workspace(world, "acme", fingerprint);
    for (uint8_t i = 0; i < 3; i++) {
        world->integrations[i] = world_id(world, ID_INTEGRATION);
        command = world_command(world, COMMAND_connect_integration);
        command.connect_integration.integration_id = world->integrations[i];
        command.connect_integration.channel = CHANNEL_BLUESKY;
        command.connect_integration.identifier = SPAN("acme.test");
        command.connect_integration.vault_id = world_id(world, ID_SECRET);
        command.connect_integration.fingerprint = SPAN("abc");
        world_must(world, &command);
        const uint8_t account = (uint8_t)('a' + i);
        command = world_command(world, COMMAND_record_connection);
        command.record_connection.integration_id = world->integrations[i];
        command.record_connection.account = span_of(&account, 1);
        command.record_connection.handle = SPAN("acme");
        command.record_connection.vault_id = world_id(world, ID_SECRET);
        command.record_connection.fingerprint = SPAN("abc");
        world_must(world, &command);
    }
}

/* A post to count of the accounts, from the first on. specs and part are the caller's, alive as long as the command. */
static inline struct command world_post(struct world *world, uint32_t count, int64_t at_ms, struct target_spec *specs,
                                        struct content_part *part)
{
    struct command command = world_command(world, COMMAND_create_post);
    *part = (struct content_part){.text = SPAN("hello")};
    for (uint32_t i = 0; i < count; i++) {
        specs[i] = (struct target_spec){.target_id = world_id(world, ID_TARGET),
                                        .integration_id = world->integrations[i],
                                        .channel = CHANNEL_BLUESKY};
    }
    command.create_post.post_id = world_id(world, ID_POST);
    command.create_post.parts = part;
    command.create_post.parts_count = 1;
    command.create_post.targets = specs;
    command.create_post.targets_count = count;
    command.create_post.at_ms = at_ms;
    return command;
}

/* Everything derived but Idempotency-Keys: those whose command caused no event the log does not know. */
static inline uint64_t world_digest(struct store *views)
{
    const uint8_t skip[] = {TABLE_IDEMPOTENCY};
    return digest_of(views, span_of(skip, sizeof skip));
}

static inline void world_check_rebuilt(struct world *world)
{
    OWNED(store_close) struct store *other = NULL;
    uint64_t events = 0;
    ck_assert_int_eq(store_memory_open(&other), OK);
    ck_assert_int_eq(ledger_rebuild(world->log, other, &projections_all, &world->options.installation_id,
                                    &(struct replay_watch){0}, &events),
                     OK);
    ck_assert_uint_eq(events, ledger_head(world->ledger));
    ck_assert_uint_eq(world_digest(world->views), world_digest(other));
}

#endif
