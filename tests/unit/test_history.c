#include "store_room.h"

#include "socklens/history.h"

static struct sl_history history;
static uint64_t seqs[4000];
static size_t count, stop_after;
static struct sl_gap gaps[8];
static const char *reasons[8];
static size_t gap_count;

static void fill(struct room *room, unsigned messages, size_t size)
{
    static char text[SL_STORED_SIZE_MAX + 1];

    memset(text, 'a', size);
    text[size] = '\0';
    for (unsigned i = 0; i < messages; i++) {
        room_append(room, text);
        if (i % 10 == 0)
            room_wait(room, room_is_written);
    }
    room_wait(room, room_is_written);
}

static int setup(void **state)
{
    int code = room_set_up(state);

    if (code == 0) {
        room_begin(*state);
        sl_history_init(&history, ((struct room *)*state)->journal,
                        ((struct room *)*state)->registry, ((struct room *)*state)->store);
    }
    return code;
}

static int teardown(void **state)
{
    sl_history_deinit(&history);
    return room_tear_down(state);
}

static bool note(void *context, const struct sl_record *record, const char *listener)
{
    (void)context;
    assert_string_equal(listener, "127.0.0.1:12000");
    seqs[count++] = record->seq;
    return count != stop_after;
}

static bool note_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    (void)context;
    gaps[gap_count] = *gap;
    reasons[gap_count++] = reason;
    return true;
}

/* Walks from `place` to the end. */
static void walk(struct sl_history_walk *from)
{
    enum sl_history_step walked;

    count = gap_count = 0;
    from->record = note;
    from->gap = note_gap;
    do {
        struct sl_budget budget = sl_budget_begin(0);

        walked = sl_history_read(&history, from, &budget);
        assert_int_not_equal(walked, SL_HISTORY_BEHIND);
    } while (walked == SL_HISTORY_CUT || (walked == SL_HISTORY_STOPPED && stop_after == 0));
}

static void assert_all_from(uint64_t first, int step, size_t expected)
{
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seqs[i], first + (uint64_t)(step * (int)i));
}

TEST_WITH(reader_walks_from_file_to_memory, setup, teardown)
{
    struct sl_journal_stats stats;

    fill(*state, 300, 20000);
    sl_journal_stats(history.journal, &stats);
    assert_true(stats.oldest_seq > 50);
    walk(&(struct sl_history_walk){.place = {.seq = 0}});
    assert_all_from(1, 1, 300);
    walk(&(struct sl_history_walk){.backward = true, .place = {.seq = UINT64_MAX}});
    assert_all_from(300, -1, 300);
    walk(&(struct sl_history_walk){.place = {.seq = stats.oldest_seq - 1}});
    assert_int_equal(seqs[0], stats.oldest_seq - 1);
    walk(&(struct sl_history_walk){.backward = true, .place = {.seq = stats.oldest_seq + 1}});
    assert_all_from(stats.oldest_seq, -1, stats.oldest_seq);
    assert_int_equal(gap_count, 0);
}

TEST_WITH(reader_continues_where_its_step_stopped, setup, teardown)
{
    struct sl_history_walk forward = {.place = {.seq = 1}};
    struct sl_history_walk backward = {.backward = true, .place = {.seq = UINT64_MAX}};
    uint64_t next = 1, last = 300;

    fill(*state, 300, 20000);
    for (stop_after = 7; next <= 294; next += 7, last -= 7) {
        walk(&forward);
        assert_all_from(next, 1, 7);
        walk(&backward);
        assert_all_from(last, -1, 7);
    }
    stop_after = 0;
}

static void keep_seq(void *context, const struct sl_record *record, const char *listener)
{
    (void)listener;
    *(uint64_t *)context = record->seq;
}

TEST_WITH(single_message_is_found, setup, teardown)
{
    uint64_t seq = 0;

    fill(*state, 300, 20000);
    for (uint64_t wanted = 1; wanted <= 300; wanted += 13) {
        assert_int_equal(sl_history_get(&history, wanted, keep_seq, &seq), SL_FOUND);
        assert_int_equal(seq, wanted);
    }
    assert_int_equal(sl_history_get(&history, 0, keep_seq, &seq), SL_FOUND_NOTHING);
    assert_int_equal(sl_history_get(&history, 301, keep_seq, &seq), SL_FOUND_NOTHING);
}

TEST_WITH(reader_reports_cleared_rows_as_gap, setup, teardown)
{
    struct room *room = *state;
    uint64_t oldest, newest, seq;

    fill(room, 300, 20000);
    sl_store_clear(room->store, 20);
    while (room_stats(room).oldest_seq <= 20)
        poll(NULL, 0, 2);
    walk(&(struct sl_history_walk){.place = {.seq = 5}});
    assert_all_from(21, 1, 280);
    assert_int_equal(gap_count, 1);
    assert_int_equal(gaps[0].from, 5);
    assert_int_equal(gaps[0].to, 20);
    assert_string_equal(reasons[0], "evicted");
    sl_history_bounds(&history, &oldest, &newest);
    assert_int_equal(oldest, 21);
    assert_int_equal(newest, 300);
    assert_int_equal(sl_history_get(&history, 20, keep_seq, &seq), SL_FOUND_GONE);
}

TEST_WITH(cleared_messages_are_hidden_at_once, setup, teardown)
{
    uint64_t oldest, newest, seq;

    fill(*state, 300, 20000);
    sl_history_clear(&history, 100);
    walk(&(struct sl_history_walk){.place = {.seq = 1}});
    assert_all_from(101, 1, 200);
    assert_int_equal(gap_count, 1);
    assert_int_equal(gaps[0].to, 100);
    assert_string_equal(reasons[0], "cleared");
    walk(&(struct sl_history_walk){.backward = true, .place = {.seq = UINT64_MAX}});
    assert_all_from(300, -1, 200);
    sl_history_bounds(&history, &oldest, &newest);
    assert_int_equal(oldest, 101);
    assert_int_equal(sl_history_get(&history, 100, keep_seq, &seq), SL_FOUND_GONE);
}

TEST_WITH(backward_read_passes_a_single_row, setup, teardown)
{
    fill(*state, 300, 20000);
    sl_history_clear(&history, 49);
    walk(&(struct sl_history_walk){.backward = true, .place = {.seq = 51}});
    assert_all_from(50, -1, 1);
}

TEST_WITH(unreadable_file_leaves_memory_readable, setup, teardown)
{
    struct room *room = *state;
    struct sl_journal_stats stats;

    fill(room, 300, 20000);
    sl_journal_stats(history.journal, &stats);
    assert_int_equal(unlink(room->path), 0);
    walk(&(struct sl_history_walk){.place = {.seq = 1}});
    assert_int_equal(seqs[count - 1], 300);
    assert_true(gap_count >= 1);
    assert_int_equal(gaps[0].from, 1);
}
