#include "unit.h"

#include <poll.h>
#include <stdlib.h>

#include "failing_memory.h"
#include "journal/journal.h"

#define BIG 60000u /* bytes: 17 such records fill a block */

static uint8_t big[BIG];

static struct sl_event exchange(uint64_t client, const void *received, size_t size)
{
    return (struct sl_event){.kind = SL_RECORD_EXCHANGE,
                             .exchange.client = client,
                             .received = received,
                             .exchange.received_stored = (uint32_t)size,
                             .exchange.received_size = size};
}

static struct sl_event lifecycle(enum sl_record_kind kind, uint64_t client)
{
    return (struct sl_event){.kind = (uint8_t)kind, .exchange.client = client};
}

static void append_big(struct sl_journal *journal, uint64_t count)
{
    struct sl_event event = exchange(7, big, sizeof(big));
    for (uint64_t i = 0; i < count; i++)
        sl_journal_append(journal, &event, 1);
}

static struct sl_journal_stats stats_of(struct sl_journal *journal)
{
    struct sl_journal_stats stats;
    sl_journal_stats(journal, &stats);
    return stats;
}

static uint64_t next_seq(struct sl_cursor *cursor)
{
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(cursor, &record, &gap), SL_READ_RECORD);
    assert_int_equal(record->kind, SL_RECORD_EXCHANGE);
    return record->seq;
}

static void assert_gap(struct sl_cursor *cursor, uint64_t from, uint64_t to)
{
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(cursor, &record, &gap), SL_READ_GAP);
    assert_int_equal(gap.from, from);
    assert_int_equal(gap.to, to);
}

static void assert_end(struct sl_cursor *cursor)
{
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(cursor, &record, &gap), SL_READ_END);
}

/* From where it stands to the end there are exactly these. */
static void assert_rest(struct sl_cursor *cursor, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++)
        assert_int_equal(next_seq(cursor), seq);
    assert_end(cursor);
}

TEST(exchanges_are_numbered_over_batches)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_event batch[] = {
        lifecycle(SL_RECORD_OPENED, 1), exchange(1, "a", 1), exchange(1, "b", 1),
        lifecycle(SL_RECORD_CLOSED, 1), exchange(2, "c", 1),
    };
    assert_int_equal(sl_journal_append(journal, batch, COUNT_OF(batch)), 1);
    assert_int_equal(stats_of(journal).newest_seq, 3);
    assert_int_equal(sl_journal_append(journal, batch, 1), 4);
    assert_int_equal(sl_journal_append(journal, NULL, 0), 4);
    assert_int_equal(sl_journal_append(journal, &batch[1], 2), 4);
    assert_int_equal(sl_journal_append(journal, &batch[4], 1), 6);
    assert_int_equal(stats_of(journal).oldest_seq, 1);
    assert_int_equal(stats_of(journal).newest_seq, 6);
    sl_journal_free(journal);
}

TEST(numbers_go_on_after_a_restart)
{
    struct sl_journal *journal = sl_journal_new(0, 1000);
    struct sl_journal_stats stats = stats_of(journal);
    assert_int_equal(stats.oldest_seq, 1000);
    assert_int_equal(stats.newest_seq, 999);
    assert_int_equal(stats.evicted, 0);
    assert_int_equal(stats.used_bytes, 0);
    struct sl_event event = exchange(1, "a", 1);
    assert_int_equal(sl_journal_append(journal, &event, 1), 1000);

    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 1);
    assert_gap(&cursor, 1, 999);
    assert_rest(&cursor, 1000, 1000);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(capacity_is_whole_blocks)
{
    static const struct {
        size_t asked, blocks;
    } cases[] = {{0, 4},
                 {1, 4},
                 {4 * SL_JOURNAL_BLOCK_SIZE, 4},
                 {4 * SL_JOURNAL_BLOCK_SIZE + 1, 5},
                 {7 * SL_JOURNAL_BLOCK_SIZE, 7}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_journal *journal = sl_journal_new(cases[i].asked, 1);
        assert_int_equal(stats_of(journal).capacity_bytes, cases[i].blocks * SL_JOURNAL_BLOCK_SIZE);
        sl_journal_free(journal);
    }
    sl_journal_free(NULL);
}

