/* What the journal and the counters are told of a connection's exchanges. */
#ifndef SOCKLENS_NET_EXCHANGES_H
#define SOCKLENS_NET_EXCHANGES_H

#include "net/backlog.h"
#include "net/connection.h"

/* What all exchanges of a connection have in common, received at `received_at_ns`. */
struct sl_event exchange_common(const struct sl_connection *connection, int64_t received_at_ns);

void exchange_set_received(struct sl_event *event, const struct sl_message *message);

/* Tells of streams->batch, of whose replies the kernel took `written` bytes, and empties it. */
void exchanges_finish(struct sl_streams *streams, struct sl_connection *connection, size_t written);

/* The same for what stood in the connection's backlog. */
void backlog_finish(struct sl_streams *streams, struct sl_connection *connection);

/* So many bytes have come that are not yet a message; a sign of life too. */
void exchanges_mark_pending(struct sl_streams *streams, struct sl_connection *connection,
                            uint64_t size);

/* Tells of bytes that nobody will answer any more. */
void exchange_unanswered(struct sl_streams *streams, struct sl_connection *connection,
                         const uint8_t *bytes, size_t stored, uint64_t size,
                         enum sl_outcome outcome);

#endif
