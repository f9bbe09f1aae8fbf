/* parts.c: see parts.h. */
#include "tools/parts.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/process.h"
#include "projections/registry.h"

static void random_bytes(void *context, void *data, size_t len)
{
    (void)context;
    random_fill(data, len);
}

static enum err open_key(const struct data_folder *data, struct checkpoint_key **ret_key)
{
    uint8_t seed[32];
    TRY(data_secret(data, "log.seed", seed));
    const enum err err = checkpoint_key_new(seed, data->origin, ret_key);
    explicit_bzero(seed, sizeof seed);
    return err;
}

enum err become_owner(const struct data_folder *data)
{
    char path[DATA_PATH_MAX];
    struct stat about;
    TRY(path_join(path, sizeof path, data->path, "installation"));
    if (stat(path, &about) != 0) {
        return err_from_errno(errno);
    }
    if (geteuid() != 0 || about.st_uid == 0) {
        return OK;
    }
    const bool became = setgroups(1, &about.st_gid) == 0 && setresgid(about.st_gid, about.st_gid, about.st_gid) == 0 &&
                        setresuid(about.st_uid, about.st_uid, about.st_uid) == 0;
    return became ? OK : err_from_errno(errno);
}

static enum err open_all(struct parts *parts, bool views_trusted, struct log_fault *ret_fault)
{
    TRY(become_owner(&parts->data));
    TRY(data_lock(&parts->data, &parts->lock_fd));
    TRY(open_key(&parts->data, &parts->key));
    const struct log_options log_options = {.path = parts->data.log_path,
                                            .map_size = LOG_MAP_BYTES,
                                            .reserve = LOG_RESERVE_BYTES,
                                            .key = parts->key,
                                            .checkpoint_every = CHECKPOINT_EVERY};
    TRY(log_lmdb_open(&log_options, &parts->log, ret_fault));
    bool marked = false;
    TRY(data_views_begin(&parts->data, &marked));
    if (!marked && !views_trusted) {
        TRY(data_views_discard(&parts->data));
    }
    TRY(store_lmdb_open(parts->data.views_path, VIEWS_MAP_BYTES, false, &parts->views));
    bool went_back = false;
    if (marked) {
        TRY(ledger_went_back(parts->log, parts->views, &parts->data.installation_id, &went_back));
    }
    if (went_back) {
        TRY(data_unsettle(&parts->data)); /* the ledger suspends starts when it opens the folder */
    }
    const struct ledger_options options = {.log = parts->log,
                                           .views = parts->views,
                                           .projections = projections_all,
                                           .installation_id = parts->data.installation_id,
                                           .random = random_bytes};
    TRY(ledger_open(&options, views_trusted || marked, &parts->ledger));
    parts->views_good = marked || !views_trusted;
    return parts->views_good ? data_views_good(&parts->data) : OK;
}

enum err parts_open(const struct data_folder *data, bool views_trusted, struct parts *ret_parts,
                    struct log_fault *ret_fault)
{
    struct parts parts = {.data = *data, .lock_fd = -1};
    const enum err err = open_all(&parts, views_trusted, ret_fault);
    if (err != OK) {
        parts_close(&parts);
        return err;
    }
    *ret_parts = parts;
    return OK;
}

void parts_close(struct parts *parts)
{
    ledger_close(parts->ledger);
    if (parts->views_good && store_sync(parts->views) == OK) {
        const enum err err = data_views_clean(&parts->data);
        (void)err; /* without the mark the views are rebuilt after the next boot */
    }
    store_close(parts->views);
    log_close(parts->log);
    checkpoint_key_free(parts->key);
    if (parts->lock_fd > 0) {
        (void)close(parts->lock_fd);
    }
    *parts = (struct parts){.lock_fd = -1};
}

enum err parts_open_log(const struct data_folder *data, struct log **ret_log, struct log_fault *ret_fault)
{
    const struct log_options options = {.path = data->log_path, .map_size = LOG_MAP_BYTES, .read_only = true};
    return log_lmdb_open(&options, ret_log, ret_fault);
}

enum err parts_command(struct parts *parts, struct command *command, int64_t now_ms, struct answer *ret_answer)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    command->command_id = id_make(ID_COMMAND, now_ms, randomness);
    command->actor = ACTOR_OPERATOR;
    TRY(ledger_begin(parts->ledger, now_ms));
    const enum err err = ledger_handle(parts->ledger, command, NULL, ret_answer);
    if (err != OK) {
        ledger_abort(parts->ledger);
        return err;
    }
    return ledger_commit(parts->ledger);
}

bool parts_have_views(const struct data_folder *data)
{
    char file[DATA_PATH_MAX];
    return path_join(file, sizeof file, data->views_path, "data.mdb") == OK && access(file, F_OK) == 0;
}

static const char *temporary(void)
{
    const char *named = getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): read before any thread is started
    return named != NULL && named[0] == '/' ? named : "/tmp";
}

enum err scratch_make(const struct data_folder *data, char ret_folder[DATA_PATH_MAX])
{
    ret_folder[0] = 0;
    char folder[DATA_PATH_MAX];
    const bool apart = !parts_have_views(data);
    TRY(path_join(folder, sizeof folder, apart ? temporary() : data->path,
                  apart ? "openpost-replay.XXXXXX" : "replay.XXXXXX"));
    if (mkdtemp(folder) == NULL) {
        return err_from_errno(errno);
    }
    memcpy(ret_folder, folder, sizeof folder);
    return OK;
}

void scratch_remove(char folder[DATA_PATH_MAX])
{
    char file[DATA_PATH_MAX];
    if (folder[0] == 0) {
        return;
    }
    (void)(path_join(file, sizeof file, folder, "data.mdb") == OK && unlink(file) == 0);
    (void)(path_join(file, sizeof file, folder, "lock.mdb") == OK && unlink(file) == 0);
    (void)rmdir(folder);
    folder[0] = 0;
}
