/* copy_lmdb.c: see copy_lmdb.h. Called by tools/backup.c. It never writes to what it copies. */
#include "core/store/copy_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/store/err_lmdb.h"

static enum err copy_to(MDB_env *env, const char *from, int fd)
{
    TRY(err_from_lmdb(mdb_env_open(env, from, MDB_RDONLY | MDB_NOTLS, 0640)));
    TRY(err_from_lmdb(mdb_env_copyfd2(env, fd, 0)));
    return fsync(fd) == 0 ? OK : err_from_errno(errno);
}

static enum err sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    const enum err err = fsync(fd) == 0 ? OK : err_from_errno(errno);
    (void)close(fd);
    return err;
}

enum err copy_lmdb(const char *from, const char *to)
{
    MDB_env *env = NULL;
    char source[4096];
    char path[4096];
    TRY(path_join(source, sizeof source, from, "data.mdb"));
    TRY(path_join(path, sizeof path, to, "data.mdb"));
    if (access(source, R_OK) != 0) { /* LMDB would say so too, but leave its lock file there */
        return err_from_errno(errno);
    }
    if (mkdir(to, 0750) != 0 && errno != EEXIST) {
        return err_from_errno(errno);
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    enum err err = err_from_lmdb(mdb_env_create(&env));
    err = err == OK ? copy_to(env, from, fd) : err;
    mdb_env_close(env);
    (void)close(fd);
    return err == OK ? sync_folder(to) : err;
}
