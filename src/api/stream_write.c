#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "api/api.h"
#include "api/stream_private.h"
#include "socklens/message_json.h"

void sl_stream_print(struct sl_stream *stream, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sl_buffer_append_text(&stream->out, text) < 0)
        stream->failed = true;
}

void sl_stream_id(struct sl_stream *stream)
{
    if (stream->options.types & SL_DUE_MESSAGES)
        sl_stream_print(stream, "id: %s:%" PRIu64 "\n", stream->api->history.run, stream->done_seq);
}

void sl_stream_gap(struct sl_stream *stream, uint64_t from, uint64_t to, const char *reason,
                   uint64_t matched)
{
    sl_stream_id(stream);
    sl_stream_print(stream,
                    "event: gap\ndata: {\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"reason\":\"%s\"",
                    from, to, reason);
    if (matched > 0)
        sl_stream_print(stream, ",\"matched\":%" PRIu64, matched);
    sl_stream_print(stream, "}\n\n");
}

void sl_batch_add(struct sl_batch *batch, const struct sl_record *record, const char *listener)
{
    struct sl_buffer *out = &batch->stream->out;

    if (batch->count == 0) {
        batch->begin = out->size;
        sl_stream_print(batch->stream, "event: messages\ndata: ");
        sl_json_init(&batch->json, out);
        sl_json_open_object(&batch->json);
        sl_json_key(&batch->json, "items");
        sl_json_open_array(&batch->json);
    }
    sl_message_json(&batch->json, record, listener);
    batch->count++;
}

bool sl_batch_is_full(const struct sl_batch *batch)
{
    return batch->count >= SL_STREAM_BATCH_COUNT ||
           batch->stream->out.size >= SL_STREAM_BATCH_BYTES;
}

void sl_batch_end(struct sl_batch *batch)
{
    if (batch->count == 0)
        return;
    sl_json_close_array(&batch->json);
    sl_json_close_object(&batch->json);
    sl_stream_print(batch->stream, "\n");
    sl_stream_id(batch->stream);
    sl_stream_print(batch->stream, "\n");
    if (batch->json.failed)
        batch->stream->failed = true;
    batch->count = 0;
}
