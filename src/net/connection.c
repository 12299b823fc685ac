#include "net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/backlog.h"
#include "net/exchanges.h"
#include "net/turns.h"
#include "net/uncancelled.h"

struct sl_lingering {
    struct sl_queued queued;
    struct sl_queued late; /* in streams->late, if is_late */
    bool is_late;
    uint32_t events;       /* what epoll has reported since the last read */
    uint64_t after_close;  /* bytes that came */
    struct sl_buffer kept; /* the first of them */
};

/* A peer that goes on sending after our end is cut here. */
#define AFTER_CLOSE_MAX (1u << 20)

/* What a turn reads of those that linger, in bytes; a visit without any counts for some. */
#define LATE_READ_MAX   65536u
#define LATE_VISIT_COST 1024u

/* How many a new connection looks at for one of its own address. */
#define ROOM_LOOKS_MAX 64

/* With its peer's end, an error or urgent data, a read that came back short does not mean that it
 * found all there is: the next one brings the end, the error, or what stands behind the mark. */
#define READ_AGAIN_EVENTS (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)

static uint32_t read_events(const struct sl_connection *connection)
{
    return connection->edge_triggered ? EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET : EPOLLIN;
}

static void watch(struct sl_streams *streams, struct sl_connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    epoll_ctl(streams->worker->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

void sl_connection_watch_reads(struct sl_streams *streams, struct sl_connection *connection)
{
    watch(streams, connection, read_events(connection));
}

void sl_connection_watch_writes(struct sl_streams *streams, struct sl_connection *connection)
{
    watch(streams, connection, EPOLLOUT);
}

size_t sl_connection_read_size(const struct sl_streams *streams)
{
    return streams->held <= streams->held_max / 2 ? SL_STREAM_READ_SIZE : SL_STREAM_READ_LITTLE;
}

bool sl_connection_may_have_more(ssize_t size, size_t most, uint32_t events)
{
    return size == (ssize_t)most || (size > 0 && events & READ_AGAIN_EVENTS);
}

ssize_t sl_connection_receive(const struct sl_streams *streams,
                              const struct sl_connection *connection)
{
    return sl_uncancelled_recv(connection->fd, streams->read_buffer,
                               sl_connection_read_size(streams), MSG_DONTWAIT);
}

static size_t held_by(const struct sl_connection *connection)
{
    size_t held = connection->framer.partial_capacity;

    switch ((enum sl_connection_state)connection->state) {
    case SL_CONNECTION_OPEN:
        return held;
    case SL_CONNECTION_READY:
        return held + connection->ready->rest.capacity;
    case SL_CONNECTION_BLOCKED:
        return held + backlog_size(connection->backlog);
    case SL_CONNECTION_LINGERING:
        return held + connection->lingering->kept.capacity;
    }
    return held;
}

bool sl_connection_account(struct sl_streams *streams, struct sl_connection *connection)
{
    size_t held = held_by(connection);
    bool more = held > connection->held;

    streams->held += held - connection->held;
    connection->held = held;
    return !more || held <= SL_STREAM_HELD_LITTLE || streams->held <= streams->held_max;
}

static struct sl_address local_address(int fd, const struct sl_socket *listener)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);

    if (!listener->wildcard || getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
        return listener->address;
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

static struct sl_client *open_client(struct sl_streams *streams, const struct sl_socket *listener,
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

static struct sl_connection *new_connection(struct sl_streams *streams,
                                            const struct sl_socket *listener, int fd)
{
    struct sl_connection *connection = calloc(1, sizeof(*connection));
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

void sl_connection_open(struct sl_streams *streams, const struct sl_socket *listener, int fd,
                        const struct sl_address *peer)
{
    struct sl_connection *connection = new_connection(streams, listener, fd);
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

/* A line that will not be finished any more, or a message whose gap has not passed: `outcome`. */
static void give_up_line(struct sl_streams *streams, struct sl_connection *connection,
                         enum sl_outcome outcome)
{
    struct sl_framer line = connection->framer;

    connection->framer = (struct sl_framer){.line_mode = line.line_mode};
    if (line.partial_size > 0)
        exchange_unanswered(streams, connection, line.partial, line.partial_stored,
                            line.partial_size, outcome);
    sl_framer_deinit(&line);
}

static void end_lingering(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_lingering *entry = connection->lingering;

    sl_queue_remove(&streams->lingering, &entry->queued);
    if (entry->is_late)
        sl_queue_remove(&streams->late, &entry->late);
    if (entry->after_close > 0)
        exchange_unanswered(streams, connection, entry->kept.data, entry->kept.size,
                            entry->after_close, SL_AFTER_CLOSE);
    sl_buffer_deinit(&entry->kept);
    free(entry);
}

static void release_state(struct sl_streams *streams, struct sl_connection *connection,
                          enum sl_closed_by by)
{
    bool line = connection->framer.line_mode || by != SL_BY_PEER;

    if (connection->state == SL_CONNECTION_BLOCKED) {
        struct sl_backlog *backlog = connection->backlog;

        backlog_finish(streams, connection);
        if (backlog->unread.size > 0)
            exchange_unanswered(streams, connection, backlog->unread.data, backlog->unread.size,
                                backlog->unread.size, SL_PEER_GONE);
        backlog_free(backlog);
    } else if (connection->state == SL_CONNECTION_LINGERING) {
        end_lingering(streams, connection);
    }
    turns_leave(streams, connection);
    give_up_line(streams, connection, line ? SL_UNFINISHED : SL_PEER_GONE);
    streams->held -= connection->held;
}

void sl_connection_close(struct sl_streams *streams, struct sl_connection *connection,
                         enum sl_closed_by by, enum sl_close_reason reason)
{
    struct sl_worker *worker = streams->worker;
    struct sl_address peer = *sl_client_peer(connection->client);

    release_state(streams, connection, by);
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

/* However often a peer goes on, it is one record; what it looked like begins that. */
static void keep_after_close(struct sl_streams *streams, struct sl_connection *connection,
                             const uint8_t *bytes, size_t size)
{
    struct sl_lingering *entry = connection->lingering;
    size_t room = SL_STORED_SIZE_MAX - entry->kept.size;

    if (size == 0)
        return;
    if (entry->after_close == entry->kept.size && streams->held <= streams->held_max)
        sl_buffer_append(&entry->kept, bytes, size < room ? size : room);
    entry->after_close += size;
    sl_connection_account(streams, connection);
    exchanges_mark_pending(streams, connection, entry->after_close);
}

void sl_connection_linger(struct sl_streams *streams, struct sl_connection *connection,
                          const struct sl_chunk *rest)
{
    struct sl_lingering *entry = calloc(1, sizeof(*entry));

    if (!entry || shutdown(connection->fd, SHUT_WR) != 0) {
        free(entry);
        if (rest->size > 0)
            exchange_unanswered(streams, connection, rest->bytes, rest->size, rest->size,
                                SL_AFTER_CLOSE);
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
        return;
    }
    give_up_line(streams, connection, SL_UNFINISHED); /* before what comes after it */
    turns_leave(streams, connection);
    entry->queued.connection = connection;
    entry->queued.until_mono_ns = sl_clock_mono_ns() + streams->linger_ns;
    sl_queue_append(&streams->lingering, &entry->queued);
    connection->lingering = entry;
    connection->state = SL_CONNECTION_LINGERING;
    sl_connection_account(streams, connection);
    keep_after_close(streams, connection, rest->bytes, rest->size);
}

void sl_connections_end_linger(struct sl_streams *streams, int64_t now_mono_ns)
{
    while (sl_queue_until(&streams->lingering) <= now_mono_ns)
        sl_connection_close(streams, streams->lingering.first->connection, SL_BY_SERVER,
                            SL_CLOSE_ERROR);
}

void sl_connections_shorten_linger(struct sl_streams *streams, int64_t linger_ns)
{
    int64_t until_mono_ns = sl_clock_mono_ns() + linger_ns;

    streams->linger_ns = linger_ns;
    for (struct sl_queued *entry = streams->lingering.first; entry; entry = entry->next) {
        if (entry->until_mono_ns > until_mono_ns)
            entry->until_mono_ns = until_mono_ns;
    }
}

void sl_connection_decide_end(struct sl_connection *connection, enum sl_closed_by by,
                              enum sl_close_reason reason)
{
    if (connection->ending)
        return;
    connection->ending = true;
    connection->closed_by = (uint8_t)by;
    connection->reason = (uint8_t)reason;
}

void sl_connection_mark_late(struct sl_streams *streams, struct sl_connection *connection,
                             uint32_t events)
{
    struct sl_lingering *entry = connection->lingering;

    entry->events |= events;
    if (entry->is_late)
        return;
    entry->is_late = true;
    entry->late.connection = connection;
    sl_queue_append(&streams->late, &entry->late);
}

/* Returns the bytes read. The connection may be gone afterwards. */
static size_t read_late(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_lingering *entry = connection->lingering;
    size_t most = sl_connection_read_size(streams);
    ssize_t size = sl_connection_receive(streams, connection);
    bool more = sl_connection_may_have_more(size, most, entry->events);

    sl_queue_remove(&streams->late, &entry->late);
    entry->is_late = false;
    entry->events = 0;
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (size > 0)
        keep_after_close(streams, connection, streams->read_buffer, (size_t)size);
    if (size <= 0 || entry->after_close > AFTER_CLOSE_MAX)
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    else if (more)
        sl_connection_mark_late(streams, connection, 0);
    return size > 0 ? (size_t)size : 0;
}

void sl_connections_read_late(struct sl_streams *streams)
{
    size_t read = 0;

    while (streams->late.first && read < LATE_READ_MAX)
        read += LATE_VISIT_COST + read_late(streams, streams->late.first->connection);
}

static bool counts_with(const struct sl_connection *connection, const struct sl_address *peer)
{
    struct sl_address ours = sl_address_limit_key(sl_client_peer(connection->client));
    struct sl_address theirs = sl_address_limit_key(peer);

    return sl_address_equal(&ours, &theirs);
}

bool sl_connections_make_room(struct sl_streams *streams, const struct sl_address *peer)
{
    struct sl_queued *entry = streams->lingering.first;

    for (int left = ROOM_LOOKS_MAX; entry && left > 0; entry = entry->next, left--) {
        if (!peer || counts_with(entry->connection, peer)) {
            sl_connection_close(streams, entry->connection, SL_BY_SERVER, SL_CLOSE_ERROR);
            return true;
        }
    }
    return false;
}
