#include "net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/exchanges.h"
#include "net/uncancelled.h"

struct lingering {
    struct connection *connection;
    struct lingering *previous, *next;
    int64_t until_mono_ns;
    uint64_t discarded;
};

/* A peer that goes on sending after our end is cut here. */
#define AFTER_CLOSE_MAX (1u << 20)

/* With its peer's end, an error or urgent data, a read that came back short does not mean that it
 * found all there is: the next one brings the end, the error, or what stands behind the mark. */
#define READ_AGAIN_EVENTS (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)

static uint32_t read_events(const struct connection *connection)
{
    return connection->edge_triggered ? EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET : EPOLLIN;
}

static void watch(struct streams *streams, struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    epoll_ctl(streams->worker->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

void connection_watch_reads(struct streams *streams, struct connection *connection)
{
    watch(streams, connection, read_events(connection));
}

void connection_watch_writes(struct streams *streams, struct connection *connection)
{
    watch(streams, connection, EPOLLOUT);
}

void connection_watch_rest(struct streams *streams, struct connection *connection, ssize_t size,
                           uint32_t events)
{
    if (connection->edge_triggered &&
        (size == (ssize_t)STREAM_READ_SIZE || (size > 0 && events & READ_AGAIN_EVENTS)))
        connection_watch_reads(streams, connection);
}

ssize_t connection_receive(const struct streams *streams, const struct connection *connection)
{
    return uncancelled_recv(connection->fd, streams->read_buffer, STREAM_READ_SIZE, MSG_DONTWAIT);
}

static struct sl_address local_address(int fd, const struct sl_socket *listener)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);

    if (!listener->wildcard || getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
        return listener->address;
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

static struct sl_client *open_client(struct streams *streams, const struct sl_socket *listener,
                                     int fd, const struct sl_address *peer,
                                     const struct sl_time *now)
{
    struct sl_shard *shard = streams->worker->shard;
    struct sl_address local = local_address(fd, listener);
    struct sl_client *client;

    sl_shard_lock(shard);
    client = sl_shard_open(shard, listener->listener, peer, &local, fd, now);
    if (client)
        sl_shard_listener(shard, listener->listener)->connections++;
    sl_shard_unlock(shard);
    return client;
}

static struct connection *new_connection(struct streams *streams, const struct sl_socket *listener,
                                         int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    struct epoll_event event = {.data.ptr = connection};

    if (!connection)
        return NULL;
    connection->kind = SL_SOURCE_CONNECTION;
    /* On a Unix socket a short read may also mean that the next bytes came with descriptors. */
    connection->edge_triggered = listener->transport == SL_TCP;
    event.events = read_events(connection);
    connection->service = listener->service;
    connection->fd = fd;
    if (epoll_ctl(streams->worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return connection;
    free(connection);
    return NULL;
}

void connection_open(struct streams *streams, const struct sl_socket *listener, int fd,
                     const struct sl_address *peer)
{
    struct connection *connection = new_connection(streams, listener, fd);
    struct sl_time now = sl_time_now();
    struct sl_event opened;

    if (connection)
        connection->client = open_client(streams, listener, fd, peer, &now);
    if (!connection || !connection->client) {
        sl_log_error(streams->worker->net->log, "out of memory: a connection was closed");
        sl_limits_release(&streams->worker->net->limits, peer);
        free(connection);
        close(fd);
        return;
    }
    sl_client_set_user(connection->client, connection);
    streams->open_count++;
    opened = sl_event_opened(connection->client, connection->service, now.wall_ns);
    sl_journal_append(streams->worker->net->journal, &opened, 1);
}

static void unlink_lingering(struct streams *streams, struct lingering *entry)
{
    *(entry->previous ? &entry->previous->next : &streams->linger_first) = entry->next;
    *(entry->next ? &entry->next->previous : &streams->linger_last) = entry->previous;
    free(entry);
}

/* A line that will not be finished any more. */
static void give_up_line(struct streams *streams, struct connection *connection)
{
    struct sl_framer *framer = &connection->framer;

    if (framer->partial_size > 0)
        exchange_unanswered(streams, connection, framer->partial, framer->partial_stored,
                            framer->partial_size, SL_UNFINISHED);
    sl_framer_deinit(framer);
}

static void release_state(struct streams *streams, struct connection *connection)
{
    if (connection->state == CONNECTION_BLOCKED) {
        struct backlog *backlog = connection->backlog;

        backlog_finish(streams, connection);
        if (backlog->unread.size > 0)
            exchange_unanswered(streams, connection, backlog->unread.data, backlog->unread.size,
                                backlog->unread.size, SL_PEER_GONE);
        backlog_free(backlog);
    } else if (connection->state == CONNECTION_LINGERING) {
        unlink_lingering(streams, connection->lingering);
    }
    give_up_line(streams, connection);
}

void connection_close(struct streams *streams, struct connection *connection, enum sl_closed_by by,
                      enum sl_close_reason reason)
{
    struct sl_worker *worker = streams->worker;
    struct sl_address peer = *sl_client_peer(connection->client);

    release_state(streams, connection);
    if (connection->ending) { /* the first reason is the true one */
        by = connection->closed_by;
        reason = connection->reason;
    }
    sl_worker_close_client(worker, connection->client, by, reason);
    close(connection->fd); /* leaves the epoll set by itself */
    sl_limits_release(&worker->net->limits, &peer);
    streams->open_count--;
    free(connection);
}

void connection_linger(struct streams *streams, struct connection *connection)
{
    struct lingering *entry = calloc(1, sizeof(*entry));

    if (!entry || shutdown(connection->fd, SHUT_WR) != 0) {
        free(entry);
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
        return;
    }
    entry->connection = connection;
    entry->until_mono_ns = sl_clock_mono_ns() + streams->linger_ns;
    entry->previous = streams->linger_last;
    *(entry->previous ? &entry->previous->next : &streams->linger_first) = entry;
    streams->linger_last = entry;
    connection->lingering = entry;
    connection->state = CONNECTION_LINGERING;
    give_up_line(streams, connection); /* before what comes after it */
}

int64_t connections_linger_until(const struct streams *streams)
{
    return streams->linger_first ? streams->linger_first->until_mono_ns : INT64_MAX;
}

void connections_end_linger(struct streams *streams, int64_t now_mono_ns)
{
    while (connections_linger_until(streams) <= now_mono_ns)
        connection_close(streams, streams->linger_first->connection, SL_BY_SERVER, SL_CLOSE_ERROR);
}

void connections_shorten_linger(struct streams *streams, int64_t linger_ns)
{
    int64_t until_mono_ns = sl_clock_mono_ns() + linger_ns;

    streams->linger_ns = linger_ns;
    for (struct lingering *entry = streams->linger_first; entry; entry = entry->next) {
        if (entry->until_mono_ns > until_mono_ns)
            entry->until_mono_ns = until_mono_ns;
    }
}

void connection_decide_end(struct connection *connection, enum sl_closed_by by,
                           enum sl_close_reason reason)
{
    if (connection->ending)
        return;
    connection->ending = true;
    connection->closed_by = (uint8_t)by;
    connection->reason = (uint8_t)reason;
}

void connection_read_lingering(struct streams *streams, struct connection *connection,
                               uint32_t events)
{
    ssize_t size = connection_receive(streams, connection);

    connection_watch_rest(streams, connection, size, events);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0) {
        exchange_unanswered(streams, connection, streams->read_buffer, (size_t)size, (uint64_t)size,
                            SL_AFTER_CLOSE);
        connection->lingering->discarded += (uint64_t)size;
    }
    if (size <= 0 || connection->lingering->discarded > AFTER_CLOSE_MAX)
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
}
