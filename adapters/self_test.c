/* self_test.c: see self_test.h. Called by main.c under --self-test, after confinement; never otherwise. */
#include "adapters/self_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A descriptor that a try got is a failure of the confinement; it is closed. */
static int try_open(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    const int number = fd < 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return number;
}

static int try_execve(void)
{
    char program[] = "/bin/true";
    char *const arguments[] = {program, NULL};
    char *const environment[] = {NULL};
    (void)execve(program, arguments, environment);
    return errno;
}

static int try_process(void)
{
    const long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? errno : 0;
}

static int try_socket(uint16_t port, bool listening)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0; /* no refusal of what was meant */
    }
    const int rc = listening ? listen(fd, 1) : connect(fd, (struct sockaddr *)&address, sizeof address);
    const int number = rc == 0 ? 0 : errno;
    (void)close(fd);
    return number;
}

static int try_bind(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    const int number = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    (void)close(fd);
    return number;
}

static int try_signal(void)
{
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

static int try_trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static bool tell(const char *where, const char *what, int number)
{
    const bool refused = number == EACCES || number == EPERM;
    const char *why = number == EACCES ? "EACCES" : number == EPERM ? "EPERM" : "";
    (void)printf("%s: %s: %s %s\n", where, what, refused ? "refused" : number == 0 ? "POSSIBLE" : "NOT PROVED", why);
    return refused;
}

bool self_test(const char *where, const char *data_path, uint16_t ledger_port)
{
    char file[4096];
    bool good = true;
    (void)snprintf(file, sizeof file, "%s/wire.secret", data_path);
    good &= tell(where, "open the data folder", try_open(data_path, O_RDONLY | O_DIRECTORY));
    good &= tell(where, "read a secret", try_open(file, O_RDONLY));
    good &= tell(where, "open a file for writing", try_open(file, O_WRONLY));
    good &= tell(where, "make a file", try_open("/tmp/openpost-self-test", O_RDWR | O_CREAT));
    good &= tell(where, "run a program", try_execve());
    good &= tell(where, "make a process", try_process());
    good &= tell(where, "connect to the ledger", try_socket(ledger_port, false));
    good &= tell(where, "bind a port", try_bind());
    good &= tell(where, "listen", try_socket(0, true));
    good &= tell(where, "signal the parent", try_signal());
    good &= tell(where, "be traced", try_trace());
    (void)fflush(stdout);
    return good;
}
