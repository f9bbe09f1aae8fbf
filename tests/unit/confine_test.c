/* confine_test.c: each kind of process, confined as in service, in its first thread and in one that was there before:
 * what it needs works, and everything else ends it or is refused. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/rules.h"
#include "core/base/process.h"
#include "tests/folder.h"
#include "tests/loopback.h"
#include "tests/suite.h"

#define PROCESSES 4

/* Where a probe is made. */
struct place {
    char root[FOLDER_MAX];
    char folder[280]; /* below root: the process's own */
    char file[300];   /* in it */
    char elsewhere[280];
    uint16_t peer_port;  /* somebody listens there whom the process may reach … */
    uint16_t other_port; /* … and there one whom it may not */
    int listener;
    int other_listener;
};

/* Gives 0 when what it tried was possible, otherwise errno. */
typedef int probe(const struct place *place);

/* --- what everybody is refused --- */

static int try_open(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 ? errno : 0;
}

static int open_the_password_file(const struct place *place)
{
    (void)place;
    return try_open("/etc/passwd", O_RDONLY);
}

static int make_a_file_elsewhere(const struct place *place)
{
    return try_open(place->elsewhere, O_RDWR | O_CREAT);
}

static int run_a_program(const struct place *place)
{
    char program[] = "/bin/true";
    char *const arguments[] = {program, NULL};
    char *const environment[] = {NULL};
    (void)place;
    (void)execve(program, arguments, environment);
    return errno;
}

static int make_a_process(const struct place *place)
{
    (void)place;
    const long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? errno : 0;
}

