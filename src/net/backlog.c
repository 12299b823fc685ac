#include "net/backlog.h"

#include <stdlib.h>
#include <string.h>

static bool copy_payloads(struct sl_backlog *backlog)
{
    size_t offset = 0;

    for (size_t i = 0; i < backlog->count; i++) {
        const struct sl_event *event = &backlog->events[i];

        if (sl_buffer_append(&backlog->payload, event->received, event->exchange.received_stored) !=
            0)
            return false;
    }
    /* Only now, when the buffer no longer moves. */
    for (size_t i = 0; i < backlog->count; i++) {
        backlog->events[i].received = backlog->payload.data + offset;
        offset += backlog->events[i].exchange.received_stored;
    }
    return true;
}

static bool copy_all(struct sl_backlog *backlog, const struct sl_exchange_batch *exchanges,
                     const struct sl_chunk *rest)
{
    backlog->events = calloc(exchanges->count + 1, sizeof(*backlog->events));
    backlog->reply_end = calloc(exchanges->count + 1, sizeof(*backlog->reply_end));
    if (!backlog->events || !backlog->reply_end)
        return false;
    memcpy(backlog->events, exchanges->events, exchanges->count * sizeof(*backlog->events));
    memcpy(backlog->reply_end, exchanges->reply_end,
           exchanges->count * sizeof(*backlog->reply_end));
    return copy_payloads(backlog) &&
           sl_buffer_append(&backlog->replies, exchanges->replies.data, exchanges->replies.size) ==
               0 &&
           sl_buffer_append(&backlog->unread, rest->bytes, rest->size) == 0;
}

struct sl_backlog *backlog_new(const struct sl_exchange_batch *exchanges, size_t written,
                               const struct sl_chunk *rest)
{
    struct sl_backlog *backlog = calloc(1, sizeof(*backlog));

    if (!backlog)
        return NULL;
    backlog->count = exchanges->count;
    backlog->written = written;
    backlog->drained = rest->drained;
    backlog->ended = rest->ended;
    if (copy_all(backlog, exchanges, rest))
        return backlog;
    backlog_free(backlog);
    return NULL;
}

size_t backlog_size(const struct sl_backlog *backlog)
{
    return sizeof(*backlog) +
           (backlog->count + 1) * (sizeof(*backlog->events) + sizeof(*backlog->reply_end)) +
           backlog->replies.capacity + backlog->payload.capacity + backlog->unread.capacity;
}

uint64_t backlog_pending(const struct sl_backlog *backlog)
{
    uint64_t size = backlog->unread.size;

    for (size_t i = 0; i < backlog->count; i++)
        size += backlog->events[i].exchange.received_size;
    return size;
}

void backlog_free(struct sl_backlog *backlog)
{
    if (!backlog)
        return;
    sl_buffer_deinit(&backlog->replies);
    sl_buffer_deinit(&backlog->payload);
    sl_buffer_deinit(&backlog->unread);
    free(backlog->reply_end);
    free(backlog->events);
    free(backlog);
}
