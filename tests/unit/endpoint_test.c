/* endpoint_test.c: sockets under bad company: a peer that never reads, that floods, that talks nonsense or too much,
 * servers that are killed; others are served all the while, and nothing that was asked once arrives twice. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/unit/endpoint_world.h"

START_TEST(a_question_is_answered_and_its_size_is_bounded)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    ck_assert_uint_eq(len, 5);
    ck_assert_int_eq(ask(caller, SPAN("big"), 5000, &len), OK);
    ck_assert_uint_eq(len, BIG_REPLY);
    uint8_t *large = calloc(1, FRAME_MAX + 1);
    ck_assert_int_eq(ask(caller, span_of(large, FRAME_MAX + 1), 5000, &len), ERR_CLOSED);
    free(large);
    ck_assert_int_eq(ask(caller, SPAN("drop"), 5000, &len), ERR_CLOSED);
    ck_assert_int_eq(ask(caller, SPAN("again"), 5000, &len), OK);
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(without_a_server_a_question_was_never_sent)
{
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open("tcp://127.0.0.1:1", 1, 1000, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("hello"), 50, &len), ERR_BUSY);
}

END_TEST

START_TEST(a_silent_server_is_a_time_out_and_all_contexts_busy_is_said_so)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 1, 1000, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK); /* connected: what follows is sent at once */
    ck_assert_int_eq(ask(caller, SPAN("keep"), 100, &len), ERR_TIMED_OUT);
    struct reply reply = {0};
    lock_init(&reply.lock);
    pthread_cond_init(&reply.ready, NULL);
    ck_assert_int_eq(caller_ask(caller, SPAN("keep"), 10000, on_reply, &reply), OK);
    ck_assert_int_eq(caller_ask(caller, SPAN("keep"), 10000, on_reply, &reply), ERR_BUSY);
    while (atomic_load(&echo.kept_count) < 2) {
        usleep(1000);
    }
    endpoint_drop(echo.kept[0]);
    endpoint_drop(echo.kept[1]);
    caller_close(caller);
    caller = NULL;
    ck_assert(reply.done && reply.err == ERR_CLOSED);
    pthread_cond_destroy(&reply.ready);
    echo_close(&echo);
}

END_TEST

START_TEST(a_peer_that_never_reads_is_dropped_within_a_second_and_others_are_served)
{
    struct echo echo;
    echo_open(&echo);
    OWNED(caller_close) struct caller *caller = NULL;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    size_t len = 0;
    ck_assert_int_eq(ask(caller, SPAN("trust"), 5000, &len), OK);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    const int64_t start_ms = clock_boot_ms();
    for (uint32_t i = 0; i < 8; i++) { /* 8 MiB: more than the kernel keeps on our side */
        if (!raw_send(fd, i, SPAN("big"))) {
            break;
        }
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert(raw_closed_within(fd, 1000, 99));
    ck_assert_int_lt(clock_boot_ms() - start_ms, 1500);
    struct endpoint_counts counts;
    endpoint_counts(echo.endpoint, &counts);
    ck_assert_uint_ge(counts.stalled, 1);
    ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    close(fd);
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(a_peer_that_asks_too_much_at_a_time_waits_for_its_own_answers)
{
    struct echo echo;
    echo_open(&echo);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert(raw_send(fd, i, SPAN("keep")));
    }
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    while (atomic_load(&echo.kept_count) < 8) {
        usleep(1000);
    }
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert_uint_eq(atomic_load(&echo.kept_count), 8);
    for (unsigned i = 0; i < 12; i++) {
        while (atomic_load(&echo.kept_count) <= i) {
            usleep(1000);
        }
        endpoint_reply(echo.kept[i], SPAN("late"));
    }
    uint8_t replies[12 * 16];
    ck_assert_int_eq(recv(fd, replies, sizeof replies, MSG_WAITALL), (ssize_t)sizeof replies);
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert_uint_eq(get_be64(replies + 16 * i), 8);
        ck_assert_uint_eq(get_be32(replies + 16 * i + 8), 0x80000000U | i);
        ck_assert_mem_eq(replies + 16 * i + 12, "late", 4);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
    close(fd);
}

END_TEST

START_TEST(one_holders_connections_share_its_places_in_turn)
{
    struct echo echo;
    echo_open(&echo);
    int fds[3];
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = raw_connect_ours(&echo);
    }
    for (uint32_t i = 0; i < 12; i++) {
        ck_assert(raw_send(fds[i % 3], i, SPAN("keep")));
    }
    while (atomic_load(&echo.kept_count) < 5) {
        usleep(1000);
    }
    OWNED(caller_close) struct caller *caller = NULL;
    size_t len = 0;
    ck_assert_int_eq(caller_open(echo.url, 2, BIG_REPLY * 2, &caller), OK);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(ask(caller, SPAN("hello"), 5000, &len), OK);
    }
    ck_assert_uint_eq(atomic_load(&echo.kept_count), 5);
    for (unsigned i = 0; i < 12; i++) {
        while (atomic_load(&echo.kept_count) <= i) {
            usleep(1000);
        }
        endpoint_reply(echo.kept[i], SPAN("late"));
    }
    uint8_t replies[4 * 16];
    for (unsigned i = 0; i < 3; i++) { /* each got all of its own */
        ck_assert_int_eq(recv(fds[i], replies, sizeof replies, MSG_WAITALL), (ssize_t)sizeof replies);
        close(fds[i]);
    }
    caller_close(caller);
    caller = NULL;
    echo_close(&echo);
}

