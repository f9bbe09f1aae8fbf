/* init.c: openpost init: makes a data folder with one workspace, its owner and the owner's API key; and openpost key,
 * one more key. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/calendar/zone.h"
#include "projections/access.h"
#include "tools/keys.h"
#include "tools/parts.h"
#include "tools/tools.h"

static const char init_usage[] =
    "usage: openpost init --data DIR [--slug SLUG] [--name NAME] [--timezone ZONE]\n\n"
    "Makes a data folder: the log and its signing key, the vault and its master key, one workspace and its owner. The "
    "last\n"
    "line is the owner's API key, shown this once. Keep DIR/log.seed, DIR/master.key and DIR/wire.secret secret.";

struct founding {
    struct span slug;
    struct span name;
    struct span timezone;
};

static struct id mint(enum id_kind kind, int64_t now_ms)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, now_ms, randomness);
}

static enum err decide(struct parts *parts, struct command *command, int64_t now_ms)
{
    struct answer answer;
    TRY(parts_command(parts, command, now_ms, &answer));
    if (answer.refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost: %s\n", refusal_desc((enum refusal)answer.refusal)->title);
        return ERR_CONFLICT;
    }
    return OK;
}

static enum err make_key(struct parts *parts, const struct id *workspace_id, struct span name, enum role role,
                         int64_t now_ms, char ret_text[KEY_TEXT_MAX])
{
    struct command command = {.code = COMMAND_create_key, .workspace_id = *workspace_id};
    struct create_key_command *fields = &command.create_key;
    fields->key_id = mint(ID_KEY, now_ms);
    command.stream = fields->key_id;
    fields->workspace_id = *workspace_id;
    fields->name = name;
    fields->role = role;
    key_make(name, ret_text, fields->fingerprint.bytes);
    return decide(parts, &command, now_ms);
}

static enum err found(struct parts *parts, const struct founding *founding, struct id *ret_workspace_id,
                      char ret_key[KEY_TEXT_MAX])
{
    const int64_t now_ms = clock_wall_ms();
    struct command command = {.code = COMMAND_create_workspace};
    const struct id workspace_id = mint(ID_WORKSPACE, now_ms);
    command.workspace_id = workspace_id;
    command.stream = workspace_id;
    command.create_workspace.workspace_id = workspace_id;
    command.create_workspace.slug = founding->slug;
    command.create_workspace.name = founding->name;
    command.create_workspace.timezone = founding->timezone;
    TRY(decide(parts, &command, now_ms));
    struct command member = {.code = COMMAND_add_member, .workspace_id = workspace_id};
    member.add_member.member_id = mint(ID_MEMBER, now_ms);
    member.stream = member.add_member.member_id;
    member.add_member.workspace_id = workspace_id;
    member.add_member.user_id = mint(ID_USER, now_ms);
    member.add_member.role = ROLE_OWNER;
    TRY(decide(parts, &member, now_ms));
    TRY(make_key(parts, &workspace_id, SPAN("owner"), ROLE_OWNER, now_ms, ret_key));
    *ret_workspace_id = workspace_id;
    return OK;
}

static bool founding_is_valid(const struct founding *founding)
{
    bool good = founding->slug.len >= 1 && founding->slug.len <= 40;
    for (size_t i = 0; good && i < founding->slug.len; i++) {
        const uint8_t c = founding->slug.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (!good) {
        (void)fprintf(stderr, "openpost init: --slug has 1 to 40 of a-z, 0-9 and -\n");
        return false;
    }
    if (founding->name.len == 0 || founding->name.len > 200 || !span_is_utf8(founding->name)) {
        (void)fprintf(stderr, "openpost init: --name has 1 to 200 bytes of UTF-8\n");
        return false;
    }
    OWNED(zones_close) struct zones *zones = NULL;
    const enum err err = zones_open(&zones);
    if (err != OK || !zone_exists(zones, founding->timezone)) {
        (void)fprintf(stderr,
                      "openpost init: --timezone is no IANA zone that this machine knows (is tzdata installed?)\n");
        return false;
    }
    return true;
}

int tool_init(int argc, char **argv)
{
    const char *path = NULL;
    const char *slug = "main";
    const char *name = "Main";
    const char *timezone = "UTC";
    const struct option_spec options[] = {
        {"--data",     &path,     NULL, "the folder to make; must not exist or be empty" },
        {"--slug",     &slug,     NULL, "the workspace's name in addresses; default main"},
        {"--name",     &name,     NULL, "the workspace's name for people; default Main"  },
        {"--timezone", &timezone, NULL, "its IANA time zone; default UTC"                },
    };
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, init_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    if (path == NULL) {
        (void)fprintf(stderr, "openpost init: --data DIR is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    const struct founding founding = {
        .slug = span_text(slug), .name = span_text(name), .timezone = span_text(timezone)};
    if (!founding_is_valid(&founding)) {
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-init");
    struct data_folder data;
    enum err err = data_create(path, clock_wall_ms(), &data);
    if (err == ERR_EXISTS) {
        (void)fprintf(stderr, "openpost init: %s exists and is not empty; nothing was changed\n", path);
        return EXIT_UNREADABLE;
    }
    if (err != OK) {
        return complain("init", path, err, EXIT_CANNOT);
    }
    struct parts parts = {.lock_fd = -1};
    struct log_fault fault = {0};
    struct id workspace_id;
    char key[KEY_TEXT_MAX];
    err = parts_open(&data, false, &parts, &fault);
    err = err == OK ? found(&parts, &founding, &workspace_id, key) : err;
    parts_close(&parts);
    err = err == OK ? data_settle(&data) : err;
    if (err != OK) {
        return complain("init", path, err, EXIT_CANNOT);
    }
    char id_text[ID_TEXT_MAX + 1];
    struct buf text = buf_of(id_text, sizeof id_text);
    id_write(&text, &workspace_id);
    (void)printf("data: %s\nlog: %s\nworkspace: %s\nkey: %s\n", path, data.origin, buf_terminated(&text), key);
    return EXIT_GOOD;
}

static const char key_usage[] =
    "usage: openpost key --data DIR --name NAME --role ROLE [--workspace WS]\n\n"
    "Makes one more API key while no service runs on the folder. The last line is the key, shown this once.\n"
    "Roles: owner, admin, editor, viewer, auditor.";

/* The workspace that is named or, when there is but one, that one. */
static enum err choose_workspace(struct parts *parts, const char *named, struct id *ret_id)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    struct workspace_row *rows = NULL;
    uint32_t count = 0;
    enum err err = store_begin(parts->views, false, &txn);
    if (err == OK && named != NULL) {
        struct workspace_row row;
        err = id_parse(span_text(named), ID_WORKSPACE, ret_id);
        err = err == OK ? access_workspace(txn, ret_id, &arena, &row) : err;
    } else if (err == OK) {
        err = access_workspaces(txn, NULL, 2, &arena, &rows, &count);
        err = err == OK && count != 1 ? ERR_NOT_FOUND : err;
        if (err == OK) {
            *ret_id = rows[0].workspace_id;
        }
    }
    arena_done(&arena);
    return err;
}