TEST(a_record_says_all_that_its_event_said)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_event event = {
        .kind = SL_RECORD_EXCHANGE,
        .exchange.service = SL_TCP_CHAT,
        .exchange.outcome = SL_REPLIED,
        .exchange.line_end = SL_LINE_END_CRLF,
        .exchange.listener = 3,
        .exchange.client = UINT64_C(1) << 40,
        .exchange.peer = {.family = AF_INET, .port = 1600, .ip = {127, 0, 0, 2}},
        .exchange.local = {.family = AF_INET, .port = 12000, .ip = {127, 0, 0, 1}},
        .exchange.received_at_ns = 11,
        .exchange.replied_at_ns = 22,
        .received = (const uint8_t *)"hello",
        .exchange.received_stored = 5,
        .exchange.received_size = UINT64_C(5000000000),
        .sent = (const uint8_t *)"HELLO!",
        .exchange.sent_stored = 6,
        .exchange.sent_size = 7,
    };
    struct sl_event empty = {.kind = SL_RECORD_EXCHANGE, .exchange.outcome = SL_REFUSED_RATE_LIMIT};
    sl_journal_append(journal, &event, 1);
    sl_journal_append(journal, &empty, 1);

    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 1);
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
    assert_int_equal(record->exchange.service, SL_TCP_CHAT);
    assert_int_equal(record->exchange.outcome, SL_REPLIED);
    assert_int_equal(record->exchange.line_end, SL_LINE_END_CRLF);
    assert_true(sl_record_has_reply(record));
    assert_int_equal(record->exchange.listener, 3);
    assert_int_equal(record->exchange.client, UINT64_C(1) << 40);
    assert_true(sl_address_equal(&record->exchange.peer, &event.exchange.peer));
    assert_true(sl_address_equal(&record->exchange.local, &event.exchange.local));
    assert_int_equal(record->exchange.received_at_ns, 11);
    assert_int_equal(record->exchange.replied_at_ns, 22);
    assert_int_equal(record->exchange.received_size, UINT64_C(5000000000));
    assert_int_equal(record->exchange.sent_size, 7);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, "hello", 5);
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, "HELLO!", 6);
    assert_int_equal(record->size % 8, 0);

    assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
    assert_false(sl_record_has_reply(record));
    assert_int_equal(record->exchange.received_stored + record->exchange.sent_stored, 0);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(the_largest_record_fits)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    uint8_t *received = malloc(SL_STORED_SIZE_MAX), *sent = malloc(SL_STORED_SIZE_MAX);
    memset(received, 'r', SL_STORED_SIZE_MAX);
    memset(sent, 's', SL_STORED_SIZE_MAX);
    struct sl_event event = exchange(1, received, SL_STORED_SIZE_MAX);
    event.sent = sent;
    event.exchange.sent_stored = SL_STORED_SIZE_MAX;
    for (int i = 0; i < 20; i++)
        sl_journal_append(journal, &event, 1);

    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 20);
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, received,
                       SL_STORED_SIZE_MAX);
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, sent,
                       SL_STORED_SIZE_MAX);
    assert_end(&cursor);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
    free(received);
    free(sent);
}

TEST(nothing_is_lost_where_blocks_meet)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    uint64_t random = 42;
    /* About three blocks of records of every small size. */
    for (uint64_t n = 0; n < 15000; n++) {
        struct sl_event event = exchange(n, big, next_random(&random) % 160);
        assert_int_equal(sl_journal_append(journal, &event, 1), n + 1);
    }
    struct sl_journal_stats stats = stats_of(journal);
    assert_int_equal(stats.evicted, 0);
    assert_in_range(stats.used_bytes, 2 * SL_JOURNAL_BLOCK_SIZE, 4 * SL_JOURNAL_BLOCK_SIZE);

    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 1);
    random = 42;
    for (uint64_t n = 0; n < 15000; n++) {
        const struct sl_record *record;
        struct sl_gap gap;
        assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
        assert_int_equal(record->seq, n + 1);
        assert_int_equal(record->exchange.client, n);
        assert_int_equal(record->exchange.received_size, next_random(&random) % 160);
    }
    assert_end(&cursor);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(the_oldest_go_and_a_reader_learns_which)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    for (uint64_t newest = 1; newest <= 500; newest++) {
        append_big(journal, 1);
        struct sl_journal_stats stats = stats_of(journal);
        assert_int_equal(stats.newest_seq, newest);
        assert_int_equal(stats.oldest_seq, stats.evicted + 1);
        assert_true(stats.used_bytes <= stats.capacity_bytes);

        struct sl_cursor cursor = {0};
        sl_cursor_seek(&cursor, journal, 1);
        if (stats.evicted > 0)
            assert_gap(&cursor, 1, stats.evicted);
        assert_rest(&cursor, stats.evicted + 1, newest);
        sl_cursor_close(&cursor);
    }
    /* Of four blocks at least three are always full. */
    assert_in_range(stats_of(journal).evicted, 500 - 4 * 17, 500 - 3 * 17);
    sl_journal_free(journal);
}

