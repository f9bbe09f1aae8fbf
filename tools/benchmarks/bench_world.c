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
#include "core/decider/aggregate.h"
#include "core/wire/tag_key.h"

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

enum err bench_port(uint16_t *ret_port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const bool good = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                      getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    (void)close(fd);
    if (!good) {
        return ERR_IO;
    }
    *ret_port = ntohs(address.sin_port);
    return OK;
}

static enum err must(struct parts *parts, struct command *command)
{
    struct answer answer;
    TRY(parts_command(parts, command, clock_wall_ms(), &answer));
    return answer.refusal == ACCEPTED ? OK : ERR_CONFLICT;
}

static enum err connect_account(struct parts *parts, struct bench_author *author)
{
    struct command command = {.code = COMMAND_connect_integration, .workspace_id = author->workspace_id};
    author->integration_id = bench_id(ID_INTEGRATION);
    command.stream = author->integration_id;
    command.connect_integration.integration_id = author->integration_id;
    command.connect_integration.channel = CHANNEL_BLUESKY;
    command.connect_integration.identifier = SPAN("bench.test");
    command.connect_integration.vault_id = bench_id(ID_SECRET);
    command.connect_integration.fingerprint = SPAN("abc");
    TRY(must(parts, &command));
    command = (struct command){.code = COMMAND_record_connection, .workspace_id = author->workspace_id};
    command.stream = author->integration_id;
    command.record_connection.integration_id = author->integration_id;
    command.record_connection.account = SPAN("did:plc:bench");
    command.record_connection.handle = SPAN("bench.test");
    command.record_connection.vault_id = bench_id(ID_SECRET);
    command.record_connection.fingerprint = SPAN("abc");
    return must(parts, &command);
}

static enum err found(struct parts *parts, bool account, struct bench_author *author)
{
    struct command command = {.code = COMMAND_create_workspace};
    author->workspace_id = bench_id(ID_WORKSPACE);
    command.workspace_id = author->workspace_id;
    command.stream = author->workspace_id;
    command.create_workspace.workspace_id = author->workspace_id;
    command.create_workspace.slug = SPAN("bench");
    command.create_workspace.name = SPAN("Bench");
    command.create_workspace.timezone = SPAN("UTC");
    TRY(must(parts, &command));
    command = (struct command){.code = COMMAND_create_key, .workspace_id = author->workspace_id};
    author->key_id = bench_id(ID_KEY);
    command.stream = author->key_id;
    command.create_key.key_id = author->key_id;
    command.create_key.workspace_id = author->workspace_id;
    command.create_key.name = SPAN("bench");
    command.create_key.role = ROLE_OWNER;
    key_make(SPAN("bench"), author->key);
    tag_key_fingerprint_of(span_text(author->key), command.create_key.fingerprint.bytes); /* HTTP only */
    TRY(must(parts, &command));
    return account ? connect_account(parts, author) : OK;
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
