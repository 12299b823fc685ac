/* A stream connection, from accept to the last close.
 *
 * One thread serves all connections of a worker, and no peer can be trusted to finish a line, to
 * read its replies, or to stop sending. So these must hold:
 *
 *   - No connection delays the others. A visit reads once and answers a bounded number of messages;
 *     a connection with more to do joins the queue `ready`, of which each turn serves a few.
 *   - No peer makes us hold memory without bound. Nothing is read from a peer that does not read,
 *     and sl_connection_account() bounds what all hold together.
 *   - Each byte that was read is in one record, however the connection ends. So whatever a state
 *     keeps is recorded when that state is left.
 *   - An idle connection costs no more than struct sl_connection. What a state needs is allocated
 *     when it is entered and freed when it is left.
 *
 *   OPEN       reads, answers; bytes without a line end wait for their rest or the gap
 *     | a visit has read more than it may answer, or found that there is more to read
 *     v
 *   READY      visited again after all others have had their turn, until nothing is left: OPEN
 *
 *     | (from OPEN or READY) a reply does not fit into the kernel's buffer
 *     v
 *   BLOCKED    reads nothing, waits to write; the replies, their exchanges and what was read but
 *              not yet taken apart stand in its backlog. All written: OPEN
 *
 *     | (from OPEN or READY) the last reply is sent and the end is ours
 *     v
 *   LINGERING  our side is shut down; what still comes is read and recorded as one record. A close
 *              with unread bytes would make the kernel send RST, and a reply that is still on its
 *              way would be lost to the peer. Ends with the peer's end, after two seconds, or when
 *              a new connection needs the place.
 *
 * The queues cost O(1) a step: there is one gap for all connections and a longer one for those in
 * line mode, so each queue is in the order in which its entries are due, without a heap or a timer
 * a connection. */
#include "net/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many a new connection looks at for one of its own address. */
#define ROOM_LOOKS_MAX 64

/* --- what the registry and the journal are told --- */

struct sl_event sl_connection_event(const struct sl_connection *connection, int64_t received_at_ns)
{
    return (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange =
            {
                .service = connection->service,
                .outcome = SL_REPLIED,
                .listener = sl_client_listener(connection->client),
                .client = sl_client_id(connection->client),
                .peer = *sl_client_peer(connection->client),
                .local = *sl_client_local(connection->client),
                .received_at_ns = received_at_ns,
            },
    };
}

static void connection_record(struct sl_streams *streams, struct sl_connection *connection,
                              const struct sl_event *events, size_t count,
                              const struct sl_time *now)
{
    struct sl_counters sum = {.received_messages = count};

    for (size_t i = 0; i < count; i++) {
        sum.received_bytes += events[i].exchange.received_size +
                              strlen(sl_line_end_bytes(events[i].exchange.line_end));
        sum.sent_bytes += events[i].exchange.sent_size;
        sl_counters_add_outcome(&sum, events[i].exchange.outcome);
    }
    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &sum, now);
    sl_client_set_pending(connection->client, 0, now); /* what is unfinished now began just now */
    sl_client_set_pending(connection->client, connection->framer.partial_size, now);
    sl_shard_unlock(streams->worker->shard);
    sl_journal_append(streams->worker->net->journal, events, count);
}

/* Those whose reply the kernel did not take whole end as SL_PEER_GONE. */
static void connection_record_replies(struct sl_streams *streams, struct sl_connection *connection,
                                      struct sl_event *events, const size_t *reply_end,
                                      size_t count, const uint8_t *replies, size_t written)
{
    if (count == 0)
        return;
    sl_time_advance(&streams->clock);
    for (size_t i = 0; i < count; i++) {
        struct sl_exchange *exchange = &events[i].exchange;
        size_t begin = i > 0 ? reply_end[i - 1] : 0;
        size_t size = reply_end[i] - begin;

        if (exchange->outcome == SL_REPLIED && reply_end[i] > written) {
            exchange->outcome = SL_PEER_GONE;
        } else if (exchange->outcome == SL_REPLIED) {
            events[i].sent = replies + begin;
            exchange->replied_at_ns = streams->clock.wall_ns;
            exchange->sent_size = size;
            exchange->sent_stored =
                (uint32_t)(size < SL_STORED_SIZE_MAX ? size : SL_STORED_SIZE_MAX);
        }
    }
    connection_record(streams, connection, events, count, &streams->clock);
}

