/* An event stream's looks at the log, plain or sampled, what it tells besides, and GET /events. */
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/send_buffer.h"
#include "api/shared_events.h"
#include "api/state.h"
#include "api/stream.h"
#include "socklens/budget.h"
#include "socklens/history.h"
#include "socklens/json.h"
#include "socklens/message_json.h"

/* sample=N: first the whole way to the log's end is walked and the newest N matches are
 * remembered, then those are sent behind a gap that says how many were left out. */
struct sampler {
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
    struct sl_body_stream body_stream;
    struct sl_api *api;
    struct sl_events_params asked;
    struct sl_history_walk walk;
    struct batch *batch;  /* during a look: where its messages go */
    uint64_t done_seq;    /* every message up to this one is dealt with */
    uint64_t cleared_seq; /* up to here the stream has told that the log was cleared */
    int64_t heartbeat_ns; /* monotonic */
    bool more;            /* the last look at the log was cut short */
    bool behind;          /* what comes next is just being written: look again in a moment */
    bool vanished;        /* its reader did */
    bool failed;          /* no memory: the stream ends, and its client can resume */
    struct sl_buffer out;
    size_t out_at;            /* bytes of `out` that have left */
    int64_t clients_until_ns; /* wall clock: up to here changes of clients are told */
    struct sampler sampler;
};

/* A "messages" event in the making: begins with its first message. */
struct batch {
    struct sl_stream *stream;
    struct sl_json json;
    size_t begin, count;
};

/* --- writing events --- */

__attribute__((format(printf, 2, 3))) static void stream_print(struct sl_stream *stream,
                                                               const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sl_buffer_append_text(&stream->out, text) < 0)
        stream->failed = true;
}

static void stream_id(struct sl_stream *stream)
{
    if (stream->asked.types & SL_DUE_MESSAGES)
        stream_print(stream, "id: %s:%" PRIu64 "\n", stream->api->history.run, stream->done_seq);
}

static void stream_gap(struct sl_stream *stream, uint64_t from, uint64_t to, const char *reason,
                       uint64_t matched)
{
    stream_id(stream);
    stream_print(stream,
                 "event: gap\ndata: {\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"reason\":\"%s\"",
                 from, to, reason);
    if (matched > 0)
        stream_print(stream, ",\"matched\":%" PRIu64, matched);
    stream_print(stream, "}\n\n");
}

static void batch_add(struct batch *batch, const struct sl_record *record, const char *listener)
{
    struct sl_buffer *out = &batch->stream->out;

    if (batch->count == 0) {
        batch->begin = out->size;
        stream_print(batch->stream, "event: messages\ndata: ");
        sl_json_init(&batch->json, out);
        sl_json_open_object(&batch->json);
        sl_json_key(&batch->json, "items");
        sl_json_open_array(&batch->json);
    }
    sl_message_json(&batch->json, record, listener);
    batch->count++;
}

static bool batch_is_full(const struct batch *batch)
{
    return batch->count >= SL_STREAM_BATCH_COUNT ||
           batch->stream->out.size >= SL_STREAM_BATCH_BYTES;
}

static void batch_end(struct batch *batch)
{
    if (batch->count == 0)
        return;
    sl_json_close_array(&batch->json);
    sl_json_close_object(&batch->json);
    stream_print(batch->stream, "\n");
    stream_id(batch->stream);
    stream_print(batch->stream, "\n");
    if (batch->json.failed)
        batch->stream->failed = true;
    batch->count = 0;
}

/* --- what a stream sees when it looks at the log --- */

/* The events in `out` must be in order, so a batch ends before a gap begins. */
static void tell_gap(struct sl_stream *stream, struct batch *batch, const struct sl_gap *gap,
                     const char *reason)
{
    batch_end(batch);
    stream->done_seq = gap->to;
    stream_gap(stream, gap->from, gap->to, reason, 0);
}

static void begin_at(struct sl_stream *stream, uint64_t seq)
{
    if (stream->walk.place.seq != seq)
        stream->walk.place = (struct sl_store_place){.seq = seq};
    stream->walk.filter = &stream->asked.filter;
    stream->walk.context = stream;
}

