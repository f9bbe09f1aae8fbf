/* lock_lmdb.c: see lock_lmdb.h. Called by whoever opens an environment for writing. It knows LMDB's file by its name
 * and size only. */
#include "core/store/lock_lmdb.h"

#include <limits.h>

#include "core/base/process.h"

#define LOCK_BYTES ((uint64_t)36 << 10) /* the table of LMDB_READERS_MAX, 64 bytes each, and its head */

enum err lock_lmdb_allocate(const char *folder)
{
    char path[PATH_MAX];
    TRY(path_join(path, sizeof path, folder, "lock.mdb"));
    return file_allocate(path, LOCK_BYTES, 0640);
}
