/* server_watch.c: the watcher: one thread that looks at every connection's deadline a few times a second and shuts down
 * the sockets of those that are late. (libmicrohttpd's own time-out starts anew with each byte that drips in.)
 *
 * It never closes a socket: it shuts it down, libmicrohttpd's thread sees the end of the stream and closes. The mutex
 * is also taken by the callback that precedes that close, so the watcher never touches a number that means another
 * file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "gateway/server_private.h"

#define TICK_MIN_US 10000
#define TICK_MAX_US 250000
#define LINGER_US 1000000

int64_t until_of(enum phase phase, int64_t until_us)
{
    return until_us * 8 + (int64_t)phase;
}

bool conn_enter(struct conn *conn, enum phase phase, int64_t until_us)
{
    const int64_t next = until_of(phase, until_us);
    int64_t last = conn->until_last;
    if (!atomic_compare_exchange_strong(&conn->until, &last, next)) {
        return false;
    }
    conn->until_last = next;
    return true;
}

void watch_expire(struct conn *conn, int64_t until)
{
    const int64_t expired = (until & ~(int64_t)7) | PHASE_EXPIRED;
    if (!atomic_compare_exchange_strong(&conn->until, &until, expired)) {
        return; /* it was in time after all */
    }
    const enum phase phase = (enum phase)(until & 7);
    if (phase == PHASE_HEAD || phase == PHASE_BODY) {
        raw_send(conn, RAW_TIMEOUT);
    }
    if (phase != PHASE_IDLE && conn->counted) {
        atomic_fetch_add(&conn->server->timed_out, 1);
    }
    (void)shutdown(conn->fd, SHUT_RDWR);
}

/* Reads and drops what a refused client still sends, so that the answer is not lost to a reset (RFC 9112, 9.6). */
static void drop_lingering(struct server *server, int64_t now_us, bool all)
{
    for (unsigned i = server->lingering_count; i > 0; i--) {
        const int fd = server->lingering[i - 1];
        uint8_t waste[16384];
        ssize_t got = 1;
        for (unsigned reads = 0; got > 0 && reads < 64; reads++) {
            got = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
        }
        const bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
        if (!all && open && now_us < server->lingering_until_us[i - 1]) {
            continue;
        }
        (void)close(fd);
        server->lingering_count--;
        server->lingering[i - 1] = server->lingering[server->lingering_count];
        server->lingering_until_us[i - 1] = server->lingering_until_us[server->lingering_count];
    }
}

void watch_linger(struct conn *conn)
{
    struct server *server = conn->server;
    if (server->lingering_count == LINGER_MAX) {
        return;
    }
    const int fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)shutdown(fd, SHUT_WR);
    server->lingering[server->lingering_count] = fd;
    server->lingering_until_us[server->lingering_count] = clock_monotonic_us() + LINGER_US;
    server->lingering_count++;
}

static int64_t tick_us(const struct server_options *options)
{
    uint32_t least_ms = options->head_within_ms;
    least_ms = options->body_within_ms < least_ms ? options->body_within_ms : least_ms;
    least_ms = options->idle_ms < least_ms ? options->idle_ms : least_ms;
    const int64_t us = (int64_t)least_ms * 1000 / 8;
    return us < TICK_MIN_US ? TICK_MIN_US : us > TICK_MAX_US ? TICK_MAX_US : us;
}

static void *watch(void *context)
{
    struct server *server = context;
    const int64_t tick = tick_us(&server->options);
    (void)pthread_mutex_lock(&server->mutex);
    while (!server->stop) {
        const int64_t now_us = clock_monotonic_us();
        for (struct conn *conn = server->first; conn != NULL; conn = conn->next) {
            const int64_t until = atomic_load_explicit(&conn->until, memory_order_relaxed);
            const enum phase phase = (enum phase)(until & 7);
            if (phase != PHASE_HANDLER && phase != PHASE_EXPIRED && until >> 3 <= now_us) {
                watch_expire(conn, until);
            }
        }
        drop_lingering(server, now_us, false);
        watch_wait(server, now_us + (server->lingering_count > 0 ? TICK_MIN_US : tick));
    }
    drop_lingering(server, 0, true);
    (void)pthread_mutex_unlock(&server->mutex);
    return NULL;
}

void watch_wait(struct server *server, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(&server->cond, &server->mutex, &until);
}

enum err watch_start(struct server *server)
{
    const int rc = pthread_create(&server->watcher, NULL, watch, server);
    server->watching = rc == 0;
    return err_from_errno(rc);
}

void watch_stop(struct server *server)
{
    if (!server->watching) {
        return;
    }
    (void)pthread_mutex_lock(&server->mutex);
    server->stop = true;
    (void)pthread_cond_broadcast(&server->cond);
    (void)pthread_mutex_unlock(&server->mutex);
    (void)pthread_join(server->watcher, NULL);
    server->watching = false;
}
