/* backup.c: openpost backup: a copy of a data folder that can be put in its place, made while a service runs or without
 * one. The order of the copies is what makes it consistent: the newest checkpoint before the log (a log that is shorter
 * than its checkpoint is refused), the log before the vault (a secret is there before an event names it), and the file
 * installation last (without it nothing takes the folder for one). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/store/copy_lmdb.h"
#include "tools/tools.h"
#include "tools/verify.h"

static const char usage[] =
    "usage: openpost backup --data DIR --to COPY [--json]\n"
    " e.g.: openpost backup --data /var/lib/openpost --to /srv/backup/openpost\n\n"
    "Copies a data folder to COPY, which must not exist or be empty; a service may run on it and goes on. Copied are\n"
    "the log, the vault and the small files with the keys: keep COPY as secret as the folder itself. The read models\n"
    "are not: they are built again when COPY is first served, and nothing is sent then until a person says so\n"
    "(openpost confirm --help). What the simulated platform of serve --sandbox holds is not copied.\n"
    "At last the copied log is read and verified, all of it.\n"
    "Exit code 0: COPY is whole; 1: the log is altered, and so is its copy, which is kept; 2: the folder cannot be "
    "read;\n"
    "71: COPY cannot be written.";

/* Where a copy goes wrong, and what that says. */
struct backup {
    const char *to;
    char place[DATA_PATH_MAX]; /* what was being copied */
};

static enum err copy_file(struct backup *backup, const char *folder, const char *name, unsigned mode, bool may_miss)
{
    char bytes[4096];
    char path[DATA_PATH_MAX];
    struct buf buf = buf_of(bytes, sizeof bytes);
    TRY(path_join(backup->place, sizeof backup->place, folder, name));
    const enum err err = file_read(backup->place, &buf);
    if (err == ERR_NOT_FOUND && may_miss) {
        return OK;
    }
    TRY(err);
    TRY(path_join(path, sizeof path, backup->to, name));
    const enum err written = file_write(path, buf_span(&buf), mode);
    explicit_bzero(bytes, sizeof bytes);
    return written;
}

static enum err copy_log(struct backup *backup, const struct data_folder *data)
{
    char to[DATA_PATH_MAX];
    char side[DATA_PATH_MAX];
    struct backup log = {.to = to};
    TRY(path_join(to, sizeof to, backup->to, "log"));
    TRY(path_join(backup->place, sizeof backup->place, data->log_path, "data.mdb"));
    if (mkdir(to, 0750) != 0) {
        return err_from_errno(errno);
    }
    TRY(path_join(side, sizeof side, data->path, "log"));
    TRY(copy_file(&log, side, "checkpoint", 0640, true));
    return copy_lmdb(data->log_path, to);
}

static enum err copy_bytes(FILE *from, FILE *to)
{
    uint8_t bytes[4096]; /* of whole slots */
    size_t len = 0;
    while ((len = fread(bytes, 1, sizeof bytes, from)) > 0) {
        if (fwrite(bytes, 1, len, to) != len) {
            break;
        }
    }
    explicit_bzero(bytes, sizeof bytes);
    const bool read = ferror(from) == 0;
    const bool written = ferror(to) == 0 && fflush(to) == 0 && fsync(fileno(to)) == 0;
    return read && written ? OK : err_from_errno(errno);
}

/* The keys behind the rows: one that was destroyed meanwhile opens nothing of the copy either, and whose slot it was is
 * in the slot. */
static enum err copy_keys(struct backup *backup, const struct data_folder *data, const char *to, const char *name)
{
    char path[DATA_PATH_MAX];
    TRY(path_join(backup->place, sizeof backup->place, data->vault_path, name));
    TRY(path_join(path, sizeof path, to, name));
    FILE *from = fopen(backup->place, "re");
    if (from == NULL) {
        return errno == ENOENT ? OK : err_from_errno(errno);
    }
    (void)setvbuf(from, NULL, _IONBF, 0);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *copy = fd < 0 ? NULL : fdopen(fd, "w");
    enum err err = copy == NULL ? err_from_errno(errno) : copy_bytes(from, copy);
    if (copy != NULL && fclose(copy) != 0 && err == OK) {
        err = err_from_errno(errno);
    }
    (void)fclose(from);
    return err;
}

/* A folder that lost its vault is worth a backup too: what is gone is told when it is served. */
static enum err copy_vault(struct backup *backup, const struct data_folder *data)
{
    char to[DATA_PATH_MAX];
    TRY(path_join(to, sizeof to, backup->to, "vault"));
    TRY(path_join(backup->place, sizeof backup->place, data->vault_path, "data.mdb"));
    const enum err err = copy_lmdb(data->vault_path, to);
    TRY(err == ERR_NOT_FOUND ? OK : err);
    TRY(err == OK ? copy_keys(backup, data, to, "subject.keys") : OK);
    return err == OK ? copy_keys(backup, data, to, "account.keys") : OK;
}

static enum err copy_all(struct backup *backup, const struct data_folder *data)
{
    static const struct {
        const char *name;
        unsigned mode;
        bool may_miss;
    } files[] = {
        {"log.seed",     0600, false},
        {"wire.secret",  0600, false},
        {"master.key",   0600, true }, /* it may be kept in the environment alone */
        {"log.vkey",     0644, true }, /* made again from log.seed */
        {"sandbox.port", 0640, true },
    };

