/* err_lmdb.h: LMDB's return codes as ours; for store_lmdb.c and log_lmdb.c. */
#ifndef OPENPOST_STORE_ERR_LMDB_H
#define OPENPOST_STORE_ERR_LMDB_H

#include "core/base/err.h"

/* err_from_lmdb maps a return code of LMDB (its own or an errno) to the nearest enum err: a full map, transaction or
 * disk is ERR_NO_SPACE, a damaged page or a file that is not LMDB's ERR_ALTERED, one of another version of LMDB
 * ERR_VERSION, too many readers ERR_BUSY, a map grown by the writer ERR_CLOSED. */
enum err err_from_lmdb(int rc);

#endif
