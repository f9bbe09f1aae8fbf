/* confine.c: see confine.h. Called by main.c when all environments are open and before the threads of the sockets are
 * made. Rights are those of Landlock's first version, which every kernel that has it knows (landlock(7)). */
#include "core/ledger/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL_RIGHTS                                                                                  \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |    \
     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |     \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |  \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
#define FOLDER_RIGHTS                                                                             \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)

static enum err restrict_to(int rules, const char *folder)
{
    const int parent = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return err_from_errno(errno);
    }
    const struct landlock_path_beneath_attr beneath = {.allowed_access = FOLDER_RIGHTS, .parent_fd = parent};
    enum err err = OK;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
        err = err_from_errno(errno);
    }
    (void)close(parent);
    return err;
}

enum err confine_to_folder(const char *folder, int *ret_abi)
{
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi <= 0) {
        *ret_abi = 0; /* this kernel has none, or it is switched off */
        return OK;
    }
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = ALL_RIGHTS};
    const long rules = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0) {
        return err_from_errno(errno);
    }
    const enum err err = restrict_to((int)rules, folder);
    (void)close((int)rules);
    if (err == OK) {
        *ret_abi = (int)abi;
    }
    return err;
}
