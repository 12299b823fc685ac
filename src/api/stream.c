#include "api/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/api.h"
#include "api/filter_params.h"
#include "api/send_buffer.h"
#include "api/stream_private.h"

#define RETRY_MS   1000
#define PATIENCE_S 60 /* then it is dead: six heartbeats */
/* The heartbeat before was not acknowledged. */
#define UNANSWERED_MS  (SL_HEARTBEAT_NS / SL_NS_PER_MS * 9 / 10)
#define OUT_KEPT_BYTES ((size_t)16 << 10)

/* --- from the query --- */

static unsigned read_types(struct sl_stream_options *options, const struct sl_query *query,
                           struct sl_problem *problem)
{
    static const struct {
        const char *name;
        unsigned bit;
    } types[] = {
        {"messages", SL_DUE_MESSAGES}, {"clients", SL_DUE_CLIENTS}, {"status", SL_DUE_STATUS}};
    const char *text = sl_query_get(query, "types");

    options->types = text ? 0 : SL_DUE_MESSAGES | SL_DUE_CLIENTS | SL_DUE_STATUS;
    while (text) {
        size_t size = strcspn(text, ","), i = 0;

        while (i < 3 && (strlen(types[i].name) != size || memcmp(types[i].name, text, size) != 0))
            i++;
        if (i == 3)
            return sl_problem_set(problem, 400, "types", "messages, clients, status",
                                  "there is no type \"%s\"", sl_quote(text).text);
        options->types |= types[i].bit;
        text = text[size] ? text + size + 1 : NULL;
    }
    return 0;
}

unsigned sl_stream_options_from_query(struct sl_stream_options *options,
                                      const struct sl_query *query, struct sl_problem *problem)
{
    unsigned status;

    *options = (struct sl_stream_options){0};
    status = read_types(options, query, problem);
    if (!status)
        status = sl_query_uint(query, "sample", 1, SL_STREAM_SAMPLE_MAX, &options->sample, problem);
    if (!status)
        status = sl_filter_from_query(query, &options->filter, problem);
    if (status)
        sl_filter_deinit(&options->filter);
    return status;
}

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
    const struct sl_filter *filter = &stream->options.filter;

    sl_stream_print(stream, "retry: %d\n\n", RETRY_MS);
    if (!(stream->options.types & SL_DUE_MESSAGES))
        return;
    stream->more = true;
    stream->done_seq = newest_seq(stream->api);
    if (!(last_id && *last_id) && filter->has_after && filter->after_seq < stream->done_seq)
        stream->done_seq = filter->after_seq;
    if (last_id && *last_id && !resume(stream, last_id)) {
        stream->done_seq = stream->api->history.first_seq - 1;
        sl_stream_gap(stream, 0, 0, "restarted", 0);
    }
}

static enum sl_stream_step read_source(struct sl_body_stream *source, char *bytes, size_t max,
                                       size_t *size)
{
    return sl_stream_read((struct sl_stream *)source, bytes, max, size);
}

static void free_source(struct sl_body_stream *source)
{
    sl_stream_free((struct sl_stream *)source);
}

struct sl_stream *sl_stream_new(struct sl_api *api, struct sl_stream_options *options,
                                const char *last_id)
{
    struct sl_stream *stream = calloc(1, sizeof(*stream));

    if (stream && options->sample)
        stream->sampler.ring = calloc(options->sample, sizeof(*stream->sampler.ring));
    if (!stream || (options->sample && !stream->sampler.ring)) {
        sl_filter_deinit(&options->filter);
        free(stream);
        return NULL;
    }
    atomic_fetch_add(&api->streams, 1);
    stream->api = api;
    stream->cleared_seq = atomic_load(&api->history.cleared_seq);
    stream->options = *options;
    stream->clients_until_ns = sl_clock_wall_ns();
    stream->source = (struct sl_body_stream){
        .waiter = {.wants = options->types, .fd = -1},
        .waiters = sl_httpd_waiters(api->httpd),
        .fd = -1,
        .patience_s = PATIENCE_S,
        .more = true,
        .read = read_source,
        .free = free_source,
    };
    stream->heartbeat_ns = stream->source.waiter.deadline_ns = sl_clock_mono_ns() + SL_HEARTBEAT_NS;
    sl_waiters_add(sl_httpd_waiters(api->httpd), &stream->source.waiter);
    begin(stream, last_id);
    if (options->types & SL_DUE_STATUS && sl_shared_events_status_event(api, &stream->out) < 0)
        stream->failed = true;
    return stream;
}

void sl_stream_free(struct sl_stream *stream)
{
    if (!stream)
        return;
    sl_waiters_remove(sl_httpd_waiters(stream->api->httpd), &stream->source.waiter);
    sl_filter_deinit(&stream->options.filter);
    sl_buffer_deinit(&stream->out);
    free(stream->sampler.ring);
    atomic_fetch_sub(&stream->api->streams, 1);
    free(stream);
}

struct sl_body_stream *sl_stream_source(struct sl_stream *stream)
{
    return &stream->source;
}

/* --- what is due --- */

static void append_event(struct sl_stream *stream, const struct sl_buffer *event)
{
    if (event->size == 0)
        return;
    sl_stream_id(stream);
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
    sl_stream_gap(stream, from, cleared, "cleared", 0);
}

static void look(struct sl_stream *stream)
{
    tell_cleared(stream);
    if (stream->options.sample)
        sl_stream_look_sampled(stream);
    else
        sl_stream_look(stream);
}

/* Whoever just does not read still answers the kernel's probes. */
static bool has_vanished(const struct sl_stream *stream)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    return getsockopt(stream->source.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_unacked > 0 && info.tcpi_last_ack_recv >= UNANSWERED_MS;
}

static void heartbeat(struct sl_stream *stream)
{
    stream->vanished = has_vanished(stream);
    sl_stream_print(stream, ": heartbeat\n");
    sl_stream_id(stream);
    sl_stream_print(stream, "\n");
}

static void produce(struct sl_stream *stream, unsigned due)
{
    int64_t now_ns = sl_clock_mono_ns();
    int64_t beat_ns = stream->behind ? stream->heartbeat_ns : stream->source.waiter.deadline_ns;

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
    stream->source.waiter.deadline_ns =
        stream->behind ? now_ns + SL_HISTORY_RETRY_NS : stream->heartbeat_ns;
}

enum sl_stream_step sl_stream_read(struct sl_stream *stream, char *bytes, size_t max, size_t *size)
{
    unsigned due;

    if (stream->out_at == stream->out.size) {
        sl_outgoing_forget(&stream->out, &stream->out_at, OUT_KEPT_BYTES);
        due = sl_waiters_take(sl_httpd_waiters(stream->api->httpd), &stream->source.waiter);
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
        stream->source.more = stream->more || stream->out_at < stream->out.size;
        return SL_STREAM_BYTES;
    }
    return stream->more ? SL_STREAM_YIELD : SL_STREAM_WAIT;
}
