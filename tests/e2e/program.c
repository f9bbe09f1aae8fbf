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
 *   program URL KEY change MEMBER VERSION ROLE PERMISSION
 *   program URL KEY next-slot POST
 *   program URL KEY swap POST TARGET POST TARGET
 *   program URL KEY approve POST SHA256
 *   program URL KEY queue ACCOUNT ZONE WEEKDAY TIME              "": none, no slot
 *   program URL KEY pause-queue|resume-queue ACCOUNT
 *   program URL KEY series ACCOUNT START WEEKDAY TEXT KEY        weekly; KEY "": none; the series' id is a line more
 *   program URL KEY rewrite SERIES VERSION ACCOUNT START TEXT
 *   program URL KEY pause-series|resume-series|end-series|keep-series SERIES
 *   program URL KEY template NAME TEXT ACCOUNT                   with a placeholder what; its id is a line more
 *   program URL KEY reword TEMPLATE VERSION TEXT
 *   program URL KEY fill TEMPLATE ACCOUNT VALUE KEY              VALUE "": left blank; the post's id is a line more
 *   program URL KEY delete-template TEMPLATE
 *   program URL KEY ask NAME [ARGUMENT TEXT]                     the answer is a line more */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openpost.h>

#define WAIT_MS 20000
#define SAID_SIZE 262144

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

static const char *const weekdays[] = {"monday", "friday"};

static struct openpost_post saying(const char *const *text, const struct openpost_target *target)
{
    return (struct openpost_post){.parts = text, .part_count = 1, .targets = target, .target_count = 1};
}

static enum openpost_status change_queue(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    char *minute = args[3];
    const unsigned hour = (unsigned)strtoul(args[3], &minute, 10);
    const struct openpost_slot slot = {
        .weekday = args[2], .hour = hour, .minute = *minute == ':' ? (unsigned)strtoul(minute + 1, NULL, 10) : 0};
    const struct openpost_queue queue = {
        .timezone = given(args[1]), .slots = &slot, .slot_count = given(args[2]) == NULL ? 0 : 1};
    return openpost_change_queue(connection, args[0], &queue, WAIT_MS, answer);
}

static enum openpost_status series(struct openpost *connection, char **args, char *said, struct openpost_answer *answer)
{
    const char *const days[] = {args[2]};
    const char *const text[] = {args[3]};
    const struct openpost_target target = {.integration_id = args[0], .channel = "bluesky"};
    const struct openpost_post post = saying(text, &target);
    const struct openpost_series rule = {.frequency = "weekly",
                                         .weekdays = days,
                                         .weekday_count = 1,
                                         .time = "17:00",
                                         .timezone = "Europe/Berlin",
                                         .start = args[1]};
    const enum openpost_status status =
        openpost_create_series(connection, &rule, &post, given(args[4]), WAIT_MS, answer);
    (void)snprintf(said, OPENPOST_ID_SIZE, "%s", answer->id);
    return status;
}

/* Into what a rule can say beside that. */
static enum openpost_status rewrite(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const char *const text[] = {args[4]};
    const struct openpost_target target = {.integration_id = args[2], .channel = "bluesky"};
    const struct openpost_post post = saying(text, &target);
    const struct openpost_series rule = {.frequency = "monthly",
                                         .every = 2,
                                         .weekdays = weekdays,
                                         .weekday_count = 1,
                                         .month_week = "last",
                                         .time = "09:30",
                                         .timezone = "America/New_York",
                                         .start = args[3],
                                         .times = 7};
    return openpost_change_series(connection, args[0], strtoull(args[1], NULL, 10), &rule, &post, WAIT_MS, answer);
}

static enum openpost_status make_template(struct openpost *connection, char **args, char *said,
                                          struct openpost_answer *answer)
{
    const char *const text[] = {args[1]};
    const struct openpost_placeholder blank = {.name = "what", .description = "what it is about"};
    const struct openpost_target target = {.integration_id = args[2], .channel = "bluesky"};
    const struct openpost_post post = saying(text, &target);
    const struct openpost_template form = {
        .name = args[0], .placeholders = &blank, .placeholder_count = 1, .post = &post};
    const enum openpost_status status = openpost_create_template(connection, &form, NULL, WAIT_MS, answer);
    (void)snprintf(said, OPENPOST_ID_SIZE, "%s", answer->id);
    return status;
}