static bool add_record(void *context, const struct sl_record *record, const char *listener)
{
    struct sl_stream *stream = context;

    batch_add(stream->batch, record, listener);
    return !batch_is_full(stream->batch);
}

static bool add_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct sl_stream *stream = context;

    tell_gap(stream, stream->batch, gap, reason);
    return true;
}

static void stream_look(struct sl_stream *stream)
{
    struct sl_budget budget = sl_history_budget(&stream->api->history);
    struct batch batch = {.stream = stream};
    enum sl_history_step walked;

    begin_at(stream, stream->done_seq + 1);
    stream->walk.record = add_record;
    stream->walk.gap = add_gap;
    stream->batch = &batch;
    walked = sl_history_read(&stream->api->history, &stream->walk, &budget);
    stream->batch = NULL;
    stream->done_seq = stream->walk.place.seq - 1;
    stream->more = walked == SL_HISTORY_CUT || walked == SL_HISTORY_STOPPED;
    stream->behind = walked == SL_HISTORY_BEHIND;
    batch_end(&batch);
}

/* --- sampled --- */

static void remember(struct sl_stream *stream, uint64_t seq)
{
    struct sampler *sampler = &stream->sampler;
    uint64_t *slot = &sampler->ring[sampler->matched % stream->asked.sample];

    if (sampler->matched == 0)
        sampler->first_seq = seq;
    if (sampler->matched >= stream->asked.sample)
        sampler->dropped_seq = *slot;
    *slot = seq;
    sampler->matched++;
}

static bool remember_record(void *context, const struct sl_record *record, const char *listener)
{
    (void)listener;
    remember(context, record->seq);
    return true;
}

/* What was found before a hole is sent first, for events must be in order. */
static bool meet_hole(void *context, const struct sl_gap *gap, const char *reason)
{
    struct sl_stream *stream = context;

    if (stream->sampler.matched == 0) {
        tell_gap(stream, &(struct batch){.stream = stream}, gap, reason);
        return true;
    }
    stream->sampler.hole = *gap;
    stream->sampler.hole_reason = reason;
    return false;
}

/* True at the log's end, or behind a hole. */
static bool walk(struct sl_stream *stream)
{
    struct sl_budget budget = sl_history_budget(&stream->api->history);
    enum sl_history_step walked;

    begin_at(stream, stream->sampler.walked_seq + 1);
    stream->walk.record = remember_record;
    stream->walk.gap = meet_hole;
    walked = sl_history_read(&stream->api->history, &stream->walk, &budget);
    stream->sampler.walked_seq = stream->walk.place.seq - 1;
    stream->behind = walked == SL_HISTORY_BEHIND;
    return walked == SL_HISTORY_STOPPED || walked == SL_HISTORY_END;
}

static void tell_dropped(struct sl_stream *stream)
{
    struct sampler *sampler = &stream->sampler;

    if (sampler->matched <= stream->asked.sample)
        return;
    stream->done_seq = sampler->dropped_seq;
    stream_gap(stream, sampler->first_seq, sampler->dropped_seq, "sampled",
               sampler->matched - stream->asked.sample);
}

static uint64_t ring_count(const struct sl_stream *stream)
{
    uint64_t matched = stream->sampler.matched, sample = stream->asked.sample;

    return matched < sample ? matched : sample;
}

static uint64_t ring_seq(const struct sl_stream *stream, uint64_t index)
{
    uint64_t oldest = stream->sampler.matched - ring_count(stream);

    return stream->sampler.ring[(oldest + index) % stream->asked.sample];
}

static void send_record(void *context, const struct sl_record *record, const char *listener)
{
    batch_add(context, record, listener);
}

