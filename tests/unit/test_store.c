#include "store_room.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

ROOM_TEST(a_new_file_begins_at_one)
{
    struct room *room = *state;

    room_begin(room);
    assert_int_equal(sl_store_next_seq(room->store), 1);
    assert_int_equal(sl_store_next_client(room->store), 1);
    assert_int_equal(strlen(sl_store_log_id(room->store)), 32);
    assert_int_equal(room_stats(room).messages, 0);
    assert_true(room_stats(room).newest_seq < room_stats(room).oldest_seq);
}

ROOM_TEST(only_its_owner_can_read_it)
{
    struct room *room = *state;
    struct stat status;

    room_begin(room);
    assert_int_equal(stat(room->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

ROOM_TEST(the_next_run_goes_on)
{
    struct room *room = *state;
    char log_id[33];

    room_begin(room);
    strcpy(log_id, sl_store_log_id(room->store));
    room_append_many(room, 1000);
    room_end(room);
    room_begin(room);
    assert_int_equal(sl_store_next_seq(room->store), 1001);
    assert_int_equal(sl_store_next_client(room->store), 2);
    assert_string_equal(sl_store_log_id(room->store), log_id);
    assert_int_equal(room_stats(room).messages, 1000);
    assert_int_equal(room_append(room, "next"), 1001);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).messages, 1001);
    assert_int_equal(room_stats(room).oldest_seq, 1);
}

ROOM_TEST(a_stop_writes_everything)
{
    struct room *room = *state;

    room->journal_size = 32 << 20;
    room_begin(room);
    room_append_many(room, 50000);
    sl_store_stop(room->store);
    sl_store_stop(room->store);
    assert_int_equal(room_stats(room).newest_seq, 50000);
    room_end(room);
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), 50000);
    assert_int_equal(room_count_files(room, "-wal"), 0);
    assert_int_equal(room_count_files(room, ".ballast"), 0);
}

ROOM_TEST(a_start_that_came_to_nothing_leaves_no_trace)
{
    struct room *room = *state;
    struct sl_error error;
    char log_id[33];

    assert_int_equal(room_open(room, &error), 0);
    strcpy(log_id, sl_store_log_id(room->store));
    room_end(room);
    assert_int_equal(room_open(room, &error), 0);
    assert_string_equal(sl_store_log_id(room->store), log_id);
    assert_int_equal(sl_store_next_seq(room->store), 1);
}

ROOM_TEST(a_second_gateway_is_refused_by_name)
{
    struct room *room = *state;
    struct sl_store_options options = {.path = room->path};
    struct sl_store *second;
    struct sl_error error;
    char process[32], link[128];

    room_begin(room);
    snprintf(process, sizeof(process), "process %d", (int)getpid());
    snprintf(link, sizeof(link), "%s/link", room->folder);
    assert_int_equal(symlink(room->path, link), 0);
    assert_int_equal(sl_store_open(&options, NULL, &second, &error), -EBUSY);
    assert_non_null(strstr(error.text, room->path));
    assert_non_null(strstr(error.text, process));
    options.path = link;
    assert_int_equal(sl_store_open(&options, NULL, &second, &error), -EBUSY);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
}

ROOM_TEST(the_lock_ends_with_its_process)
{
    struct room *room = *state;
    struct sl_error error = {""};
    int status;
    pid_t child = fork();

    if (child == 0) {
        int result = room_open(room, &error);
        _exit(result == 0 ? 7 : 8); /* nothing is freed */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    room_begin(room);
}

ROOM_TEST(a_newer_file_is_refused_and_left)
{
    struct room *room = *state;
    struct sl_error error;

    room_begin(room);
    room_append_many(room, 3);
    room_end(room);
    room_exec(room, "PRAGMA user_version = 1000");
    assert_int_equal(room_open(room, &error), -EPROTO);
    assert_non_null(strstr(error.text, "newer"));
    assert_non_null(strstr(error.text, room->path));
    assert_null(sl_store_reader_open(room->path, &error));
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), 3);
    assert_int_equal(room_count_files(room, "damaged"), 0);
}

