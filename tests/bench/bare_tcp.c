/*
 * sl-bare-tcp chat|upper READY_FILE: level-triggered epoll, one recv, all replies in one send.
 *
 * chat answers each line with `Your data was N bytes`; of a connection it keeps only how much of an
 * unfinished line has come. upper answers what one recv() brings in upper case and closes.
 */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, IN_BYTES = 16384, REPLY_BYTES_MAX = 40 };

struct server {
    int listener, epoll_fd;
    bool upper;
    uint32_t *unfinished; /* by descriptor: bytes of the line that has no end yet */
    size_t descriptors;
    char in[IN_BYTES], out[IN_BYTES * REPLY_BYTES_MAX];
};

static void server_accept(struct server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0)
        return;
    if ((size_t)fd >= server->descriptors ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    server->unfinished[fd] = 0;
}

static char *reply_write(char *out, uint32_t size)
{
    char digits[10];
    size_t first = sizeof(digits);

    memcpy(out, "Your data was ", 14);
    out += 14;
    do
        digits[--first] = (char)('0' + size % 10);
    while (size /= 10);
    memcpy(out, digits + first, sizeof(digits) - first);
    out += sizeof(digits) - first;
    memcpy(out, " bytes\n", 7);
    return out + 7;
}

/* Returns how many bytes of replies to the lines that end in server->in are in server->out. */
static size_t lines_answer(struct server *server, uint32_t *unfinished, size_t size)
{
    const char *at = server->in, *end = server->in + size, *newline;
    char *out = server->out;

    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        out = reply_write(out, *unfinished + (uint32_t)(newline - at));
        *unfinished = 0;
        at = newline + 1;
    }
    *unfinished += (uint32_t)(end - at);
    return (size_t)(out - server->out);
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        struct pollfd room = {.fd = fd, .events = POLLOUT};

        if (sent < 0 && (errno != EAGAIN || poll(&room, 1, 1000) != 1))
            return false;
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

static void connection_serve(struct server *server, int fd)
{
    ssize_t size = recv(fd, server->in, IN_BYTES, 0);
    bool open = size > 0 || (size < 0 && errno == EAGAIN);

    if (size > 0 && server->upper) {
        sl_bare_upper(server->in, (size_t)size);
        send_all(fd, server->in, (size_t)size);
        open = false;
    } else if (size > 0) {
        size_t reply = lines_answer(server, &server->unfinished[fd], (size_t)size);

        open = send_all(fd, server->out, reply);
    }
    if (!open)
        close(fd);
}

static void server_make(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        sl_bare_die("no limit");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server->descriptors = limit.rlim_cur < 1 << 20 ? limit.rlim_cur : 1 << 20;
    server->unfinished = calloc(server->descriptors, sizeof(*server->unfinished));
    server->listener = sl_bare_socket(SOCK_STREAM | SOCK_NONBLOCK);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    event.data.fd = server->listener;
    if (!server->unfinished || server->epoll_fd < 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listener, &event) < 0)
        sl_bare_die("cannot begin");
}

int main(int argc, char **argv)
{
    static struct server server;
    struct epoll_event events[EVENTS];

    if (argc != 3)
        return 2;
    server.upper = strcmp(argv[1], "upper") == 0;
    server_make(&server);
    sl_bare_announce(argv[2], server.upper ? "tcp_upper" : "tcp_chat", server.listener);
    for (;;) {
        int ready = epoll_wait(server.epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == server.listener)
                server_accept(&server);
            else
                connection_serve(&server, events[i].data.fd);
        }
    }
}
