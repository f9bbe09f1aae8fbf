/* init.c: openpost init: makes a data folder with one workspace and an owner's API key. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "tools/founding.h"
#include "tools/tools.h"

static const char init_usage[] =
    "usage: openpost init --data DIR [--slug SLUG] [--name NAME] [--timezone ZONE]\n"
    "                     [--max-lateness TIME] [--late-spacing TIME] [--json]\n"
    " e.g.: openpost init --data /var/lib/openpost --slug acme --name Acme --timezone Europe/Berlin\n\n"
    "Makes a data folder: the log and its signing key, the vault and its master key, and one workspace. The last line\n"
    "is an owner's API key for it, shown this once; nobody is a member of it before somebody is invited or added. The\n"
    "verifier is the public key that openpost verify checks the log by: keep a copy elsewhere. Keep DIR/log.seed,\n"
    "DIR/master.key and DIR/wire.secret secret.\n"
    "A TIME is a number of seconds, minutes, hours or days: 90s, 15m, 6h, 2d. A post that could not be sent for "
    "longer\n"
    "than the maximal lateness is missed, not sent; what is sent late keeps the spacing on each account.\n"
    "Exit code 0: made; 71: DIR exists and is not empty, or cannot be made.";

/* The log's reserve, what vault and read models have ahead, a step of each, and all else. */
#define INIT_ROOM_BYTES (LOG_RESERVE_BYTES + 2 * STORE_AHEAD_BYTES + ((size_t)32 << 20))

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

/* What was made in the folder, which was empty or not there, goes. */
static int unmade(const char *path, enum err err)
{
    char inside[PATH_MAX]; /* the folder, also where path is a link to it */
    (void)snprintf(inside, sizeof inside, "%s/.", path);
    (void)nftw(inside, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    if (err == ERR_NO_SPACE) {
        (void)fprintf(
            stderr,
            "openpost init: --data %s: its disk has no room: %zu MiB are needed to begin with, most of them so that "
            "what is scheduled goes out on a full disk; the folder is left empty\n",
            path, (size_t)(INIT_ROOM_BYTES >> 20));
        return EXIT_CANNOT;
    }
    if (err == ERR_CONFLICT) { /* refused: it was said why */
        (void)fprintf(stderr, "openpost init: --data %s: nothing was made; the folder is left empty\n", path);
        return EXIT_CANNOT;
    }
    return complain("init", path, err, EXIT_CANNOT);
}

/* Why the folder was not made. */
static int not_made(const char *path, enum err err)
{
    if (err == ERR_EXISTS) {
        (void)fprintf(stderr, "openpost init: --data %s exists and is not empty; nothing was changed\n", path);
        return EXIT_CANNOT;
    }
    if (err == ERR_NOT_FOUND) {
        (void)fprintf(stderr, "openpost init: --data %s: its parent folder does not exist: %.*s\n", path,
                      parent_len(path), path);
        return EXIT_CANNOT;
    }
    return err == ERR_NO_SPACE ? unmade(path, err) : complain("init", path, err, EXIT_CANNOT);
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
    err = err == OK ? founding_make("init", &hand, founding, &workspace_id, key) : err;
    operator_close(&hand);
    err = err == OK ? data_settle(&data) : err;
    char verifier_text[CHECKPOINT_VERIFIER_MAX + 2];
    struct buf verifier = buf_of(verifier_text, sizeof verifier_text);
    err = err == OK ? data_verifier(&data, &verifier) : err;
    if (err != OK) {
        return unmade(path, err);
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
    struct founding_words words = {.slug = "main", .name = "Main"};
    struct founding founding;
    bool json = false;
    const struct option_spec options[] = {
        {"--data",         &path,               NULL,  "the folder to make; must not exist or be empty"         },
        {"--slug",         &words.slug,         NULL,  "the workspace's short name: a-z, 0-9, -; default main"  },
        {"--name",         &words.name,         NULL,  "the workspace's name for people; default Main"          },
        {"--timezone",     &words.timezone,     NULL,  "its IANA time zone; default UTC"                        },
        {"--max-lateness", &words.max_lateness, NULL,  "what is later is missed: 1m to 366d; default 6h"        },
        {"--late-spacing", &words.late_spacing, NULL,  "between late posts of an account: 1s to 1d; default 60s"},
        {"--json",         NULL,                &json, "one JSON object"                                        },
    };
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, init_usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    if (path == NULL) {
        (void)fprintf(stderr, "openpost init: --data DIR is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (!founding_read("init", &words, &founding)) {
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-init");
    return make(path, &founding, json);
}
