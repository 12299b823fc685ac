#include "net/turns.h"

#include <stdlib.h>

#include "net/exchanges.h"

bool turns_make_ready(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready;

    if (connection->state == SL_CONNECTION_READY)
        return true;
    ready = calloc(1, sizeof(*ready));
    if (!ready)
        return false;
    turns_leave(streams, connection);
    ready->queued.connection = connection;
    sl_queue_append(&streams->ready, &ready->queued);
    connection->ready = ready;
    connection->state = SL_CONNECTION_READY;
    return true;
}

bool turns_keep_rest(struct sl_streams *streams, struct sl_connection *connection,
                     const struct sl_chunk *rest, int64_t received_at_ns)
{
    if (!turns_make_ready(streams, connection) ||
        sl_buffer_append(&connection->ready->rest, rest->bytes, rest->size) != 0)
        return false;
    connection->ready->received_at_ns = received_at_ns;
    connection->ready->drained = rest->drained;
    return true;
}

void turns_return_rest(struct sl_streams *streams, struct sl_buffer *rest)
{
    if (!rest->data)
        return;
    sl_buffer_deinit(&streams->spare);
    rest->size = 0;
    streams->spare = *rest;
}

struct sl_buffer turns_take_rest(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_buffer rest = connection->ready->rest;

    connection->ready->rest = streams->spare;
    streams->spare = (struct sl_buffer)SL_BUFFER_INIT;
    sl_queue_remove(&streams->ready, &connection->ready->queued);
    sl_queue_append(&streams->ready, &connection->ready->queued);
    return rest;
}

static void stop_waiting(struct sl_connection *connection)
{
    if (!connection->waiting)
        return;
    sl_queue_remove(connection->waiting->queue, &connection->waiting->queued);
    free(connection->waiting);
    connection->waiting = NULL;
}

static void leave_ready(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_ready *ready = connection->ready;

    sl_queue_remove(&streams->ready, &ready->queued);
    connection->state = SL_CONNECTION_OPEN;
    connection->waiting = NULL;
    if (ready->rest.size > 0)
        exchange_unanswered(streams, connection, ready->rest.data, ready->rest.size,
                            ready->rest.size, SL_PEER_GONE);
    turns_return_rest(streams, &ready->rest);
    free(ready);
}

void turns_leave(struct sl_streams *streams, struct sl_connection *connection)
{
    if (connection->state == SL_CONNECTION_READY)
        leave_ready(streams, connection);
    else if (connection->state == SL_CONNECTION_OPEN)
        stop_waiting(connection);
}

/* Without memory nothing is timed: a line end or the stream's end finishes the message. */
static void wait_for_rest(struct sl_streams *streams, struct sl_connection *connection,
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

void turns_settle(struct sl_streams *streams, struct sl_connection *connection)
{
    int64_t gap_ns = streams->worker->options.tcp_gap_ns;

    if (connection->state == SL_CONNECTION_READY) {
        if (connection->ready->more || connection->ready->rest.size > 0)
            return;
        leave_ready(streams, connection);
    }
    if (connection->framer.partial_size > 0 && gap_ns > 0)
        wait_for_rest(streams, connection, gap_ns);
    else
        stop_waiting(connection);
}
