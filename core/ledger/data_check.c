/* data_check.c: what is wrong with a small file of the data folder, or that its log is not there, or which file may not
 * be opened, in words for whoever must mend it. Called by the tools and by the ledger before they begin, and by the
 * ledger when it could not. It only reads.
 *
 * Not in the table are the files that may hold anything: identity (the folder then counts as moved, and nothing starts
 * until somebody confirms), clock, views/mark, sandbox.port, adapter-CHANNEL.key and identity.key are taken for what
 * they are worth and made again; log/checkpoint is the log's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/ledger/data.h"
#include "core/log/checkpoint.h"

#define SECRET_LEN 32

struct small_file {
    const char *name;
    bool secret;
    bool may_miss;
    enum err (*form)(const struct data_folder *data, struct span bytes); /* NULL: any SECRET_LEN bytes */
    const char *remedy;
};

static enum err installation_form(const struct data_folder *data, struct span bytes)
{
    struct id id;
    (void)data;
    bytes.len = span_find(bytes, '\n');
    return id_parse(bytes, ID_SYSTEM, &id);
}

static enum err verifier_form(const struct data_folder *data, struct span bytes)
{
    struct checkpoint_verifier verifier;
    bytes.len = span_find(bytes, '\n');
    TRY(checkpoint_verifier_read(bytes, &verifier));
    return strcmp(verifier.name, data->origin) == 0 ? OK : ERR_CONFLICT;
}

static const struct small_file files[] = {
    {"installation", false, false, installation_form,
     "put it back from the backup, or write one line into it: the sys_… in the name that log.vkey begins with"},
    {"log.seed",     true,  false, NULL,
     "put it back from the backup. Without it nothing that was written is lost (openpost verify and log read it), but "
     "nothing more can be signed: this installation cannot go on"                                               },
    {"wire.secret",  true,  false, NULL,
     "put it back from the backup, or write 32 random bytes into it: repeated Idempotency-Keys of before are then not "
     "recognised, and cursors of before not taken"                                                              },
    {"master.key",   true,  false, NULL,
     "put it back from the backup, or set OPENPOST_MASTER_KEY. Without it write 32 random bytes into it: every account "
     "must then be connected again, and what speaks RPC needs new keys"                                         },
    {"log.vkey",     false, true,  verifier_form,     "delete it: the next start makes it again, from log.seed" },
};

static void say(char *ret_sentence, const char *path, const char *what, const char *remedy)
{
    (void)snprintf(ret_sentence, DATA_SENTENCE_MAX, "%s: %s; %s", path, what, remedy);
}

static void say_denied(char *ret_sentence, const char *path, const struct stat *about)
{
    char what[128];
    const unsigned user = geteuid();
    (void)snprintf(what, sizeof what,
                   "permission denied: it belongs to the user with the id %u (mode %03o), openpost runs as %u",
                   (unsigned)about->st_uid, (unsigned)(about->st_mode & 0777), user);
    say(ret_sentence, path, what,
        user != 0 && about->st_uid != user ? "run this as its owner, or give it to the user that openpost runs as"
                                           : "chmod u+rwX it");
}

/* What is wrong with the bytes; false: nothing. */
static bool tell_form(const struct data_folder *data, const struct small_file *file, struct span bytes,
                      char ret_what[128])
{
    if (bytes.len == 0) {
        (void)snprintf(ret_what, 128, "it is empty");
    } else if (file->form == NULL && bytes.len != SECRET_LEN) {
        (void)snprintf(ret_what, 128, "it has %s%zu bytes instead of %d", bytes.len > SECRET_LEN ? "at least " : "",
                       bytes.len, SECRET_LEN);
    } else if (file->form != NULL && file->form(data, bytes) != OK) {
        (void)snprintf(ret_what, 128, "it does not hold what it should");
    } else {
        return false;
    }
    return true;
}

/* The environment goes before the folder's file; false: it says nothing. */
static bool check_master_text(char ret_sentence[DATA_SENTENCE_MAX], enum err *ret_err)
{
    const char *text = getenv(DATA_MASTER_ENV);
    if (text == NULL) {
        return false;
    }
    *ret_err =
        strlen(text) == 2 * SECRET_LEN && strspn(text, "0123456789abcdef") == 2 * SECRET_LEN ? OK : ERR_MALFORMED;
    if (*ret_err != OK) {
        say(ret_sentence, DATA_MASTER_ENV, "it is not 64 hexadecimal digits (0-9, a-f)",
            "set it to the key that sealed the vault, or unset it where master.key holds that");
    }
    return true;
}

