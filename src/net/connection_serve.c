/* What is said on a connection: read, answer, write, and what to do when the peer does not read. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/exchanges.h"
#include "net/turns.h"
#include "net/uncancelled.h"

#define GAPS_A_TURN 64

enum step { STEP_MORE, STEP_REST_KEPT, STEP_END, STEP_NO_MEMORY };

static bool in_chunk(const struct sl_message *message, const uint8_t *begin, const uint8_t *end)
{
    return message->size == 0 || (message->bytes >= begin && message->bytes < end);
}

static bool respond(struct sl_connection *connection, const struct sl_service *service,
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

static struct sl_event *add_exchange(struct sl_exchange_batch *now, const struct sl_event *common,
                                     const struct sl_message *message)
{
    struct sl_event *event = &now->events[now->count];

    *event = *common;
    exchange_set_received(event, message);
    now->reply_end[now->count++] = now->replies.size;
    return event;
}

/* Takes messages out of the chunk and answers them into streams->batch, until it is worth a send.
 */
static enum step converse(struct sl_streams *streams, struct sl_connection *connection,
                          struct sl_chunk *chunk, const struct sl_event *common)
{
    const struct sl_service *service = sl_service_get(connection->service);
    const uint8_t *begin = chunk->bytes;
    const uint8_t *end = chunk->size > 0 ? begin + chunk->size : begin; /* it may have none */
    struct sl_exchange_batch *now = &streams->batch;

    now->replies.size = 0;
    while (now->count < SL_STREAM_EVENTS_MAX - 1 && now->replies.size < SL_STREAM_REPLIES_MAX) {
        struct sl_message message;
        enum sl_verdict verdict;
        bool failed = false;

        if (!sl_framer_next(&connection->framer, service->framing, chunk, &message, &failed))
            return failed ? STEP_NO_MEMORY : STEP_REST_KEPT;
        if (!respond(connection, service, &message, &now->replies, &verdict)) {
            sl_connection_decide_end(connection, SL_BY_SERVER, SL_CLOSE_ERROR);
            add_exchange(now, common, &message)->exchange.outcome = SL_SEND_FAILED;
            return STEP_NO_MEMORY;
        }
        add_exchange(now, common, &message);
        if (verdict == SL_ANSWER_AND_CLOSE || service->framing == SL_FRAMING_ONCE) {
            sl_connection_decide_end(connection, SL_BY_SERVER,
                                     verdict == SL_ANSWER_AND_CLOSE ? SL_CLOSE_EXIT
                                                                    : SL_CLOSE_ANSWERED);
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
            sl_uncancelled_send(fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return sent > 0 ? (ssize_t)sent : -1;
    }
    return (ssize_t)sent;
}

/* All together hold too much. */
static void cut(struct sl_streams *streams, struct sl_connection *connection)
{
    streams->cut++;
    sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_UNFINISHED);
}

static bool block(struct sl_streams *streams, struct sl_connection *connection, size_t written,
                  const struct sl_chunk *rest, int64_t received_at_ns)
{
    struct sl_backlog *backlog = backlog_new(&streams->batch, written, rest);

    if (!backlog)
        return false;
    turns_leave(streams, connection);
    streams->batch.count = 0;
    backlog->received_at_ns = received_at_ns;
    connection->backlog = backlog;
    connection->state = SL_CONNECTION_BLOCKED;
    sl_connection_watch_writes(streams, connection);
    exchanges_mark_pending(streams, connection,
                           connection->framer.partial_size + backlog_pending(backlog));
    if (!sl_connection_account(streams, connection))
        cut(streams, connection);
    return true;
}

/* A reply could not be sent: whatever end was decided, the peer's came first. */
static void broken(struct sl_streams *streams, struct sl_connection *connection)
{
    connection->ending = false;
    sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
}

enum sent { SENT_ALL, SENT_BLOCKED, SENT_CLOSED };

static enum sent send_replies(struct sl_streams *streams, struct sl_connection *connection,
                              const struct sl_chunk *rest, int64_t received_at_ns)
{
    struct sl_exchange_batch *now = &streams->batch;
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
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    return SENT_CLOSED;
}

static void end_without_memory(struct sl_streams *streams, struct sl_connection *connection,
                               const struct sl_chunk *rest)
{
    if (rest->size > 0)
        exchange_unanswered(streams, connection, rest->bytes, rest->size, rest->size,
                            SL_SEND_FAILED);
    sl_log_error(streams->worker->net->log, "out of memory: a connection was closed");
    sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
}

/* The next visit goes on with it. */
static void keep_rest(struct sl_streams *streams, struct sl_connection *connection,
                      const struct sl_chunk *rest, int64_t received_at_ns)
{
    if (turns_keep_rest(streams, connection, rest, received_at_ns))
        sl_connection_account(streams, connection);
    else
        end_without_memory(streams, connection, rest);
}

/* Nothing is left of the chunk, and the connection goes on. */
static void settle(struct sl_streams *streams, struct sl_connection *connection, bool answered)
{
    if (!answered) /* the unfinished line of a slow writer is a sign of life too */
        exchanges_mark_pending(streams, connection, connection->framer.partial_size);
    turns_settle(streams, connection);
    if (!sl_connection_account(streams, connection))
        cut(streams, connection);
}

/* One visit: answers as much of a chunk as it may. The connection may be gone afterwards. */
static void process(struct sl_streams *streams, struct sl_connection *connection,
                    struct sl_chunk *chunk, int64_t received_at_ns)
{
    const struct sl_event common = exchange_common(connection, received_at_ns);
    /* A stop lets all that has come be answered. */
    bool over = connection->ending && connection->reason != SL_CLOSE_SHUTDOWN;
    enum step step = over ? STEP_END : STEP_MORE;
    size_t answered = 0;

