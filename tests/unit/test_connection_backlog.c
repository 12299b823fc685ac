#include "unit.h"

#include <stdlib.h>

#include "failing_memory.h"
#include "net/connection.h"

/* What a worker has at hand when a peer does not read: its own buffers, which it uses again. */
struct at_hand {
    struct sl_exchange_batch batch;
    char read_buffer[64];
    struct sl_chunk rest;
};

static void add(struct at_hand *at_hand, const char *received, const char *reply)
{
    struct sl_exchange_batch *batch = &at_hand->batch;
    batch->events[batch->count] = (struct sl_event){
        .kind = SL_RECORD_EXCHANGE,
        .exchange.client = batch->count + 1,
        .received = (const uint8_t *)received,
        .exchange.received_stored = (uint32_t)strlen(received),
        .exchange.received_size = strlen(received),
    };
    assert_int_equal(sl_buffer_append_text(&batch->replies, reply), 0);
    batch->reply_end[batch->count++] = batch->replies.size;
}

/* The received bytes lie in the read buffer, and so does the rest. */
static struct at_hand *new_at_hand(void)
{
    static const char read[] = "one\0\0three\0rest\n of it";
    struct at_hand *at_hand = calloc(1, sizeof(*at_hand));
    memcpy(at_hand->read_buffer, read, sizeof(read));
    add(at_hand, at_hand->read_buffer, "ONE\n");
    add(at_hand, at_hand->read_buffer + 4, "");
    add(at_hand, at_hand->read_buffer + 5, "THREE\n");
    at_hand->rest = (struct sl_chunk){.bytes = (const uint8_t *)at_hand->read_buffer + 11,
                                      .size = 11,
                                      .drained = true,
                                      .ended = true};
    return at_hand;
}

static void free_at_hand(struct at_hand *at_hand)
{
    sl_buffer_deinit(&at_hand->batch.replies);
    free(at_hand);
}

TEST(backlog_copies_what_it_keeps)
{
    struct at_hand *at_hand = new_at_hand();
    struct sl_backlog *backlog = sl_backlog_new(&at_hand->batch, 5, &at_hand->rest);
    assert_non_null(backlog);
    memset(at_hand->read_buffer, 'x', sizeof(at_hand->read_buffer));
    memset(at_hand->batch.replies.data, 'x', at_hand->batch.replies.size);
    free_at_hand(at_hand);

    static const char *const received[] = {"one", "", "three"};
    static const size_t reply_ends[] = {4, 4, 10};
    assert_int_equal(backlog->count, 3);
    assert_int_equal(backlog->written, 5);
    assert_bytes_equal(backlog->replies.data, backlog->replies.size, "ONE\nTHREE\n", 10);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(backlog->events[i].exchange.client, i + 1);
        assert_bytes_equal(backlog->events[i].received, backlog->events[i].exchange.received_stored,
                           received[i], strlen(received[i]));
        assert_int_equal(backlog->reply_end[i], reply_ends[i]);
    }
    assert_bytes_equal(backlog->unread.data, backlog->unread.size, "rest\n of it", 11);
    assert_true(backlog->drained);
    assert_true(backlog->ended);
    sl_backlog_free(backlog);
    sl_backlog_free(NULL);
}

TEST(backlog_takes_a_full_worker_buffer)
{
    static uint8_t bytes[SL_STORED_SIZE_MAX];
    struct sl_exchange_batch *batch = calloc(1, sizeof(*batch));
    for (size_t i = 0; i < SL_STREAM_EVENTS_MAX; i++) {
        batch->events[i].received = bytes + i;
        batch->events[i].exchange.received_stored = (uint32_t)(i % 200);
        bytes[i] = (uint8_t)i;
    }
    batch->count = SL_STREAM_EVENTS_MAX;
    struct sl_chunk none = {0};
    struct sl_backlog *backlog = sl_backlog_new(batch, 0, &none);
    for (size_t i = 0; i < SL_STREAM_EVENTS_MAX; i++)
        assert_memory_equal(backlog->events[i].received, bytes + i, i % 200);
    assert_int_equal(backlog->unread.size, 0);
    assert_false(backlog->drained || backlog->ended);
    sl_backlog_free(backlog);
    free(batch);
}

/* All or nothing, wherever memory ends. */
TEST(without_memory_no_backlog_is_made)
{
    struct at_hand *at_hand = new_at_hand();
    for (int allowed = 0; allowed < 3; allowed++) {
        allow_callocs(allowed);
        assert_null(sl_backlog_new(&at_hand->batch, 0, &at_hand->rest));
        allow_callocs(-1);
        allow_allocations(allowed);
        assert_null(sl_backlog_new(&at_hand->batch, 0, &at_hand->rest));
        allow_allocations(-1);
    }
    struct sl_backlog *backlog = sl_backlog_new(&at_hand->batch, 0, &at_hand->rest);
    assert_non_null(backlog);
    sl_backlog_free(backlog);
    free_at_hand(at_hand);
}
