/* bench_world.c: see bench_world.h: folders, ids and data. The children and the HTTP client are in bench_child.c. */
#include "tools/benchmarks/bench_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/base/sha256.h"
#include "core/decider/aggregate.h"
#include "core/wire/tag_key.h"

#define PORT_FIRST 16384u
#define PORT_COUNT 16384u
#define PORT_TRIES 100

struct id bench_id(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

enum err bench_folder(const struct bench *bench, const char *name, char ret_path[DATA_PATH_MAX])
{
    TRY(path_join(ret_path, DATA_PATH_MAX, bench->folder, name));
    return mkdir(ret_path, 0750) == 0 ? OK : err_from_errno(errno);
}

/* A port that is free now and that the kernel gives to nobody by itself: below the range of outgoing connections. */
enum err bench_port(uint16_t *ret_port)
{
    for (unsigned try = 0; try < PORT_TRIES; try++) {
        uint16_t chance = 0;
        random_fill(&chance, sizeof chance);
        const uint16_t port = (uint16_t)(PORT_FIRST + chance % PORT_COUNT);
        const struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            return err_from_errno(errno);
        }
        const bool good = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
        (void)close(fd);
        if (good) {
            *ret_port = port;
            return OK;
        }
    }
    return ERR_BUSY;
}

