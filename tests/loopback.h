/* loopback.h: plain TCP on 127.0.0.1, for tests that speak to a server without its library, or stand in for one. */
#ifndef OPENPOST_TESTS_LOOPBACK_H
#define OPENPOST_TESTS_LOOPBACK_H

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"

/* loopback is the address of a port; 0: of one that is free when it is bound. */
static inline struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* loopback_listen gives a socket that listens on a free port. */
static inline int loopback_listen(uint16_t *ret_port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(fd >= 0);
    ASSERT(bind(fd, (const struct sockaddr *)&address, len) == 0);
    ASSERT(listen(fd, 64) == 0);
    ASSERT(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* loopback_connect gives a socket connected to a port, or -1 and errno. */
static inline int loopback_connect(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        const int number = errno;
        (void)close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

#endif
