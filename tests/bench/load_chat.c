/*
 * Chat clients that keep `depth` lines outstanding on each connection.
 *
 * The lines are a cycle of SL_TCP_CYCLE lengths, and so are their replies: both are laid out once,
 * one after the other, so that sending any number of lines is one send() and checking what was
 * received is one memcmp(). As the lengths differ, a reply that is skipped or repeated shows.
 */
#include "tcp_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64, STALLED_NS = 2000000000, DRAIN_NS = 500 * 1000 * 1000, REPLY_BYTES_MAX = 40 };

struct tape {
    char *bytes;
    size_t *starts; /* entry i is from starts[i] to starts[i + 1] */
    size_t count;
};

struct connection {
    int fd;
    size_t sent_at;   /* place in the cycle of the next line */
    size_t reply_at;  /* place in the cycle of the next reply */
    size_t reply_had; /* bytes of it that have come */
    size_t outstanding;
};

struct run {
    const struct sl_tcp_load *load;
    struct sl_meter *meter;
    struct sl_counts *counts;
    struct tape lines, replies;
    struct connection *connections;
    char *in;
    size_t in_bytes;
    uint64_t heard_ns;
    int epoll_fd;
};

static int tape_make(struct tape *tape, size_t count, size_t entry_bytes_max)
{
    tape->bytes = calloc(count, entry_bytes_max);
    tape->starts = calloc(count + 1, sizeof(*tape->starts));
    return tape->bytes && tape->starts ? 0 : sl_load_failed("no memory");
}

static void tape_release(struct tape *tape)
{
    free(tape->bytes);
    free(tape->starts);
}

static char *tape_end(struct tape *tape)
{
    return tape->bytes + tape->starts[tape->count];
}

static void tape_add(struct tape *tape, size_t size)
{
    tape->starts[tape->count + 1] = tape->starts[tape->count] + size;
    tape->count++;
}

/* Enough of both that `depth` entries may begin anywhere in the cycle. */
static int tapes_make(struct run *run)
{
    size_t count = SL_TCP_CYCLE + run->load->depth + 1;
    int rc = tape_make(&run->lines, count, run->load->size + SL_TCP_CYCLE + 1);

    if (rc == 0)
        rc = tape_make(&run->replies, count, REPLY_BYTES_MAX);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        size_t size = run->load->size + i % SL_TCP_CYCLE;
        char *line = tape_end(&run->lines);

        memset(line, (int)('a' + i % 26), size);
        line[size] = '\n';
        tape_add(&run->lines, size + 1);
        tape_add(&run->replies, (size_t)snprintf(tape_end(&run->replies), REPLY_BYTES_MAX,
                                                 "Your data was %zu bytes\n", size));
    }
    return rc;
}

static int connection_send(struct run *run, struct connection *connection, size_t count)
{
    const size_t *starts = run->lines.starts;
    size_t at = starts[connection->sent_at], end = starts[connection->sent_at + count];
    int rc = sl_tcp_socket_send(connection->fd, run->lines.bytes + at, end - at);

    if (rc < 0)
        return rc;
    connection->sent_at = (connection->sent_at + count) % SL_TCP_CYCLE;
    connection->outstanding += count;
    run->counts->sent += count;
    return 0;
}

/* Returns how many replies are complete now, or a negative errno when the bytes are not replies
 * to what is outstanding. */
static ssize_t connection_check(struct run *run, struct connection *connection, size_t size)
{
    const size_t *starts = run->replies.starts;
    size_t first = connection->reply_at, done = 0;
    size_t at = starts[first] + connection->reply_had;
    size_t limit = starts[first + connection->outstanding];

    if (at + size > limit || memcmp(run->in, run->replies.bytes + at, size) != 0) {
        run->counts->wrong++;
        fprintf(stderr, "sl-load tcp: not the reply that is due: %.*s\n",
                size < 80 ? (int)size : 80, run->in);
        return -EBADMSG;
    }
    while (done < connection->outstanding && starts[first + done + 1] <= at + size)
        done++;
    connection->reply_had = at + size - starts[first + done];
    connection->reply_at = (first + done) % SL_TCP_CYCLE;
    connection->outstanding -= done;
    run->counts->exchanges += done;
    return (ssize_t)done;
}

static int connection_serve(struct run *run, struct connection *connection, bool sending)
{
    ssize_t size = recv(connection->fd, run->in, run->in_bytes, 0);
    ssize_t done;

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (size == 0)
        errno = ECONNRESET;
    if (size <= 0)
        return sl_load_failed("the server ended a connection");
    run->heard_ns = run->meter->now_ns;
    done = connection_check(run, connection, (size_t)size);
    if (done <= 0 || !sending)
        return done < 0 ? (int)done : 0;
    return connection_send(run, connection, (size_t)done);
}

static int connections_serve(struct run *run, int timeout_ms, bool sending)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(run->epoll_fd, events, EVENTS, timeout_ms);
    int rc = 0;

    for (int i = 0; rc == 0 && i < ready; i++)
        rc = connection_serve(run, events[i].data.ptr, sending);
    return rc;
}

static uint64_t outstanding(const struct run *run)
{
    return run->counts->sent - run->counts->exchanges;
}

static int connections_run(struct run *run)
{
    uint64_t begin_ns;
    int rc = 0;

    while (rc == 0 && sl_meter_tick(run->meter, run->counts->exchanges)) {
        if (run->meter->now_ns - run->heard_ns > STALLED_NS) {
            errno = ETIMEDOUT;
            return sl_load_failed("the server answers no more");
        }
        rc = connections_serve(run, 50, true);
    }
    begin_ns = sl_clock_ns(CLOCK_MONOTONIC);
    while (rc == 0 && outstanding(run) && sl_clock_ns(CLOCK_MONOTONIC) - begin_ns < DRAIN_NS)
        rc = connections_serve(run, 20, false);
    run->counts->lost = outstanding(run);
    return rc;
}

static int connection_open(struct run *run, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    connection->fd = sl_tcp_socket_connect(&run->load->target, NULL);
    if (connection->fd < 0)
        return connection->fd;
    if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0)
        return sl_load_failed("cannot watch");
    return connection_send(run, connection, run->load->depth);
}

static int run_make(struct run *run)
{
    int rc = tapes_make(run);

    run->heard_ns = run->meter->now_ns;
    run->in_bytes = (run->load->depth + 1) * REPLY_BYTES_MAX;
    run->in = malloc(run->in_bytes);
    run->connections = calloc(run->load->connections, sizeof(*run->connections));
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (rc == 0 && (!run->in || !run->connections || run->epoll_fd < 0))
        rc = sl_load_failed("cannot begin");
    for (size_t i = 0; run->connections && i < run->load->connections; i++)
        run->connections[i].fd = -1;
    for (size_t i = 0; rc == 0 && i < run->load->connections; i++)
        rc = connection_open(run, &run->connections[i]);
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
    free(run->in);
    tape_release(&run->lines);
    tape_release(&run->replies);
}

int sl_chat_load_run(const struct sl_tcp_load *load, struct sl_meter *meter,
                     struct sl_counts *counts)
{
    struct run run = {.load = load, .meter = meter, .counts = counts};
    int rc = run_make(&run);

    if (rc == 0)
        rc = connections_run(&run);
    run_release(&run);
    return rc;
}
