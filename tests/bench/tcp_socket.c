#include "tcp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROOM_WAIT_MS = 1000 };

int sl_load_failed(const char *what)
{
    int error = errno ? errno : EIO;

    fprintf(stderr, "sl-load: %s: %s\n", what, strerror(error));
    return -error;
}

/* Connecting blocks: on a loopback interface the handshake is over before connect() could wait. */
static int socket_connect(int fd, const struct sl_target *target, const struct sl_target *source)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (source) {
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *)&source->address, source->length) < 0)
            return sl_load_failed("cannot bind");
    }
    if (connect(fd, (const struct sockaddr *)&target->address, target->length) < 0)
        return sl_load_failed("cannot connect");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return sl_load_failed("cannot set O_NONBLOCK");
    return 0;
}

int sl_tcp_socket_connect(const struct sl_target *target, const struct sl_target *source)
{
    int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return sl_load_failed("no socket");
    rc = socket_connect(fd, target, source);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return fd;
}

int sl_tcp_socket_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};

            if (poll(&room, 1, ROOM_WAIT_MS) == 1)
                continue;
            errno = ETIMEDOUT;
        }
        if (sent < 0)
            return sl_load_failed("cannot send");
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}
