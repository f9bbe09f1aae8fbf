/* whole_lmdb.c: see whole_lmdb.h. Called by store_lmdb.c, and by whoever gives a file up. It knows LMDB's file by its
 * name and the unused end of its first page only. */
#include "core/store/whole_lmdb.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/store/store.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(struct whole) == WHOLE_AT + 8, "processes share it");

enum err whole_map(int fd, bool for_writing, struct whole **ret_whole)
{
    void *head = mmap(NULL, sizeof(struct whole), PROT_READ | (for_writing ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (head == MAP_FAILED) {
        return err_from_errno(errno);
    }
    *ret_whole = head;
    return OK;
}

void whole_unmap(struct whole *whole)
{
    if (whole != NULL) {
        (void)munmap(whole, sizeof *whole);
    }
}

void whole_set(struct whole *whole, bool is_whole)
{
    if ((atomic_load(&whole->number) % 2 == 1) != is_whole) {
        atomic_fetch_add(&whole->number, 1);
    }
}

bool whole_is_in_place(int fd, const char *folder, uint64_t len_min)
{
    struct stat held;
    struct stat found;
    char path[PATH_MAX];
    return path_join(path, sizeof path, folder, "data.mdb") == OK && fstat(fd, &held) == 0 && stat(path, &found) == 0 &&
           held.st_dev == found.st_dev && held.st_ino == found.st_ino && (uint64_t)held.st_size >= len_min;
}

enum err store_lmdb_give_up(int fd)
{
    const uint64_t number = WHOLE_GIVEN_UP;
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return err_from_errno(errno);
    }
    if ((uint64_t)about.st_size < sizeof(struct whole)) {
        return OK; /* it is no store, nor has it readers */
    }
    const ssize_t put = pwrite(fd, &number, sizeof number, WHOLE_AT);
    return put < 0 ? err_from_errno(errno) : put == sizeof number ? OK : ERR_IO;
}