/* Sends what is in the ring, a batch at a time; true when all of it is. */
static bool send_ring(struct sl_stream *stream)
{
    struct sl_budget budget = sl_history_budget(&stream->api->history);
    struct sampler *sampler = &stream->sampler;
    struct batch batch = {.stream = stream};

    while (sampler->sent < ring_count(stream) && !batch_is_full(&batch) &&
           sl_clock_mono_ns() < budget.until_ns) {
        uint64_t seq = ring_seq(stream, sampler->sent++);

        if (sl_history_get(&stream->api->history, seq, send_record, &batch) != SL_FOUND)
            tell_gap(stream, &batch, &(struct sl_gap){seq, seq}, "evicted");
        stream->done_seq = seq;
    }
    batch_end(&batch);
    return sampler->sent == ring_count(stream);
}

static void begin_walk(struct sl_stream *stream)
{
    uint64_t *ring = stream->sampler.ring;

    stream->sampler = (struct sampler){.ring = ring, .begun = true, .walked_seq = stream->done_seq};
}

static void stream_look_sampled(struct sl_stream *stream)
{
    struct sampler *sampler = &stream->sampler;

    if (!sampler->begun)
        begin_walk(stream);
    stream->more = true;
    if (!sampler->sending) {
        if (!walk(stream)) {
            stream->more = !stream->behind;
            return;
        }
        sampler->sending = true;
        tell_dropped(stream);
    }
    if (!send_ring(stream))
        return;
    if (sampler->hole.from)
        tell_gap(stream, &(struct batch){.stream = stream}, &sampler->hole, sampler->hole_reason);
    stream->done_seq = sampler->walked_seq;
    stream->more = sampler->hole.from != 0;
    sampler->begun = false;
}

/* --- a stream's steps --- */

#define RETRY_MS   1000
#define PATIENCE_S 60 /* then it is dead: six heartbeats */
/* The heartbeat before was not acknowledged. */
#define UNANSWERED_MS  (SL_HEARTBEAT_NS / SL_NS_PER_MS * 9 / 10)
#define OUT_KEPT_BYTES ((size_t)16 << 10)

/* --- its life --- */

static uint64_t newest_seq(const struct sl_api *api)
{
    struct sl_journal_stats stats;

    sl_journal_stats(api->journal, &stats);
    return stats.newest_seq;
}

bool sl_stream_parse_id(const char *id, const char *run, uint64_t newest_seq, uint64_t *seq)
{
    size_t size = strlen(run);
    uint64_t found;

    if (strncmp(id, run, size) != 0 || id[size] != ':' || !sl_parse_uint(id + size + 1, &found) ||
        found > newest_seq)
        return false;
    *seq = found;
    return true;
}

/* Behind an id of this run, or of an earlier one whose messages the log goes on from. */
static bool resume(struct sl_stream *stream, const char *last_id)
{
    struct sl_history *history = &stream->api->history;
    char run[SL_RUN_SIZE];
    uint64_t newest = stream->done_seq;

    if (sl_stream_parse_id(last_id, history->run, newest, &stream->done_seq))
        return true;
    snprintf(run, sizeof(run), "%s", last_id);
    return strspn(run, "0123456789abcdef") == SL_RUN_SIZE - 1 &&
           sl_stream_parse_id(last_id, run, newest, &stream->done_seq) &&
           sl_history_has_run(history, run, stream->done_seq);
}

/* What the client knew belongs to a log that is gone: all that this run has in memory is new to it.
 * What the gap hides has no numbers here. */
static void begin(struct sl_stream *stream, const char *last_id)
{
    const struct sl_filter *filter = &stream->asked.filter;

    stream_print(stream, "retry: %d\n\n", RETRY_MS);
    if (!(stream->asked.types & SL_DUE_MESSAGES))
        return;
    stream->more = true;
    stream->done_seq = newest_seq(stream->api);
    if (!(last_id && *last_id) && filter->has_after && filter->after_seq < stream->done_seq)
        stream->done_seq = filter->after_seq;
    if (last_id && *last_id && !resume(stream, last_id)) {
        stream->done_seq = stream->api->history.first_seq - 1;
        stream_gap(stream, 0, 0, "restarted", 0);
    }
}