    /* A message that was begun in an earlier chunk has a send of its own. */
    while (step == STEP_MORE && answered < SL_STREAM_EVENTS_MAX - 1) {
        step = converse(streams, connection, chunk, &common);
        answered += streams->batch.count;
        if (send_replies(streams, connection, chunk, received_at_ns) != SENT_ALL)
            return;
    }
    if (step == STEP_NO_MEMORY) {
        end_without_memory(streams, connection, chunk);
    } else if (chunk->ended) {
        sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_EOF);
    } else if (step == STEP_MORE && chunk->size > 0) {
        keep_rest(streams, connection, chunk, received_at_ns);
    } else if (connection->ending) {
        sl_connection_linger(streams, connection, chunk);
    } else {
        settle(streams, connection, answered > 0);
    }
}

/* Whether the socket has no more for now: a read that came back full does not tell. */
static bool is_drained(int fd, ssize_t size, size_t most)
{
    int left;

    return size < (ssize_t)most || (ioctl(fd, FIONREAD, &left) == 0 && left == 0);
}

/* What a read of at most `most` bytes gave. */
static void take(struct sl_streams *streams, struct sl_connection *connection, ssize_t size,
                 size_t most, uint32_t events)
{
    struct sl_chunk chunk = {.bytes = streams->read_buffer};
    bool more = sl_connection_may_have_more(size, most, events);

    if (size < 0) {
        sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
        return;
    }
    if (more && !turns_make_ready(streams, connection))
        sl_connection_watch_reads(streams, connection);
    if (connection->state == SL_CONNECTION_READY) {
        connection->ready->more = more;
        connection->ready->events |= events;
    }
    chunk.size = (size_t)size;
    chunk.ended = size == 0;
    chunk.untimed = streams->worker->options.tcp_gap_ns == 0;
    chunk.drained = chunk.untimed && is_drained(connection->fd, size, most);
    process(streams, connection, &chunk, streams->clock.wall_ns);
}

static bool found_nothing(ssize_t size)
{
    return size < 0 && (errno == EAGAIN || errno == EINTR);
}

static void read_open(struct sl_streams *streams, struct sl_connection *connection, uint32_t events)
{
    size_t most = sl_connection_read_size(streams);
    ssize_t size = sl_connection_receive(streams, connection);

    if (!found_nothing(size)) {
        take(streams, connection, size, most, events);
    } else if (connection->state == SL_CONNECTION_READY) {
        connection->ready->more = false;
        turns_settle(streams, connection);
        sl_connection_account(streams, connection); /* it can only be less now */
    }
}

