/* program.c: another program that makes one call of libopenpost, for programs_test.py. Prints how it ended: the status,
 * the code or "-", the version and the sentence; then, a line each, which value was at fault and what would do. Before
 * it, where it follows, each event and how far it came: "event", its position, type and stream.
 *
 *   program URL KEY edit POST VERSION INTEGRATION TEXT LABEL
 *   program URL KEY retry POST
 *   program URL KEY resolve POST TARGET FOUND URL RETRY      FOUND: 1 to 3; URL "": none; RETRY: 0 or 1
 *   program URL KEY follow POSITION */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openpost.h>

#define WAIT_MS 20000

static void print_event(void *context, const struct openpost_event *event)
{
    (void)context;
    (void)printf("event %llu %s %s\n", (unsigned long long)event->workspace_seq, event->type, event->stream);
}

/* Everything that a post can say. */
static enum openpost_status edit(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const char *const parts[] = {args[3]};
    const char *const labels[] = {args[4]};
    const struct openpost_pair metadata = {.name = "made by", .value = "a program"};
    const struct openpost_target target = {
        .integration_id = args[2], .channel = "bluesky", .variant = "{\"link\":null}", .settings = "{}"};
    const struct openpost_post post = {.parts = parts,
                                       .part_count = 1,
                                       .link = "https://example.org/",
                                       .first_comment = "and this",
                                       .targets = &target,
                                       .target_count = 1,
                                       .timezone = "Europe/Berlin",
                                       .not_after_ms = 4102444800000,
                                       .labels = labels,
                                       .label_count = 1,
                                       .metadata = &metadata,
                                       .metadata_count = 1};
    return openpost_edit_post(connection, args[0], strtoull(args[1], NULL, 10), &post, WAIT_MS, answer);
}

static enum openpost_status resolve(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const struct openpost_resolution resolution = {.found = (enum openpost_found)strtol(args[2], NULL, 10),
                                                   .url = args[3][0] == 0 ? NULL : args[3],
                                                   .retry = args[4][0] == '1'};
    return openpost_resolve_target(connection, args[0], args[1], &resolution, WAIT_MS, answer);
}

static enum openpost_status call(struct openpost *connection, int argc, char **argv, struct openpost_answer *answer)
{
    if (strcmp(argv[0], "edit") == 0 && argc == 6) {
        return edit(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "retry") == 0 && argc == 2) {
        return openpost_retry_post(connection, argv[1], 0, WAIT_MS, answer);
    }
    if (strcmp(argv[0], "resolve") == 0 && argc == 6) {
        return resolve(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "follow") == 0 && argc == 2) {
        uint64_t position = strtoull(argv[1], NULL, 10);
        const enum openpost_status status = openpost_follow(connection, &position, WAIT_MS, print_event, NULL, answer);
        (void)printf("event %llu position -\n", (unsigned long long)position);
        return status;
    }
    exit(64);
}

int main(int argc, char **argv)
{
    struct openpost *connection = NULL;
    struct openpost_answer answer = {.sentence = ""};
    if (argc < 4 || openpost_open(argv[1], argv[2], &connection) != OPENPOST_OK) {
        return 64;
    }
    const enum openpost_status status = call(connection, argc - 3, argv + 3, &answer);
    struct openpost_fault fault;
    openpost_fault(connection, &fault);
    (void)printf("%d %s %llu %s\n%s\n%s\n", (int)status, answer.code[0] == 0 ? "-" : answer.code,
                 (unsigned long long)answer.version, answer.sentence, fault.param, fault.detail);
    openpost_close(connection);
    return 0;
}