static enum sl_stream_step read_body_stream(struct sl_body_stream *body_stream, char *bytes,
                                            size_t max, size_t *size)
{
    return sl_stream_read((struct sl_stream *)body_stream, bytes, max, size);
}

static void free_body_stream(struct sl_body_stream *body_stream)
{
    sl_stream_free((struct sl_stream *)body_stream);
}

struct sl_stream *sl_stream_new(struct sl_api *api, struct sl_events_params *asked,
                                const char *last_id)
{
    struct sl_stream *stream = calloc(1, sizeof(*stream));

    if (stream && asked->sample)
        stream->sampler.ring = calloc(asked->sample, sizeof(*stream->sampler.ring));
    if (!stream || (asked->sample && !stream->sampler.ring)) {
        sl_filter_deinit(&asked->filter);
        free(stream);
        return NULL;
    }
    atomic_fetch_add(&api->streams, 1);
    stream->api = api;
    stream->cleared_seq = atomic_load(&api->history.cleared_seq);
    stream->asked = *asked;
    stream->clients_until_ns = sl_clock_wall_ns();
    stream->body_stream = (struct sl_body_stream){
        .waiter = {.wants = asked->types, .fd = -1},
        .waiters = sl_httpd_waiters(api->httpd),
        .fd = -1,
        .patience_s = PATIENCE_S,
        .more = true,
        .read = read_body_stream,
        .free = free_body_stream,
    };
    stream->heartbeat_ns = stream->body_stream.waiter.deadline_ns =
        sl_clock_mono_ns() + SL_HEARTBEAT_NS;
    sl_waiters_add(sl_httpd_waiters(api->httpd), &stream->body_stream.waiter);
    begin(stream, last_id);
    if (asked->types & SL_DUE_STATUS && sl_shared_events_status_event(api, &stream->out) < 0)
        stream->failed = true;
    return stream;
}

void sl_stream_free(struct sl_stream *stream)
{
    if (!stream)
        return;
    sl_waiters_remove(sl_httpd_waiters(stream->api->httpd), &stream->body_stream.waiter);
    sl_filter_deinit(&stream->asked.filter);
    sl_buffer_deinit(&stream->out);
    free(stream->sampler.ring);
    atomic_fetch_sub(&stream->api->streams, 1);
    free(stream);
}

struct sl_body_stream *sl_stream_body(struct sl_stream *stream)
{
    return &stream->body_stream;
}

/* --- what is due --- */

static void append_event(struct sl_stream *stream, const struct sl_buffer *event)
{
    if (event->size == 0)
        return;
    stream_id(stream);
    if (sl_buffer_append(&stream->out, event->data, event->size) < 0)
        stream->failed = true;
}

static void tell_status(struct sl_stream *stream)
{
    struct sl_snapshot *snapshot = sl_shared_events_get(&stream->api->shared_events, SL_DUE_STATUS);

    if (snapshot)
        append_event(stream, &snapshot->event);
    sl_snapshot_unref(snapshot);
}

/* Most take the shared snapshot; one that missed the snapshot before looks for itself. */
static void tell_clients(struct sl_stream *stream)
{
    struct sl_snapshot *snapshot =
        sl_shared_events_get(&stream->api->shared_events, SL_DUE_CLIENTS);
    struct sl_buffer own = SL_BUFFER_INIT;

    if (!snapshot)
        return;
    if (snapshot->since_ns <= stream->clients_until_ns) {
        append_event(stream, &snapshot->event);
    } else {
        if (sl_shared_events_clients_event(stream->api, stream->clients_until_ns, &own) < 0)
            stream->failed = true;
        append_event(stream, &own);
        sl_buffer_deinit(&own);
    }
    stream->clients_until_ns = snapshot->until_ns;
    sl_snapshot_unref(snapshot);
}

/* Who has shown what is gone now wants to know, though it missed nothing. */
static void tell_cleared(struct sl_stream *stream)
{
    uint64_t from = stream->cleared_seq + 1,
             cleared = atomic_load(&stream->api->history.cleared_seq);

    if (cleared < from)
        return;
    stream->cleared_seq = cleared;
    stream->sampler.begun = false;
    if (stream->done_seq < cleared)
        stream->done_seq = cleared;
    stream_gap(stream, from, cleared, "cleared", 0);
}

