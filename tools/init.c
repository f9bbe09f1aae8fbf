/* init.c: openpost init: makes a data folder with one workspace, its owner and the owner's API key. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/calendar/zone.h"
#include "tools/keys.h"
#include "tools/tools.h"

static const char init_usage[] =
    "usage: openpost init --data DIR [--slug SLUG] [--name NAME] [--timezone ZONE]\n"
    "                     [--max-lateness TIME] [--late-spacing TIME] [--json]\n"
    " e.g.: openpost init --data /var/lib/openpost --slug acme --name Acme --timezone Europe/Berlin\n\n"
    "Makes a data folder: the log and its signing key, the vault and its master key, one workspace and its owner. The "
    "last\n"
    "line is the owner's API key, shown this once. The verifier is the public key that openpost verify checks\n"
    "the log by: keep a copy elsewhere. Keep DIR/log.seed, DIR/master.key and DIR/wire.secret secret.\n"
    "A TIME is a number of seconds, minutes, hours or days: 90s, 15m, 6h, 2d. A post that could not be sent for "
    "longer\n"
    "than the maximal lateness is missed, not sent; what is sent late keeps the spacing on each account.\n"
    "Exit code 0: made; 71: DIR exists and is not empty, or cannot be made.";

#define LATENESS_MIN_MS MINUTE_MS /* what is due starts within seconds, but for a restart */
#define LATENESS_MAX_MS (366 * DAY_MS)
#define SPACING_MIN_MS SECOND_MS
#define SPACING_MAX_MS DAY_MS
#define INIT_ROOM_BYTES (LOG_RESERVE_BYTES + ((size_t)16 << 20)) /* the log's first step, and all else */

struct founding {
    struct span slug;
    struct span name;
    struct span timezone;
    int64_t max_lateness_ms;
    int64_t late_spacing_ms;
};

static struct id mint(enum id_kind kind, int64_t now_ms)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, now_ms, randomness);
}

static enum err accepted(const struct answer *answer)
{
    if (answer->refusal != ACCEPTED) {
        (void)fprintf(stderr, "openpost init: %s\n", refusal_desc((enum refusal)answer->refusal)->title);
        return ERR_CONFLICT;
    }
    return OK;
}

static enum err decide(struct operator_hand *hand, struct command *command)
{
    struct answer answer;
    TRY(operator_command(hand, command, &answer));
    return accepted(&answer);
}

static enum err found(struct operator_hand *hand, const struct founding *founding, struct id *ret_workspace_id,
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
    command.create_workspace.max_lateness_ms = (uint64_t)founding->max_lateness_ms;
    command.create_workspace.late_spacing_ms = (uint64_t)founding->late_spacing_ms;
    TRY(decide(hand, &command));
    struct command member = {.code = COMMAND_add_member, .workspace_id = workspace_id};
    member.add_member.member_id = mint(ID_MEMBER, now_ms);
    member.stream = member.add_member.member_id;
    member.add_member.workspace_id = workspace_id;
    member.add_member.user_id = mint(ID_USER, now_ms);
    member.add_member.role = ROLE_OWNER;
    TRY(decide(hand, &member));
    struct id key_id;
    struct answer answer;
    TRY(key_create(hand, &workspace_id, SPAN("owner"), ROLE_OWNER, 0, &key_id, ret_key, &answer));
    TRY(accepted(&answer));
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

static bool read_time(const char *option, const char *text, int64_t min_ms, int64_t max_ms, const char *expected,
                      int64_t *ret_ms)
{
    int64_t time_ms = 0;
    if (!duration_parse(text, &time_ms) || time_ms < min_ms || time_ms > max_ms) {
        (void)fprintf(stderr, "openpost init: %s %s: expected %s\n", option, text, expected);
        return false;
    }
    *ret_ms = time_ms;
    return true;
}

/* The last line in clear is the key, for scripts that take it. */
static void tell(const struct data_folder *data, const char *verifier, const char *workspace, const char *key,
                 bool json)
{
    if (json) {
        print_member(true, "data", span_text(data->path));
        print_member(false, "log", span_text(data->origin));
        print_member(false, "verifier", span_text(verifier));
        print_member(false, "workspace_id", span_text(workspace));
        print_member(false, "key", span_text(key));
        (void)printf("}\n");
    } else {
        (void)printf("data: %s\nlog: %s\nverifier: %s\nworkspace: %s\nkey: %s\n", data->path, data->origin, verifier,
                     workspace, key);
    }
}

/* The length of the parent's name at the beginning of a path. */
static int parent_len(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 1 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return (int)len;
}

/* Before anything is written that a full disk would cut short. */
static enum err look_room(const char *path)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0) {
        return err_from_errno(errno);
    }
    return (uint64_t)disk.f_bavail * disk.f_frsize < INIT_ROOM_BYTES ? ERR_NO_SPACE : OK;
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    if (where->level > 0) { /* the folder itself may have been there */
        (void)remove(path); /* what stays is named by the next init */
    }
    return 0;
}

