#include "net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/backlog.h"

struct lingering {
    struct connection *connection;
    struct lingering *previous, *next;
    int64_t until_mono_ns;
    uint64_t discarded;
};

/* A peer that goes on sending after our end is cut here. */
#define AFTER_CLOSE_MAX (1u << 20)

static void watch(struct streams *streams, struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    epoll_ctl(streams->worker->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
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
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (!connection)
        return NULL;
    connection->kind = SL_SOURCE_CONNECTION;
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

/* --- what is told: journal and counters --- */

/* What all exchanges of a connection have in common. */
static struct sl_event any_exchange(const struct connection *connection, int64_t received_at_ns)
{
    return (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .service = connection->service,
        .outcome = SL_REPLIED,
        .listener = sl_client_listener(connection->client),
        .client = sl_client_id(connection->client),
        .peer = *sl_client_peer(connection->client),
        .local = *sl_client_local(connection->client),
        .received_at_ns = received_at_ns,
    };
}

static void set_received(struct sl_event *event, const struct sl_message *message)
{
    event->received = message->bytes;
    event->received_stored = (uint32_t)message->stored;
    event->received_size = message->size;
}

static void count_and_log(struct streams *streams, struct connection *connection,
                          const struct sl_event *events, size_t count, const struct sl_time *now)
{
    struct sl_counters sum = {.received_messages = count};

    for (size_t i = 0; i < count; i++) {
        bool replied = events[i].outcome == SL_REPLIED;

        sum.received_bytes += events[i].received_size;
        sum.sent_messages += replied;
        sum.sent_bytes += events[i].sent_size;
        sum.refused += !replied;
    }
    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &sum, now);
    sl_shard_unlock(streams->worker->shard);
    sl_journal_append(streams->worker->net->journal, events, count);
}

/* Completes the events by their replies, of which the kernel took `written` bytes in all. Those
 * whose reply it did not take whole get `otherwise` for an outcome. */
static void complete(struct sl_event *events, const size_t *reply_end, size_t count,
                     const uint8_t *replies, size_t written, int64_t now_ns,
                     enum sl_outcome otherwise)
{
    size_t begin = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = reply_end[i] - begin;

        if (events[i].outcome == SL_REPLIED && reply_end[i] > written) {
            events[i].outcome = (uint8_t)otherwise;
        } else if (events[i].outcome == SL_REPLIED) {
            events[i].replied_at_ns = now_ns;
            events[i].sent = replies + begin;
            events[i].sent_size = size;
            events[i].sent_stored =
                (uint32_t)(size < SL_STORED_SIZE_MAX ? size : SL_STORED_SIZE_MAX);
        }
        begin = reply_end[i];
    }
}

static void finish_exchanges(struct streams *streams, struct connection *connection, size_t written)
{
    struct exchanges *now = &streams->now;
    struct sl_time time = sl_time_now();

    if (now->count == 0)
        return;
    complete(now->events, now->reply_end, now->count, now->replies.data, written, time.wall_ns,
             SL_PEER_GONE);
    count_and_log(streams, connection, now->events, now->count, &time);
    now->count = 0;
}

static void finish_backlog(struct streams *streams, struct connection *connection)
{
    struct backlog *backlog = connection->backlog;
    struct sl_time time = sl_time_now();

    complete(backlog->events, backlog->reply_end, backlog->count, backlog->replies.data,
             backlog->written, time.wall_ns, SL_PEER_GONE);
    if (backlog->count > 0)
        count_and_log(streams, connection, backlog->events, backlog->count, &time);
    backlog->count = 0;
}

/* Bytes that nobody will answer any more. */
static void record_unanswered(struct streams *streams, struct connection *connection,
                              const uint8_t *bytes, size_t stored, uint64_t size,
                              enum sl_outcome outcome)
{
    struct sl_time now = sl_time_now();
    struct sl_message message = {
        .bytes = bytes,
        .stored = stored < SL_STORED_SIZE_MAX ? stored : SL_STORED_SIZE_MAX,
        .size = size,
    };
    struct sl_event event = any_exchange(connection, now.wall_ns);

    set_received(&event, &message);
    event.outcome = (uint8_t)outcome;
    count_and_log(streams, connection, &event, 1, &now);
}

/* --- the end --- */

static void unlink_lingering(struct streams *streams, struct lingering *entry)
{
    *(entry->previous ? &entry->previous->next : &streams->linger_first) = entry->next;
    *(entry->next ? &entry->next->previous : &streams->linger_last) = entry->previous;
    free(entry);
}

