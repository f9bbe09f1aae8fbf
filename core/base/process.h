/* process.h: what every process of OpenPost does at its start and end, the same way. For main.c files only. */
#ifndef OPENPOST_BASE_PROCESS_H
#define OPENPOST_BASE_PROCESS_H

#include "core/base/span.h"

/* Exit codes of every command, after sysexits.h where it has one. */
#define EXIT_GOOD 0
#define EXIT_ALTERED 1      /* the log is not as it was written; also: the thing asked for failed */
#define EXIT_UNREADABLE 2   /* the data folder cannot be read */
#define EXIT_USAGE_WRONG 64 /* wrong arguments */
#define EXIT_UNAVAILABLE 69 /* a peer does not answer, or somebody else has what is needed */
#define EXIT_CANNOT 71      /* the system refused something that is needed */

/* The same for people, at the end of every --help. */
#define EXIT_HELP                                                                                                \
    "exit codes: 0 good; 1 the log was altered, or what was asked for is refused or failed; 2 the data folder\n" \
    "cannot be read; 64 wrong usage; 69 the service, or a part of it, does not answer, or another process has\n" \
    "the folder or the address; 71 the system refused something needed\n"

#define END_WITHIN_S 20 /* closing takes milliseconds */
#define FILES_WANTED \
    16384 /* a shell's or a unit's soft limit is often 1024; the gateway alone takes 4096 connections */

/* process_prepare names the process (ps), ignores SIGPIPE and SIGXFSZ, lets it wait for its children whatever was
 * inherited for SIGCHLD, sets no_new_privs, umask 0027, raises the limit of open files as far as it may, to
 * FILES_WANTED at most, and asks for SIGTERM when the parent dies if the environment has OPENPOST_PARENT (serve sets
 * it). */
void process_prepare(const char *name);
/* process_files is how many files this process may have open at once. */
uint32_t process_files(void);
/* process_stop_fd blocks SIGTERM, SIGINT and SIGHUP in this thread (and those made later) and returns a descriptor that
 * becomes readable when one arrives: poll it, then stop in order. ERR_IO. Call it before any thread is made. */
enum err process_stop_fd(int *ret_fd) MUST_USE;
/* process_option finds what follows name among the arguments; NULL: nothing does. */
const char *process_option(int argc, char **argv, const char *name);
/* process_ready tells serve that this process can do its work: writes one byte to the descriptor named by
 * OPENPOST_READY_FD and closes it; nothing when there is none. */
void process_ready(void);

/* process_end_within lets the process's ending, which has begun, take so many seconds: then it says so on stderr and
 * ends with EXIT_CANNOT, whatever it waits for. Nothing is lost by it: every process may be killed at any time. For
 * what may wait for ever: nng 1.5's sockets, which now and then never finish closing. 0: as long as it takes again. */
void process_end_within(unsigned seconds);

/* file_read appends a whole small file (secret, identity) to out; ERR_NOT_FOUND, ERR_ACCESS, ERR_TOO_LONG (out may hold
 * part), ERR_IO; ERR_MALFORMED: it is a pipe, a device or a folder, which are not waited for; a link to a file is one.
 * file_read_any takes a pipe or a device too, and waits for it: for what a person names. file_write replaces path
 * atomically (path.new, fsync, rename, fsync of the folder); a new file gets mode less the umask. ERR_NO_SPACE,
 * ERR_ACCESS, ERR_TOO_LONG (the path), ERR_IO. All block for the disk. */
enum err file_read(const char *path, struct buf *out) MUST_USE;
enum err file_read_any(const char *path, struct buf *out) MUST_USE;
enum err file_write(const char *path, struct span bytes, unsigned mode) MUST_USE;

/* file_is_at tells whether path leads to the file that is open as fd. False: that one was deleted, moved away or
 * replaced; what is written to it nobody will find there. Where nobody may look, it is believed to be there. */
bool file_is_at(int fd, const char *path);

/* file_allocate gives every byte of a file that is to be mapped its place on the disk, so that writing to the map
 * cannot end in SIGBUS; an empty file, or one made here with the mode less the umask, gets len bytes of zeros. A file
 * system that cannot do it is left alone. ERR_NO_SPACE, ERR_ACCESS, ERR_NOT_FOUND, ERR_IO. */
enum err file_allocate(const char *path, uint64_t len, unsigned mode) MUST_USE;

/* path_join writes folder/name into out, NUL-terminated; ERR_TOO_LONG. */
enum err path_join(char *out, size_t cap, const char *folder, const char *name) MUST_USE;

#endif
