/* serve.h: an adapter's runner and transport behind the socket on which the scheduler asks (core/wire/jobs.h). One
 * loop, one thread; the socket's own threads only put requests into an inbox. Composed by main.c, which brings the
 * clock. */
#ifndef OPENPOST_ADAPTERS_SERVE_H
#define OPENPOST_ADAPTERS_SERVE_H

#include "adapters/runner.h"
#include "adapters/transport.h"

#define SERVE_REQUESTS_MAX 16u /* of schedulers, at a time; there is one scheduler and it uses a few */
#define SERVE_TRANSFERS_MAX 512u
#define SERVE_PER_HOST_MAX 128u

struct serve;

struct serve_options {
    const struct platform *platform;
    struct guard guard;
    const char *url;                 /* tcp://127.0.0.1:port */
    uint8_t key[FRAME_KEY_LEN];      /* of the link (core/wire/party.h) */
    uint8_t challenge[FRAME_ID_LEN]; /* random */
    void (*random)(void *context, void *data, size_t len);
    int wake_fd; /* ends serve_step when readable; below 0: none */
};

/* serve_open prepares all but the socket, before the process is confined: ERR_NO_MEMORY. serve_listen then opens the
 * socket and takes requests: ERR_MALFORMED, ERR_BUSY, ERR_IO … serve_close drops what is under way; accepts NULL. */
enum err serve_open(const struct serve_options *options, struct serve **ret_serve) MUST_USE;
enum err serve_listen(struct serve *serve) MUST_USE;
void serve_close(struct serve *serve);
OWNED_BY(serve_close, struct serve *);
uint16_t serve_port(const struct serve *serve);

/* serve_step does what there is to do and waits up to wait_ms for more; now gives the time (clock_wall_ms).
 * serve_stopping: take no more jobs, put off those that were not begun (runner_recall), only report; serve_is_idle:
 * nothing is under way and nothing unacknowledged. */
void serve_step(struct serve *serve, int64_t (*now)(void), int wait_ms);
void serve_stopping(struct serve *serve, int64_t now_ms);
bool serve_is_idle(const struct serve *serve);

struct serve_figures {
    struct runner_figures runner;
    uint64_t requests;
    uint64_t strange; /* dropped: unauthentic or unreadable */
    uint64_t away;    /* batches turned away */
};

void serve_figures(const struct serve *serve, struct serve_figures *ret_figures);

#endif
