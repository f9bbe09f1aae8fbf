/* confine.h: what an adapter process may still do once it serves: no file but a few that name resolution and TLS read,
 * no program, no other process, no connection but to the web's ports (and opened loopback ports). It parses what the
 * internet sends; whoever takes it over finds little.
 *
 * Two steps, because Landlock binds only the calling thread and those it makes later: confine_begin while there is one
 * thread, confine_end (seccomp, for all threads) once the listening socket is there. confine.c is the only file that
 * knows Landlock and libseccomp. */
#ifndef OPENPOST_ADAPTERS_CONFINE_H
#define OPENPOST_ADAPTERS_CONFINE_H

#include "adapters/guard.h"

/* How much this kernel gave. */
struct confinement {
    int landlock_abi; /* 0: none; files from 1, TCP ports from 4, signals from 6 */
    bool files;
    bool ports;
    bool calls; /* seccomp */
};

/* confine_begin restricts files, and TCP ports to connect to: 443, 80, 53 (names over TCP) and the guard's loopback
 * ports; and to listen on: listen_port (0: any free one). A kernel without Landlock is told in *ret_confinement, not an
 * error. ERR_IO: the kernel has it and refused. */
enum err confine_begin(const struct guard *guard, uint16_t listen_port, struct confinement *ret_confinement) MUST_USE;
/* confine_end denies system calls in every thread: running programs, making processes, tracing, signals to others,
 * opening for writing, listening, new kinds of sockets, mounts, namespaces, keys, modules … ERR_IO. */
enum err confine_end(struct confinement *confinement) MUST_USE;

#endif