/* A secret is nobody else's to read. */
static enum err check_mode(const char *path, const char *remedy, char ret_sentence[DATA_SENTENCE_MAX])
{
    char what[128];
    struct stat about;
    if (stat(path, &about) != 0 || (about.st_mode & S_IRWXO) == 0) {
        return OK;
    }
    (void)snprintf(what, sizeof what, "every user of this machine may read or write it (mode %03o)",
                   (unsigned)(about.st_mode & 0777));
    say(ret_sentence, path, what, remedy);
    return ERR_ACCESS;
}

static enum err check(const struct data_folder *data, const struct small_file *file,
                      char ret_sentence[DATA_SENTENCE_MAX])
{
    char path[DATA_PATH_MAX];
    char what[128];
    uint8_t bytes[256];
    struct stat about;
    struct buf buf = buf_of(bytes, file->secret ? SECRET_LEN + 1 : sizeof bytes);
    TRY(path_join(path, sizeof path, data->path, file->name));
    enum err err = file_read(path, &buf);
    if (err == ERR_NOT_FOUND && file->may_miss) {
        return OK;
    }
    if (err == ERR_ACCESS && stat(path, &about) == 0) {
        say_denied(ret_sentence, path, &about);
        return err;
    }
    if (err != OK && err != ERR_TOO_LONG) {
        (void)snprintf(what, sizeof what, "it cannot be read: %s",
                       err == ERR_NOT_FOUND   ? "there is none"
                       : err == ERR_MALFORMED ? "it is not a file"
                                              : err_sentence(err));
        say(ret_sentence, path, what, err == ERR_ACCESS ? "give it to the user that openpost runs as" : file->remedy);
        return err;
    }
    const bool wrong = err == ERR_TOO_LONG || tell_form(data, file, buf_span(&buf), what);
    explicit_bzero(bytes, sizeof bytes);
    if (wrong) {
        if (err == ERR_TOO_LONG) {
            (void)snprintf(what, sizeof what, "it is longer than what it should hold");
        }
        say(ret_sentence, path, what, file->remedy);
        return ERR_MALFORMED;
    }
    return file->secret
               ? check_mode(path, "chmod 600 it; who may have read it can forge what it protects", ret_sentence)
               : OK;
}

/* The ledger makes it where there is none. */
static enum err check_keys(const struct data_folder *data, const char *name, char ret_sentence[DATA_SENTENCE_MAX])
{
    char path[DATA_PATH_MAX];
    TRY(path_join(path, sizeof path, data->vault_path, name));
    return check_mode(path, "chmod 600 it; who may have read it needs but the master key to read what it protects",
                      ret_sentence);
}

/* Only init makes a log: a folder that lost its own is not a new installation, to be served with nothing in it. */
static enum err check_log(const struct data_folder *data, char ret_sentence[DATA_SENTENCE_MAX])
{
    char path[DATA_PATH_MAX];
    struct stat about;
    TRY(path_join(path, sizeof path, data->path, "log/data.mdb"));
    if (stat(path, &about) == 0) {
        if (about.st_size > 0) {
            return OK;
        }
        errno = ENOENT; /* LMDB takes an empty file for a new one, too */
    }
    const enum err err = err_from_errno(errno);
    char what[128];
    (void)snprintf(what, sizeof what, "the log cannot be read: %s",
                   err == ERR_NOT_FOUND ? "there is none" : err_sentence(err));
    if (err == ERR_ACCESS) { /* to look for a file asks nothing of it, only of its folder */
        TRY(path_join(path, sizeof path, data->path, "log"));
    }
    say(ret_sentence, path, what,
        err == ERR_ACCESS ? "give it to the user that openpost runs as"
                          : "mount its disk, or put log/ back from the backup; after an init that was cut short, "
                            "delete the folder and make it again. Nothing was changed");
    return err;
}

#define LOCK_REMEDY "delete it while nothing runs on the folder: it is made again"
#define VIEWS_REMEDY "delete the folder views while nothing runs on it: it is made again from the log"

#define UNOPENED (-1)

/* What the ledger opens at each start, what a reader of the log does, and how; folders first. The small files in the
 * folder itself are replaced. LMDB notes its readers in lock.mdb. */