void sl_connection_record_batch(struct sl_streams *streams, struct sl_connection *connection,
                                size_t written)
{
    struct sl_exchange_batch *batch = &streams->batch;

    connection_record_replies(streams, connection, batch->events, batch->reply_end, batch->count,
                              batch->replies.data, written);
    batch->count = 0;
}

void sl_connection_record_backlog(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog = connection->backlog;

    connection_record_replies(streams, connection, backlog->events, backlog->reply_end,
                              backlog->count, backlog->replies.data, backlog->written);
    backlog->count = 0;
}

static struct sl_time connection_last_seen(const struct sl_connection *connection)
{
    struct sl_time now = sl_time_now();
    int64_t mono_ns = sl_client_last_seen_mono_ns(connection->client);

    return (struct sl_time){.wall_ns = now.wall_ns - (now.mono_ns - mono_ns), .mono_ns = mono_ns};
}

void sl_connection_record_unanswered(struct sl_streams *streams, struct sl_connection *connection,
                                     const uint8_t *bytes, size_t stored, uint64_t size,
                                     enum sl_outcome outcome)
{
    struct sl_time seen;
    struct sl_event event;

    if (size == 0)
        return;
    seen = connection_last_seen(connection);
    event = sl_connection_event(connection, seen.wall_ns);
    event.received = bytes;
    event.exchange.received_stored =
        (uint32_t)(stored < SL_STORED_SIZE_MAX ? stored : SL_STORED_SIZE_MAX);
    event.exchange.received_size = size;
    event.exchange.outcome = (uint8_t)outcome;
    connection_record(streams, connection, &event, 1, &seen);
}

void sl_connection_mark_pending(struct sl_streams *streams, struct sl_connection *connection,
                                uint64_t size)
{
    struct sl_time now = sl_time_now();
    struct sl_counters nothing = {0};

    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &nothing, &now);
    sl_client_set_pending(connection->client, size, &now);
    sl_shard_unlock(streams->worker->shard);
}

/* --- open --- */

int sl_connection_watch(struct sl_streams *streams, struct sl_connection *connection, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (connection->state == SL_CONNECTION_BLOCKED)
        event.events = EPOLLOUT;
    else if (connection->edge_triggered)
        event.events = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    return epoll_ctl(streams->worker->epoll_fd, operation, connection->fd, &event);
}

static struct sl_client *connection_open_client(struct sl_streams *streams,
                                                const struct sl_socket *listener, int fd,
                                                const struct sl_address *peer,
                                                const struct sl_time *now)
{
    struct sl_shard *shard = streams->worker->shard;
    struct sl_address local = listener->address;
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    struct sl_client *client;

    if (listener->wildcard && getsockname(fd, (struct sockaddr *)&storage, &size) == 0)
        local = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    sl_shard_lock(shard);
    client = sl_shard_open(shard, listener->listener, peer, &local, fd, now);
    if (client)
        sl_shard_listener(shard, listener->listener)->connections++;
    sl_shard_unlock(shard);
    return client;
}

static struct sl_connection *connection_new(struct sl_streams *streams,
                                            const struct sl_socket *listener, int fd)
{
    struct sl_connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->kind = SL_SOURCE_CONNECTION;
    /* On a Unix socket a short read may also mean that the next bytes came with descriptors. */
    connection->edge_triggered = listener->transport == SL_TCP;
    connection->service = listener->service;
    connection->fd = fd;
    if (sl_connection_watch(streams, connection, EPOLL_CTL_ADD) == 0)
        return connection;
    free(connection);
    return NULL;
}