static void look(struct sl_stream *stream)
{
    tell_cleared(stream);
    if (stream->asked.sample)
        stream_look_sampled(stream);
    else
        stream_look(stream);
}

/* Whoever just does not read still answers the kernel's probes. */
static bool has_vanished(const struct sl_stream *stream)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    return getsockopt(stream->body_stream.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_unacked > 0 && info.tcpi_last_ack_recv >= UNANSWERED_MS;
}

static void heartbeat(struct sl_stream *stream)
{
    stream->vanished = has_vanished(stream);
    stream_print(stream, ": heartbeat\n");
    stream_id(stream);
    stream_print(stream, "\n");
}

static void produce(struct sl_stream *stream, unsigned due)
{
    int64_t now_ns = sl_clock_mono_ns();
    int64_t beat_ns =
        stream->behind ? stream->heartbeat_ns : stream->body_stream.waiter.deadline_ns;

    if (due & SL_DUE_MESSAGES || stream->more || stream->behind)
        look(stream);
    if (due & SL_DUE_CLIENTS)
        tell_clients(stream);
    if (due & SL_DUE_STATUS)
        tell_status(stream);
    if (stream->out.size == 0 && now_ns >= beat_ns)
        heartbeat(stream);
    if (stream->out.size > 0)
        stream->heartbeat_ns = now_ns + SL_HEARTBEAT_NS;
    stream->body_stream.waiter.deadline_ns =
        stream->behind ? now_ns + SL_HISTORY_RETRY_NS : stream->heartbeat_ns;
}

enum sl_stream_step sl_stream_read(struct sl_stream *stream, char *bytes, size_t max, size_t *size)
{
    unsigned due;

    if (stream->out_at == stream->out.size) {
        sl_outgoing_forget(&stream->out, &stream->out_at, OUT_KEPT_BYTES);
        due = sl_waiters_take(sl_httpd_waiters(stream->api->httpd), &stream->body_stream.waiter);
        if (due & SL_DUE_STOP || stream->failed)
            return SL_STREAM_END;
        produce(stream, due);
        if (stream->failed)
            return SL_STREAM_END;
        if (stream->vanished)
            return SL_STREAM_BROKEN;
    }
    if (stream->out.size > 0) {
        *size = sl_outgoing_copy(&stream->out, &stream->out_at, bytes, max);
        stream->body_stream.more = stream->more || stream->out_at < stream->out.size;
        return SL_STREAM_BYTES;
    }
    return stream->more ? SL_STREAM_YIELD : SL_STREAM_WAIT;
}

/* --- GET /api/v1/events --- */

static void open_stream(struct sl_request *request, struct sl_events_params *asked,
                        struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct sl_problem problem;
    struct sl_stream *stream;

    if (atomic_load(&api->streams) >= api->streams_max) {
        sl_filter_deinit(&asked->filter);
        sl_problem_set(&problem, 503, NULL, NULL, "stream limit reached (%zu)", api->streams_max);
        sl_answer_problem(answer, &problem);
        return;
    }
    stream = sl_stream_new(api, asked, sl_headers_get(&request->headers, "Last-Event-ID"));
    if (stream)
        answer->body_stream = sl_stream_body(stream);
    else
        sl_answer_json(answer, true);
}

enum sl_step sl_api_events(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_events_params asked = {0};
    struct sl_problem problem;

    if (sl_query_read(&request->query, &asked, &problem) != 0) {
        sl_filter_deinit(&asked.filter);
        return sl_request_refuse(answer, &problem);
    }
    answer->status = 200;
    answer->content_type = "text/event-stream";
    if (strcmp(request->method, "HEAD") == 0)
        sl_filter_deinit(&asked.filter);
    else
        open_stream(request, &asked, answer);
    return SL_STEP_ANSWER;
}