ROOM_TEST(another_programs_database_is_refused)
{
    struct room *room = *state;
    struct sl_error error;

    room_exec(room, "CREATE TABLE recipes (name)");
    assert_int_equal(room_open(room, &error), -EPROTO);
    assert_non_null(strstr(error.text, "not a log of socklens"));
    assert_int_equal(room_number(room, "SELECT count(*) FROM sqlite_schema"), 1);
}

ROOM_TEST(an_empty_file_is_taken)
{
    struct room *room = *state;
    int fd = open(room->path, O_CREAT | O_WRONLY, 0600);

    close(fd);
    room_begin(room);
    assert_int_equal(room_count_files(room, "damaged"), 0);
}

ROOM_TEST(names_of_an_older_program_are_completed)
{
    struct room *room = *state;

    room_begin(room);
    room_end(room);
    room_exec(room, "DELETE FROM close_reasons WHERE id > 3");
    room_begin(room);
    assert_int_equal(room_number(room, "SELECT count(*) FROM close_reasons"),
                     SL_CLOSE_REASON_COUNT);
}

ROOM_TEST(a_missing_folder_is_said)
{
    struct sl_store_options options = {.path = "/tmp/no/such/folder/messages.db"};
    struct sl_store *store;
    struct sl_error error;

    assert_int_equal(sl_store_open(&options, NULL, &store, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/tmp/no/such/folder/messages.db: No such file"));
}

/* --- damage --- */

static void overwrite(const struct room *room, off_t offset, size_t size)
{
    int fd = open(room->path, O_WRONLY);
    char *bytes = malloc(size);

    memset(bytes, 0xa5, size);
    assert_int_equal(pwrite(fd, bytes, size, offset), size);
    free(bytes);
    close(fd);
}

ROOM_TEST(what_is_no_database_is_set_aside)
{
    struct room *room = *state;
    int fd = open(room->path, O_CREAT | O_WRONLY, 0600);

    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(fd, "this is no database at all\n", 27), 27);
    close(fd);
    room_begin(room);
    assert_int_equal(room_count_files(room, "messages.db.damaged-"), 1);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
}

ROOM_TEST(a_broken_page_is_found_at_the_start)
{
    struct room *room = *state;

    room->journal_size = 32 << 20;
    room_begin(room);
    room_append_many(room, 20000);
    room_end(room);
    overwrite(room, 20 * 16384, 16384);
    room_begin(room);
    assert_int_equal(room_count_files(room, "messages.db.damaged-"), 1);
    assert_int_equal(sl_store_next_seq(room->store), 1);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).messages, 10);
}

static bool was_set_aside(struct room *room)
{
    return room_count_files(room, "messages.db.damaged-") > 0 && room_is_written(room);
}

/* The file is moved aside under a reader and the writer, and both go on. */
ROOM_TEST(damage_in_a_run_begins_a_fresh_file)
{
    struct room *room = *state;
    uint64_t oldest, newest;

    room_begin(room);
    room_append_many(room, 500);
    room_wait(room, room_is_written);
    assert_true(sl_store_bounds(room_reader(room), &oldest, &newest));
    sl_store_report_damage(room->store);
    room_wait(room, was_set_aside);
    assert_int_equal(room_append(room, "after"), 501);
    room_wait(room, room_is_written);
    assert_true(sl_store_bounds(room_reader(room), &oldest, &newest));
    assert_int_equal(newest, 501);
    assert_int_equal(oldest, 1); /* the journal still had them */
    room_end(room);
    room_begin(room);
    assert_int_equal(sl_store_next_seq(room->store), 502);
}

static bool is_file_there(struct room *room)
{
    return access(room->path, F_OK) == 0 && room_is_written(room);
}

ROOM_TEST(a_removed_file_is_begun_anew)
{
    struct room *room = *state;

    room_begin(room);
    room_append_many(room, 500);
    room_wait(room, room_is_written);
    unlink(room->path);
    room_wait(room, is_file_there);
    room_append(room, "after");
    room_end(room);
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), 501);
}

