/* What a stream sees when it looks at the log. */
#include "api/api.h"
#include "api/stream_private.h"
#include "socklens/budget.h"

/* The events in `out` must be in order, so a batch ends before a gap begins. */
static void tell_gap(struct sl_stream *stream, struct sl_batch *batch, const struct sl_gap *gap,
                     const char *reason)
{
    sl_batch_end(batch);
    stream->done_seq = gap->to;
    sl_stream_gap(stream, gap->from, gap->to, reason, 0);
}

static void begin_at(struct sl_stream *stream, uint64_t seq)
{
    if (stream->walk.place.seq != seq)
        stream->walk.place = (struct sl_store_place){.seq = seq};
    stream->walk.filter = &stream->options.filter;
    stream->walk.context = stream;
}

static bool add_record(void *context, const struct sl_record *record, const char *listener)
{
    struct sl_stream *stream = context;

    sl_batch_add(stream->batch, record, listener);
    return !sl_batch_is_full(stream->batch);
}

static bool add_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct sl_stream *stream = context;

    tell_gap(stream, stream->batch, gap, reason);
    return true;
}

void sl_stream_look(struct sl_stream *stream)
{
    struct sl_budget budget = sl_history_budget(&stream->api->history);
    struct sl_batch batch = {.stream = stream};
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
    sl_batch_end(&batch);
}

/* --- sampled --- */

static void remember(struct sl_stream *stream, uint64_t seq)
{
    struct sl_sampler *sampler = &stream->sampler;
    uint64_t *slot = &sampler->ring[sampler->matched % stream->options.sample];

    if (sampler->matched == 0)
        sampler->first_seq = seq;
    if (sampler->matched >= stream->options.sample)
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
        tell_gap(stream, &(struct sl_batch){.stream = stream}, gap, reason);
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
    struct sl_sampler *sampler = &stream->sampler;

    if (sampler->matched <= stream->options.sample)
        return;
    stream->done_seq = sampler->dropped_seq;
    sl_stream_gap(stream, sampler->first_seq, sampler->dropped_seq, "sampled",
                  sampler->matched - stream->options.sample);
}

static uint64_t ring_count(const struct sl_stream *stream)
{
    uint64_t matched = stream->sampler.matched, sample = stream->options.sample;

    return matched < sample ? matched : sample;
}

static uint64_t ring_seq(const struct sl_stream *stream, uint64_t index)
{
    uint64_t oldest = stream->sampler.matched - ring_count(stream);

    return stream->sampler.ring[(oldest + index) % stream->options.sample];
}

static void send_record(void *context, const struct sl_record *record, const char *listener)
{
    sl_batch_add(context, record, listener);
}

/* Sends what is in the ring, a batch at a time; true when all of it is. */
static bool send_ring(struct sl_stream *stream)
{
    struct sl_budget budget = sl_history_budget(&stream->api->history);
    struct sl_sampler *sampler = &stream->sampler;
    struct sl_batch batch = {.stream = stream};

    while (sampler->sent < ring_count(stream) && !sl_batch_is_full(&batch) &&
           sl_clock_mono_ns() < budget.until_ns) {
        uint64_t seq = ring_seq(stream, sampler->sent++);

        if (sl_history_get(&stream->api->history, seq, send_record, &batch) != SL_FOUND)
            tell_gap(stream, &batch, &(struct sl_gap){seq, seq}, "evicted");
        stream->done_seq = seq;
    }
    sl_batch_end(&batch);
    return sampler->sent == ring_count(stream);
}

static void begin_walk(struct sl_stream *stream)
{
    uint64_t *ring = stream->sampler.ring;

    stream->sampler =
        (struct sl_sampler){.ring = ring, .begun = true, .walked_seq = stream->done_seq};
}

void sl_stream_look_sampled(struct sl_stream *stream)
{
    struct sl_sampler *sampler = &stream->sampler;

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
        tell_gap(stream, &(struct sl_batch){.stream = stream}, &sampler->hole,
                 sampler->hole_reason);
    stream->done_seq = sampler->walked_seq;
    stream->more = sampler->hole.from != 0;
    sampler->begun = false;
}
