/* What a stream sees when it looks at the journal. */
#include "http/budget.h"
#include "http/gateway.h"
#include "http/stream_private.h"

static struct sl_journal *journal_of(struct sl_stream *stream)
{
    return stream->http->context.journal;
}

static void seek(struct sl_stream *stream, uint64_t seq)
{
    sl_cursor_seek(&stream->cursor, journal_of(stream), seq);
}

/* The events in `out` must be in order, so a batch ends before a gap begins. */
static void tell_evicted(struct sl_stream *stream, struct sl_batch *batch, const struct sl_gap *gap)
{
    sl_batch_end(batch);
    stream->done_seq = gap->to;
    sl_stream_gap(stream, gap->from, gap->to, "evicted", 0);
}

void sl_stream_look(struct sl_stream *stream)
{
    struct sl_budget budget = sl_budget_begin();
    struct sl_batch batch = {.stream = stream};
    const struct sl_record *record;
    struct sl_gap gap;

    if (stream->cursor.next_seq != stream->done_seq + 1 || !stream->cursor.block)
        seek(stream, stream->done_seq + 1);
    stream->more = true;
    while (!sl_batch_is_full(&batch) && sl_budget_take(&budget)) {
        enum sl_read read = sl_cursor_next(&stream->cursor, &record, &gap);

        if (read == SL_READ_END) {
            stream->more = false;
            break;
        }
        if (read == SL_READ_GAP)
            tell_evicted(stream, &batch, &gap);
        else if (sl_filter_match(&stream->options.filter, record))
            sl_batch_add(&batch, record);
        stream->done_seq = stream->cursor.next_seq - 1;
    }
    stream->done_seq = stream->cursor.next_seq - 1;
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

/* True at the journal's end, or before a hole: then what was found is sent first, for events must
 * be in order, and the next walk begins with the hole. */
static bool walk(struct sl_stream *stream)
{
    struct sl_budget budget = sl_budget_begin();
    struct sl_batch no_batch = {.stream = stream};
    const struct sl_record *record;
    struct sl_gap gap;
    bool end = false;

    seek(stream, stream->sampler.walked_seq + 1);
    while (!end && sl_budget_take(&budget)) {
        enum sl_read read = sl_cursor_next(&stream->cursor, &record, &gap);

        if (read == SL_READ_GAP && stream->sampler.matched > 0) {
            stream->sampler.hole_ahead = true;
            return true;
        }
        end = read == SL_READ_END;
        if (read == SL_READ_GAP)
            tell_evicted(stream, &no_batch, &gap);
        else if (read == SL_READ_RECORD && sl_filter_match(&stream->options.filter, record))
            remember(stream, record->seq);
        stream->sampler.walked_seq = stream->cursor.next_seq - 1;
    }
    return end;
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

/* Reads the message `seq`; false where it was evicted since the walk. */
static const struct sl_record *read_message(struct sl_stream *stream, uint64_t seq)
{
    const struct sl_record *record;
    struct sl_gap gap;

    if (!stream->cursor.block || stream->cursor.next_seq != seq)
        seek(stream, seq);
    while (sl_cursor_next(&stream->cursor, &record, &gap) == SL_READ_RECORD) {
        if (record->kind == SL_RECORD_EXCHANGE)
            return record;
    }
    return NULL;
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

/* Sends what is in the ring, a batch at a time; true when all of it is. */
static bool send_ring(struct sl_stream *stream)
{
    struct sl_sampler *sampler = &stream->sampler;
    struct sl_batch batch = {.stream = stream};

    while (sampler->sent < ring_count(stream) && !sl_batch_is_full(&batch)) {
        uint64_t seq = ring_seq(stream, sampler->sent++);
        const struct sl_record *record = read_message(stream, seq);

        if (record)
            sl_batch_add(&batch, record);
        else
            tell_evicted(stream, &batch, &(struct sl_gap){seq, seq});
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
        if (!walk(stream))
            return;
        sampler->sending = true;
        tell_dropped(stream);
    }
    if (!send_ring(stream))
        return;
    stream->done_seq = sampler->walked_seq;
    stream->more = sampler->hole_ahead;
    sampler->begun = false;
}
