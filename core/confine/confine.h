/* confine.h: what a process may still do once it serves: open only the files of its row in the table of processes,
 * connect only to its peers' ports, run no program, make no process, trace nobody. Whoever takes it over finds little.
 *
 * Two steps, because Landlock binds only the calling thread and those it makes later: confine_files while there is one
 * thread, confine_calls (seccomp, for all threads) once all sockets listen and all threads that need something special
 * are there. confine.c is the only file that knows Landlock and libseccomp; system calls are in calls.def. */
#ifndef OPENPOST_CONFINE_H
#define OPENPOST_CONFINE_H

#include "core/base/span.h"

#define CONFINE_PATHS_MAX 16
#define CONFINE_PORTS_MAX 32

enum confine_process { CONFINE_LEDGER, CONFINE_GATEWAY, CONFINE_SCHEDULER, CONFINE_ADAPTER };

enum confine_access {
    CONFINE_READ,  /* a file, or all below a folder */
    CONFINE_WRITE, /* likewise, and write to what is there */
    CONFINE_OWN,   /* and make and remove files */
};

struct confine_rules {
    enum confine_process process;

    struct {
        const char *path; /* borrowed */
        enum confine_access access;
    } paths[CONFINE_PATHS_MAX];

    uint32_t path_count;
    uint16_t connect_ports[CONFINE_PORTS_MAX];
    uint32_t connect_count;
    uint16_t bind_ports[CONFINE_PORTS_MAX]; /* until confine_calls; 0: any free one */
    uint32_t bind_count;
};

/* How much this kernel gave. */
struct confinement {
    int landlock_abi; /* 0: none; files from 1, TCP ports from 4, signals from 6 */
    bool files;
    bool ports;
    bool calls; /* seccomp */
};

/* Each adds to the rules. confine_path: a path that is not there is left out by confine_files. confine_connect takes
 * the number behind a URL's last colon; confine_bind likewise: ERR_MALFORMED, ERR_RANGE. */
void confine_path(struct confine_rules *rules, const char *path, enum confine_access access);
void confine_connect_port(struct confine_rules *rules, uint16_t port);
enum err confine_connect(struct confine_rules *rules, const char *url) MUST_USE;
enum err confine_bind(struct confine_rules *rules, const char *url) MUST_USE;

/* confine_files restricts the calling thread, and those it makes later, to the rules' files and ports, for ever; nobody
 * may trace the process or find its memory in a core. A kernel without Landlock is told in *ret_confinement, not an
 * error. ERR_IO: the kernel has it and refused. */
enum err confine_files(const struct confine_rules *rules, struct confinement *ret_confinement) MUST_USE;
/* confine_calls restricts all threads to the system calls of the process's rows in calls.def, of sockets to the kinds
 * that it makes. Any other call kills the process (SIGSYS; the kernel's log names the call). ERR_IO. */
enum err confine_calls(const struct confine_rules *rules, struct confinement *confinement) MUST_USE;

/* confinement_text writes what the kernel gave, as key=value for the journal. */
#define CONFINEMENT_TEXT_MAX 80
const char *confinement_text(const struct confinement *confinement, char ret_text[CONFINEMENT_TEXT_MAX]);

#endif
