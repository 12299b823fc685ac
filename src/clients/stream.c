/* A client's stream connection: connect within a time, send while receiving (a server that
 * answers before it has read all must not block both), and say what went wrong. */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

static int set_connect_error(struct sl_error *error, int failure, const char *name)
{
    const char *hint = failure == -ECONNREFUSED || failure == -ENOENT
                           ? " (is the server running there?)"
                       : failure == -EADDRNOTAVAIL ? " (is it too soon for the same ports?)"
                                                   : "";
    return sl_error_set(error, failure, "cannot connect to %s: %s%s", name, strerror(-failure),
                        hint);
}

int sl_cli_bind(int fd, int family, uint16_t port, struct sl_error *error)
{
    struct sl_address any = SL_ADDRESS_NONE;
    any.family = (uint16_t)family;
    any.port = port;
    struct sockaddr_storage address;
    socklen_t size = sl_address_to_sockaddr(&any, &address);
    if (bind(fd, (struct sockaddr *)&address, size) == 0)
        return 0;
    int failure = errno;
    const char *hint = failure == EADDRINUSE ? " (another program has it; 0 takes any)"
                       : failure == EACCES   ? " (low ports are for root; 0 takes any)"
                                             : "";
    return sl_error_set(error, -failure, "cannot bind port %u: %s%s", port, strerror(failure),
                        hint);
}

/* connect(2) within the wait: 0 or a negative errno. */
static int connect_within(int fd, const struct sockaddr *address, socklen_t size, int64_t wait_ns)
{
    if (connect(fd, address, size) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    int ready = sl_cli_wait(fd, POLLOUT, sl_clock_mono_ns() + wait_ns);
    int failure = 0;
    socklen_t failure_size = sizeof(failure);
    if (ready < 0)
        return ready;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &failure_size) < 0 ? -errno : -failure;
}

/* Opens stream->fd, connected; `stream->name` is the address. 0 or a negative errno. */
static int open_stream(const struct sl_cli_options *options, const struct sockaddr *address,
                       socklen_t size, struct sl_cli_stream *stream, struct sl_error *error)
{
    int family = address->sa_family, result = 0;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return set_connect_error(error, -errno, stream->name);
    if (family != AF_UNIX && options->bind_port != 0) {
        /* The last connection from this port may still be in TIME_WAIT. */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        result = sl_cli_bind(fd, family, options->bind_port, error);
    }
    if (result == 0) {
        result = connect_within(fd, address, size, options->wait_ns);
        if (result < 0)
            set_connect_error(error, result, stream->name);
    }
    if (result < 0)
        close(fd);
    else
        stream->fd = fd;
    return result;
}

/* --verbose: both addresses, and the kernel's measure of the way there and back. */
static void describe(const struct sl_cli_stream *stream)
{
    struct sockaddr_storage local;
    socklen_t local_size = sizeof(local);
    struct tcp_info info = {0};
    socklen_t info_size = sizeof(info);
    char name[SL_ADDRESS_TEXT_SIZE];
    if (getsockname(stream->fd, (struct sockaddr *)&local, &local_size) < 0 ||
        getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &info_size) < 0) {
        warnx("connected to %s", stream->name);
        return;
    }
    struct sl_address address = sl_address_from_sockaddr((struct sockaddr *)&local, local_size);
    sl_address_format(&address, name);
    warnx("connected from %s to %s, RTT %u.%03u ms", name, stream->name, info.tcpi_rtt / 1000,
          info.tcpi_rtt % 1000);
}

static int connect_unix(const struct sl_cli_options *options, struct sl_cli_stream *stream,
                        struct sl_error *error)
{
    const char *path = options->server.unix_path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    snprintf(stream->name, sizeof(stream->name), "unix:%s", path);
    return open_stream(options, (struct sockaddr *)&address, sizeof(address), stream, error);
}

static int connect_any(const struct sl_cli_options *options, struct sl_cli_stream *stream,
                       struct sl_error *error)
{
    struct sl_address addresses[SL_CLI_ADDRESSES_MAX];
    int count = sl_cli_resolve(options, SOCK_STREAM, addresses, error);
    if (count < 0)
        return count;
    struct sl_error all = {0}, one;
    int result = 0;
    for (int i = 0; i < count; i++) {
        struct sockaddr_storage address;
        socklen_t size = sl_address_to_sockaddr(&addresses[i], &address);
        sl_address_format(&addresses[i], stream->name);
        result = open_stream(options, (struct sockaddr *)&address, size, stream, &one);
        if (result == 0)
            return 0;
        sl_cli_add_failure(&all, &one);
    }
    *error = all;
    return result;
}

int sl_cli_connect(const struct sl_cli_options *options, struct sl_cli_stream *stream,
                   struct sl_error *error)
{
    *stream = (struct sl_cli_stream){.fd = -1};
    int result = options->server.unix_path[0] != '\0' ? connect_unix(options, stream, error)
                                                      : connect_any(options, stream, error);
    if (result == 0 && options->verbose)
        describe(stream);
    return result;
}

int sl_cli_stream_put(struct sl_cli_stream *stream, const uint8_t *line, size_t size,
                      const char *line_end)
{
    stream->message.size = 0;
    if (sl_buffer_append(&stream->message, line, size) < 0 ||
        sl_buffer_append_text(&stream->message, line_end) < 0)
        return -ENOMEM;
    stream->unsent = stream->message.data;
    stream->unsent_size = stream->message.size;
    return 0;
}

/* A failure is of no account: the connection is gone, which the next step says. */
void sl_cli_stream_shutdown(struct sl_cli_stream *stream)
{
    shutdown(stream->fd, SHUT_WR);
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

/* What a server may wait for, where that was not sent; "" where all was. */
static const char *guess(const struct sl_cli_options *options)
{
    bool line_end = options->line_end[0] != '\0';
    if (!line_end && !options->shutdown)
        return " (a server that reads lines needs --lf or --crlf, one that reads to the end "
               "--shutdown)";
    if (!options->shutdown)
        return " (a server that reads to the end needs --shutdown)";
    return line_end ? "" : " (a server that reads lines needs --lf or --crlf)";
}

void sl_cli_stream_complain(const struct sl_cli_stream *stream, int result,
                            const struct sl_cli_options *options)
{
    char time[SL_CLI_TIME_SIZE];
    switch (result) {
    case 0:
        warnx("%s closed the connection", stream->name);
        break;
    case -ETIMEDOUT:
        warnx("no reply from %s within %s%s", stream->name,
              sl_cli_format_time(options->wait_ns, time), guess(options));
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
    sl_buffer_deinit(&stream->message);
    sl_buffer_deinit(&stream->received);
}