static int be_traced(const struct place *place)
{
    (void)place;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int trace_the_parent(const struct place *place)
{
    (void)place;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 0 : errno;
}

static int signal_the_parent(const struct place *place)
{
    (void)place;
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

static int become_another_user(const struct place *place)
{
    (void)place;
    return syscall(SYS_setuid, 65534) == 0 ? 0 : errno;
}

static int make_a_namespace(const struct place *place)
{
    (void)place;
    return syscall(SYS_unshare, 0x10000000) == 0 ? 0 : errno;
}

static int make_a_ring(const struct place *place)
{
    (void)place;
    return syscall(SYS_io_uring_setup, 1, NULL) == 0 ? 0 : errno;
}

static int try_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int make_a_packet_socket(const struct place *place)
{
    (void)place;
    return try_socket(AF_PACKET, SOCK_RAW);
}

static int make_a_key_socket(const struct place *place)
{
    (void)place;
    return try_socket(AF_ALG, SOCK_SEQPACKET);
}

static int listen_to_the_world(const struct place *place)
{
    (void)place;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    return listen(fd, 1) == 0 ? 0 : errno;
}

static int bind_a_port(const struct place *place)
{
    (void)place;
    const struct sockaddr_in address = loopback(0);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

static int try_connect(uint16_t port)
{
    return loopback_connect(port) < 0 ? errno : 0;
}

static int connect_to_a_stranger(const struct place *place)
{
    return try_connect(place->other_port);
}

static const struct refused {
    const char *what;
    probe *try;
    bool needs_ports; /* Landlock's rules for ports */
} everybody[] = {
    {"open the password file", open_the_password_file, false},
    {"make a file elsewhere",  make_a_file_elsewhere,  false},
    {"run a program",          run_a_program,          false},
    {"make a process",         make_a_process,         false},
    {"be traced",              be_traced,              false},
    {"trace the parent",       trace_the_parent,       false},
    {"signal the parent",      signal_the_parent,      false},
    {"become another user",    become_another_user,    false},
    {"make a namespace",       make_a_namespace,       false},
    {"make a ring",            make_a_ring,            false},
    {"make a packet socket",   make_a_packet_socket,   false},
    {"make a key socket",      make_a_key_socket,      false},
    {"listen",                 listen_to_the_world,    false},
    {"bind a port",            bind_a_port,            false},
    {"connect to a stranger",  connect_to_a_stranger,  true },
};

/* --- what depends on the process --- */

static int read_the_data_folder(const struct place *place)
{
    return try_open(place->file, O_RDONLY);
}

static int write_to_the_data_folder(const struct place *place)
{
    return try_open(place->file, O_WRONLY);
}

static int connect_to_a_peer(const struct place *place)
{
    return try_connect(place->peer_port);
}

static int make_a_local_socket(const struct place *place)
{
    (void)place;
    const int number = try_socket(AF_UNIX, SOCK_STREAM);
    return number == EAFNOSUPPORT ? EPERM : number; /* every kernel has it */
}

static int make_a_thread(const struct place *place);

static const struct depends {
    const char *what;
    probe *try;
    bool may[PROCESSES]; /* ledger, gateway, scheduler, adapter */
} each[] = {
    {"read the data folder",     read_the_data_folder,     {true, false, false, false} },
    {"write to the data folder", write_to_the_data_folder, {true, false, false, false} },
    {"connect to a peer",        connect_to_a_peer,        {false, true, true, true}   },
    {"make a local socket",      make_a_local_socket,      {false, false, false, false}},
    {"make a thread",            make_a_thread,            {true, true, true, true}    },
};

static const char *const names[PROCESSES] = {"ledger", "gateway", "scheduler", "adapter"};

/* --- how --- */

static void *nothing(void *context)
{
    return context;
}

static int make_a_thread(const struct place *place)
{
    pthread_t thread;
    (void)place;
    const int rc = pthread_create(&thread, NULL, nothing, NULL);
    return rc == 0 ? pthread_join(thread, NULL) : rc;
}

static bool fill_rules(const struct place *place, enum confine_process process, struct confine_rules *ret_rules)
{
    const struct guard guard = {.loopback_ports = {place->peer_port}, .loopback_count = 1};
    *ret_rules = (struct confine_rules){.process = process};
    switch (process) {
    case CONFINE_LEDGER:
        confine_path(ret_rules, place->folder, CONFINE_OWN);
        return confine_bind(ret_rules, "tcp://127.0.0.1:0") == OK;
    case CONFINE_GATEWAY:
    case CONFINE_SCHEDULER:
        confine_connect_port(ret_rules, place->peer_port);
        return true;
    case CONFINE_ADAPTER:
        return adapter_rules(&guard, "tcp://127.0.0.1:0", ret_rules) == OK;
    }
    return false;
}

#define UNCONFINED 101

/* Landlock's version in this kernel, asked of it and not of the code under test: files from 1, ports from 4. */
static int landlock_abi(void)
{
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

struct attempt {
    const struct place *place;
    probe *try;
    pthread_mutex_t start;
    int number;
};

static void *attempt_in_thread(void *context)
{
    struct attempt *attempt = context;
    (void)pthread_mutex_lock(&attempt->start);
    attempt->number = attempt->try(attempt->place);
    return NULL;
}

/* In the child. The other thread is there before the second step: the first step binds it, for it was made after. */
_Noreturn static void be_confined(struct attempt *attempt, enum confine_process process, bool in_thread)
{
    struct confine_rules rules;
    struct confinement confinement;
    pthread_t thread;
    const int landlock_version = landlock_abi();
    bool good = fill_rules(attempt->place, process, &rules) && confine_files(&rules, &confinement) == OK;
    (void)pthread_mutex_init(&attempt->start, NULL);
    (void)pthread_mutex_lock(&attempt->start);
    good = good && (!in_thread || pthread_create(&thread, NULL, attempt_in_thread, attempt) == 0);
    good = good && confine_calls(&rules, &confinement) == OK && confinement.calls;
    if (!good || !confinement.files || confinement.ports != (landlock_version >= 4)) {
        _exit(UNCONFINED);
    }
    if (in_thread) {
        (void)pthread_mutex_unlock(&attempt->start);
        (void)pthread_join(thread, NULL);
    } else {
        attempt->number = attempt->try(attempt->place);
    }
    _exit(attempt->number > 100 ? 100 : attempt->number);
}

static int wait_status(const struct place *place, enum confine_process process, probe *try, bool in_thread)
{
    struct attempt attempt = {.place = place, .try = try};
    int status = 0;
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        be_confined(&attempt, process, in_thread);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != UNCONFINED, "%s could not be confined", names[process]);
    return status;
}

/* Killed for the call, or told that it may not: what fails for any other reason proves nothing. */
static bool was_refused(int status)
{
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGSYS
                               : WEXITSTATUS(status) == EACCES || WEXITSTATUS(status) == EPERM;
}

static bool was_possible(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void tell(enum confine_process process, const char *what, bool in_thread, bool expected, int status)
{
    ck_assert_msg(expected, "%s, %s thread: %s: %s %d", names[process], in_thread ? "other" : "first", what,
                  WIFSIGNALED(status) ? "signal" : "errno",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void place_open(struct place *place)
{
    make_folder(place->root);
    (void)snprintf(place->folder, sizeof place->folder, "%s/data", place->root);
    (void)snprintf(place->elsewhere, sizeof place->elsewhere, "%s/elsewhere", place->root);
    ck_assert_int_eq(mkdir(place->folder, 0700), 0);
    (void)snprintf(place->file, sizeof place->file, "%s/wire.secret", place->folder);
    ck_assert_int_eq(file_write(place->file, SPAN("secret"), 0600), OK);
    place->listener = loopback_listen(&place->peer_port);
    place->other_listener = loopback_listen(&place->other_port);
}

static void place_close(struct place *place)
{
    (void)close(place->listener);
    (void)close(place->other_listener);
    remove_folder(place->root);
}

START_TEST(no_process_can_do_what_none_needs)
{
    const enum confine_process process = (enum confine_process)_i;
    const int abi = landlock_abi();
    struct place place;
    place_open(&place);
    printf("%s: Landlock's version is %d%s\n", names[process], abi, abi < 4 ? ": no rules for ports" : "");
    for (size_t i = 0; i < 2 * sizeof everybody / sizeof *everybody; i++) {
        const struct refused *row = &everybody[i / 2];
        const int status = wait_status(&place, process, row->try, i % 2 == 1);
        const bool kernel_cannot = row->needs_ports && abi < 4 && was_possible(status);
        tell(process, row->what, i % 2 == 1, was_refused(status) || kernel_cannot, status);
    }
    place_close(&place);
}

END_TEST

START_TEST(each_process_can_do_what_it_needs_and_not_what_another_needs)
{
    const enum confine_process process = (enum confine_process)_i;
    struct place place;
    place_open(&place);
    for (size_t i = 0; i < 2 * sizeof each / sizeof *each; i++) {
        const struct depends *row = &each[i / 2];
        const int status = wait_status(&place, process, row->try, i % 2 == 1);
        tell(process, row->what, i % 2 == 1, row->may[process] ? was_possible(status) : was_refused(status), status);
    }
    place_close(&place);
}

END_TEST

START_TEST(a_url_without_a_port_makes_no_rule)
{
    struct confine_rules rules = {.process = CONFINE_GATEWAY};
    ck_assert_int_eq(confine_connect(&rules, "nowhere"), ERR_MALFORMED);
    ck_assert_int_ne(confine_connect(&rules, "tcp://127.0.0.1:x"), OK);
    ck_assert_int_eq(confine_bind(&rules, "tcp://127.0.0.1:65536"), ERR_RANGE);
    ck_assert_uint_eq(rules.connect_count + rules.bind_count, 0);
    ck_assert_int_eq(confine_connect(&rules, "bluesky=tcp://127.0.0.1:65535"), OK);
    ck_assert_uint_eq(rules.connect_ports[0], 65535);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("confine");
    TCase *tcase = tcase_create("confine");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, no_process_can_do_what_none_needs, 0, PROCESSES);
    tcase_add_loop_test(tcase, each_process_can_do_what_it_needs_and_not_what_another_needs, 0, PROCESSES);
    tcase_add_test(tcase, a_url_without_a_port_makes_no_rule);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
