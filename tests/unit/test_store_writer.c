#include "store_room.h"

#include <signal.h>
#include <sys/resource.h>

#define MANY 20000

/* --- retention --- */

static void fill(struct room *room)
{
    room->journal_size = 32 << 20;
    room_begin(room);
    room_append_many(room, MANY);
}

static void append_closed(struct room *room, uint64_t client)
{
    struct sl_closing closing = {.opened_at_ns = 1};
    struct sl_event event = room_event(client, "");

    event.kind = SL_RECORD_CLOSED;
    event.received = (const uint8_t *)&closing;
    event.exchange.received_stored = sizeof(closing);
    sl_journal_append(room->journal, &event, 1);
}

static bool has_thousand(struct room *room)
{
    return room_stats(room).messages == 1000 && room_is_written(room);
}

static int ignore_signal(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    return 0;
}

TEST_GROUP(ignore_signal, NULL)

ROOM_TEST(the_oldest_go_by_count)
{
    struct room *room = *state;

    room->retention.messages = 1000;
    fill(room);
    room_wait(room, has_thousand);
    assert_int_equal(room_stats(room).oldest_seq, MANY - 999);
    assert_int_equal(room_stats(room).newest_seq, MANY);
    room_end(room);
    assert_int_equal(room_number(room, "SELECT min(seq) FROM messages"), MANY - 999);
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), 1000);
}

ROOM_TEST(a_limit_can_come_later)
{
    struct room *room = *state;
    struct sl_retention retention = {.messages = 1000};

    fill(room);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).messages, MANY);
    sl_store_set_retention(room->store, &retention);
    room_wait(room, has_thousand);
}

static bool is_small(struct room *room)
{
    return room_stats(room).file_bytes <= room->retention.bytes && room_is_written(room);
}

ROOM_TEST(the_file_stays_below_its_size)
{
    struct room *room = *state;

    room->retention.bytes = 1 << 20;
    room->journal_size = 32 << 20;
    room_begin(room);
    for (int i = 0; i < 5; i++) {
        room_append_many(room, MANY);
        room_wait(room, room_is_written);
    }
    room_wait(room, is_small);
    assert_true(room_stats(room).messages > 1000);
    assert_int_equal(room_stats(room).newest_seq, 5 * MANY);
}

/* Though most of it was not written yet when the stop came. */
ROOM_TEST(a_stop_leaves_as_many_as_are_allowed)
{
    struct room *room = *state;
    struct stat status;

    room->retention = (struct sl_retention){.messages = 3000, .bytes = 1 << 20};
    room->journal_size = 32 << 20;
    room_begin(room);
    for (int i = 0; i < 5; i++)
        room_append_many(room, MANY);
    room_end(room);
    assert_int_equal(stat(room->path, &status), 0);
    assert_in_range(status.st_size, 1, 1 << 20);
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), 3000);
    assert_int_equal(room_number(room, "SELECT max(seq) FROM messages"), 5 * MANY);
}

ROOM_TEST(messages_too_old_go)
{
    struct room *room = *state;
    struct sl_event old = room_event(1, "old");

    room->retention.age_ns = 3600 * SL_NS_PER_S;
    room_begin(room);
    old.exchange.received_at_ns -= 3601 * SL_NS_PER_S;
    for (int i = 0; i < 5000; i++)
        sl_journal_append(room->journal, &old, 1);
    room_append_many(room, 1000);
    room_wait(room, has_thousand);
    assert_int_equal(room_stats(room).oldest_seq, 5001);
}

static bool is_empty(struct room *room)
{
    return room_stats(room).messages == 0;
}

static bool has_shrunk(struct room *room)
{
    return room_stats(room).file_bytes < 40 * 16384;
}

ROOM_TEST(clearing_empties_and_shrinks_the_file)
{
    struct room *room = *state;
    uint64_t before;

    fill(room);
    room_wait(room, room_is_written);
    before = room_stats(room).file_bytes;
    sl_store_clear(room->store, MANY);
    room_wait(room, is_empty);
    room_wait(room, has_shrunk);
    assert_true(room_stats(room).file_bytes < before);
    room_end(room);
    room_begin(room);
    assert_int_equal(sl_store_next_seq(room->store), MANY + 1);
    assert_int_equal(room_append(room, "after"), MANY + 1);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).oldest_seq, MANY + 1);
    assert_int_equal(room_stats(room).messages, 1);
}

static bool has_ten(struct room *room)
{
    return room_stats(room).messages == 10;
}

