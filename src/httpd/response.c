/* From an answer to libmicrohttpd's response: bytes at once, or a body that is made while it is
 * sent. */
#include "httpd/response.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "httpd/guard.h"
#include "httpd/mhd_errors.h"
#include "httpd/response_headers.h"
#include "httpd/state.h"
#include "socklens/body_stream.h"

#define STREAM_SEND_BUFFER (256 << 10)
#define STREAM_QUIET_S     60   /* then the kernel asks whether the reader is there */
#define STREAM_BLOCK_SIZE  1024 /* unused: the chunks are made in the connection's memory */

/* Where libmicrohttpd asks for more because the bytes before have left. It would serve all such
 * connections before it looks at its sockets, so of many each takes a place in the queue. */
static void leave_for_later(struct sl_body_stream *body_stream)
{
    if (body_stream->more || !sl_waiters_park(body_stream->waiters, &body_stream->waiter))
        sl_waiters_yield(body_stream->waiters, &body_stream->waiter);
}

static ssize_t read_body_stream(void *context, uint64_t position, char *bytes, size_t max)
{
    struct sl_body_stream *body_stream = context;
    bool turn = sl_waiters_begin_turn(body_stream->waiters, &body_stream->waiter);
    size_t size;

    (void)position;
    for (;;) {
        if (sl_waiters_peer_is_gone(body_stream->waiters, &body_stream->waiter))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (!turn) {
            leave_for_later(body_stream);
            return 0;
        }
        switch (body_stream->read(body_stream, bytes, max, &size)) {
        case SL_STREAM_BYTES:
            sl_waiters_mark_busy(body_stream->waiters, &body_stream->waiter);
            return (ssize_t)size;
        case SL_STREAM_YIELD:
            sl_waiters_yield(body_stream->waiters, &body_stream->waiter);
            return 0;
        case SL_STREAM_WAIT:
            if (sl_waiters_park(body_stream->waiters, &body_stream->waiter))
                return 0;
            break; /* something became due meanwhile */
        case SL_STREAM_END:
            return MHD_CONTENT_READER_END_OF_STREAM;
        case SL_STREAM_BROKEN:
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
    }
}

static void free_body_stream(void *context)
{
    struct sl_body_stream *body_stream = context;

    body_stream->free(body_stream);
}

/* Bounds what the kernel holds for a reader that does not read, and how long it tries: a third of
 * the patience for bytes that nobody acknowledges. */
static void tune(struct MHD_Connection *connection, int fd, unsigned patience_s)
{
    unsigned unanswered_ms = patience_s * 1000 / 3;
    int send_buffer = STREAM_SEND_BUFFER, on = 1, quiet_s = STREAM_QUIET_S;

    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, patience_s);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &quiet_s, sizeof(quiet_s));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
}

static struct MHD_Response *body_stream_response(struct MHD_Connection *connection,
                                                 struct sl_request *request,
                                                 struct sl_body_stream *body_stream)
{
    struct MHD_Response *response;

    body_stream->waiter.connection = connection;
    body_stream->fd = request->connection->fd;
    if (body_stream->waiter.wants)
        sl_waiters_watch_peer(body_stream->waiters, &body_stream->waiter, body_stream->fd);
    tune(connection, request->connection->fd, body_stream->patience_s);
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE,
                                                 read_body_stream, body_stream, free_body_stream);
    if (!response)
        body_stream->free(body_stream);
    return response;
}

static struct MHD_Response *body_response(struct sl_answer *answer)
{
    struct MHD_Response *response;
    void *bytes = answer->body.data;
    size_t size = answer->body.size;

    if (answer->fixed) /* libmicrohttpd's parameter is not const, but it does not write there */
        return MHD_create_response_from_buffer(answer->fixed_size, (void *)(uintptr_t)answer->fixed,
                                               MHD_RESPMEM_PERSISTENT);
    if (size == 0)
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
    if (response)
        answer->body = SL_BUFFER_INIT;
    return response;
}

enum MHD_Result sl_response_queue(struct MHD_Connection *connection, struct sl_request *request,
                                  struct sl_answer *answer)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;

    answer->close = answer->close || sl_guard_body(&request->headers).chunked; /* see guard.h */
    if (answer->body_stream)
        response = body_stream_response(connection, request, answer->body_stream);
    else
        response = body_response(answer);
    if (response && sl_response_add_headers(response, answer))
        result = sl_mhd_own_queue_response(connection, answer->status, response);
    if (result == MHD_YES)
        sl_traffic_count(&request->httpd->traffic, request->route, answer->status);
    if (response)
        MHD_destroy_response(response);
    sl_answer_deinit(answer);
    return result;
}
