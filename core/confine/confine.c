/* confine.c: see confine.h. Landlock by its system calls (Debian 12's headers stop before network rules) and seccomp
 * through libseccomp. Called by main.c files only. Must never allow by a list of what is forbidden: a kernel to come
 * has calls that nobody here has heard of. */
#include "core/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/assert.h"
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

#define FILES_ABI_1 (((uint64_t)1 << 13) - 1) /* execute … make symlink */
#define FILES_TRUNCATE ((uint64_t)1 << 14)    /* ABI 3 */
#define FILES_IOCTL_DEV ((uint64_t)1 << 15)   /* ABI 5 */
#define NETWORK_BIND ((uint64_t)1 << 0)       /* ABI 4 */
#define NETWORK_CONNECT ((uint64_t)1 << 1)
#define SCOPE_ABSTRACT_SOCKETS ((uint64_t)1 << 0) /* ABI 6 */
#define SCOPE_SIGNALS ((uint64_t)1 << 1)
#define RULE_PORT 2

/* What makes sense for a file that is no folder. */
#define OF_A_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FILES_TRUNCATE)

/* --- the rules --- */

void confine_path(struct confine_rules *rules, const char *path, enum confine_access access)
{
    ASSERT(rules->path_count < CONFINE_PATHS_MAX);
    rules->paths[rules->path_count].path = path;
    rules->paths[rules->path_count].access = access;
    rules->path_count++;
}

void confine_connect_port(struct confine_rules *rules, uint16_t port)
{
    ASSERT(rules->connect_count < CONFINE_PORTS_MAX);
    rules->connect_ports[rules->connect_count] = port;
    rules->connect_count++;
}

static enum err port_of(const char *url, uint16_t *ret_port)
{
    const char *colon = strrchr(url, ':');
    uint64_t port = 0;
    if (colon == NULL) {
        return ERR_MALFORMED;
    }
    TRY(span_to_u64(span_text(colon + 1), &port));
    if (port > UINT16_MAX) {
        return ERR_RANGE;
    }
    *ret_port = (uint16_t)port;
    return OK;
}

enum err confine_connect(struct confine_rules *rules, const char *url)
{
    uint16_t port = 0;
    TRY(port_of(url, &port));
    confine_connect_port(rules, port);
    return OK;
}

enum err confine_bind(struct confine_rules *rules, const char *url)
{
    uint16_t port = 0;
    TRY(port_of(url, &port));
    ASSERT(rules->bind_count < CONFINE_PORTS_MAX);
    rules->bind_ports[rules->bind_count] = port;
    rules->bind_count++;
    return OK;
}

/* --- Landlock --- */

static uint64_t all_files(int abi)
{
    uint64_t files = FILES_ABI_1;
    files |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    files |= abi >= 3 ? FILES_TRUNCATE : 0;
    files |= abi >= 5 ? FILES_IOCTL_DEV : 0;
    return files;
}

static uint64_t rights_of(enum confine_access access)
{
    const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | FILES_TRUNCATE;
    switch (access) {
    case CONFINE_READ:
        return reading;
    case CONFINE_WRITE:
        return writing;
    case CONFINE_OWN:
        return writing | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    ASSERT(false);
    return 0;
}

static enum err allow_path(int ruleset, int abi, const char *path, enum confine_access access)
{
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? OK : err_from_errno(errno);
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = rights_of(access) & all_files(abi), .parent_fd = fd};
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    if (rc != 0 && errno == EINVAL) { /* a file is no folder */
        rule.allowed_access &= OF_A_FILE;
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

static enum err restrict_to(int ruleset, int abi, const struct confine_rules *rules)
{
    for (uint32_t i = 0; i < rules->path_count; i++) {
        TRY(allow_path(ruleset, abi, rules->paths[i].path, rules->paths[i].access));
    }
    for (uint32_t i = 0; abi >= 4 && i < rules->connect_count; i++) {
        TRY(allow_port(ruleset, NETWORK_CONNECT, rules->connect_ports[i]));
    }
    for (uint32_t i = 0; abi >= 4 && i < rules->bind_count; i++) {
        TRY(allow_port(ruleset, NETWORK_BIND, rules->bind_ports[i]));
    }
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? OK : ERR_IO;
}

enum err confine_files(const struct confine_rules *rules, struct confinement *ret_confinement)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return ERR_IO;
    }
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    const int abi = version > 0 ? (int)version : 0;
    struct confinement confinement = {.landlock_abi = abi};
    if (abi == 0) {
        *ret_confinement = confinement;
        return OK;
    }
    const struct ruleset attributes = {.files = all_files(abi),
                                       .network = abi >= 4 ? NETWORK_BIND | NETWORK_CONNECT : 0,
                                       .scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS : 0};
    const size_t size = abi >= 6 ? sizeof attributes : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) {
        return ERR_IO;
    }
    const enum err err = restrict_to(ruleset, abi, rules);
    (void)close(ruleset);
    TRY(err);
    confinement.files = true;
    confinement.ports = abi >= 4;
    *ret_confinement = confinement;
    return OK;
}

