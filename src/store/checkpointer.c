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

static int run_pass(sqlite3 *db)
{
    int frames, moved = 0;

    /* What fails here shows at the writer's next commit, or at its own checkpoint. */
    if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved) !=
        SQLITE_OK)
        return 0;
    return moved;
}

static void *run(void *context)
{
    struct sl_checkpointer *checkpointer = context;

    pthread_setname_np(pthread_self(), "checkpoint");
    pthread_mutex_lock(&checkpointer->lock);
    for (;;) {
        int moved;

        while (!checkpointer->asked && !checkpointer->ending)
            pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
        if (checkpointer->ending)
            break;
        pthread_mutex_unlock(&checkpointer->lock);
        moved = run_pass(checkpointer->db);
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->moved = moved;
        checkpointer->asked = false;
        pthread_cond_broadcast(&checkpointer->changed);
    }
    pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

static void init_locks(struct sl_checkpointer *checkpointer)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&checkpointer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&checkpointer->lock, NULL);
}

static void release(struct sl_checkpointer *checkpointer)
{
    sqlite3_close(checkpointer->db);
    pthread_mutex_destroy(&checkpointer->lock);
    pthread_cond_destroy(&checkpointer->changed);
    free(checkpointer);
}

struct sl_checkpointer *sl_checkpointer_new(const char *path)
{
    struct sl_checkpointer *checkpointer = calloc(1, sizeof(*checkpointer));

    if (!checkpointer)
        return NULL;
    init_locks(checkpointer);
    if (sl_database_open_second(path, &checkpointer->db) == SQLITE_OK &&
        pthread_create(&checkpointer->thread, NULL, run, checkpointer) == 0)
        return checkpointer;
    release(checkpointer);
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
    release(checkpointer);
}

void sl_checkpointer_ask(struct sl_checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->asked = true;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
}

static struct timespec in_ms(int timeout_ms)
{
    int64_t at_ns = sl_clock_mono_ns() + timeout_ms * SL_NS_PER_MS;

    return (struct timespec){.tv_sec = at_ns / SL_NS_PER_S, .tv_nsec = at_ns % SL_NS_PER_S};
}

bool sl_checkpointer_wait(struct sl_checkpointer *checkpointer, int timeout_ms, int *moved)
{
    struct timespec until = in_ms(timeout_ms);
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
