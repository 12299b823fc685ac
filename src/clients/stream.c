#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/common.h"
#include "socklens/clock.h"

#define RECEIVE_SIZE 65536
/* Unread replies beyond this are a server that does not stop. */
#define RECEIVED_MAX (64u << 20)

int sl_cli_wait(int fd, short events, int64_t deadline_ns)
{
    struct pollfd pollfd = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ms = (deadline_ns - sl_clock_mono_ns() + SL_NS_PER_MS - 1) / SL_NS_PER_MS;
        int timeout = left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
        int ready = poll(&pollfd, 1, timeout);
        if (ready > 0)
            return pollfd.revents;
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0 && sl_clock_mono_ns() >= deadline_ns)
            return -ETIMEDOUT;
    }
}

/* connect(2) within a time; returns the descriptor. */
static int connect_within(const struct sockaddr *address, socklen_t size, int64_t wait_ns)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int failure = connect(fd, address, size) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) {
        int ready = sl_cli_wait(fd, POLLOUT, sl_clock_mono_ns() + wait_ns);
        socklen_t failure_size = sizeof(failure);
        if (ready < 0)
            failure = -ready;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &failure_size) < 0)
            failure = errno;
    }
    if (failure == 0)
        return fd;
    close(fd);
    return -failure;
}

static int set_connect_error(struct sl_error *error, int failure, const char *name)
{
    const char *hint =
        failure == -ECONNREFUSED || failure == -ENOENT ? " (is the server running there?)" : "";
    return sl_error_set(error, failure, "cannot connect to %s: %s%s", name, strerror(-failure),
                        hint);
}

static int connect_unix(const char *path, int64_t wait_ns, struct sl_cli_stream *stream,
                        struct sl_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    snprintf(stream->name, sizeof(stream->name), "unix:%s", path);
    stream->fd = connect_within((struct sockaddr *)&address, sizeof(address), wait_ns);
    return stream->fd < 0 ? set_connect_error(error, stream->fd, stream->name) : 0;
}

int sl_cli_connect(const struct sl_endpoint *server, int64_t wait_ns, struct sl_cli_stream *stream,
                   struct sl_error *error)
{
    *stream = (struct sl_cli_stream){.fd = -1};
    if (server->unix_path[0] != '\0')
        return connect_unix(server->unix_path, wait_ns, stream, error);

    struct sl_address addresses[SL_CLI_ADDRESSES_MAX];
    int count = sl_endpoint_resolve(server->host, server->port, SOCK_STREAM, addresses,
                                    SL_CLI_ADDRESSES_MAX, error);
    if (count < 0)
        return count;
    struct sl_error all = {0}, one;
    for (int i = 0; i < count; i++) {
        struct sockaddr_storage address;
        socklen_t size = sl_address_to_sockaddr(&addresses[i], &address);
        sl_address_format(&addresses[i], stream->name);
        stream->fd = connect_within((struct sockaddr *)&address, size, wait_ns);
        if (stream->fd >= 0)
            return 0;
        set_connect_error(&one, stream->fd, stream->name);
        sl_cli_add_failure(&all, &one);
    }
    *error = all;
    return stream->fd;
}

/* A failure to send is no end yet: the server may have answered before it closed. What it said is
 * still to be received, and after it the end or the error. */
static void send_some(struct sl_cli_stream *stream)
{
    ssize_t sent = send(stream->fd, stream->unsent, stream->unsent_size, MSG_NOSIGNAL);
    if (sent >= 0) {
        stream->unsent += sent;
        stream->unsent_size -= (size_t)sent;
    } else if (errno != EAGAIN && errno != EINTR) {
        stream->deaf = true;
    }
}

static int receive_some(struct sl_cli_stream *stream)
{
    uint8_t *room = sl_buffer_reserve(&stream->received, RECEIVE_SIZE);
    if (room == NULL)
        return -ENOMEM;
    ssize_t got = recv(stream->fd, room, RECEIVE_SIZE, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 1 : -errno;
    stream->received.size += (size_t)got;
    return got > 0;
}

int sl_cli_stream_step(struct sl_cli_stream *stream, int64_t deadline_ns)
{
    /* A server that never stops talking must not keep us past the deadline. */
    if (sl_clock_mono_ns() >= deadline_ns)
        return -ETIMEDOUT;
    if (stream->received.size > RECEIVED_MAX)
        return -EFBIG;
    bool sending = stream->unsent_size > 0 && !stream->deaf;
    int ready = sl_cli_wait(stream->fd, sending ? POLLIN | POLLOUT : POLLIN, deadline_ns);
    if (ready < 0)
        return ready;
    if (ready & POLLOUT)
        send_some(stream);
    return ready & ~POLLOUT ? receive_some(stream) : 1;
}

void sl_cli_stream_complain(const struct sl_cli_stream *stream, int result, int64_t wait_ns)
{
    char time[SL_CLI_TIME_SIZE];
    switch (result) {
    case 0:
        warnx("%s closed the connection", stream->name);
        break;
    case -ETIMEDOUT:
        warnx("no reply from %s within %s", stream->name, sl_cli_format_time(wait_ns, time));
        break;
    case -ECONNRESET:
    case -EPIPE:
        warnx("%s reset the connection", stream->name);
        break;
    case -EFBIG:
        warnx("%s does not stop sending", stream->name);
        break;
    default:
        warnx("lost the connection to %s: %s", stream->name, strerror(-result));
    }
}

void sl_cli_stream_close(struct sl_cli_stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    sl_buffer_deinit(&stream->received);
}
