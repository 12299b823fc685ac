/* Connections that wait for their turn: those that have more to do than one visit may, and those
 * whose unfinished message waits for its rest or for the gap (see framing.h).
 *
 * Both queues cost O(1) a step: there is one gap for all connections and a longer one for those in
 * line mode, so each of the two queues is in the order in which its entries are due. */
#ifndef SOCKLENS_NET_TURNS_H
#define SOCKLENS_NET_TURNS_H

#include "net/connection.h"

struct sl_waiting {
    struct sl_queued queued;
    struct sl_queue *queue; /* it stands in */
    int64_t received_at_ns; /* the last bytes; wall clock */
};

struct sl_ready {
    struct sl_queued queued;
    struct sl_buffer rest;  /* read, but not yet taken apart */
    int64_t received_at_ns; /* when that was */
    bool drained;           /* as in struct sl_chunk */
    bool more;              /* the socket may have more */
    uint32_t events;        /* what epoll has reported so far */
};

/* Makes an open connection ready: it is visited again soon. False where there is no memory. */
bool turns_make_ready(struct sl_streams *streams, struct sl_connection *connection);

/* Keeps what the visit has left of the chunk for the next one. False where there is no memory. */
bool turns_keep_rest(struct sl_streams *streams, struct sl_connection *connection,
                     const struct sl_chunk *rest, int64_t received_at_ns);

/* The bytes that were kept. The caller returns the memory when it is done with them, for the next
 * rest. */
struct sl_buffer turns_take_rest(struct sl_streams *streams, struct sl_connection *connection);
void turns_return_rest(struct sl_streams *streams, struct sl_buffer *rest);

static inline bool turns_has_rest(const struct sl_connection *connection)
{
    return connection->state == SL_CONNECTION_READY && connection->ready->rest.size > 0;
}

/* After a visit: stays ready where there is more, else waits for what finishes its message. */
void turns_settle(struct sl_streams *streams, struct sl_connection *connection);

/* Ends both: it is open and stands in no queue. A rest is told as one that nobody answered. */
void turns_leave(struct sl_streams *streams, struct sl_connection *connection);

#endif
