/* What is said on a connection: read, answer, write, and what to do when the peer does not read.
 *
 * A visit takes what one read gave apart into messages, answers them into streams->batch and sends
 * their replies at once. So a peer that sends many messages in a row costs one read, one send and
 * one turn of the locks a batch, and streams->batch and streams->read_buffer serve all connections.
 * What must hold:
 *
 *   - An exchange is recorded once its outcome is known. A reply that the kernel has not taken
 *     whole is not yet a reply: the batch is copied to the connection's backlog, and nothing more
 *     is read until it is written.
 *   - Events point into the read buffer, the framer or the kept rest. A batch is recorded or copied
 *     before any of these changes.
 *   - Every function here that sends, reads or processes may close the connection: nothing of it is
 *     touched afterwards. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/connection.h"

/* Connections whose gap has passed that are visited in a turn. */
#define GAPS_A_TURN 64

/* A peer that goes on sending after our end is cut here. */
#define AFTER_CLOSE_MAX (1u << 20)

/* What a turn reads of those that linger, in bytes; a visit without any counts for some. */
#define LATE_READ_MAX   65536u
#define LATE_VISIT_COST 1024u

/* With its peer's end, an error or urgent data, a read that came back short does not mean that it
 * found all there is: the next one brings the end, the error, or what stands behind the mark. */
#define READ_AGAIN_EVENTS (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)

/* --- ends --- */

/* The first decision counts. */
static void connection_decide_end(struct sl_connection *connection, enum sl_close_reason reason)
{
    if (connection->ending)
        return;
    connection->ending = true;
    connection->closed_by = SL_BY_SERVER;
    connection->reason = (uint8_t)reason;
}

/* All together hold too much. */
static void connection_cut(struct sl_streams *streams, struct sl_connection *connection)
{
    streams->cut++;
    sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_UNFINISHED);
}

/* A reply could not be sent: whatever end was decided, the peer's came first. */
static void connection_close_broken(struct sl_streams *streams, struct sl_connection *connection)
{
    connection->ending = false;
    sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
}

static void connection_close_without_memory(struct sl_streams *streams,
                                            struct sl_connection *connection,
                                            const struct sl_chunk *rest)
{
    sl_connection_record_unanswered(streams, connection, rest->bytes, rest->size, rest->size,
                                    SL_SEND_FAILED);
    sl_log_error(streams->worker->net->log, "out of memory: a connection was closed");
    sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
}

/* --- answering --- */

/* What answering a chunk has come to. */
enum step {
    STEP_MORE,      /* the chunk may have another message */
    STEP_REST_KEPT, /* the framer has what is left of it */
    STEP_END,       /* the service closes: what is left came after the end */
    STEP_NO_MEMORY,
};

