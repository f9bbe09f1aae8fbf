/* copy_lmdb.h: an LMDB environment, copied while others may write to it: the log, the vault. Used by backups. */
#ifndef OPENPOST_STORE_COPY_LMDB_H
#define OPENPOST_STORE_COPY_LMDB_H

#include "core/base/err.h"

/* copy_lmdb makes the folder to (which may exist, but hold no data.mdb) and copies there what was last committed in the
 * environment in folder from, durable when it returns. Blocks for the disk; the writer waits for the two first pages
 * only. Not for an environment that this process has open. ERR_NOT_FOUND: there is none; ERR_EXISTS, ERR_ACCESS,
 * ERR_NO_SPACE, ERR_IO; from is not such a file, or damaged: ERR_ALTERED, ERR_VERSION. */
enum err copy_lmdb(const char *from, const char *to) MUST_USE;

#endif