/* Why the folder was not made. On a full disk what was made in it, which was empty or not there, goes. */
static int not_made(const char *path, enum err err)
{
    if (err == ERR_NO_SPACE) {
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
        (void)fprintf(stderr,
                      "openpost init: %s: its disk has no room: %zu MiB are needed to begin with, most of them the "
                      "log's reserve; the folder is left empty\n",
                      path, INIT_ROOM_BYTES >> 20);
        return EXIT_CANNOT;
    }
    if (err == ERR_EXISTS) {
        (void)fprintf(stderr, "openpost init: %s exists and is not empty; nothing was changed\n", path);
        return EXIT_CANNOT;
    }
    if (err == ERR_NOT_FOUND) {
        (void)fprintf(stderr, "openpost init: %s: its parent folder does not exist: %.*s\n", path, parent_len(path),
                      path);
        return EXIT_CANNOT;
    }
    return complain("init", path, err, EXIT_CANNOT);
}

static int make(const char *path, const struct founding *founding, bool json)
{
    struct data_folder data;
    enum err err = data_create(path, clock_wall_ms(), &data);
    err = err == OK ? look_room(path) : err;
    if (err != OK) {
        return not_made(path, err);
    }
    struct operator_hand hand;
    struct id workspace_id;
    char key[KEY_TEXT_MAX];
    err = operator_open(&data, &hand);
    err = err == OK ? found(&hand, founding, &workspace_id, key) : err;
    operator_close(&hand);
    err = err == OK ? data_settle(&data) : err;
    char verifier_text[CHECKPOINT_VERIFIER_MAX + 2];
    struct buf verifier = buf_of(verifier_text, sizeof verifier_text);
    err = err == OK ? data_verifier(&data, &verifier) : err;
    if (err != OK) {
        return not_made(path, err);
    }
    char id_text[ID_TEXT_MAX + 1];
    struct buf text = buf_of(id_text, sizeof id_text);
    id_write(&text, &workspace_id);
    tell(&data, buf_terminated(&verifier), buf_terminated(&text), key, json);
    explicit_bzero(key, sizeof key);
    return EXIT_GOOD;
}

int tool_init(int argc, char **argv)
{
    const char *path = NULL;
    const char *slug = "main";
    const char *name = "Main";
    const char *timezone = "UTC";
    const char *max_lateness = "6h";
    const char *late_spacing = "60s";
    bool json = false;
    const struct option_spec options[] = {
        {"--data",         &path,         NULL,  "the folder to make; must not exist or be empty"         },
        {"--slug",         &slug,         NULL,  "the workspace's short name: a-z, 0-9, -; default main"  },
        {"--name",         &name,         NULL,  "the workspace's name for people; default Main"          },
        {"--timezone",     &timezone,     NULL,  "its IANA time zone; default UTC"                        },
        {"--max-lateness", &max_lateness, NULL,  "what is later is missed: 1m to 366d; default 6h"        },
        {"--late-spacing", &late_spacing, NULL,  "between late posts of an account: 1s to 1d; default 60s"},
        {"--json",         NULL,          &json, "one JSON object"                                        },
    };
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, init_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    if (path == NULL) {
        (void)fprintf(stderr, "openpost init: --data DIR is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    struct founding founding = {.slug = span_text(slug), .name = span_text(name), .timezone = span_text(timezone)};
    if (!founding_is_valid(&founding) ||
        !read_time("--max-lateness", max_lateness, LATENESS_MIN_MS, LATENESS_MAX_MS, "a time of 1m to 366d, like 6h",
                   &founding.max_lateness_ms) ||
        !read_time("--late-spacing", late_spacing, SPACING_MIN_MS, SPACING_MAX_MS, "a time of 1s to 1d, like 60s",
                   &founding.late_spacing_ms)) {
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-init");
    return make(path, &founding, json);
}