/* False where there is no memory. */
static bool connection_respond(struct sl_connection *connection, const struct sl_service *service,
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

static void batch_add(struct sl_exchange_batch *batch, const struct sl_event *common,
                      const struct sl_message *message, enum sl_outcome outcome)
{
    struct sl_event *event = &batch->events[batch->count];

    *event = *common;
    event->received = message->bytes;
    event->exchange.received_stored = (uint32_t)message->stored;
    event->exchange.received_size = message->size;
    event->exchange.line_end = message->line_end;
    event->exchange.outcome = (uint8_t)outcome;
    batch->reply_end[batch->count++] = batch->replies.size;
}

/* Takes messages out of the chunk and answers them into streams->batch, until it is worth a send.
 */
static enum step connection_answer(struct sl_streams *streams, struct sl_connection *connection,
                                   struct sl_chunk *chunk, const struct sl_event *common)
{
    const struct sl_service *service = sl_service_get(connection->service);
    const uint8_t *begin = chunk->bytes;
    const uint8_t *end = chunk->size > 0 ? begin + chunk->size : begin; /* it may have none */
    struct sl_exchange_batch *batch = &streams->batch;

    batch->replies.size = 0;
    while (batch->count < SL_STREAM_EVENTS_MAX - 1 && batch->replies.size < SL_STREAM_REPLIES_MAX) {
        struct sl_message message;
        enum sl_verdict verdict;
        bool failed = false;

        if (!sl_framer_next(&connection->framer, service->framing, chunk, &message, &failed))
            return failed ? STEP_NO_MEMORY : STEP_REST_KEPT;
        if (!connection_respond(connection, service, &message, &batch->replies, &verdict)) {
            connection_decide_end(connection, SL_CLOSE_ERROR);
            batch_add(batch, common, &message, SL_SEND_FAILED);
            return STEP_NO_MEMORY;
        }
        batch_add(batch, common, &message, SL_REPLIED);
        if (verdict == SL_ANSWER_AND_CLOSE || service->framing == SL_FRAMING_ONCE) {
            connection_decide_end(connection, verdict == SL_ANSWER_AND_CLOSE ? SL_CLOSE_EXIT
                                                                             : SL_CLOSE_ANSWERED);
            return STEP_END;
        }
        /* The framer's own bytes hold only until it is asked again. */
        if (message.size > 0 && (message.bytes < begin || message.bytes >= end))
            return STEP_MORE;
    }
    return STEP_MORE;
}

/* --- writing --- */

/* Sends as much as the kernel takes. Returns the bytes taken, or -1 where the connection broke. */
static ssize_t connection_write(const struct sl_connection *connection, const uint8_t *bytes,
                                size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count =
            send(connection->fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return sent > 0 ? (ssize_t)sent : -1;
    }
    return (ssize_t)sent;
}

/* False where there is no memory; else the connection may be gone. */
static bool connection_block(struct sl_streams *streams, struct sl_connection *connection,
                             size_t written, const struct sl_chunk *rest, int64_t received_at_ns)
{
    struct sl_backlog *backlog = sl_backlog_new(&streams->batch, written, rest);

    if (!backlog)
        return false;
    sl_connection_leave_queue(streams, connection);
    streams->batch.count = 0;
    backlog->received_at_ns = received_at_ns;
    connection->backlog = backlog;
    connection->state = SL_CONNECTION_BLOCKED;
    sl_connection_watch(streams, connection, EPOLL_CTL_MOD);
    sl_connection_mark_pending(streams, connection,
                               connection->framer.partial_size + sl_backlog_pending(backlog));
    if (!sl_connection_account(streams, connection))
        connection_cut(streams, connection);
    return true;
}

/* Sends the batch's replies and records it. False where the visit is over: the connection is
 * blocked or gone. */
static bool connection_send_batch(struct sl_streams *streams, struct sl_connection *connection,
                                  const struct sl_chunk *rest, int64_t received_at_ns)
{
    const struct sl_buffer *replies = &streams->batch.replies;
    ssize_t written = connection_write(connection, replies->data, replies->size);
    bool all = written == (ssize_t)replies->size;

    if (!all && written >= 0 &&
        connection_block(streams, connection, (size_t)written, rest, received_at_ns))
        return false;
    sl_connection_record_batch(streams, connection, written < 0 ? 0 : (size_t)written);
    if (all)
        return true;
    sl_connection_record_unanswered(streams, connection, rest->bytes, rest->size, rest->size,
                                    SL_PEER_GONE);
    if (written < 0)
        connection_close_broken(streams, connection);
    else
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    return false;
}

/* --- a visit --- */

/* Answers as much of a chunk as a visit may. */
static void connection_process(struct sl_streams *streams, struct sl_connection *connection,
                               struct sl_chunk *chunk, int64_t received_at_ns)
{
    const struct sl_event common = sl_connection_event(connection, received_at_ns);
    /* A stop lets all that has come be answered. */
    bool over = connection->ending && connection->reason != SL_CLOSE_SHUTDOWN;
    enum step step = over ? STEP_END : STEP_MORE;
    size_t answered = 0;

    /* A message that was begun in an earlier chunk has a send of its own. */
    while (step == STEP_MORE && answered < SL_STREAM_EVENTS_MAX - 1) {
        step = connection_answer(streams, connection, chunk, &common);
        answered += streams->batch.count;
        if (!connection_send_batch(streams, connection, chunk, received_at_ns))
            return;
    }
    if (step == STEP_NO_MEMORY) {
        connection_close_without_memory(streams, connection, chunk);
    } else if (chunk->ended) {
        sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_EOF);
    } else if (step == STEP_MORE && chunk->size > 0) {
        if (!sl_connection_keep_rest(streams, connection, chunk, received_at_ns))
            connection_close_without_memory(streams, connection, chunk);
    } else if (connection->ending) {
        sl_connection_linger(streams, connection, chunk);
    } else {
        if (answered == 0) /* the unfinished line of a slow writer is a sign of life too */
            sl_connection_mark_pending(streams, connection, connection->framer.partial_size);
        sl_connection_settle(streams, connection);
        if (!sl_connection_account(streams, connection))
            connection_cut(streams, connection);
    }
}

