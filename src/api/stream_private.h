#ifndef SOCKLENS_API_STREAM_PRIVATE_H
#define SOCKLENS_API_STREAM_PRIVATE_H

#include "api/stream.h"
#include "socklens/history.h"
#include "socklens/json.h"

/* sample=N: first the whole way to the log's end is walked and the newest N matches are
 * remembered, then those are sent behind a gap that says how many were left out. */
struct sl_sampler {
    uint64_t *ring;       /* N sequence numbers */
    uint64_t matched;     /* in this walk; the newest is ring[(matched - 1) % N] */
    uint64_t first_seq;   /* the first of them */
    uint64_t dropped_seq; /* the last one that fell out of the ring */
    uint64_t walked_seq;  /* how far the walk came */
    uint64_t sent;        /* of those in the ring */
    bool begun, sending;
    struct sl_gap hole; /* the walk ended there, before `hole.from`; from 0: at the log's end */
    const char *hole_reason;
};

struct sl_stream {
    struct sl_body_stream source;
    struct sl_api *api;
    struct sl_stream_options options;
    struct sl_history_walk walk;
    struct sl_batch *batch; /* during a look: where its messages go */
    uint64_t done_seq;      /* every message up to this one is dealt with */
    uint64_t cleared_seq;   /* up to here the stream has told that the log was cleared */
    int64_t heartbeat_ns;   /* monotonic */
    bool more;              /* the last look at the log was cut short */
    bool behind;            /* what comes next is just being written: look again in a moment */
    bool vanished;          /* its reader did */
    bool failed;            /* no memory: the stream ends, and its client can resume */
    struct sl_buffer out;
    size_t out_at;            /* bytes of `out` that have left */
    int64_t clients_until_ns; /* wall clock: up to here changes of clients are told */
    struct sl_sampler sampler;
};

/* Look from the stream's place and append what there is to `out`, within a step's budget. */
void sl_stream_look(struct sl_stream *stream);
void sl_stream_look_sampled(struct sl_stream *stream);

/* --- writing events --- */

__attribute__((format(printf, 2, 3))) void sl_stream_print(struct sl_stream *stream,
                                                           const char *format, ...);

/* Appends "id: <log>:<done_seq>" where the stream carries messages. */
void sl_stream_id(struct sl_stream *stream);

/* Appends a gap event that ends at done_seq; with `matched` 0 that member is left out. */
void sl_stream_gap(struct sl_stream *stream, uint64_t from, uint64_t to, const char *reason,
                   uint64_t matched);

/* A "messages" event in the making: begins with its first message. */
struct sl_batch {
    struct sl_stream *stream;
    struct sl_json json;
    size_t begin, count;
};

struct sl_record;

void sl_batch_add(struct sl_batch *batch, const struct sl_record *record, const char *listener);
bool sl_batch_is_full(const struct sl_batch *batch);

/* Ends the event, if there is one, with the id of `done_seq`. */
void sl_batch_end(struct sl_batch *batch);

#endif
