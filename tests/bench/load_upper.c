/*
 * TCP uppercase clients: each exchange is a connection of its own, which the server closes after
 * its reply. `connections` of them are under way at any time.
 */
#include "tcp_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64, STALLED_NS = 2000000000 };

struct connection {
    int fd;
    size_t size; /* bytes of the message, and of its reply */
    size_t had;
};

struct run {
    const struct sl_tcp_load *load;
    struct sl_meter *meter;
    struct sl_counts *counts;
    struct connection *connections;
    char *message, *expected, *in; /* size_max bytes each; messages are ends of the first */
    size_t size_max;
    uint64_t heard_ns;
    int epoll_fd;
};

static int connection_begin(struct run *run, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    connection->had = 0;
    connection->size = run->load->size + run->counts->sent % SL_TCP_CYCLE;
    connection->fd = sl_tcp_socket_connect(&run->load->target, NULL);
    if (connection->fd < 0)
        return connection->fd;
    if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0)
        return sl_load_failed("cannot watch");
    run->counts->sent++;
    return sl_tcp_socket_send(connection->fd, run->message + run->size_max - connection->size,
                              connection->size);
}

static int connection_end(struct run *run, struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    if (connection->had == connection->size)
        run->counts->exchanges++;
    else
        run->counts->wrong++;
    run->heard_ns = run->meter->now_ns;
    return connection_begin(run, connection);
}

static int connection_serve(struct run *run, struct connection *connection)
{
    ssize_t size = recv(connection->fd, run->in, run->size_max, 0);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (size < 0)
        return sl_load_failed("a connection broke");
    if (size == 0)
        return connection_end(run, connection);
    if (connection->had + (size_t)size > connection->size ||
        memcmp(run->in, run->expected + run->size_max - connection->size + connection->had,
               (size_t)size) != 0) {
        run->counts->wrong++;
        errno = EBADMSG;
        return sl_load_failed("not the reply that is due");
    }
    connection->had += (size_t)size;
    return 0;
}

static int connections_run(struct run *run)
{
    struct epoll_event events[EVENTS];
    int rc = 0;

    while (rc == 0 && sl_meter_tick(run->meter, run->counts->exchanges)) {
        int ready = epoll_wait(run->epoll_fd, events, EVENTS, 50);

        for (int i = 0; rc == 0 && i < ready; i++)
            rc = connection_serve(run, events[i].data.ptr);
        if (run->meter->now_ns - run->heard_ns > STALLED_NS) {
            errno = ETIMEDOUT;
            return sl_load_failed("the server answers no more");
        }
    }
    /* What is under way at the end is cut off, neither answered nor lost. */
    run->counts->sent = run->counts->exchanges + run->counts->wrong;
    return rc;
}

static int run_make(struct run *run)
{
    const struct sl_tcp_load *load = run->load;
    int rc = 0;

    run->heard_ns = run->meter->now_ns;
    run->size_max = load->size + SL_TCP_CYCLE;
    run->message = malloc(run->size_max);
    run->expected = malloc(run->size_max);
    run->in = malloc(run->size_max);
    run->connections = calloc(load->connections, sizeof(*run->connections));
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!run->message || !run->expected || !run->in || !run->connections || run->epoll_fd < 0)
        return sl_load_failed("cannot begin");
    for (size_t i = 0; i < run->size_max; i++) {
        run->message[i] = (char)('a' + i % 26);
        run->expected[i] = (char)('A' + i % 26);
    }
    if (!load->unended)
        run->message[run->size_max - 1] = run->expected[run->size_max - 1] = '\n';
    for (size_t i = 0; i < load->connections; i++)
        run->connections[i].fd = -1;
    for (size_t i = 0; rc == 0 && i < load->connections; i++)
        rc = connection_begin(run, &run->connections[i]);
    return rc;
}

static void run_release(struct run *run)
{
    for (size_t i = 0; run->connections && i < run->load->connections; i++)
        if (run->connections[i].fd >= 0)
            close(run->connections[i].fd);
    if (run->epoll_fd >= 0)
        close(run->epoll_fd);
    free(run->connections);
    free(run->message);
    free(run->expected);
    free(run->in);
}

int sl_upper_load_run(const struct sl_tcp_load *load, struct sl_meter *meter,
                      struct sl_counts *counts)
{
    struct run run = {.load = load, .meter = meter, .counts = counts};
    int rc = run_make(&run);

    if (rc == 0)
        rc = connections_run(&run);
    run_release(&run);
    return rc;
}
