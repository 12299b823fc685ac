#include "net/exchanges.h"

#include <string.h>

struct sl_event exchange_common(const struct sl_connection *connection, int64_t received_at_ns)
{
    return (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange =
            {
                .service = connection->service,
                .outcome = SL_REPLIED,
                .listener = sl_client_listener(connection->client),
                .client = sl_client_id(connection->client),
                .peer = *sl_client_peer(connection->client),
                .local = *sl_client_local(connection->client),
                .received_at_ns = received_at_ns,
            },
    };
}

void exchange_set_received(struct sl_event *event, const struct sl_message *message)
{
    struct sl_exchange *exchange = &event->exchange;

    event->received = message->bytes;
    exchange->received_stored = (uint32_t)message->stored;
    exchange->received_size = message->size;
    exchange->line_end = message->line_end;
}

static void count_and_log(struct sl_streams *streams, struct sl_connection *connection,
                          const struct sl_event *events, size_t count, const struct sl_time *now)
{
    struct sl_counters sum = {.received_messages = count};

    for (size_t i = 0; i < count; i++) {
        sum.received_bytes += events[i].exchange.received_size +
                              strlen(sl_line_end_bytes(events[i].exchange.line_end));
        sum.sent_bytes += events[i].exchange.sent_size;
        sl_counters_add_outcome(&sum, events[i].exchange.outcome);
    }
    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &sum, now);
    sl_client_set_pending(connection->client, 0, now); /* what is unfinished now began just now */
    sl_client_set_pending(connection->client, connection->framer.partial_size, now);
    sl_shard_unlock(streams->worker->shard);
    sl_journal_append(streams->worker->net->journal, events, count);
}

/* Completes the events by their replies, of which the kernel took `written` bytes in all. Those
 * whose reply it did not take whole get `otherwise` for an outcome. */
static void complete(struct sl_event *events, const size_t *reply_end, size_t count,
                     const uint8_t *replies, size_t written, int64_t now_ns,
                     enum sl_outcome otherwise)
{
    size_t begin = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = reply_end[i] - begin;

        if (events[i].exchange.outcome == SL_REPLIED && reply_end[i] > written) {
            events[i].exchange.outcome = (uint8_t)otherwise;
        } else if (events[i].exchange.outcome == SL_REPLIED) {
            events[i].exchange.replied_at_ns = now_ns;
            events[i].sent = replies + begin;
            events[i].exchange.sent_size = size;
            events[i].exchange.sent_stored =
                (uint32_t)(size < SL_STORED_SIZE_MAX ? size : SL_STORED_SIZE_MAX);
        }
        begin = reply_end[i];
    }
}

void exchanges_finish(struct sl_streams *streams, struct sl_connection *connection, size_t written)
{
    struct sl_exchange_batch *now = &streams->batch;

    if (now->count == 0)
        return;
    sl_time_advance(&streams->clock);
    complete(now->events, now->reply_end, now->count, now->replies.data, written,
             streams->clock.wall_ns, SL_PEER_GONE);
    count_and_log(streams, connection, now->events, now->count, &streams->clock);
    now->count = 0;
}

void backlog_finish(struct sl_streams *streams, struct sl_connection *connection)
{
    struct sl_backlog *backlog = connection->backlog;

    sl_time_advance(&streams->clock);
    complete(backlog->events, backlog->reply_end, backlog->count, backlog->replies.data,
             backlog->written, streams->clock.wall_ns, SL_PEER_GONE);
    if (backlog->count > 0)
        count_and_log(streams, connection, backlog->events, backlog->count, &streams->clock);
    backlog->count = 0;
}

void exchanges_mark_pending(struct sl_streams *streams, struct sl_connection *connection,
                            uint64_t size)
{
    struct sl_time now = sl_time_now();
    struct sl_counters nothing = {0};

    sl_shard_lock(streams->worker->shard);
    sl_shard_count(streams->worker->shard, connection->client, &nothing, &now);
    sl_client_set_pending(connection->client, size, &now);
    sl_shard_unlock(streams->worker->shard);
}

static struct sl_time last_seen(const struct sl_connection *connection)
{
    struct sl_time now = sl_time_now();
    int64_t mono_ns = sl_client_last_seen_mono_ns(connection->client);

    return (struct sl_time){.wall_ns = now.wall_ns - (now.mono_ns - mono_ns), .mono_ns = mono_ns};
}

void exchange_unanswered(struct sl_streams *streams, struct sl_connection *connection,
                         const uint8_t *bytes, size_t stored, uint64_t size,
                         enum sl_outcome outcome)
{
    struct sl_time at = last_seen(connection); /* they have waited here since */
    struct sl_message message = {
        .bytes = bytes,
        .stored = stored < SL_STORED_SIZE_MAX ? stored : SL_STORED_SIZE_MAX,
        .size = size,
    };
    struct sl_event event = exchange_common(connection, at.wall_ns);

    exchange_set_received(&event, &message);
    event.exchange.outcome = (uint8_t)outcome;
    count_and_log(streams, connection, &event, 1, &at);
}
