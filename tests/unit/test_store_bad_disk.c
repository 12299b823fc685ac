/* A disk that takes nothing, at the start and later: SQLite's calls that write end up here (under
 * their names for large files, which the headers give them). */
#include "store_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static const int codes[] = {ENOSPC, EDQUOT, EROFS, EIO};

static _Atomic int fault; /* an errno; 0: the disk is well */
static _Atomic int sync_fault;

static bool fails(void)
{
    int code = atomic_load(&fault);

    errno = code ? code : errno;
    return code != 0;
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t size,
                                                      off_t offset)
{
    return fails() ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

__attribute__((visibility("default"))) int ftruncate(int fd, off_t size)
{
    return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

__attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return fails() ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    errno = atomic_load(&sync_fault) ? atomic_load(&sync_fault) : errno;
    return atomic_load(&sync_fault) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static bool is_paused(struct room *room)
{
    return room_stats(room).state != SL_STORE_RECORDING;
}

static void assert_goes_on(struct room *room, uint64_t rows)
{
    room_append_many(room, 5);
    room_wait(room, is_paused);
    assert_true(strlen(room_stats(room).last_error) > 0);
    atomic_store(&fault, 0);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).state, SL_STORE_RECORDING);
    assert_int_equal(room_number(room, "SELECT count(*) FROM messages"), rows + 5);
    assert_int_equal(room_number(room, "SELECT max(seq) FROM messages"), rows + 5);
}

/* Its place is asked for before the writer runs, as in the program. */
static void room_begin_at(struct room *room, uint64_t seq)
{
    struct sl_error error = {""};

    if (room_open(room, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(sl_store_next_seq(room->store), seq);
    room_start(room);
}

static int tear_down(void **state)
{
    atomic_store(&fault, 0); /* where a test has failed */
    atomic_store(&sync_fault, 0);
    return room_tear_down(state);
}

TEST_WITH(store_starts_on_an_existing_log_on_a_bad_disk, room_set_up, tear_down)
{
    struct room *room = *state;
    uint64_t rows = 10;

    room->journal_size = 1 << 20;
    room_begin(room);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        room_end(room);
        atomic_store(&fault, codes[i]);
        room_begin_at(room, rows + 1);
        assert_goes_on(room, rows);
        rows += 5;
    }
    assert_int_equal(room_count_files(room, "replaced"), 0);
    assert_int_equal(room_count_files(room, "damaged"), 0);
}

TEST_WITH(store_starts_without_a_log_on_a_bad_disk, room_set_up, tear_down)
{
    struct room *room = *state;

    room->journal_size = 1 << 20;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        atomic_store(&fault, codes[i]);
        room_begin_at(room, 1);
        assert_goes_on(room, 0);
        room_end(room);
        unlink(room->path);
    }
}

TEST_WITH(store_pauses_when_the_disk_fails, room_set_up, tear_down)
{
    struct room *room = *state;

    room->journal_size = 1 << 20;
    room_begin(room);
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        atomic_store(&fault, codes[i]);
        assert_goes_on(room, 5 * i);
    }
}

/* What it cannot say in the file at the end is there at the next start all the same. */
TEST_WITH(store_stops_on_a_full_disk, room_set_up, tear_down)
{
    struct room *room = *state;
    struct sl_error error;

    room->journal_size = 1 << 20;
    room_begin(room);
    room_append_many(room, 5);
    room_wait(room, room_is_written);
    atomic_store(&fault, ENOSPC);
    room_append_many(room, 5);
    room_wait(room, is_paused);
    room_end(room);
    atomic_store(&fault, 0);
    assert_int_equal(room_open(room, &error), 0);
    assert_true(sl_store_next_seq(room->store) >= 6);
    room_start(room);
}

TEST_WITH(the_wal_has_a_bound_without_sync, room_set_up, tear_down)
{
    struct room *room = *state;
    static char text[20001];

    memset(text, 'x', sizeof(text) - 1);
    room->journal_size = 4 << 20;
    room->retention.bytes = 8 << 20;
    room_begin(room);
    atomic_store(&sync_fault, EIO);
    for (int i = 0; i < 4000 && !is_paused(room); i++) {
        room_append(room, text);
        if (i % 20 == 19)
            poll(NULL, 0, 2);
    }
    room_wait(room, is_paused);
    assert_int_equal(room_stats(room).state, SL_STORE_BLOCKED);
    assert_non_null(strstr(room_stats(room).last_error, strerror(EIO)));
    assert_true(room_stats(room).file_bytes < 3 * room->retention.bytes);
    atomic_store(&sync_fault, 0);
    room_wait(room, room_is_written);
    assert_int_equal(room_stats(room).state, SL_STORE_RECORDING);
}