/* --- reading --- */

/* How much to read at once: little while a lot is held. */
static size_t streams_read_size(const struct sl_streams *streams)
{
    return streams->held <= streams->held_max / 2 ? SL_STREAM_READ_SIZE : SL_STREAM_READ_LITTLE;
}

/* Reads what has arrived into streams->read_buffer; as recv(2) without waiting. */
static ssize_t connection_receive(const struct sl_streams *streams,
                                  const struct sl_connection *connection)
{
    return recv(connection->fd, streams->read_buffer, streams_read_size(streams), MSG_DONTWAIT);
}

static bool read_found_nothing(ssize_t size)
{
    return size < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Whether a read of at most `most` bytes that `events` led to may have left some. */
static bool read_may_have_left(ssize_t size, size_t most, uint32_t events)
{
    return size == (ssize_t)most || (size > 0 && events & READ_AGAIN_EVENTS);
}

/* What has arrived and was not read yet, or -1. */
static int connection_unread(const struct sl_connection *connection)
{
    int size;

    return ioctl(connection->fd, FIONREAD, &size) == 0 ? size : -1;
}

/* Processes what a read of at most `most` bytes gave: `size`, as recv(2) returned it. */
static void connection_process_read(struct sl_streams *streams, struct sl_connection *connection,
                                    ssize_t size, size_t most, uint32_t events)
{
    struct sl_chunk chunk = {.bytes = streams->read_buffer};
    bool more = read_may_have_left(size, most, events);

    if (size < 0) {
        sl_connection_close(streams, connection, SL_BY_PEER, SL_CLOSE_RESET);
        return;
    }
    if (more && !sl_connection_make_ready(streams, connection))
        sl_connection_watch(streams, connection, EPOLL_CTL_MOD);
    if (connection->state == SL_CONNECTION_READY) {
        connection->ready->more = more;
        connection->ready->events |= events;
    }
    chunk.size = (size_t)size;
    chunk.ended = size == 0;
    chunk.untimed = streams->worker->options.tcp_gap_ns == 0;
    /* A read that came back full does not tell. */
    chunk.drained = chunk.untimed && (size < (ssize_t)most || connection_unread(connection) == 0);
    connection_process(streams, connection, &chunk, streams->clock.wall_ns);
}

static void connection_read(struct sl_streams *streams, struct sl_connection *connection,
                            uint32_t events)
{
    size_t most = streams_read_size(streams);
    ssize_t size = connection_receive(streams, connection);

    if (!read_found_nothing(size)) {
        connection_process_read(streams, connection, size, most, events);
    } else if (connection->state == SL_CONNECTION_READY) {
        connection->ready->more = false;
        sl_connection_settle(streams, connection);
        sl_connection_account(streams, connection); /* it can only be less now */
    }
}

/* --- visits that are not due to epoll --- */

void sl_connection_resume(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready = connection->ready;
    struct sl_buffer rest = sl_connection_take_rest(streams, connection);
    struct sl_chunk chunk = {.bytes = rest.data,
                             .size = rest.size,
                             .untimed = streams->worker->options.tcp_gap_ns == 0,
                             .drained = ready->drained};

    if (rest.size > 0)
        connection_process(streams, connection, &chunk, ready->received_at_ns);
    else
        connection_read(streams, connection, ready->events);
    sl_streams_return_rest(streams, &rest);
}

/* What waits is a message now, if it is true that nothing more has come. */
static void connection_end_gap(struct sl_streams *streams, struct sl_connection *connection)
{
    size_t most = streams_read_size(streams);
    ssize_t size = connection_receive(streams, connection);

    if (read_found_nothing(size)) {
        struct sl_chunk nothing = {.quiet = true};

        connection_process(streams, connection, &nothing, connection->waiting->received_at_ns);
    } else {
        connection_process_read(streams, connection, size, most, 0);
    }
}

void sl_connections_end_gap(struct sl_streams *streams, int64_t now_mono_ns)
{
    for (size_t i = 0; i < 2; i++) {
        struct sl_queue *queue = &streams->waiting[i];

        for (int left = GAPS_A_TURN; left > 0 && sl_queue_until(queue) <= now_mono_ns; left--)
            connection_end_gap(streams, sl_queue_first(queue)->connection);
    }
}

static void connection_mark_late(struct sl_streams *streams, struct sl_connection *connection,
                                 uint32_t events)
{
    struct sl_lingering *lingering = connection->lingering;

    lingering->events |= events;
    if (lingering->is_late)
        return;
    lingering->is_late = true;
    lingering->late.connection = connection;
    sl_queue_append(&streams->late, &lingering->late);
}

/* Returns the bytes read. */
static size_t connection_read_late(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_lingering *lingering = connection->lingering;
    size_t most = streams_read_size(streams);
    ssize_t size = connection_receive(streams, connection);
    bool more = read_may_have_left(size, most, lingering->events);

    sl_queue_remove(&streams->late, &lingering->late);
    lingering->is_late = false;
    lingering->events = 0;
    if (read_found_nothing(size))
        return 0;
    if (size > 0)
        sl_connection_keep_late(streams, connection, streams->read_buffer, (size_t)size);
    if (size <= 0 || lingering->after_close > AFTER_CLOSE_MAX)
        sl_connection_close(streams, connection, SL_BY_SERVER, SL_CLOSE_ERROR);
    else if (more)
        connection_mark_late(streams, connection, 0);
    return size > 0 ? (size_t)size : 0;
}

void sl_connections_read_late(struct sl_streams *streams)
{
    size_t read = 0;

    while (sl_queue_first(&streams->late) && read < LATE_READ_MAX)
        read += LATE_VISIT_COST +
                connection_read_late(streams, sl_queue_first(&streams->late)->connection);
}

/* --- what epoll reported --- */

/* Goes on writing; when all is written, what was read meanwhile is next. */
static void connection_write_backlog(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog = connection->backlog;
    ssize_t written = connection_write(connection, backlog->replies.data + backlog->written,
                                       backlog->replies.size - backlog->written);
    struct sl_chunk rest = {.bytes = backlog->unread.data,
                            .size = backlog->unread.size,
                            .untimed = streams->worker->options.tcp_gap_ns == 0,
                            .drained = backlog->drained,
                            .ended = backlog->ended};

    if (written < 0) {
        connection_close_broken(streams, connection);
        return;
    }
    backlog->written += (size_t)written;
    if (backlog->written < backlog->replies.size)
        return;
    sl_connection_record_backlog(streams, connection);
    connection->state = SL_CONNECTION_OPEN;
    connection->waiting = NULL;
    sl_connection_watch(streams, connection, EPOLL_CTL_MOD);
    connection_process(streams, connection, &rest, backlog->received_at_ns);
    sl_backlog_free(backlog);
}

void sl_connection_serve(struct sl_streams *streams, struct sl_connection *connection,
                         uint32_t events)
{
    switch ((enum sl_connection_state)connection->state) {
    case SL_CONNECTION_OPEN:
        connection_read(streams, connection, events);
        break;
    case SL_CONNECTION_READY: /* it has its turn later */
        connection->ready->more = true;
        connection->ready->events |= events;
        break;
    case SL_CONNECTION_BLOCKED:
        connection_write_backlog(streams, connection);
        break;
    case SL_CONNECTION_LINGERING:
        connection_mark_late(streams, connection, events);
        break;
    }
}

/* --- the last visit --- */

static bool connection_is_reading(const struct sl_connection *connection)
{
    return connection->state == SL_CONNECTION_OPEN || connection->state == SL_CONNECTION_READY;
}

void sl_connection_shut(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_worker *worker = streams->worker;
    uint64_t id = sl_client_id(connection->client);
    struct sl_chunk nothing = {.quiet = worker->options.tcp_gap_ns > 0};
    int left = connection_unread(connection); /* by now, however much goes on coming */

    while (connection_is_reading(connection) && sl_clock_mono_ns() < sl_worker_stop_by(worker)) {
        if (connection->state == SL_CONNECTION_READY && connection->ready->rest.size > 0) {
            sl_connection_resume(streams, connection);
        } else if (left >= 0) {
            left -= (int)streams_read_size(streams);
            connection_read(streams, connection, 0);
        } else {
            break;
        }
        if (!sl_shard_find_id(worker->shard, id))
            return;
    }
    /* What is no line is a message as it stands. */
    if (connection_is_reading(connection) && nothing.quiet && !connection->framer.line_mode &&
        connection->framer.partial_size > 0) {
        connection_process(streams, connection, &nothing, streams->clock.wall_ns);
        if (!sl_shard_find_id(worker->shard, id))
            return;
    }
    connection_decide_end(connection, SL_CLOSE_SHUTDOWN);
    if (connection_is_reading(connection))
        sl_connection_linger(streams, connection, &(struct sl_chunk){0});
}
