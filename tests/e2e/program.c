/* program.c: another program that makes one call of libopenpost, for programs_test.py. Prints how it ended: the status,
 * the code or "-", the version and the sentence; then, a line each, which value was at fault and what would do. Before
 * it, where it follows, each event and how far it came: "event", its position, type and stream.
 *
 *   program URL KEY edit POST VERSION INTEGRATION TEXT LABEL
 *   program URL KEY retry POST
 *   program URL KEY resolve POST TARGET FOUND URL RETRY      FOUND: 1 to 3; URL "": none; RETRY: 0 or 1
 *   program URL KEY follow POSITION
 *   program URL KEY make-key NAME ROLE SCOPE ACCOUNT ROTATES     "": none; the key's text is a line more
 *   program URL KEY revoke-key KEY
 *   program URL KEY connect ACCOUNT SERVICE IDENTIFIER PASSWORD  "": none
 *   program URL KEY invite EMAIL NAME ROLE PERMISSION            the token is a line more
 *   program URL KEY withdraw|remove MEMBER
 *   program URL KEY change MEMBER VERSION ROLE PERMISSION */
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

static const char *given(const char *text)
{
    return text[0] == 0 ? NULL : text;
}

/* secret: what is shown once. */
static enum openpost_status make_key(struct openpost *connection, char **args, char *secret,
                                     struct openpost_answer *answer)
{
    const char *const scopes[] = {args[2]};
    const char *const accounts[] = {args[3]};
    const struct openpost_key key = {.name = args[0],
                                     .role = args[1],
                                     .scopes = scopes,
                                     .scope_count = given(args[2]) == NULL ? 0 : 1,
                                     .restricted = given(args[3]) != NULL,
                                     .integration_ids = accounts,
                                     .integration_count = given(args[3]) == NULL ? 0 : 1,
                                     .rotates = given(args[4])};
    return openpost_make_key(connection, &key, WAIT_MS, secret, answer);
}

static enum openpost_status connect_account(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const struct openpost_account account = {.integration_id = given(args[0]),
                                             .channel = "bluesky",
                                             .service = given(args[1]),
                                             .identifier = args[2],
                                             .password = args[3]};
    return openpost_connect_account(connection, &account, WAIT_MS, answer);
}

static enum openpost_status invite(struct openpost *connection, char **args, char *secret,
                                   struct openpost_answer *answer)
{
    const char *const permissions[] = {args[3]};
    const struct openpost_invitation invitation = {
        .email = args[0],
        .name = given(args[1]),
        .membership = {
                       .role = args[2], .permissions = permissions, .permission_count = given(args[3]) == NULL ? 0 : 1}
    };
    return openpost_invite(connection, &invitation, WAIT_MS, secret, answer);
}

static enum openpost_status change(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const char *const permissions[] = {args[3]};
    const struct openpost_membership membership = {
        .role = args[2], .permissions = permissions, .permission_count = given(args[3]) == NULL ? 0 : 1};
    return openpost_change_member(connection, args[0], strtoull(args[1], NULL, 10), &membership, WAIT_MS, answer);
}

static enum openpost_status administer(struct openpost *connection, int argc, char **argv, char *secret,
                                       struct openpost_answer *answer)
{
    if (strcmp(argv[0], "make-key") == 0 && argc == 6) {
        return make_key(connection, argv + 1, secret, answer);
    }
    if (strcmp(argv[0], "revoke-key") == 0 && argc == 2) {
        return openpost_revoke_key(connection, argv[1], WAIT_MS, answer);
    }
    if (strcmp(argv[0], "connect") == 0 && argc == 5) {
        return connect_account(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "invite") == 0 && argc == 5) {
        return invite(connection, argv + 1, secret, answer);
    }
    if (strcmp(argv[0], "withdraw") == 0 && argc == 2) {
        return openpost_withdraw_invitation(connection, argv[1], WAIT_MS, answer);
    }
    if (strcmp(argv[0], "change") == 0 && argc == 5) {
        return change(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "remove") == 0 && argc == 2) {
        return openpost_remove_member(connection, argv[1], WAIT_MS, answer);
    }
    exit(64);
}

static enum openpost_status call(struct openpost *connection, int argc, char **argv, char *secret,
                                 struct openpost_answer *answer)
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
    return administer(connection, argc, argv, secret, answer);
}

int main(int argc, char **argv)
{
    struct openpost *connection = NULL;
    struct openpost_answer answer = {.sentence = ""};
    if (argc < 4 || openpost_open(argv[1], argv[2], &connection) != OPENPOST_OK) {
        return 64;
    }
    char secret[OPENPOST_KEY_SIZE] = "";
    const enum openpost_status status = call(connection, argc - 3, argv + 3, secret, &answer);
    struct openpost_fault fault;
    openpost_fault(connection, &fault);
    (void)printf("%d %s %llu %s\n%s\n%s\n", (int)status, answer.code[0] == 0 ? "-" : answer.code,
                 (unsigned long long)answer.version, answer.sentence, fault.param, fault.detail);
    if (secret[0] != 0) {
        (void)printf("%s\n", secret);
    }
    openpost_close(connection);
    return 0;
}
