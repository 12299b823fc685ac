/* A disk that does not answer: SQLite's calls that wait for it end up here. */
#include "store_room.h"

#include <stdatomic.h>
#include <sys/syscall.h>

#define ROWS       2000
#define ROW_SIZE   16000
#define ENOUGH_WAL (24 << 20) /* for several checkpoints */

static _Atomic bool stuck;
static _Atomic unsigned waiting;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    atomic_fetch_add(&waiting, 1);
    while (atomic_load(&stuck))
        poll(NULL, 0, 1);
    atomic_fetch_sub(&waiting, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

static bool a_checkpoint_waits(struct room *room)
{
    (void)room;
    return atomic_load(&waiting) == 1;
}

static off_t wal_size(const struct room *room)
{
    char path[128];
    struct stat status;

    snprintf(path, sizeof(path), "%s-wal", room->path);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static bool is_empty(struct room *room)
{
    return wal_size(room) == 0;
}

static void append_until_enough(struct room *room)
{
    static char text[ROW_SIZE + 1];

    memset(text, 'x', ROW_SIZE);
    for (int i = 0; i < ROWS && wal_size(room) < ENOUGH_WAL; i++) {
        room_append(room, text);
        if (i % 100 == 99)
            room_wait(room, room_is_written);
    }
    room_wait(room, room_is_written);
}

static int tear_down(void **state)
{
    atomic_store(&stuck, false); /* where a test has failed */
    return room_tear_down(state);
}

TEST_WITH(commits_go_on_while_a_checkpoint_waits, room_set_up, tear_down)
{
    struct room *room = *state;

    room->journal_size = 16 << 20;
    room_begin(room);
    atomic_store(&stuck, true);
    append_until_enough(room);
    room_wait(room, a_checkpoint_waits);
    assert_int_equal(room_stats(room).lost, 0);
    assert_true(wal_size(room) >= ENOUGH_WAL);
    atomic_store(&stuck, false);
    room_wait(room, is_empty);
    room_append(room, "after");
    room_wait(room, room_is_written);
}

ROOM_TEST(the_wal_begins_anew_under_load)
{
    struct room *room = *state;

    room->journal_size = 16 << 20;
    room_begin(room);
    for (int i = 0; i < 4; i++)
        append_until_enough(room);
    assert_true(wal_size(room) < 2 * ENOUGH_WAL);
}