/* --- the end of a run that was killed --- */

static void append_lifecycle(struct room *room, enum sl_record_kind kind, uint64_t client)
{
    struct sl_event event = room_event(client, "");
    struct sl_closing closing = {.closed_by = SL_BY_OPERATOR,
                                 .reason = SL_CLOSE_DISCONNECTED,
                                 .opened_at_ns = 1000,
                                 .last_seen_at_ns = 2000,
                                 .counters = {1, 2, 3, 4, 5, 6},
                                 .tcp = {.valid = 1, .state = 1, .rtt_us = 77, .rcv_mss = 536}};

    event.kind = (uint8_t)kind;
    if (kind == SL_RECORD_CLOSED) {
        event.received = (const uint8_t *)&closing;
        event.exchange.received_stored = sizeof(closing);
        event.exchange.received_size = sizeof(closing);
    }
    sl_journal_append(room->journal, &event, 1);
}

ROOM_TEST(a_client_is_remembered_with_its_end)
{
    struct room *room = *state;
    struct sl_client_view view;
    char listener[128];

    room_begin(room);
    append_lifecycle(room, SL_RECORD_OPENED, 1);
    room_append(room, "hello");
    append_lifecycle(room, SL_RECORD_CLOSED, 1);
    room_end(room);
    assert_true(sl_store_client(room_reader(room), 1, &view, listener, sizeof(listener)));
    assert_false(sl_store_client(room_reader(room), 2, &view, listener, sizeof(listener)));
    assert_string_equal(listener, "127.0.0.1:12000");
    assert_false(view.open);
    assert_int_equal(view.service, SL_UDP_UPPER);
    assert_int_equal(view.transport, SL_UDP);
    assert_int_equal(view.closed_by, SL_BY_OPERATOR);
    assert_int_equal(view.close_reason, SL_CLOSE_DISCONNECTED);
    assert_int_equal(view.last_seen_at_ns, 2000);
    assert_int_equal(view.counters.refused, 5);
    assert_int_equal(view.counters.unanswered, 6);
    assert_int_equal(view.tcp.rtt_us, 77);
    assert_int_equal(view.tcp.rcv_mss, 536);
    assert_int_equal(view.peer.port, 1601);
}

ROOM_TEST(a_kill_ends_the_clients_and_changes_the_id)
{
    struct room *room = *state;
    struct sl_client_view view;
    char listener[128], log_id[33];

    room_begin(room);
    strcpy(log_id, sl_store_log_id(room->store));
    append_lifecycle(room, SL_RECORD_OPENED, 1);
    append_lifecycle(room, SL_RECORD_OPENED, 2);
    append_lifecycle(room, SL_RECORD_CLOSED, 2);
    room_append(room, "hello");
    room_append(room, "you");
    room_kill(room);
    room_begin(room);
    assert_string_not_equal(sl_store_log_id(room->store), log_id);
    assert_int_equal(sl_store_next_seq(room->store), 3);
    assert_int_equal(sl_store_next_client(room->store), 3);
    assert_true(sl_store_client(room_reader(room), 1, &view, listener, sizeof(listener)));
    assert_false(view.open);
    assert_int_equal(view.closed_by, SL_BY_SERVER);
    assert_int_equal(view.close_reason, SL_CLOSE_SHUTDOWN);
    assert_int_equal(view.counters.received_messages, 2);
    assert_int_equal(view.counters.sent_bytes, 8);
    assert_true(view.closed_at_ns >= view.last_seen_at_ns && view.last_seen_at_ns > 0);
    assert_true(sl_store_client(room_reader(room), 2, &view, listener, sizeof(listener)));
    assert_int_equal(view.close_reason, SL_CLOSE_DISCONNECTED);
    room_end(room);
    room_begin(room);
    assert_int_equal(room_number(room, "SELECT count(*) FROM lifecycle WHERE kind = 2"), 2);
}