void sl_connection_resume(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready = connection->ready;
    struct sl_buffer rest = turns_take_rest(streams, connection);
    struct sl_chunk chunk = {.bytes = rest.data,
                             .size = rest.size,
                             .untimed = streams->worker->options.tcp_gap_ns == 0,
                             .drained = ready->drained};

    if (rest.size > 0)
        process(streams, connection, &chunk, ready->received_at_ns);
    else
        read_open(streams, connection, ready->events);
    turns_return_rest(streams, &rest);
}

/* What waits is a message now, if it is true that nothing more has come. */
static void end_gap(struct sl_streams *streams, struct sl_connection *connection)
{
    size_t most = sl_connection_read_size(streams);
    ssize_t size = sl_connection_receive(streams, connection);

    if (found_nothing(size)) {
        struct sl_chunk nothing = {.quiet = true};

        process(streams, connection, &nothing, connection->waiting->received_at_ns);
    } else {
        take(streams, connection, size, most, 0);
    }
}

void sl_connections_end_gap(struct sl_streams *streams, int64_t now_mono_ns)
{
    for (size_t i = 0; i < 2; i++) {
        struct sl_queue *queue = &streams->waiting[i];

        for (int left = GAPS_A_TURN; left > 0 && sl_queue_until(queue) <= now_mono_ns; left--)
            end_gap(streams, queue->first->connection);
    }
}

/* All written: what was read meanwhile is next. */
static void unblock(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog = connection->backlog;
    struct sl_chunk rest = {.bytes = backlog->unread.data,
                            .size = backlog->unread.size,
                            .untimed = streams->worker->options.tcp_gap_ns == 0,
                            .drained = backlog->drained,
                            .ended = backlog->ended};

    backlog_finish(streams, connection);
    connection->state = SL_CONNECTION_OPEN;
    connection->waiting = NULL;
    sl_connection_watch_reads(streams, connection);
    process(streams, connection, &rest, backlog->received_at_ns);
    backlog_free(backlog);
}

static void write_blocked(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog = connection->backlog;
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

void sl_connection_serve(struct sl_streams *streams, struct sl_connection *connection,
                         uint32_t events)
{
    switch ((enum sl_connection_state)connection->state) {
    case SL_CONNECTION_OPEN:
        read_open(streams, connection, events);
        break;
    case SL_CONNECTION_READY: /* it has its turn later */
        connection->ready->more = true;
        connection->ready->events |= events;
        break;
    case SL_CONNECTION_BLOCKED:
        write_blocked(streams, connection);
        break;
    case SL_CONNECTION_LINGERING:
        sl_connection_mark_late(streams, connection, events);
        break;
    }
}

/* What has arrived by now, however much goes on coming. */
static int arrived(const struct sl_connection *connection)
{
    int size;

    return ioctl(connection->fd, FIONREAD, &size) == 0 ? size : 0;
}

static bool is_reading(const struct sl_connection *connection)
{
    return connection->state == SL_CONNECTION_OPEN || connection->state == SL_CONNECTION_READY;
}

/* One step of answering what has come; false where there is nothing left of `left` bytes. */
static bool read_last(struct sl_streams *streams, struct sl_connection *connection, int *left)
{
    if (turns_has_rest(connection)) {
        sl_connection_resume(streams, connection);
        return true;
    }
    if (*left < 0)
        return false;
    *left -= (int)sl_connection_read_size(streams);
    read_open(streams, connection, 0);
    return true;
}

void sl_connection_shut(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_worker *worker = streams->worker;
    uint64_t id = sl_client_id(connection->client);
    struct sl_chunk nothing = {.quiet = worker->options.tcp_gap_ns > 0};
    int left = arrived(connection);

    while (is_reading(connection) && sl_clock_mono_ns() < sl_worker_stop_by(worker) &&
           read_last(streams, connection, &left)) {
        if (!sl_shard_find_id(worker->shard, id))
            return;
    }
    /* What is no line is a message as it stands. */
    if (is_reading(connection) && nothing.quiet && !connection->framer.line_mode &&
        connection->framer.partial_size > 0) {
        process(streams, connection, &nothing, streams->clock.wall_ns);
        if (!sl_shard_find_id(worker->shard, id))
            return;
    }
    sl_connection_decide_end(connection, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    if (is_reading(connection))
        sl_connection_linger(streams, connection, &(struct sl_chunk){0});
}