END_TEST

START_TEST(a_request_whose_connection_was_closed_says_so)
{
    struct echo echo;
    echo_open(&echo);
    const int fd = raw_connect(endpoint_port(echo.endpoint), true);
    ck_assert(raw_send(fd, 1, SPAN("keep")));
    while (atomic_load(&echo.kept_count) < 1) {
        usleep(1000);
    }
    ck_assert(!endpoint_is_lost(echo.kept[0]));
    close(fd);
    const int64_t until_ms = clock_boot_ms() + 5000;
    while (!endpoint_is_lost(echo.kept[0]) && clock_boot_ms() < until_ms) {
        usleep(1000);
    }
    ck_assert(endpoint_is_lost(echo.kept[0]));
    endpoint_drop(echo.kept[0]);
    echo_close(&echo);
}

END_TEST

/* ---- Servers that are killed: deliveries are counted in shared memory ---- */

#define QUESTIONS_MAX 2000000
#define KILLS 10

struct tally {
    atomic_uint delivered;
    atomic_uint doubles;
    atomic_uchar seen[QUESTIONS_MAX];
};

static void on_counted(void *context, struct endpoint_request *request)
{
    struct tally *tally = context;
    const struct span bytes = endpoint_bytes(request);
    const uint64_t number = get_be64(bytes.data);
    if (atomic_fetch_add(&tally->seen[number], 1) > 0) {
        atomic_fetch_add(&tally->doubles, 1);
    }
    atomic_fetch_add(&tally->delivered, 1);
    endpoint_reply(request, bytes);
}

