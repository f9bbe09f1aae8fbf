/* server_accept.c: the acceptor: one thread that takes connections and gives each to the worker that has fewest. Called
 * by server.c. (Left to accept for themselves, libmicrohttpd's threads take what they happen to see first: of sixteen
 * busy connections one thread may have twelve, and the service then has the speed of one processor.) */
#include <errno.h>

#include "core/base/clock.h"
#include "gateway/server_private.h"

#define PAUSE_US 10000 /* after a failure that is not the connection's own, for lack of files or memory */

static struct worker *least_busy(struct server *server)
{
    struct worker *least = &server->workers[0];
    for (unsigned i = 1; i < server->options.threads; i++) {
        if (atomic_load(&server->workers[i].connections) < atomic_load(&least->connections)) {
            least = &server->workers[i];
        }
    }
    return least;
}

static void take(struct server *server, int fd, const struct sockaddr_storage *address, socklen_t len)
{
    struct worker *worker = least_busy(server);
    atomic_fetch_add(&worker->connections, 1);
    if (MHD_add_connection(worker->daemon, fd, (const struct sockaddr *)address, len) != MHD_YES) {
        atomic_fetch_sub(&worker->connections, 1); /* fd is closed all the same */
    }
}

static void *accept_all(void *context)
{
    struct server *server = context;
    while (!atomic_load(&server->draining)) {
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        const int fd = accept4(server->listen_fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            take(server, fd, &address, len);
        } else if (errno != ECONNABORTED && errno != EINTR) {
            (void)pthread_mutex_lock(&server->mutex);
            watch_wait(server, clock_monotonic_us() + PAUSE_US);
            (void)pthread_mutex_unlock(&server->mutex);
        }
    }
    return NULL;
}

enum err accept_start(struct server *server)
{
    const int rc = pthread_create(&server->acceptor, NULL, accept_all, server);
    server->accepting = rc == 0;
    return err_from_errno(rc);
}

void accept_stop(struct server *server)
{
    if (server->accepting) {
        (void)pthread_join(server->acceptor, NULL);
        server->accepting = false;
    }
}