    TRY(copy_log(backup, data));
    TRY(copy_vault(backup, data));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        TRY(copy_file(backup, data->path, files[i].name, files[i].mode, files[i].may_miss));
    }
    return copy_file(backup, data->path, "installation", 0640, false);
}

/* The copied log, all of it: a backup that was never read is a hope. */
static enum err verify_copy(const char *to, bool quiet, uint64_t *ret_events, struct log_fault *ret_fault)
{
    struct data_folder copy;
    struct checkpoint_verifier verifier;
    struct log_verified found;
    char text[CHECKPOINT_VERIFIER_MAX + 2];
    struct buf buf = buf_of(text, sizeof text);
    TRY(data_open(to, &copy));
    bool made = false;
    TRY(data_verifier_write(&copy, &made));
    TRY(data_verifier(&copy, &buf));
    TRY(checkpoint_verifier_read(buf_span(&buf), &verifier));
    struct progress progress = progress_of("backup: verify", quiet);
    TRY(verify_apart(&copy, &verifier, &progress, &found, ret_fault));
    *ret_events = found.events;
    return OK;
}

static void tell_json(const char *result, const char *to)
{
    print_member(true, "result", span_text(result));
    print_member(false, "backup", span_text(to));
}

static int tell_altered(const char *to, const struct log_fault *fault, bool json)
{
    if (json) {
        tell_json("altered", to);
        print_member(false, "sentence", span_text(fault->sentence));
        (void)printf(",\"position\":%llu}\n", (unsigned long long)fault->position);
    }
    char where[40] = "";
    if (fault->position > 0) {
        (void)snprintf(where, sizeof where, " at position %llu", (unsigned long long)fault->position);
    }
    (void)fprintf(
        stderr,
        "openpost backup: the log is altered%s: %s; %s holds it as it is and was kept, but do not rely on it: "
        "keep the backups of before\n",
        where, fault->sentence, to);
    return EXIT_ALTERED;
}

/* Whether a folder to be made lies in another: the next backup would not hold it, and a restore would lose it. */
static bool lies_within(const char *to, const char *folder)
{
    char parent[DATA_PATH_MAX];
    char inner[PATH_MAX];
    char outer[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", to);
    if ((realpath(to, inner) == NULL && realpath(dirname(parent), inner) == NULL) || realpath(folder, outer) == NULL) {
        return false; /* what cannot be found cannot be made either */
    }
    const size_t len = strlen(outer);
    return strncmp(inner, outer, len) == 0 && (inner[len] == 0 || inner[len] == '/');
}

static bool is_new_or_empty(const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return true;
    }
    DIR *folder = opendir(path);
    bool empty = folder != NULL;
    for (const struct dirent *entry = empty ? readdir(folder) : NULL; entry != NULL; entry = readdir(folder)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return empty;
}

int tool_backup(int argc, char **argv)
{
    const char *path = NULL;
    const char *to = NULL;
    bool json = false;
    const struct option_spec options[] = {
        {"--data", &path, NULL,  "the data folder"                               },
        {"--to",   &to,   NULL,  "the folder to make; must not exist or be empty"},
        {"--json", NULL,  &json, "one JSON object"                               },
    };
    int code = EXIT_GOOD;
    struct data_folder data;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, NULL, 0, NULL, &code)) {
        return code;
    }
    if (to == NULL) {
        (void)fprintf(stderr, "openpost backup: --to COPY is missing (try --help)\n");
        return EXIT_USAGE_WRONG;
    }
    if (!data_or_complain("backup", path, &data, &code) || !files_or_complain("backup", &data, false, &code)) {
        return code;
    }
    if (lies_within(to, data.path)) {
        (void)fprintf(stderr, "openpost backup: --to %s lies in the data folder itself: choose a place outside it\n",
                      to);
        return EXIT_USAGE_WRONG;
    }
    process_prepare("openpost-backup");
    if (!is_new_or_empty(to)) {
        (void)fprintf(stderr, "openpost backup: --to %s cannot be made, or is not empty; nothing was changed\n", to);
        return EXIT_CANNOT;
    }
    struct backup backup = {.to = to};
    struct log_fault fault = {0};
    uint64_t events = 0;
    enum err err = copy_all(&backup, &data);
    if (err != OK) {
        const bool unreadable = err == ERR_ALTERED || err == ERR_VERSION; /* there is nothing to copy */
        (void)fprintf(stderr, "openpost backup: %s is not whole: it can be deleted\n", to);
        return complain("backup", backup.place, err, unreadable ? EXIT_UNREADABLE : EXIT_CANNOT);
    }
    err = verify_copy(to, json, &events, &fault);
    if (err == ERR_ALTERED) {
        return tell_altered(to, &fault, json);
    }
    if (err != OK) {
        return complain("backup", fault.sentence[0] != 0 ? fault.sentence : to, err, EXIT_CANNOT);
    }
    if (json) {
        tell_json("good", to);
        (void)printf(",\"events\":%llu}\n", (unsigned long long)events);
    } else {
        (void)printf("backup: %s\nevents: %llu\nnext: openpost verify --data %s\n", to, (unsigned long long)events, to);
    }
    return EXIT_GOOD;
}
