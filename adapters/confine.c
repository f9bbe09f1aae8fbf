/* confine.c: Landlock by its system calls (Debian 12's headers stop before network rules) and seccomp through
 * libseccomp. Called by main.c only. Denied calls answer EPERM rather than kill: glibc and libcurl have a way without
 * each of them, and a refused one is no reason to lose outcomes. */
#include "adapters/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/owned.h"

OWNED_BY(seccomp_release, scmp_filter_ctx);

/* Linux 6.12's struct landlock_ruleset_attr; older kernels take its beginning. */
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

struct port_rule {
    uint64_t access;
    uint64_t port;
};

#define FILES_TRUNCATE ((uint64_t)1 << 14)  /* ABI 3 */
#define FILES_IOCTL_DEV ((uint64_t)1 << 15) /* ABI 5 */
#define NETWORK_BIND ((uint64_t)1 << 0)     /* ABI 4 */
#define NETWORK_CONNECT ((uint64_t)1 << 1)
#define SCOPE_ABSTRACT_SOCKETS ((uint64_t)1 << 0) /* ABI 6 */
#define SCOPE_SIGNALS ((uint64_t)1 << 1)
#define RULE_PORT 2

/* What names and certificates are read from; those that are not there are left out. */
static const char *const readable[] = {
    "/etc/resolv.conf",    "/etc/hosts",     "/etc/host.conf", "/etc/nsswitch.conf",
    "/etc/gai.conf",       "/etc/ssl",       "/usr/lib/ssl",   "/usr/share/ca-certificates",
    "/usr/share/zoneinfo", "/etc/localtime",
};

static uint64_t all_files(int abi)
{
    uint64_t files = ((uint64_t)1 << 13) - 1; /* ABI 1: execute … make symlink */
    files |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    files |= abi >= 3 ? FILES_TRUNCATE : 0;
    files |= abi >= 5 ? FILES_IOCTL_DEV : 0;
    return files;
}

static enum err allow_reading(int ruleset, const char *path)
{
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return OK;
    }
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, .parent_fd = fd};
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    if (rc != 0 && errno == EINVAL) { /* a file is no folder */
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
        rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    (void)close(fd);
    return rc == 0 ? OK : ERR_IO;
}

static enum err allow_port(int ruleset, uint64_t access, uint16_t port)
{
    const struct port_rule rule = {.access = access, .port = port};
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) == 0 ? OK : ERR_IO;
}

static enum err allow_ports(int ruleset, const struct guard *guard, uint16_t listen_port)
{
    static const uint16_t ports[] = {443, 80, 53};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        TRY(allow_port(ruleset, NETWORK_CONNECT, ports[i]));
    }
    for (size_t i = 0; i < guard->loopback_count; i++) {
        TRY(allow_port(ruleset, NETWORK_CONNECT, guard->loopback_ports[i]));
    }
    return allow_port(ruleset, NETWORK_BIND, listen_port);
}

static enum err restrict_to(int ruleset, int abi, const struct guard *guard, uint16_t listen_port)
{
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        TRY(allow_reading(ruleset, readable[i]));
    }
    if (abi >= 4) {
        TRY(allow_ports(ruleset, guard, listen_port));
    }
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? OK : ERR_IO;
}

enum err confine_begin(const struct guard *guard, uint16_t listen_port, struct confinement *ret_confinement)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return ERR_IO;
    }
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    const int abi = version > 0 ? (int)version : 0;
    *ret_confinement = (struct confinement){.landlock_abi = abi};
    if (abi == 0) {
        return OK;
    }
    const struct ruleset rules = {.files = all_files(abi),
                                  .network = abi >= 4 ? NETWORK_BIND | NETWORK_CONNECT : 0,
                                  .scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS : 0};
    const size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) {
        return ERR_IO;
    }
    const enum err err = restrict_to(ruleset, abi, guard, listen_port);
    (void)close(ruleset);
    TRY(err);
    ret_confinement->files = true;
    ret_confinement->ports = abi >= 4;
    return OK;
}

/* Calls that an adapter never has a reason for. Names that this architecture does not know are left out. */
static const char *const denied[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "kill",
    "tkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "bind",
    "listen",
    "creat",
    "openat2",
    "open_by_handle_at",
    "name_to_handle_at",
    "truncate",
    "ftruncate",
    "fallocate",
    "mknod",
    "mknodat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "fchownat",
    "lchown",
    "utimensat",
    "setxattr",
    "fsetxattr",
    "lsetxattr",
    "removexattr",
    "fremovexattr",
    "lremovexattr",
    "chroot",
    "pivot_root",
    "mount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "personality",
    "vhangup",
    "syslog",
    "nfsservctl",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "capset",
    "memfd_secret",
    "modify_ldt",
    "lookup_dcookie",
    "fanotify_init",
    "inotify_init",
    "inotify_init1",
    "mbind",
    "migrate_pages",
    "move_pages",
    "set_mempolicy",
    "process_madvise",
    "shmget",
    "semget",
    "msgget",
};

#define DENY SCMP_ACT_ERRNO(EPERM)

static int deny_names(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        const int call = seccomp_syscall_resolve_name(denied[i]);
        const int rc = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, DENY, call, 0);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Denies a call when its argument number arg compares so with value (under a mask, for SCMP_CMP_MASKED_EQ). */
static int deny_when(scmp_filter_ctx filter, int call, unsigned arg, enum scmp_compare op, uint64_t value,
                     uint64_t mask)
{
    const bool masked = op == SCMP_CMP_MASKED_EQ;
    const struct scmp_arg_cmp when = {
        .arg = arg, .op = op, .datum_a = masked ? mask : value, .datum_b = masked ? value : 0};
    return seccomp_rule_add_array(filter, DENY, call, 1, &when);
}

/* Opening for writing, whatever Landlock may already say. */
static int deny_writing(scmp_filter_ctx filter)
{
    static const uint64_t flags[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        int rc = deny_when(filter, SCMP_SYS(openat), 2, SCMP_CMP_MASKED_EQ, flags[i], flags[i]);
        rc = rc == 0 ? deny_when(filter, SCMP_SYS(open), 1, SCMP_CMP_MASKED_EQ, flags[i], flags[i]) : rc;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Threads yes, processes no: clone without CLONE_THREAD. clone3's flags are in memory, out of a filter's reach: without
 * it glibc uses clone. Signals go to our own threads only (abort, raise). Sockets are those of names and the web. */
static int deny_by_argument(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    rc = rc == 0 ? deny_when(filter, SCMP_SYS(clone), 0, SCMP_CMP_MASKED_EQ, 0, CLONE_THREAD) : rc;
    rc = rc == 0 ? deny_when(filter, SCMP_SYS(tgkill), 0, SCMP_CMP_NE, (uint64_t)getpid(), 0) : rc;
    rc = rc == 0 ? deny_when(filter, SCMP_SYS(socket), 0, SCMP_CMP_GT, AF_NETLINK, 0) : rc;
    for (uint64_t family = AF_UNIX; rc == 0 && family < AF_NETLINK; family++) {
        if (family != AF_INET && family != AF_INET6) {
            rc = deny_when(filter, SCMP_SYS(socket), 0, SCMP_CMP_EQ, family, 0);
        }
    }
    return rc;
}

enum err confine_end(struct confinement *confinement)
{
    OWNED(seccomp_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        return ERR_NO_MEMORY;
    }
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 || deny_names(filter) != 0 ||
        deny_writing(filter) != 0 || deny_by_argument(filter) != 0 || seccomp_load(filter) != 0) {
        return ERR_IO;
    }
    confinement->calls = true;
    return OK;
}
