/* bench_load.c: see bench_load.h. Called by bench_stock.c. Each request waits for the answer of the one before it:
 * nothing is counted that was not answered. */
#include "tools/benchmarks/bench_load.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"

#define CONNECTIONS 16
#define REQUEST_MAX 4096
#define ANSWER_MAX ((size_t)256 << 10) /* a list */
#define OUTSTANDING_MAX 1024
#define SHOWN_MAX 2000 /* of an answer that is wrong */

struct http_load {
    uint16_t port;
    uint64_t count;
    load_request *make;
    load_answer *check;
    void *context;
    atomic_ullong next;
    atomic_bool failed;
};

/* Reads one answer: its head, and as much as its Content-Length says; text is empty when there was none. */
static bool read_answer(int fd, char *text)
{
    size_t len = 0;
    size_t whole = 0;
    text[0] = 0;
    while (whole == 0 || len < whole) {
        const ssize_t got = recv(fd, text + len, ANSWER_MAX - 1 - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        text[len] = 0;
        const char *end = whole == 0 ? strstr(text, "\r\n\r\n") : NULL;
        if (end != NULL) {
            const char *length = strcasestr(text, "\r\nContent-Length:");
            if (length == NULL || length > end) {
                return false;
            }
            whole = (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
        }
        if (whole >= ANSWER_MAX) {
            return false;
        }
    }
    return len == whole && strncmp(text, "HTTP/1.1 2", 10) == 0;
}

/* Of many that fail at once the first is told. */
static void fail(struct http_load *load, const char *answer)
{
    if (!atomic_exchange(&load->failed, true)) {
        (void)fprintf(stderr, "openpost bench: answered: %.*s\n", SHOWN_MAX, answer);
    }
}

static void *send_all(void *context)
{
    struct http_load *load = context;
    char request[REQUEST_MAX];
    char answer[ANSWER_MAX] = "";
    const int fd = bench_connect(load->port);
    while (fd >= 0 && !atomic_load(&load->failed)) {
        const uint64_t index = atomic_fetch_add(&load->next, 1);
        struct buf out = buf_of(request, sizeof request);
        if (index >= load->count) {
            break;
        }
        load->make(load->context, index, &out);
        if (!buf_ok(&out) || send(fd, request, out.len, MSG_NOSIGNAL) != (ssize_t)out.len || !read_answer(fd, answer) ||
            (load->check != NULL && !load->check(load->context, index, answer))) {
            fail(load, answer);
        }
    }
    if (fd < 0) {
        fail(load, "no connection");
    } else {
        (void)close(fd);
    }
    return NULL;
}

enum err load_http(uint16_t port, uint64_t count, load_request *make, load_answer *check, void *context, double *ret_us)
{
    struct http_load load = {.port = port, .count = count, .make = make, .check = check, .context = context};
    pthread_t threads[CONNECTIONS];
    unsigned started = 0;
    const int64_t start_us = clock_monotonic_us();
    while (started < CONNECTIONS && pthread_create(&threads[started], NULL, send_all, &load) == 0) {
        started++;
    }
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    const int64_t spent_us = clock_monotonic_us() - start_us;
    if (started < CONNECTIONS || atomic_load(&load.failed)) {
        return ERR_CONFLICT;
    }
    *ret_us = (double)spent_us / (double)count;
    return OK;
}

struct command_load;

struct place {
    struct command_load *load;
    unsigned number;
};

struct command_load {
    struct client *client;
    uint64_t count;
    load_command *make;
    void *context;
    atomic_ullong next;
    atomic_ullong done;
    atomic_ullong end_us; /* when the last was answered */
    atomic_bool failed;
    struct place places[OUTSTANDING_MAX];
};

static void answered(void *context, enum err err, const struct answer *answer);

static bool send_next(struct place *place)
{
    struct command_load *load = place->load;
    const uint64_t index = atomic_fetch_add(&load->next, 1);
    if (index >= load->count) {
        return true;
    }
    const struct command *command = load->make(load->context, index, place->number);
    return client_command(load->client, command, NULL, 60000, answered, place) == OK;
}

static void answered(void *context, enum err err, const struct answer *answer)
{
    struct place *place = context;
    struct command_load *load = place->load;
    const bool good = err == OK && answer->refusal == ACCEPTED && answer->events > 0;
    if ((!good || !send_next(place)) && !atomic_exchange(&load->failed, true) && !good) {
        (void)fprintf(stderr, "openpost bench: answered: %s\n",
                      err != OK                     ? err_sentence(err)
                      : answer->refusal != ACCEPTED ? refusal_desc(answer->refusal)->code
                                                    : "it did nothing");
    }
    if (atomic_fetch_add(&load->done, 1) + 1 == load->count) {
        atomic_store(&load->end_us, (unsigned long long)clock_monotonic_us());
    }
}

/* On failure what is still under way is waited for by the caller's client_close; until then load must live. */
enum err load_commands(struct client *client, uint64_t count, unsigned outstanding, load_command *make, void *context,
                       double *ret_us)
{
    struct command_load *load = outstanding > OUTSTANDING_MAX ? NULL : calloc(1, sizeof *load);
    if (load == NULL) {
        return ERR_NO_MEMORY;
    }
    load->client = client;
    load->count = count;
    load->make = make;
    load->context = context;
    const int64_t start_us = clock_monotonic_us();
    for (unsigned i = 0; i < outstanding; i++) {
        load->places[i] = (struct place){.load = load, .number = i};
        if (!send_next(&load->places[i])) {
            atomic_store(&load->failed, true);
        }
    }
    while (atomic_load(&load->end_us) == 0 && !atomic_load(&load->failed)) {
        (void)poll(NULL, 0, 1);
    }
    if (atomic_load(&load->failed)) {
        return ERR_CONFLICT; /* the answers under way still need it: the process ends soon */
    }
    *ret_us = (double)((int64_t)atomic_load(&load->end_us) - start_us) / (double)count;
    free(load);
    return OK;
}