static enum err must(struct parts *parts, struct command *command)
{
    struct answer answer;
    TRY(parts_command(parts, command, clock_wall_ms(), &answer));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

static void connect_account(struct bench_author *author, struct command *command)
{
    author->integration_id = bench_id(ID_INTEGRATION);
    command->code = COMMAND_connect_integration;
    command->stream = author->integration_id;
    command->connect_integration.integration_id = author->integration_id;
    command->connect_integration.channel = CHANNEL_BLUESKY;
    command->connect_integration.identifier = span_text(author->name);
    command->connect_integration.vault_id = bench_id(ID_SECRET);
    command->connect_integration.fingerprint = SPAN("abc");
}

static void record_connection(const struct bench_author *author, struct command *command)
{
    command->code = COMMAND_record_connection;
    command->stream = author->integration_id;
    command->record_connection.integration_id = author->integration_id;
    command->record_connection.account = span_text(author->name);
    command->record_connection.handle = span_text(author->name);
    command->record_connection.vault_id = bench_id(ID_SECRET);
    command->record_connection.fingerprint = SPAN("abc");
}

static void create_key(struct bench_author *author, struct command *command)
{
    author->key_id = bench_id(ID_KEY);
    command->code = COMMAND_create_key;
    command->stream = author->key_id;
    command->create_key.key_id = author->key_id;
    command->create_key.workspace_id = author->workspace_id;
    command->create_key.name = SPAN("bench");
    command->create_key.role = ROLE_OWNER;
    key_make(SPAN("bench"), author->key);
    tag_key_fingerprint_of(span_text(author->key), command->create_key.fingerprint.bytes); /* HTTP only */
}

static void create_workspace(unsigned number, struct bench_author *author, struct command *command)
{
    *author = (struct bench_author){.workspace_id = bench_id(ID_WORKSPACE)};
    (void)snprintf(author->name, sizeof author->name, "bench-%u", number);
    command->code = COMMAND_create_workspace;
    command->stream = author->workspace_id;
    command->create_workspace.workspace_id = author->workspace_id;
    command->create_workspace.slug = span_text(author->name);
    command->create_workspace.name = SPAN("Bench");
    command->create_workspace.timezone = SPAN("UTC");
}

void bench_author_step(unsigned step, unsigned number, struct bench_author *author, struct command *ret_command)
{
    *ret_command = (struct command){.command_id = bench_id(ID_COMMAND)};
    switch (step) {
    case 0:
        create_workspace(number, author, ret_command);
        break;
    case 1:
        create_key(author, ret_command);
        break;
    case 2:
        connect_account(author, ret_command);
        break;
    default:
        record_connection(author, ret_command);
        break;
    }
    ret_command->workspace_id = author->workspace_id;
}

static enum err found(struct parts *parts, bool account, struct bench_author *author)
{
    for (unsigned step = 0; step < (account ? BENCH_AUTHOR_STEPS : BENCH_WORKSPACE_STEPS); step++) {
        struct command command;
        bench_author_step(step, 0, author, &command);
        TRY(must(parts, &command));
    }
    return OK;
}

enum err bench_found(const char *path, bool account, struct bench_author *ret_author)
{
    struct data_folder data;
    struct parts parts;
    struct bench_author author = {0};
    TRY(data_create(path, clock_wall_ms(), &data));
    TRY(parts_open(&data, false, &parts, NULL));
    const enum err err = found(&parts, account, &author);
    parts_close(&parts);
    TRY(err);
    TRY(data_settle(&data));
    *ret_author = author;
    return OK;
}

void bench_post_fill(struct bench_post *post, const struct bench_author *author, struct span text, int64_t at_ms)
{
    *post = (struct bench_post){.part = {.text = text}};
    post->target.target_id = bench_id(ID_TARGET);
    post->target.integration_id = author->integration_id;
    post->target.channel = CHANNEL_BLUESKY;
    post->command.code = COMMAND_create_post;
    post->command.actor = ACTOR_KEY;
    post->command.actor_id = author->key_id;
    post->command.role = ROLE_OWNER;
    post->command.command_id = bench_id(ID_COMMAND);
    post->command.workspace_id = author->workspace_id;
    post->command.stream = bench_id(ID_POST);
    post->command.create_post.post_id = post->command.stream;
    post->command.create_post.parts = &post->part;
    post->command.create_post.parts_count = 1;
    post->command.create_post.targets = &post->target;
    post->command.create_post.targets_count = 1;
    post->command.create_post.at_ms = at_ms;
}

void bench_lock_fill(struct bench_lock *lock, const struct id *workspace_id, const struct id *post_id,
                     const struct id *target_id, struct span payload, int64_t now_ms)
{
    *lock = (struct bench_lock){
        .part = {.key = SPAN("3l6oveex3ii2l"), .created_ms = now_ms, .payload = payload}
    };
    sha256(payload, lock->part.payload_hash.bytes);
    lock->target.target_id = *target_id;
    lock->target.parts = &lock->part;
    lock->target.parts_count = 1;
    lock->command.code = COMMAND_lock_post;
    lock->command.actor = ACTOR_SYSTEM;
    lock->command.command_id = bench_id(ID_COMMAND);
    lock->command.workspace_id = *workspace_id;
    lock->command.stream = *post_id;
    lock->command.expected_version = 2; /* created and scheduled */
    lock->command.lock_post.post_id = *post_id;
    lock->command.lock_post.targets = &lock->target;
    lock->command.lock_post.targets_count = 1;
}

void bench_attempt_fill(struct command *command, uint32_t code, const struct id *workspace_id, const struct id *post_id)
{
    *command = (struct command){.code = code,
                                .actor = ACTOR_SCHEDULER,
                                .command_id = bench_id(ID_COMMAND),
                                .workspace_id = *workspace_id,
                                .stream = *post_id};
}

void bench_outcome_fill(struct command *command, const struct id *workspace_id, const struct id *post_id,
                        const struct id *target_id, const struct id *attempt_id, int64_t published_ms)
{
    bench_attempt_fill(command, COMMAND_record_outcome, workspace_id, post_id);
    command->record_outcome =
        (struct record_outcome_command){.post_id = *post_id,
                                        .target_id = *target_id,
                                        .attempt_id = *attempt_id,
                                        .outcome = OUTCOME_ACCEPTED,
                                        .platform_id = SPAN("at://did:plc:bench/app.bsky.feed.post/3l00000000000"),
                                        .revision = SPAN("bafyreib2rxk3rw6bench"),
                                        .url = SPAN("https://bsky.app/profile/bench.test/post/3l00000000000"),
                                        .published_ms = published_ms};
}

static int compare(const void *a, const void *b)
{
    double left = 0;
    double right = 0;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left < right ? -1 : (left > right ? 1 : 0);
}

void bench_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
}

double bench_median(double *values, size_t count)
{
    bench_sort(values, count);
    return values[count / 2];
}

size_t bench_middle(const double *ours, const double *theirs, size_t rounds)
{
    size_t middle = 0;
    for (size_t i = 0; i < rounds; i++) {
        const double ratio = ours[i] / theirs[i];
        size_t before = 0;
        for (size_t j = 0; j < rounds; j++) {
            const double other = ours[j] / theirs[j];
            before += other < ratio || (j < i && other <= ratio);
        }
        middle = before == rounds / 2 ? i : middle;
    }
    return middle;
}

uint64_t bench_mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