int tool_key(int argc, char **argv)
{
    const char *path = NULL;
    const char *name = NULL;
    const char *role_word = NULL;
    const char *workspace = NULL;
    const struct option_spec options[] = {
        {"--data",      &path,      NULL, "the data folder"                           },
        {"--name",      &name,      NULL, "its name: 1 to 24 of a-z, 0-9 and -"       },
        {"--role",      &role_word, NULL, "what it may do"                            },
        {"--workspace", &workspace, NULL, "ws_…; needed when there is more than one"},
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, key_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code) ||
        !data_or_complain("key", path, &data, &code)) {
        return code;
    }
    const uint32_t role = role_word == NULL ? ROLE_NONE : choice_value(&role_words, span_text(role_word));
    if (name == NULL || !key_name_is_valid(span_text(name)) || role == ROLE_NONE) {
        (void)fprintf(stderr, "openpost key: --name and --role are needed (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-key");
    struct parts parts = {.lock_fd = -1};
    struct log_fault fault = {0};
    struct id workspace_id;
    char key[KEY_TEXT_MAX];
    enum err err = parts_open(&data, false, &parts, &fault);
    if (err == ERR_BUSY) {
        (void)fprintf(stderr, "openpost key: a service runs on %s; stop it first\n", path);
        return EXIT_UNAVAILABLE;
    }
    err = err == OK ? choose_workspace(&parts, workspace, &workspace_id) : err;
    err = err == OK ? make_key(&parts, &workspace_id, span_text(name), (enum role)role, clock_wall_ms(), key) : err;
    parts_close(&parts);
    if (err != OK) {
        return complain("key", fault.sentence[0] != 0 ? fault.sentence : path, err, EXIT_CANNOT);
    }
    (void)printf("key: %s\n", key);
    return EXIT_GOOD;
}
