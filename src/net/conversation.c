/* What is said on a connection: read, answer, write, and what to do when the peer does not read. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/exchanges.h"
#include "net/uncancelled.h"

enum step { STEP_MORE, STEP_REST_KEPT, STEP_END, STEP_NO_MEMORY };

static bool in_chunk(const struct sl_message *message, const uint8_t *begin, const uint8_t *end)
{
    return message->size == 0 || (message->bytes >= begin && message->bytes < end);
}

static bool respond(struct connection *connection, const struct sl_service *service,
                    const struct sl_message *message, struct sl_buffer *replies,
                    enum sl_verdict *verdict)
{
    size_t before = replies->size;

    *verdict = service->respond(message, replies);
    if (*verdict == SL_NO_MEMORY)
        return false;
    if (!connection->framer.line_mode || service->framing != SL_FRAMING_CHAT ||
        sl_buffer_append(replies, "\n", 1) == 0)
        return true;
    replies->size = before;
    return false;
}

static struct sl_event *add_exchange(struct exchanges *now, const struct sl_event *common,
                                     const struct sl_message *message)
{
    struct sl_event *event = &now->events[now->count];

    *event = *common;
    exchange_set_received(event, message);
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
        if (!respond(connection, service, &message, &now->replies, &verdict)) {
            connection_decide_end(connection, SL_BY_SERVER, SL_CLOSE_ERROR);
            add_exchange(now, common, &message)->outcome = SL_SEND_FAILED;
            return STEP_NO_MEMORY;
        }
        add_exchange(now, common, &message);
        if (verdict == SL_ANSWER_AND_CLOSE || service->framing == SL_FRAMING_ONCE) {
            connection_decide_end(connection, SL_BY_SERVER,
                                  verdict == SL_ANSWER_AND_CLOSE ? SL_CLOSE_EXIT
                                                                 : SL_CLOSE_ANSWERED);
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
        ssize_t count =
            uncancelled_send(fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

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
    if (!connection->backlog)
        return false;
    streams->now.count = 0;
    connection->backlog->received_at_ns = received_at_ns;
    connection->state = CONNECTION_BLOCKED;
    connection_watch_writes(streams, connection);
    return true;
}

/* A reply could not be sent: whatever end was decided, the peer's came first. */
static void broken(struct streams *streams, struct connection *connection)
{
    connection->ending = false;
    connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
}

enum sent { SENT_ALL, SENT_BLOCKED, SENT_CLOSED };

static enum sent send_replies(struct streams *streams, struct connection *connection,
                              const struct sl_chunk *rest, int64_t received_at_ns)
{
    struct exchanges *now = &streams->now;
    ssize_t written = send_some(connection->fd, now->replies.data, now->replies.size);
    bool all = written == (ssize_t)now->replies.size;

    if (!all && written >= 0 && block(streams, connection, (size_t)written, rest, received_at_ns))
        return SENT_BLOCKED;
    exchanges_finish(streams, connection, written < 0 ? 0 : (size_t)written);
    if (all)
        return SENT_ALL;
    if (rest->size > 0)
        exchange_unanswered(streams, connection, rest->bytes, rest->size, rest->size, SL_PEER_GONE);
    if (written < 0)
        broken(streams, connection);
    else
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
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
    const struct sl_event common = exchange_common(connection, received_at_ns);
    bool answered = false;
    enum step step;

    do {
        step = converse(streams, connection, chunk, &common);
        answered = answered || streams->now.count > 0;
        if (send_replies(streams, connection, chunk, received_at_ns) != SENT_ALL)
            return;
    } while (step == STEP_MORE);

    if (step == STEP_NO_MEMORY) {
        if (chunk->size > 0)
            exchange_unanswered(streams, connection, chunk->bytes, chunk->size, chunk->size,
                                SL_SEND_FAILED);
        sl_log_error(streams->worker->net->log, "out of memory: a connection was closed");
        connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    } else if (chunk->ended) {
        connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_EOF);
    } else if (connection->ending) {
        connection_linger(streams, connection);
    } else if (!answered) {
        mark_seen(streams, connection);
    }
}

/* Whether the socket has no more for now: a read that came back full does not tell. */
static bool is_drained(int fd, ssize_t size)
{
    int left;

    return size < (ssize_t)STREAM_READ_SIZE || (ioctl(fd, FIONREAD, &left) == 0 && left == 0);
}

static void read_open(struct streams *streams, struct connection *connection, uint32_t events)
{
    ssize_t size = connection_receive(streams, connection);
    struct sl_chunk chunk = {.bytes = streams->read_buffer};

    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
        return;
    }
    connection_watch_rest(streams, connection, size, events);
    chunk.size = (size_t)size;
    chunk.ended = size == 0;
    chunk.drained = is_drained(connection->fd, size);
    process(streams, connection, &chunk, streams->clock.wall_ns);
}

/* All written: what was read meanwhile is next. */
static void unblock(struct streams *streams, struct connection *connection)
{
    struct backlog *backlog = connection->backlog;
    struct sl_chunk rest = {.bytes = backlog->unread.data,
                            .size = backlog->unread.size,
                            .drained = backlog->drained,
                            .ended = backlog->ended};

    backlog_finish(streams, connection);
    connection->state = CONNECTION_OPEN;
    connection->backlog = NULL;
    connection_watch_reads(streams, connection);
    process(streams, connection, &rest, backlog->received_at_ns);
    backlog_free(backlog);
}

static void write_blocked(struct streams *streams, struct connection *connection)
{
    struct backlog *backlog = connection->backlog;
    ssize_t written = send_some(connection->fd, backlog->replies.data + backlog->written,
                                backlog->replies.size - backlog->written);

    if (written < 0) {
        broken(streams, connection);
        return;
    }
    backlog->written += (size_t)written;
    if (backlog->written == backlog->replies.size)
        unblock(streams, connection);
}

void connection_ready(struct streams *streams, struct connection *connection, uint32_t events)
{
    switch ((enum connection_state)connection->state) {
    case CONNECTION_OPEN:
        read_open(streams, connection, events);
        break;
    case CONNECTION_BLOCKED:
        write_blocked(streams, connection);
        break;
    case CONNECTION_LINGERING:
        connection_read_lingering(streams, connection, events);
        break;
    }
}

/* What has arrived by now, however much goes on coming. */
static int arrived(const struct connection *connection)
{
    int size;

    return ioctl(connection->fd, FIONREAD, &size) == 0 ? size : 0;
}

void connection_shut(struct streams *streams, struct connection *connection)
{
    uint64_t id = sl_client_id(connection->client);

    for (int left = arrived(connection); left >= 0 && connection->state == CONNECTION_OPEN;
         left -= (int)STREAM_READ_SIZE) {
        read_open(streams, connection, 0);
        if (!sl_shard_find_id(streams->worker->shard, id))
            return;
    }
    connection_decide_end(connection, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    if (connection->state == CONNECTION_OPEN)
        connection_linger(streams, connection);
}
