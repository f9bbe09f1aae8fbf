/* bench_call.c: see bench_world.h: a smallest HTTP/1.1 client (RFC 9112), one request a connection. Never leaves the
 * machine. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/benchmarks/bench_world.h"

int bench_connect(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval within = {.tv_sec = 20};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof within) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}

enum err bench_call(uint16_t port, const char *key, const char *method, const char *path, const char *body,
                    struct buf *out, unsigned *ret_status)
{
    char head[2048];
    const int len = snprintf(head, sizeof head,
                             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s%s%sContent-Type: "
                             "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                             method, path, key == NULL ? "" : "Authorization: Bearer ", key == NULL ? "" : key,
                             key == NULL ? "" : "\r\n", body == NULL ? 0 : strlen(body), body == NULL ? "" : body);
    const int fd = len > 0 && (size_t)len < sizeof head ? bench_connect(port) : -1;
    if (fd < 0) {
        return ERR_CLOSED;
    }
    const size_t start = out->len;
    bool good = send(fd, head, (size_t)len, MSG_NOSIGNAL) == len;
    uint8_t bytes[16384];
    ssize_t got = 0;
    while (good && (got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        buf_put(out, span_of(bytes, (size_t)got));
    }
    (void)close(fd);
    good = good && got == 0 && buf_ok(out) && out->len - start > 16;
    const uint8_t *blank = good ? memmem(out->data + start, out->len - start, "\r\n\r\n", 4) : NULL;
    if (blank == NULL) {
        return buf_ok(out) ? ERR_CLOSED : ERR_TOO_LONG;
    }
    *ret_status = (unsigned)strtoul((const char *)out->data + start + 9, NULL, 10);
    const size_t skip = (size_t)(blank + 4 - (out->data + start));
    memmove(out->data + start, out->data + start + skip, out->len - start - skip);
    out->len -= skip;
    return OK;
}