static const struct opened {
    const char *name; /* behind the folder's path */
    int to_write;
    int to_read;
    bool must_own;      /* its mode is set at each start (store_lmdb.c) */
    const char *remedy; /* where it is no file; NULL: it is a folder */
} opened[] = {
    {"",                    R_OK | W_OK | X_OK, X_OK,        false, NULL                             },
    {"/installation",       R_OK,               R_OK,        false, "put it back from the backup"    },
    {"/lock",               R_OK | W_OK,        UNOPENED,    false, LOCK_REMEDY                      },
    {"/log",                R_OK | W_OK | X_OK, X_OK,        false, NULL                             },
    {"/log/data.mdb",       R_OK | W_OK,        R_OK,        false, "put log/ back from the backup"  },
    {"/log/lock.mdb",       R_OK | W_OK,        R_OK | W_OK, false, LOCK_REMEDY                      },
    {"/log/checkpoint",     R_OK,               R_OK,        false, "put log/ back from the backup"  },
    {"/vault",              R_OK | W_OK | X_OK, UNOPENED,    false, NULL                             },
    {"/vault/data.mdb",     R_OK | W_OK,        UNOPENED,    false, "put vault/ back from the backup"},
    {"/vault/lock.mdb",     R_OK | W_OK,        UNOPENED,    true,  LOCK_REMEDY                      },
    {"/vault/subject.keys", R_OK | W_OK,        UNOPENED,    false, "put vault/ back from the backup"},
    {"/vault/account.keys", R_OK | W_OK,        UNOPENED,    false, "put vault/ back from the backup"},
    {"/views",              R_OK | W_OK | X_OK, UNOPENED,    false, NULL                             },
    {"/views/data.mdb",     R_OK | W_OK,        UNOPENED,    false, VIEWS_REMEDY                     },
    {"/views/lock.mdb",     R_OK | W_OK,        UNOPENED,    true,  LOCK_REMEDY                      },
    {"/views/mark",         R_OK,               UNOPENED,    false, VIEWS_REMEDY                     },
};

/* A folder, a pipe or a device in the place of one of its files, or something else in that of a folder. */
static enum err check_kinds(const struct data_folder *data, char ret_sentence[DATA_SENTENCE_MAX])
{
    char path[DATA_PATH_MAX];
    struct stat about;
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        const char *remedy = opened[i].remedy;
        const int len = snprintf(path, sizeof path, "%s%s", data->path, opened[i].name);
        if (len < 0 || (size_t)len >= sizeof path) {
            return ERR_TOO_LONG;
        }
        if (stat(path, &about) == 0 && (remedy != NULL ? !S_ISREG(about.st_mode) : !S_ISDIR(about.st_mode))) {
            say(ret_sentence, path, remedy != NULL ? "it is not a file" : "it is not a folder",
                remedy != NULL ? remedy : "put it back from the backup");
            return ERR_MALFORMED;
        }
    }
    return OK;
}

enum err data_check(const struct data_folder *data, bool with_vault, char ret_sentence[DATA_SENTENCE_MAX])
{
    TRY(check_kinds(data, ret_sentence));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const bool master = strcmp(files[i].name, "master.key") == 0;
        enum err err = OK;
        if (!master || (with_vault && !check_master_text(ret_sentence, &err))) {
            err = check(data, &files[i], ret_sentence);
        }
        TRY(err);
    }
    TRY(with_vault ? check_keys(data, "subject.keys", ret_sentence) : OK);
    TRY(with_vault ? check_keys(data, "account.keys", ret_sentence) : OK);
    return check_log(data, ret_sentence);
}

/* What is not there is made. */
static bool is_denied(const char *folder, const struct opened *file, bool writes, char ret_sentence[DATA_SENTENCE_MAX])
{
    char path[DATA_PATH_MAX];
    struct stat about;
    const int len = snprintf(path, sizeof path, "%s%s", folder, file->name);
    const int how = writes ? file->to_write : file->to_read;
    if (len < 0 || (size_t)len >= sizeof path || how == UNOPENED) {
        return false;
    }
    const int number = faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0 ? 0 : errno;
    if (number == EROFS && !writes) { /* LMDB does without its readers' table then */
        return false;
    }
    if (number == EROFS) {
        say(ret_sentence, path, "it cannot be written: its file system is mounted read-only", "mount it for writing");
        return true;
    }
    if (stat(path, &about) != 0) {
        return false;
    }
    const bool has_other_owner = geteuid() != 0 && about.st_uid != geteuid();
    if (err_from_errno(number) != ERR_ACCESS && !(file->must_own && has_other_owner)) {
        return false;
    }
    say_denied(ret_sentence, path, &about);
    return true;
}

bool data_denied(const char *path, bool writes, char ret_sentence[DATA_SENTENCE_MAX])
{
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        if (is_denied(path, &opened[i], writes, ret_sentence)) {
            return true;
        }
    }
    return false;
}