ROOM_TEST(clearing_spares_what_came_later)
{
    struct room *room = *state;

    room_begin(room);
    room_append_many(room, 100);
    room_wait(room, room_is_written);
    sl_store_clear(room->store, 90);
    sl_store_clear(room->store, 50);
    room_wait(room, has_ten);
    assert_int_equal(room_stats(room).oldest_seq, 91);
}

static bool has_one_client(struct room *room)
{
    return room_number(room, "SELECT count(*) FROM clients") == 1;
}

/* Its number must not be given to another one later, though no row has it any more. */
ROOM_TEST(a_client_goes_with_its_messages)
{
    struct room *room = *state;
    struct sl_event event;

    room_begin(room);
    for (uint64_t client = 1; client <= 20; client++) {
        event = room_event(client, "hello");
        sl_journal_append(room->journal, &event, 1);
        append_closed(room, client);
    }
    event = room_event(21, "a client that is open");
    sl_journal_append(room->journal, &event, 1);
    room_wait(room, room_is_written);
    sl_store_clear(room->store, 21);
    room_wait(room, has_one_client);
    assert_int_equal(room_number(room, "SELECT id FROM clients"), 21);
    room_end(room);
    room_begin(room);
    assert_int_equal(sl_store_next_client(room->store), 22);
}

static bool has_hundred(struct room *room)
{
    return room_stats(room).messages == 100;
}

ROOM_TEST(writing_goes_on_while_much_is_deleted)
{
    struct room *room = *state;

    fill(room);
    room_wait(room, room_is_written);
    sl_store_clear(room->store, MANY);
    for (int i = 0; i < 100; i++) {
        room_append(room, "meanwhile");
        room_wait(room, room_is_written);
    }
    room_wait(room, has_hundred);
}

/* --- a full disk: the file may not grow over a limit of this process --- */

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static bool is_full(struct room *room)
{
    return room_stats(room).state == SL_STORE_DISK_FULL;
}

static bool is_recording(struct room *room)
{
    return room_stats(room).state == SL_STORE_RECORDING && room_is_written(room);
}

ROOM_TEST(a_full_disk_pauses_and_goes_on)
{
    struct room *room = *state;

    room_begin(room); /* a journal of 4 MiB */
    room_append_many(room, 1000);
    room_wait(room, room_is_written);
    limit_file_size(2 << 20);
    for (int i = 0; i < 10 && !is_full(room); i++) {
        room_append_many(room, 5000);
        poll(NULL, 0, 50);
    }
    room_wait(room, is_full);
    assert_string_not_equal(room_stats(room).last_error, "");
    room_append_many(room, 50000);
    limit_file_size(RLIM_INFINITY);
    room_wait(room, is_recording);
    assert_true(room_stats(room).lost > 0);
    assert_true(room_stats(room).gaps > 0);
    assert_int_equal(room_stats(room).messages + room_stats(room).lost,
                     room_stats(room).newest_seq);
    room_end(room);
    assert_int_equal(room_number(room,
                                 "SELECT (SELECT count(*) FROM messages) + (SELECT "
                                 "sum(to_seq - from_seq + 1) FROM gaps) - (SELECT max(seq) "
                                 "FROM messages)"),
                     0);
}

ROOM_TEST(a_stop_on_a_full_disk_ends)
{
    struct room *room = *state;

    room_begin(room);
    limit_file_size(64 << 10);
    room_append_many(room, 20000);
    room_wait(room, is_full);
    sl_store_stop(room->store);
    limit_file_size(RLIM_INFINITY);
    room_end(room);
    room_begin(room);
    room_append(room, "works again");
    room_wait(room, room_is_written);
}

static bool has_failed(struct room *room)
{
    return room_stats(room).state == SL_STORE_FAILED;
}

ROOM_TEST(another_program_may_hold_the_file_for_a_while)
{
    struct room *room = *state;
    sqlite3 *other;
    int64_t since_ns;

    room_begin(room);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
    assert_int_equal(sqlite3_open(room->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    since_ns = sl_clock_mono_ns();
    room_append_many(room, 10);
    poll(NULL, 0, 500);
    if (!has_failed(room)) /* yet, as it is on a machine that does not stand still */
        assert_int_equal(room_stats(room).state, SL_STORE_RECORDING);
    else
        assert_true(sl_clock_mono_ns() - since_ns > SL_NS_PER_S);
    room_wait(room, has_failed);
    sqlite3_close(other);
    room_wait(room, is_recording);
    assert_int_equal(room_stats(room).messages, 20);
}
