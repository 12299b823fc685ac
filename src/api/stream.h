/* One event stream (Server-Sent Events, HTML standard section 9.2).
 *
 * A stream has no queue: it has a place in the log and looks from there. What it writes is at
 * most one bounded batch, which is made only when the one before has left for the kernel. So a
 * reader that is slow, or does not read at all, costs that batch; when its place is evicted it is
 * told so by a gap event, and goes on behind it. Between looks it holds no block of the journal.
 *
 * Every event carries the id "<run>:<seq>" of the last message that the stream has dealt with, sent
 * or filtered out; heartbeats carry it too, so that a client that reconnects with Last-Event-ID
 * does not go through what its filter had refused already. */
#ifndef SOCKLENS_API_STREAM_H
#define SOCKLENS_API_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/routes.h"
#include "socklens/body_stream.h"
#include "socklens/buffer.h"

#define SL_HEARTBEAT_NS       (10 * SL_NS_PER_S)
#define SL_STREAM_BATCH_COUNT 500
#define SL_STREAM_BATCH_BYTES ((size_t)256 << 10)

struct sl_api;

/* Where to go on behind an event's id: false where that is not of this run, or of what it does not
 * have yet. */
bool sl_stream_parse_id(const char *id, const char *run, uint64_t newest_seq, uint64_t *seq);

/* Takes over `asked`. `last_id` is what Last-Event-ID said, or NULL: then it begins with what
 * happens from now on, or behind the number that `after` says. NULL where there is no memory. */
struct sl_stream *sl_stream_new(struct sl_api *api, struct sl_events_params *asked,
                                const char *last_id);
void sl_stream_free(struct sl_stream *stream);

/* What is sent: it owns the stream. */
struct sl_body_stream *sl_stream_body(struct sl_stream *stream);

/* See body_stream.h. */
enum sl_stream_step sl_stream_read(struct sl_stream *stream, char *bytes, size_t max, size_t *size);

#endif