static void release_state(struct streams *streams, struct connection *connection)
{
    struct sl_framer *framer = &connection->framer;

    if (connection->state == CONNECTION_BLOCKED) {
        struct backlog *backlog = connection->backlog;

        finish_backlog(streams, connection);
        if (backlog->unread.size > 0)
            record_unanswered(streams, connection, backlog->unread.data, backlog->unread.size,
                              backlog->unread.size, SL_PEER_GONE);
        backlog_free(backlog);
    } else if (connection->state == CONNECTION_LINGERING) {
        unlink_lingering(streams, connection->lingering);
    }
    if (framer->partial_size > 0)
        record_unanswered(streams, connection, framer->partial, framer->partial_stored,
                          framer->partial_size, SL_UNFINISHED);
    sl_framer_deinit(framer);
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

static void linger(struct streams *streams, struct connection *connection)
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

static void decide_end(struct connection *connection, enum sl_closed_by by,
                       enum sl_close_reason reason)
{
    if (connection->ending)
        return;
    connection->ending = true;
    connection->closed_by = (uint8_t)by;
    connection->reason = (uint8_t)reason;
}

static void read_lingering(struct streams *streams, struct connection *connection)
{
    ssize_t size = recv(connection->fd, streams->read_buffer, STREAM_READ_SIZE, MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0) {
        record_unanswered(streams, connection, streams->read_buffer, (size_t)size, (uint64_t)size,
                          SL_AFTER_CLOSE);
        connection->lingering->discarded += (uint64_t)size;
    }
    if (size <= 0 || connection->lingering->discarded > AFTER_CLOSE_MAX)
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
}

/* --- the conversation --- */

enum step { STEP_MORE, STEP_REST_KEPT, STEP_END, STEP_NO_MEMORY };

static bool in_chunk(const struct sl_message *message, const uint8_t *begin, const uint8_t *end)
{
    return message->size == 0 || (message->bytes >= begin && message->bytes <= end);
}

static bool respond(struct connection *connection, const struct sl_service *service,
                    const struct sl_message *message, struct sl_buffer *replies,
                    enum sl_verdict *verdict)
{
    *verdict = service->respond(message, replies);
    if (*verdict == SL_NO_MEMORY)
        return false;
    return !connection->framer.line_mode || service->framing != SL_FRAMING_CHAT ||
           sl_buffer_append(replies, "\n", 1) == 0;
}

static struct sl_event *add_exchange(struct exchanges *now, const struct sl_event *common,
                                     const struct sl_message *message)
{
    struct sl_event *event = &now->events[now->count];

    *event = *common;
    set_received(event, message);
    now->reply_end[now->count++] = now->replies.size;
    return event;
}

/* What follows the message that ended the conversation is recorded, unanswered. */
static void add_rest(struct exchanges *now, const struct sl_event *common, struct sl_chunk *chunk)
{
    struct sl_message rest = {.bytes = chunk->bytes, .stored = chunk->size, .size = chunk->size};

    if (chunk->size == 0)
        return;
    add_exchange(now, common, &rest)->outcome = SL_AFTER_CLOSE;
    chunk->size = 0;
}

/* Takes messages out of the chunk and answers them into streams->now, until it is worth a send. */
static enum step converse(struct streams *streams, struct connection *connection,
                          struct sl_chunk *chunk, const struct sl_event *common)
{
    const struct sl_service *service = sl_service_get(connection->service);
    const uint8_t *begin = chunk->bytes, *end = chunk->bytes + chunk->size;
    struct exchanges *now = &streams->now;

    now->replies.size = 0;
    while (now->count < STREAM_EVENTS_MAX - 1 && now->replies.size < STREAM_REPLIES_MAX) {
        struct sl_message message;
        enum sl_verdict verdict;
        bool failed = false;

        if (!sl_framer_next(&connection->framer, service->framing, chunk, &message, &failed))
            return failed ? STEP_NO_MEMORY : STEP_REST_KEPT;
        if (!respond(connection, service, &message, &now->replies, &verdict))
            return STEP_NO_MEMORY;
        add_exchange(now, common, &message);
        if (verdict == SL_ANSWER_AND_CLOSE || service->framing == SL_FRAMING_ONCE) {
            decide_end(connection, SL_BY_SERVER,
                       verdict == SL_ANSWER_AND_CLOSE ? SL_CLOSE_EXIT : SL_CLOSE_ANSWERED);
            add_rest(now, common, chunk);
            return STEP_END;
        }
        if (!in_chunk(&message, begin, end))
            return STEP_MORE; /* its bytes hold only until the framer is asked again */
    }
    return STEP_MORE;
}

/* Sends as much as the kernel takes. Returns the bytes taken, or -1 where the connection broke. */
static ssize_t send_some(int fd, const uint8_t *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count = send(fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return sent > 0 ? (ssize_t)sent : -1;
    }
    return (ssize_t)sent;
}

static bool block(struct streams *streams, struct connection *connection, size_t written,
                  const struct sl_chunk *rest, int64_t received_at_ns)
{
    connection->backlog = backlog_new(&streams->now, written, rest);
    streams->now.count = 0;
    if (!connection->backlog)
        return false;
    connection->backlog->received_at_ns = received_at_ns;
    connection->state = CONNECTION_BLOCKED;
    watch(streams, connection, EPOLLOUT);
    return true;
}

enum sent { SENT_ALL, SENT_BLOCKED, SENT_CLOSED };

static enum sent send_replies(struct streams *streams, struct connection *connection,
                              const struct sl_chunk *rest, int64_t received_at_ns)
{
    struct exchanges *now = &streams->now;
    ssize_t written = send_some(connection->fd, now->replies.data, now->replies.size);

    if (written >= 0 && (size_t)written < now->replies.size) {
        if (block(streams, connection, (size_t)written, rest, received_at_ns))
            return SENT_BLOCKED;
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
        return SENT_CLOSED;
    }
    finish_exchanges(streams, connection, written < 0 ? 0 : (size_t)written);
    if (written >= 0)
        return SENT_ALL;
    if (rest->size > 0)
        record_unanswered(streams, connection, rest->bytes, rest->size, rest->size, SL_PEER_GONE);
    connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
    return SENT_CLOSED;
}

/* The unfinished line of a slow writer is a sign of life too. */
static void mark_seen(struct streams *streams, struct connection *connection)
{
    struct sl_time now = sl_time_now();
    struct sl_counters nothing = {0};

    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &nothing, &now);
    sl_shard_unlock(streams->worker->shard);
}