static enum openpost_status reword(struct openpost *connection, char **args, struct openpost_answer *answer)
{
    const char *const text[] = {args[2]};
    const struct openpost_placeholder blank = {.name = "what", .preset = "nothing", .optional = 1};
    const struct openpost_post post = {.parts = text, .part_count = 1};
    const struct openpost_template form = {
        .name = "Reworded", .placeholders = &blank, .placeholder_count = 1, .post = &post};
    return openpost_change_template(connection, args[0], strtoull(args[1], NULL, 10), &form, WAIT_MS, answer);
}

static enum openpost_status fill(struct openpost *connection, char **args, char *said, struct openpost_answer *answer)
{
    const struct openpost_pair value = {.name = "what", .value = args[2]};
    const struct openpost_target target = {.integration_id = args[1], .channel = "bluesky"};
    const struct openpost_post post = {.targets = &target,
                                       .target_count = 1,
                                       .next_slot = 1,
                                       .template_id = args[0],
                                       .values = &value,
                                       .value_count = given(args[2]) == NULL ? 0 : 1};
    const enum openpost_status status = openpost_create_post(connection, &post, given(args[3]), WAIT_MS, answer);
    (void)snprintf(said, OPENPOST_ID_SIZE, "%s", answer->id);
    return status;
}

static enum openpost_status ask(struct openpost *connection, int count, char **args, char *said,
                                struct openpost_answer *answer)
{
    const struct openpost_argument argument = {.name = args[1], .text = args[2]};
    return openpost_ask(connection, args[0], &argument, count == 3 ? 1 : 0, WAIT_MS, said, SAID_SIZE, answer);
}

/* A call that takes nothing but an id. */
typedef enum openpost_status call_about(struct openpost *connection, const char *id, int timeout_ms,
                                        struct openpost_answer *answer);

static call_about *find_about(const char *name)
{
    static const struct {
        const char *name;
        call_about *call;
    } calls[] = {
        {"next-slot",       openpost_schedule_next_slot},
        {"pause-queue",     openpost_pause_queue       },
        {"resume-queue",    openpost_resume_queue      },
        {"pause-series",    openpost_pause_series      },
        {"resume-series",   openpost_resume_series     },
        {"delete-template", openpost_delete_template   },
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(name, calls[i].name) == 0) {
            return calls[i].call;
        }
    }
    return NULL;
}

static enum openpost_status arrange(struct openpost *connection, int argc, char **argv, char *said,
                                    struct openpost_answer *answer)
{
    if (argc == 2 && find_about(argv[0]) != NULL) {
        return find_about(argv[0])(connection, argv[1], WAIT_MS, answer);
    }
    if ((strcmp(argv[0], "end-series") == 0 || strcmp(argv[0], "keep-series") == 0) && argc == 2) {
        return openpost_end_series(connection, argv[1], argv[0][0] == 'k', WAIT_MS, answer);
    }
    if (strcmp(argv[0], "swap") == 0 && argc == 5) {
        return openpost_swap_targets(connection, argv[1], argv[2], argv[3], argv[4], WAIT_MS, answer);
    }
    if (strcmp(argv[0], "approve") == 0 && argc == 3) {
        return openpost_approve_post(connection, argv[1], argv[2], WAIT_MS, answer);
    }
    if (strcmp(argv[0], "queue") == 0 && argc == 5) {
        return change_queue(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "series") == 0 && argc == 6) {
        return series(connection, argv + 1, said, answer);
    }
    if (strcmp(argv[0], "rewrite") == 0 && argc == 6) {
        return rewrite(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "template") == 0 && argc == 4) {
        return make_template(connection, argv + 1, said, answer);
    }
    if (strcmp(argv[0], "reword") == 0 && argc == 4) {
        return reword(connection, argv + 1, answer);
    }
    if (strcmp(argv[0], "fill") == 0 && argc == 5) {
        return fill(connection, argv + 1, said, answer);
    }
    if (strcmp(argv[0], "ask") == 0 && (argc == 2 || argc == 4)) {
        return ask(connection, argc - 1, argv + 1, said, answer);
    }
    exit(64);
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
    return arrange(connection, argc, argv, secret, answer);
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
    static char secret[SAID_SIZE];
    const enum openpost_status status = call(connection, argc - 3, argv + 3, secret, &answer);
    struct openpost_fault fault;
    openpost_fault(connection, &fault);
    (void)printf("%d %s %llu %s\n%s\n%s\n", (int)status, answer.code[0] == 0 ? "-" : answer.code,
                 (unsigned long long)answer.version, answer.sentence, fault.param, fault.detail);
    if (secret[0] != 0 && status == OPENPOST_OK) {
        (void)printf("%s\n", secret);
    }
    openpost_close(connection);
    return 0;
}