TEST(clients_that_come_and_go_evict_too)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_event event = exchange(1, "a", 1);
    struct sl_event opened = lifecycle(SL_RECORD_OPENED, 2);
    for (int i = 0; i < 3; i++)
        sl_journal_append(journal, &event, 1);
    for (int i = 0; i < 60000; i++)
        sl_journal_append(journal, &opened, 1);
    struct sl_journal_stats stats = stats_of(journal);
    assert_int_equal(stats.evicted, 3);
    assert_int_equal(stats.newest_seq, 3);
    assert_int_equal(stats.oldest_seq, 4);
    sl_journal_append(journal, &event, 1);

    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 2);
    assert_gap(&cursor, 2, 3);
    const struct sl_record *record = NULL;
    struct sl_gap gap;
    size_t seen = 0;
    while (sl_cursor_next(&cursor, &record, &gap) == SL_READ_RECORD &&
           record->kind == SL_RECORD_OPENED)
        seen++;
    assert_in_range(seen, 20000, 60000);
    assert_int_equal(record->seq, 4);
    assert_end(&cursor);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(a_reader_keeps_the_block_it_reads)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    append_big(journal, 5);
    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 3);
    append_big(journal, 200);
    uint64_t evicted = stats_of(journal).evicted;
    assert_true(evicted > 17);

    for (uint64_t seq = 3; seq <= 17; seq++)
        assert_int_equal(next_seq(&cursor), seq);
    assert_gap(&cursor, 18, evicted);
    assert_rest(&cursor, evicted + 1, 205);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(a_full_journal_needs_no_more_memory)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    append_big(journal, 100);
    allow_allocations(0);
    append_big(journal, 300);
    allow_allocations(-1);
    assert_int_equal(stats_of(journal).newest_seq, 400);
    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, stats_of(journal).oldest_seq);
    assert_rest(&cursor, stats_of(journal).oldest_seq, 400);
    sl_cursor_close(&cursor);
    assert_true(400 - stats_of(journal).evicted >= 3 * 17);
    sl_journal_free(journal);
}

/* Blocks that slow readers held come back for use, and are not kept beyond a few. */
TEST(what_readers_held_is_used_again)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_cursor cursors[10] = {0};
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        append_big(journal, 100);
        sl_cursor_seek(&cursors[i], journal, stats_of(journal).oldest_seq);
    }
    append_big(journal, 100);
    for (size_t i = 0; i < COUNT_OF(cursors); i++)
        sl_cursor_close(&cursors[i]);
    allow_allocations(0);
    append_big(journal, 300);
    allow_allocations(-1);
    struct sl_journal_stats stats = stats_of(journal);
    assert_int_equal(stats.newest_seq, 1400);
    assert_true(1400 - stats.evicted >= 3 * 17);
    sl_cursor_seek(&cursors[0], journal, stats.oldest_seq);
    assert_rest(&cursors[0], stats.oldest_seq, 1400);
    sl_cursor_close(&cursors[0]);
    assert_true(journal->spare_count <= SPARES_MAX);
    sl_journal_free(journal);
}

TEST(memory_that_runs_short_costs_the_oldest)
{
    struct sl_journal *journal = sl_journal_new(8 * SL_JOURNAL_BLOCK_SIZE, 1);
    append_big(journal, 17 * 3);
    allow_allocations(0);
    append_big(journal, 17 * 4);
    allow_allocations(-1);
    struct sl_journal_stats stats = stats_of(journal);
    assert_int_equal(stats.newest_seq, 17 * 7);
    assert_int_equal(stats.evicted, 17 * 4);
    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, journal, 1);
    assert_gap(&cursor, 1, 17 * 4);
    assert_rest(&cursor, 17 * 4 + 1, 17 * 7);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}