/* Answers all of a chunk. The connection may be gone afterwards. */
static void process(struct streams *streams, struct connection *connection, struct sl_chunk *chunk,
                    int64_t received_at_ns)
{
    const struct sl_event common = any_exchange(connection, received_at_ns);
    bool answered = false;
    enum step step;

    do {
        step = converse(streams, connection, chunk, &common);
        answered = answered || streams->now.count > 0;
        if (send_replies(streams, connection, chunk, received_at_ns) != SENT_ALL)
            return;
    } while (step == STEP_MORE);

    if (step == STEP_NO_MEMORY) {
        sl_log_error(streams->worker->net->log, "out of memory: a connection was closed");
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    } else if (chunk->ended) {
        connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_EOF);
    } else if (connection->ending) {
        linger(streams, connection);
    } else if (!answered) {
        mark_seen(streams, connection);
    }
}

static void read_open(struct streams *streams, struct connection *connection)
{
    ssize_t size = recv(connection->fd, streams->read_buffer, STREAM_READ_SIZE, MSG_DONTWAIT);
    struct sl_chunk chunk = {.bytes = streams->read_buffer};

    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
        return;
    }
    chunk.size = (size_t)size;
    chunk.ended = size == 0;
    chunk.drained = size < (ssize_t)STREAM_READ_SIZE;
    process(streams, connection, &chunk, sl_clock_wall_ns());
}

/* All written: what was read meanwhile is next. */
static void unblock(struct streams *streams, struct connection *connection)
{
    struct backlog *backlog = connection->backlog;
    struct sl_chunk rest = {.bytes = backlog->unread.data,
                            .size = backlog->unread.size,
                            .drained = backlog->drained,
                            .ended = backlog->ended};

    finish_backlog(streams, connection);
    connection->state = CONNECTION_OPEN;
    connection->backlog = NULL;
    watch(streams, connection, EPOLLIN);
    if (connection->ending && !rest.ended)
        linger(streams, connection);
    else
        process(streams, connection, &rest, backlog->received_at_ns);
    backlog_free(backlog);
}

static void write_blocked(struct streams *streams, struct connection *connection)
{
    struct backlog *backlog = connection->backlog;
    ssize_t written = send_some(connection->fd, backlog->replies.data + backlog->written,
                                backlog->replies.size - backlog->written);

    if (written < 0) {
        connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
        return;
    }
    backlog->written += (size_t)written;
    if (backlog->written == backlog->replies.size)
        unblock(streams, connection);
}

void connection_ready(struct streams *streams, struct connection *connection, uint32_t events)
{
    (void)events; /* an error shows at the read or the write that it is reported for */
    switch ((enum connection_state)connection->state) {
    case CONNECTION_OPEN:
        read_open(streams, connection);
        break;
    case CONNECTION_BLOCKED:
        write_blocked(streams, connection);
        break;
    case CONNECTION_LINGERING:
        read_lingering(streams, connection);
        break;
    }
}

void connection_shut(struct streams *streams, struct connection *connection)
{
    uint64_t id = sl_client_id(connection->client);
    struct sl_client *client;

    if (connection->state == CONNECTION_OPEN)
        read_open(streams, connection);
    client = sl_shard_find_id(streams->worker->shard, id);
    if (!client)
        return;
    decide_end(connection, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    if (connection->state == CONNECTION_OPEN)
        linger(streams, connection);
}
