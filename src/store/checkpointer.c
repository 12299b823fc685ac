/* A checkpoint moves what the WAL holds into the file and ends in fsync(2), which takes as long as
 * the disk has other work: seconds, on a bad day. SQLite would run it inside a commit of the writer
 * (wal_autocheckpoint), which would write nothing meanwhile while the journal drops what it has no
 * room for. So this thread runs the checkpoints on a connection of its own, beside the commits.
 * synchronous=OFF would wait for nothing, but then a power cut may damage the file.
 *
 * It only ever runs SQLite's passive mode, which waits for no reader and takes no lock that a
 * commit needs. A passive pass never makes the WAL shorter: SQLite restarts it with the commit
 * that finds all of it moved and no reader at work. Seeing to that is the writer's part
 * (maintain_wal).
 *
 * What must hold:
 * - `asked` stays set until the pass has ended, so `moved` belongs to the pass that was asked for.
 * - The writer's own checkpoints, which also empty the WAL (sl_store_checkpoint), wait for the pass
 *   first: SQLite refuses a second one with SQLITE_BUSY.
 * - The connection is closed before the writer's, which has the last word on the WAL. */
#include "store/checkpointer.h"

#include <pthread.h>
#include <stdlib.h>

#include "socklens/clock.h"
#include "store/database.h"

struct sl_checkpointer {
    sqlite3 *db; /* the thread's alone once it runs */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool asked, ending; /* asked: until the pass has ended */
    int moved;
};

static void *checkpointer_run(void *context)
{
    struct sl_checkpointer *checkpointer = context;

    pthread_setname_np(pthread_self(), "checkpoint");
    pthread_mutex_lock(&checkpointer->lock);
    for (;;) {
        int frames, moved = 0;

        while (!checkpointer->asked && !checkpointer->ending)
            pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
        if (checkpointer->ending)
            break;
        pthread_mutex_unlock(&checkpointer->lock);
        /* What fails here shows at the writer's next commit, or at its own checkpoint. */
        if (sqlite3_wal_checkpoint_v2(checkpointer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames,
                                      &moved) != SQLITE_OK)
            moved = 0;
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->moved = moved;
        checkpointer->asked = false;
        pthread_cond_broadcast(&checkpointer->changed);
    }
    pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

static void checkpointer_release(struct sl_checkpointer *checkpointer)
{
    sqlite3_close(checkpointer->db);
    pthread_mutex_destroy(&checkpointer->lock);
    pthread_cond_destroy(&checkpointer->changed);
    free(checkpointer);
}

struct sl_checkpointer *sl_checkpointer_new(const char *path)
{
    struct sl_checkpointer *checkpointer = calloc(1, sizeof(*checkpointer));
    pthread_condattr_t attributes;

    if (!checkpointer)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&checkpointer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&checkpointer->lock, NULL);
    if (sl_database_open_second(path, &checkpointer->db) == SQLITE_OK &&
        pthread_create(&checkpointer->thread, NULL, checkpointer_run, checkpointer) == 0)
        return checkpointer;
    checkpointer_release(checkpointer);
    return NULL;
}

void sl_checkpointer_free(struct sl_checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->ending = true;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
    pthread_join(checkpointer->thread, NULL);
    checkpointer_release(checkpointer);
}

void sl_checkpointer_ask(struct sl_checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->asked = true;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
}

bool sl_checkpointer_wait(struct sl_checkpointer *checkpointer, int timeout_ms, int *moved)
{
    int64_t until_ns = sl_clock_mono_ns() + timeout_ms * SL_NS_PER_MS;
    struct timespec until = {.tv_sec = until_ns / SL_NS_PER_S, .tv_nsec = until_ns % SL_NS_PER_S};
    bool idle;
    int result = 0;

    if (!checkpointer) {
        *moved = 0;
        return true;
    }
    pthread_mutex_lock(&checkpointer->lock);
    while (checkpointer->asked && result == 0 && timeout_ms != 0)
        result = timeout_ms < 0
                     ? pthread_cond_wait(&checkpointer->changed, &checkpointer->lock)
                     : pthread_cond_timedwait(&checkpointer->changed, &checkpointer->lock, &until);
    idle = !checkpointer->asked;
    *moved = checkpointer->moved;
    pthread_mutex_unlock(&checkpointer->lock);
    return idle;
}