TEST(what_there_is_no_memory_for_is_a_gap)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    append_big(journal, 17);
    struct sl_cursor follower = {0};
    sl_cursor_seek(&follower, journal, 1);
    allow_allocations(0);
    append_big(journal, 10);
    assert_int_equal(stats_of(journal).newest_seq, 27);
    /* A small one still finds room in the last block. */
    struct sl_event small = exchange(1, "a", 1);
    assert_int_equal(sl_journal_append(journal, &small, 1), 28);
    append_big(journal, 2);
    allow_allocations(-1);
    append_big(journal, 3);

    for (uint64_t seq = 1; seq <= 17; seq++)
        assert_int_equal(next_seq(&follower), seq);
    assert_gap(&follower, 18, 27);
    assert_int_equal(next_seq(&follower), 28);
    assert_gap(&follower, 29, 30);
    assert_rest(&follower, 31, 33);

    for (uint64_t seq = 1; seq <= 33; seq++) {
        bool lost = (seq >= 18 && seq <= 27) || seq == 29 || seq == 30;
        sl_cursor_seek(&follower, journal, seq);
        if (lost)
            assert_gap(&follower, seq, seq < 28 ? 27 : 30);
        else
            assert_int_equal(next_seq(&follower), seq);
    }
    sl_cursor_close(&follower);
    sl_journal_free(journal);
}

TEST(no_journal_without_memory)
{
    allow_allocations(0);
    assert_null(sl_journal_new(0, 1));
    allow_allocations(-1);
}

static bool is_readable(const struct sl_waker *waker)
{
    struct pollfd fd = {.fd = sl_waker_fd(waker), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

TEST(an_armed_waker_wakes_once)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_waker *waker = sl_waker_new(journal), *other = sl_waker_new(journal);
    struct sl_event event = exchange(1, "a", 1), opened = lifecycle(SL_RECORD_OPENED, 1);
    sl_journal_append(journal, &event, 1);
    assert_false(is_readable(waker));

    sl_waker_arm(waker);
    assert_false(is_readable(waker));
    sl_journal_append(journal, NULL, 0);
    assert_false(is_readable(waker));
    sl_journal_append(journal, &event, 1);
    assert_true(is_readable(waker));
    assert_false(is_readable(other));

    sl_waker_arm(waker);
    assert_false(is_readable(waker));
    sl_waker_arm(other);
    sl_journal_append(journal, &opened, 1);
    assert_true(is_readable(waker));
    assert_true(is_readable(other));

    sl_waker_free(waker);
    sl_journal_append(journal, &event, 1);
    sl_waker_free(other);
    sl_waker_free(NULL);
    sl_journal_free(journal);
}

TEST(there_are_eight_wakers)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_waker *wakers[8];
    for (size_t i = 0; i < COUNT_OF(wakers); i++) {
        wakers[i] = sl_waker_new(journal);
        assert_non_null(wakers[i]);
        sl_waker_arm(wakers[i]);
    }
    assert_null(sl_waker_new(journal));
    sl_waker_free(wakers[3]);
    wakers[3] = sl_waker_new(journal);
    assert_non_null(wakers[3]);
    append_big(journal, 1);
    for (size_t i = 0; i < COUNT_OF(wakers); i++) {
        assert_int_equal(is_readable(wakers[i]), i != 3);
        sl_waker_free(wakers[i]);
    }
    sl_journal_free(journal);
}

TEST(what_is_cleared_is_gone)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_cursor reader = {0}, late = {0};
    uint64_t seq = 0;

    append_big(journal, 40);
    sl_cursor_seek(&late, journal, 1);
    sl_cursor_park(&late);
    sl_cursor_seek(&reader, journal, 39); /* within the newest block */
    assert_int_equal(sl_journal_clear(journal, &seq), 0);
    assert_int_equal(seq, 40);
    assert_int_equal(stats_of(journal).evicted, 0);
    assert_int_equal(stats_of(journal).cleared, 40);
    assert_int_equal(stats_of(journal).oldest_seq, 41);
    assert_int_equal(stats_of(journal).newest_seq, 40);
    assert_int_equal(stats_of(journal).used_bytes, 0);
    append_big(journal, 2);
    assert_rest(&reader, 39, 42);
    assert_gap(&late, 1, 40);
    assert_rest(&late, 41, 42);
    assert_int_equal(sl_journal_clear(journal, &seq), 0);
    assert_int_equal(sl_journal_clear(journal, &seq), 0);
    assert_int_equal(seq, 42);
    sl_cursor_close(&reader);
    sl_cursor_close(&late);
    sl_journal_free(journal);
}
