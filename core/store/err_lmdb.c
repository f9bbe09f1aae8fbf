/* err_lmdb.c: the one table from LMDB's return codes to ours. Knows no transaction and no file. */
#include "core/store/err_lmdb.h"

#include <lmdb.h>

enum err err_from_lmdb(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_KEYEXIST:
        return ERR_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return ERR_NO_SPACE;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_PANIC:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_INCOMPATIBLE:
    case MDB_INVALID: /* cut within its two first pages, or these are not LMDB's */
        return ERR_ALTERED;
    case MDB_VERSION_MISMATCH:
        return ERR_VERSION;
    case MDB_READERS_FULL:
        return ERR_BUSY;
    case MDB_MAP_RESIZED:
        return ERR_CLOSED;
    default:
        return rc < 0 ? ERR_IO : err_from_errno(rc);
    }
}
