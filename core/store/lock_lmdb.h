/* lock_lmdb.h: the table of readers that LMDB keeps in lock.mdb; for store_lmdb.c and log_lmdb.c. */
#ifndef OPENPOST_STORE_LOCK_LMDB_H
#define OPENPOST_STORE_LOCK_LMDB_H

#include "core/base/err.h"

#define LMDB_READERS_MAX 510 /* of one environment: what mdb_env_set_maxreaders is told */

/* lock_lmdb_allocate gives lock.mdb in folder its blocks, before mdb_env_open: LMDB makes it as one hole and maps it,
 * so that on a full disk the first write there would be SIGBUS. Errors as file_allocate; ERR_TOO_LONG (the path). */
enum err lock_lmdb_allocate(const char *folder) MUST_USE;

#endif