void sl_connection_open(struct sl_streams *streams, const struct sl_socket *listener, int fd,
                        const struct sl_address *peer)
{
    struct sl_connection *connection = connection_new(streams, listener, fd);
    struct sl_time now = sl_time_now();
    struct sl_event opened;

    if (connection)
        connection->client = connection_open_client(streams, listener, fd, peer, &now);
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

/* --- open or ready: in which queue it waits --- */

bool sl_connection_make_ready(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready;

    if (connection->state == SL_CONNECTION_READY)
        return true;
    ready = calloc(1, sizeof(*ready));
    if (!ready)
        return false;
    sl_connection_leave_queue(streams, connection);
    ready->queued.connection = connection;
    sl_queue_append(&streams->ready, &ready->queued);
    connection->ready = ready;
    connection->state = SL_CONNECTION_READY;
    return true;
}

bool sl_connection_keep_rest(struct sl_streams *streams, struct sl_connection *connection,
                             const struct sl_chunk *rest, int64_t received_at_ns)
{
    if (!sl_connection_make_ready(streams, connection) ||
        sl_buffer_append(&connection->ready->rest, rest->bytes, rest->size) != 0)
        return false;
    connection->ready->received_at_ns = received_at_ns;
    connection->ready->drained = rest->drained;
    sl_connection_account(streams, connection);
    return true;
}

struct sl_buffer sl_connection_take_rest(struct sl_streams *streams,
                                         struct sl_connection *connection)
{
    struct sl_buffer rest = connection->ready->rest;

    connection->ready->rest = streams->spare;
    streams->spare = (struct sl_buffer)SL_BUFFER_INIT;
    sl_queue_remove(&streams->ready, &connection->ready->queued);
    sl_queue_append(&streams->ready, &connection->ready->queued);
    return rest;
}

void sl_streams_return_rest(struct sl_streams *streams, struct sl_buffer *rest)
{
    if (!rest->data)
        return;
    sl_buffer_deinit(&streams->spare);
    rest->size = 0;
    streams->spare = *rest;
}

static void connection_leave_ready(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready = connection->ready;

    sl_queue_remove(&streams->ready, &ready->queued);
    connection->state = SL_CONNECTION_OPEN;
    connection->waiting = NULL;
    sl_connection_record_unanswered(streams, connection, ready->rest.data, ready->rest.size,
                                    ready->rest.size, SL_PEER_GONE);
    sl_streams_return_rest(streams, &ready->rest);
    free(ready);
}

static void connection_stop_waiting(struct sl_connection *connection)
{
    if (!connection->waiting)
        return;
    sl_queue_remove(connection->waiting->queue, &connection->waiting->queued);
    free(connection->waiting);
    connection->waiting = NULL;
}

void sl_connection_leave_queue(struct sl_streams *streams, struct sl_connection *connection)
{
    if (connection->state == SL_CONNECTION_READY)
        connection_leave_ready(streams, connection);
    else if (connection->state == SL_CONNECTION_OPEN)
        connection_stop_waiting(connection);
}

/* Without memory nothing is timed: a line end or the stream's end finishes the message. */
static void connection_wait(struct sl_streams *streams, struct sl_connection *connection,
                            int64_t gap_ns)
{
    struct sl_waiting *waiting = connection->waiting;
    bool lines = connection->framer.line_mode;

    if (waiting)
        sl_queue_remove(waiting->queue, &waiting->queued);
    else
        waiting = calloc(1, sizeof(*waiting));
    connection->waiting = waiting;
    if (!waiting)
        return;
    waiting->queued.connection = connection;
    waiting->queued.until_mono_ns =
        streams->clock.mono_ns + (lines ? SL_LINE_GAPS * gap_ns : gap_ns);
    waiting->queue = &streams->waiting[lines];
    waiting->received_at_ns = streams->clock.wall_ns;
    sl_queue_append(waiting->queue, &waiting->queued);
}

void sl_connection_settle(struct sl_streams *streams, struct sl_connection *connection)
{
    int64_t gap_ns = streams->worker->options.tcp_gap_ns;

    if (connection->state == SL_CONNECTION_READY) {
        if (connection->ready->more || connection->ready->rest.size > 0)
            return;
        connection_leave_ready(streams, connection);
    }
    if (connection->framer.partial_size > 0 && gap_ns > 0)
        connection_wait(streams, connection, gap_ns);
    else
        connection_stop_waiting(connection);
}

/* --- blocked: the peer does not read --- */

static bool backlog_copy(struct sl_backlog *backlog, const struct sl_exchange_batch *batch,
                         const struct sl_chunk *rest)
{
    size_t offset = 0;

    backlog->events = calloc(batch->count + 1, sizeof(*backlog->events));
    backlog->reply_end = calloc(batch->count + 1, sizeof(*backlog->reply_end));
    if (!backlog->events || !backlog->reply_end)
        return false;
    memcpy(backlog->events, batch->events, batch->count * sizeof(*backlog->events));
    memcpy(backlog->reply_end, batch->reply_end, batch->count * sizeof(*backlog->reply_end));
    for (size_t i = 0; i < batch->count; i++) {
        if (sl_buffer_append(&backlog->payload, batch->events[i].received,
                             batch->events[i].exchange.received_stored) != 0)
            return false;
    }
    /* Only now, when the buffer no longer moves. */
    for (size_t i = 0; i < batch->count; i++) {
        backlog->events[i].received = backlog->payload.data + offset;
        offset += backlog->events[i].exchange.received_stored;
    }
    return sl_buffer_append(&backlog->replies, batch->replies.data, batch->replies.size) == 0 &&
           sl_buffer_append(&backlog->unread, rest->bytes, rest->size) == 0;
}

struct sl_backlog *sl_backlog_new(const struct sl_exchange_batch *batch, size_t written,
                                  const struct sl_chunk *rest)
{
    struct sl_backlog *backlog = calloc(1, sizeof(*backlog));

    if (!backlog)
        return NULL;
    backlog->count = batch->count;
    backlog->written = written;
    backlog->drained = rest->drained;
    backlog->ended = rest->ended;
    if (backlog_copy(backlog, batch, rest))
        return backlog;
    sl_backlog_free(backlog);
    return NULL;
}

void sl_backlog_free(struct sl_backlog *backlog)
{
    if (!backlog)
        return;
    sl_buffer_deinit(&backlog->replies);
    sl_buffer_deinit(&backlog->payload);
    sl_buffer_deinit(&backlog->unread);
    free(backlog->reply_end);
    free(backlog->events);
    free(backlog);
}

uint64_t sl_backlog_pending(const struct sl_backlog *backlog)
{
    uint64_t size = backlog->unread.size;

    for (size_t i = 0; i < backlog->count; i++)
        size += backlog->events[i].exchange.received_size;
    return size;
}

/* --- lingering --- */

/* Records an unfinished message, whose rest is not expected any more. */
static void connection_give_up_message(struct sl_streams *streams, struct sl_connection *connection,
                                       enum sl_outcome outcome)
{
    struct sl_framer framer = connection->framer;

    connection->framer = (struct sl_framer){.line_mode = framer.line_mode};
    sl_connection_record_unanswered(streams, connection, framer.partial, framer.partial_stored,
                                    framer.partial_size, outcome);
    sl_framer_deinit(&framer);
}

void sl_connection_keep_late(struct sl_streams *streams, struct sl_connection *connection,
                             const uint8_t *bytes, size_t size)
{
    struct sl_lingering *lingering = connection->lingering;
    size_t room = SL_STORED_SIZE_MAX - lingering->kept.size;

    if (size == 0)
        return;
    if (lingering->after_close == lingering->kept.size && streams->held <= streams->held_max)
        sl_buffer_append(&lingering->kept, bytes, size < room ? size : room);
    lingering->after_close += size;
    sl_connection_account(streams, connection);
    sl_connection_mark_pending(streams, connection, lingering->after_close);
}

void sl_connection_linger(struct sl_streams *streams, struct sl_connection *connection,
                          const struct sl_chunk *rest)
{
    struct sl_lingering *lingering = calloc(1, sizeof(*lingering));

    if (!lingering || shutdown(connection->fd, SHUT_WR) != 0) {
        free(lingering);
        sl_connection_record_unanswered(streams, connection, rest->bytes, rest->size, rest->size,
                                        SL_AFTER_CLOSE);
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
        return;
    }
    connection_give_up_message(streams, connection, SL_UNFINISHED); /* before what comes after it */
    sl_connection_leave_queue(streams, connection);
    lingering->queued.connection = connection;
    lingering->queued.until_mono_ns = sl_clock_mono_ns() + streams->linger_ns;
    sl_queue_append(&streams->lingering, &lingering->queued);
    connection->lingering = lingering;
    connection->state = SL_CONNECTION_LINGERING;
    sl_connection_account(streams, connection);
    sl_connection_keep_late(streams, connection, rest->bytes, rest->size);
}

void sl_connections_end_linger(struct sl_streams *streams, int64_t now_mono_ns)
{
    while (sl_queue_until(&streams->lingering) <= now_mono_ns)
        sl_connection_close(streams, sl_queue_first(&streams->lingering)->connection, SL_BY_SERVER,
                            SL_CLOSE_ERROR);
}

void sl_connections_shorten_linger(struct sl_streams *streams, int64_t linger_ns)
{
    int64_t until_mono_ns = sl_clock_mono_ns() + linger_ns;

    streams->linger_ns = linger_ns;
    for (struct sl_queued *entry = sl_queue_first(&streams->lingering); entry;
         entry = sl_queue_next(entry)) {
        if (entry->until_mono_ns > until_mono_ns)
            entry->until_mono_ns = until_mono_ns;
    }
}

bool sl_connections_make_room(struct sl_streams *streams, const struct sl_address *peer)
{
    struct sl_address wanted = peer ? sl_address_limit_key(peer) : SL_ADDRESS_NONE;
    struct sl_queued *entry = sl_queue_first(&streams->lingering);

    for (int left = ROOM_LOOKS_MAX; entry && left > 0; entry = sl_queue_next(entry), left--) {
        struct sl_address key = sl_address_limit_key(sl_client_peer(entry->connection->client));

        if (!peer || sl_address_equal(&key, &wanted)) {
            sl_connection_close(streams, entry->connection, SL_BY_SERVER, SL_CLOSE_ERROR);
            return true;
        }
    }
    return false;
}

/* --- in every state --- */

static size_t connection_held(const struct sl_connection *connection)
{
    size_t held = connection->framer.partial_capacity;
    const struct sl_backlog *backlog;

    switch ((enum sl_connection_state)connection->state) {
    case SL_CONNECTION_OPEN:
        break;
    case SL_CONNECTION_READY:
        held += connection->ready->rest.capacity;
        break;
    case SL_CONNECTION_BLOCKED:
        backlog = connection->backlog;
        held += sizeof(*backlog) +
                (backlog->count + 1) * (sizeof(*backlog->events) + sizeof(*backlog->reply_end)) +
                backlog->replies.capacity + backlog->payload.capacity + backlog->unread.capacity;
        break;
    case SL_CONNECTION_LINGERING:
        held += connection->lingering->kept.capacity;
        break;
    }
    return held;
}

bool sl_connection_account(struct sl_streams *streams, struct sl_connection *connection)
{
    size_t held = connection_held(connection);
    bool more = held > connection->held;

    streams->held += held - connection->held;
    connection->held = held;
    return !more || held <= SL_STREAM_HELD_LITTLE || streams->held <= streams->held_max;
}

/* Frees what its state keeps, and records what of it is still unanswered. */
static void connection_leave_state(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog;
    struct sl_lingering *lingering;

    switch ((enum sl_connection_state)connection->state) {
    case SL_CONNECTION_OPEN:
    case SL_CONNECTION_READY:
        sl_connection_leave_queue(streams, connection);
        break;
    case SL_CONNECTION_BLOCKED:
        backlog = connection->backlog;
        sl_connection_record_backlog(streams, connection);
        sl_connection_record_unanswered(streams, connection, backlog->unread.data,
                                        backlog->unread.size, backlog->unread.size, SL_PEER_GONE);
        sl_backlog_free(backlog);
        break;
    case SL_CONNECTION_LINGERING:
        lingering = connection->lingering;
        sl_queue_remove(&streams->lingering, &lingering->queued);
        if (lingering->is_late)
            sl_queue_remove(&streams->late, &lingering->late);
        sl_connection_record_unanswered(streams, connection, lingering->kept.data,
                                        lingering->kept.size, lingering->after_close,
                                        SL_AFTER_CLOSE);
        sl_buffer_deinit(&lingering->kept);
        free(lingering);
        break;
    }
}

void sl_connection_close(struct sl_streams *streams, struct sl_connection *connection,
                         enum sl_closed_by by, enum sl_close_reason reason)
{
    struct sl_worker *worker = streams->worker;
    struct sl_address peer = *sl_client_peer(connection->client);
    bool unfinished = connection->framer.line_mode || by != SL_BY_PEER;

    connection_leave_state(streams, connection);
    connection_give_up_message(streams, connection, unfinished ? SL_UNFINISHED : SL_PEER_GONE);
    streams->held -= connection->held;
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
