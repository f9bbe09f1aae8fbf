/* whole_lmdb.h: whether the rows of an LMDB file may be read, told in the file itself, where its readers look at each
 * transaction without a system call; for store_lmdb.c.
 *
 * At WHOLE_AT of the first page, of which LMDB uses less than its first 200 bytes and leaves the others as it made them
 * (zeros), stands how often the rows became whole or ceased to be: an odd number while they are. Who takes a snapshot
 * between two looks that show the same odd number has rows that nobody was making. */
#ifndef OPENPOST_STORE_WHOLE_LMDB_H
#define OPENPOST_STORE_WHOLE_LMDB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define WHOLE_AT 4088               /* pages are 4 KiB or larger */
#define WHOLE_GIVEN_UP UINT64_C(-2) /* for ever */

/* The file's beginning, as it is mapped. */
struct whole {
    uint8_t of_lmdb[WHOLE_AT];
    _Atomic uint64_t number;
};

/* whole_map maps the number; whole_unmap accepts NULL. ERR_NO_MEMORY, ERR_ACCESS, ERR_IO. */
enum err whole_map(int fd, bool for_writing, struct whole **ret_whole) MUST_USE;
void whole_unmap(struct whole *whole);
/* whole_set is the writer's. */
void whole_set(struct whole *whole, bool is_whole);

/* whole_is_in_place tells whether the open file is folder's data.mdb, and not shorter than len_min. */
bool whole_is_in_place(int fd, const char *folder, uint64_t len_min);

#endif