static pid_t serve_in_child(struct tally *tally, uint16_t port)
{
    const pid_t child = fork();
    if (child == 0) {
        char url[64];
        snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
        const struct endpoint_options options = {.url = url,
                                                 .contexts = 64,
                                                 .per_connection = 64,
                                                 .frame_max = FRAME_MAX,
                                                 .handle = on_counted,
                                                 .context = tally};
        struct endpoint *endpoint = NULL;
        if (endpoint_open(&options, &endpoint) != OK) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    ck_assert_int_gt(child, 0);
    return child;
}

struct asker {
    struct caller *caller;
    atomic_uint_fast64_t next;
    atomic_uint answered;
    atomic_uint unknown;
    atomic_bool stop;
    atomic_uint running;
};

static void on_told(void *context, enum err err, struct span reply)
{
    (void)reply;
    struct asker *asker = context;
    atomic_fetch_add(err == OK ? &asker->answered : &asker->unknown, 1);
    uint8_t number[8];
    put_be64(number, atomic_fetch_add(&asker->next, 1));
    if (atomic_load(&asker->stop) || get_be64(number) >= QUESTIONS_MAX ||
        caller_ask(asker->caller, span_of(number, 8), 2000, on_told, asker) != OK) {
        atomic_fetch_sub(&asker->running, 1);
    }
}

START_TEST(ten_killed_servers_get_nothing_twice)
{
    struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(tally, MAP_FAILED);
    /* A port that is free: bound and given back; the children are forked before this process has threads of nng's. */
    uint16_t port = 0;
    (void)close(loopback_listen(&port));
    int pipe_fd[2];
    ck_assert_int_eq(pipe(pipe_fd), 0);
    /* nng must not be used across a fork: a helper process makes and kills the servers, one byte asks for each kill. */
    const pid_t helper = fork();
    if (helper == 0) {
        close(pipe_fd[1]);
        pid_t server = serve_in_child(tally, port);
        char byte = 0;
        while (read(pipe_fd[0], &byte, 1) == 1) {
            kill(server, SIGKILL);
            (void)waitpid(server, NULL, 0);
            server = serve_in_child(tally, port);
        }
        kill(server, SIGKILL);
        _exit(0);
    }
    close(pipe_fd[0]);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    struct asker asker = {0};
    ck_assert_int_eq(caller_open(url, 32, FRAME_MAX, &asker.caller), OK);
    atomic_store(&asker.running, 16);
    for (unsigned i = 0; i < 16; i++) {
        on_told(&asker, OK, SPAN(""));
    }
    for (unsigned i = 0; i < KILLS; i++) {
        const unsigned before = atomic_load(&asker.answered);
        while (atomic_load(&asker.answered) < before + 500) { /* it serves: kill it in the middle */
            usleep(500);
        }
        ck_assert_int_eq(write(pipe_fd[1], "k", 1), 1);
    }
    atomic_store(&asker.stop, true);
    while (atomic_load(&asker.running) > 0) {
        usleep(1000);
    }
    close(pipe_fd[1]);
    (void)waitpid(helper, NULL, 0);
    caller_close(asker.caller);
    ck_assert_uint_eq(atomic_load(&tally->doubles), 0);
    ck_assert_uint_ge(atomic_load(&tally->delivered), 5000);
    printf("%u questions delivered over %d kills, %u of unknown fate, %u twice\n", atomic_load(&tally->delivered),
           KILLS, atomic_load(&asker.unknown), atomic_load(&tally->doubles));
    munmap(tally, sizeof *tally);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *sockets = tcase_create("sockets");
    tcase_set_timeout(sockets, 60);
    tcase_add_test(sockets, a_question_is_answered_and_its_size_is_bounded);
    tcase_add_test(sockets, without_a_server_a_question_was_never_sent);
    tcase_add_test(sockets, a_silent_server_is_a_time_out_and_all_contexts_busy_is_said_so);
    tcase_add_test(sockets, a_peer_that_never_reads_is_dropped_within_a_second_and_others_are_served);
    tcase_add_test(sockets, a_peer_that_asks_too_much_at_a_time_waits_for_its_own_answers);
    tcase_add_test(sockets, one_holders_connections_share_its_places_in_turn);
    tcase_add_test(sockets, a_request_whose_connection_was_closed_says_so);
    suite_add_tcase(suite, sockets);
    TCase *kills = tcase_create("kills");
    tcase_set_timeout(kills, 60);
    tcase_add_test(kills, ten_killed_servers_get_nothing_twice);
    suite_add_tcase(suite, kills);
    return run_suite(suite);
}