/* --- seccomp --- */

enum {
    LEDGER = 1 << CONFINE_LEDGER,
    GATEWAY = 1 << CONFINE_GATEWAY,
    SCHEDULER = 1 << CONFINE_SCHEDULER,
    ADAPTER = 1 << CONFINE_ADAPTER,
    EVERY = LEDGER | GATEWAY | SCHEDULER | ADAPTER
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static const struct call {
    const char *name;
    unsigned who;
} calls[] = {

#define CALL(name_, who_) {#name_, (who_)},
#define SANITIZED(name_) {#name_, IS_SANITIZED ? EVERY : 0},
#include "core/confine/calls.def"
};

static int allow_names(scmp_filter_ctx filter, enum confine_process process)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const int number =
            (calls[i].who & 1U << process) != 0 ? seccomp_syscall_resolve_name(calls[i].name) : __NR_SCMP_ERROR;
        const int rc = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Allows a call when its argument number arg has value in the bits of mask. */
static int allow_when(scmp_filter_ctx filter, int call, unsigned arg, uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp when = {.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &when);
}

/* What a call does when its argument number arg, an int, is value. */
static int answer_when(scmp_filter_ctx filter, uint32_t action, int call, unsigned arg, uint64_t value)
{
    const struct scmp_arg_cmp when = {.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = value};
    return seccomp_rule_add_array(filter, action, call, 1, &when);
}

/* glibc's resolver looks for a name service's socket (AF_UNIX) and at the interfaces (AF_NETLINK), and has other ways:
 * a look is no reason to die, and none to let it talk to whatever listens on this machine. Nor is its bind: one of
 * nng's threads may have got its AF_NETLINK socket just before the filter. */
static int allow_sockets(scmp_filter_ctx filter, enum confine_process process)
{
    static const int looked_for[] = {AF_UNIX, AF_NETLINK};
    static const int families[] = {AF_INET, AF_INET6};
    int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(bind), 0);
    for (size_t i = 0; rc == 0 && i < sizeof looked_for / sizeof *looked_for; i++) {
        rc = answer_when(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 0, (uint64_t)looked_for[i]);
    }
    for (size_t i = 0; process != CONFINE_LEDGER && rc == 0 && i < sizeof families / sizeof *families; i++) {
        rc = answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 0, (uint64_t)families[i]);
    }
    return rc;
}

/* Files are opened for writing by the ledger alone, whatever Landlock may already say. */
static int allow_opening(scmp_filter_ctx filter, enum confine_process process)
{
    if (process == CONFINE_LEDGER) {
        const int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0);
        return rc == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 0) : rc;
    }
    const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    const int rc = allow_when(filter, SCMP_SYS(openat), 2, writing, O_RDONLY);
    return rc == 0 ? allow_when(filter, SCMP_SYS(open), 1, writing, O_RDONLY) : rc;
}

/* Threads yes, processes no: clone with CLONE_THREAD. clone3's flags are in memory, out of a filter's reach: without it
 * glibc uses clone. Signals go to our own threads only (abort, raise). prctl names threads and regions of memory. */
static int allow_by_argument(scmp_filter_ctx filter, enum confine_process process)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    rc = rc == 0 ? allow_when(filter, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD) : rc;
    rc = rc == 0 ? answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0, (uint64_t)getpid()) : rc;
    rc = rc == 0 ? answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, PR_SET_NAME) : rc;
    rc = rc == 0 ? answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, PR_GET_NAME) : rc;
    rc = rc == 0 ? answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, PR_SET_VMA) : rc;
    rc = rc == 0 ? answer_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, FIONREAD)
                 : rc;                                                             /* how much is there to read */
    rc = rc == 0 ? allow_when(filter, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0) : rc; /* asks, and sets nothing */
    rc = rc == 0 ? allow_opening(filter, process) : rc;
    return rc == 0 ? allow_sockets(filter, process) : rc;
}

enum err confine_calls(const struct confine_rules *rules, struct confinement *confinement)
{
    OWNED(seccomp_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return ERR_NO_MEMORY;
    }
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        allow_names(filter, rules->process) != 0 || allow_by_argument(filter, rules->process) != 0 ||
        seccomp_load(filter) != 0) {
        return ERR_IO;
    }
    confinement->calls = true;
    return OK;
}

const char *confinement_text(const struct confinement *confinement, char ret_text[CONFINEMENT_TEXT_MAX])
{
    (void)snprintf(ret_text, CONFINEMENT_TEXT_MAX, "landlock_abi=%d files=%s ports=%s calls=%s",
                   confinement->landlock_abi, confinement->files ? "yes" : "no", confinement->ports ? "yes" : "no",
                   confinement->calls ? "yes" : "no");
    return ret_text;
}
