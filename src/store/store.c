/* Opens the log, starts and stops its threads, and hands requests of other threads to the
 * writer. */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/random.h"
#include "store/files.h"

#define DELETE_ROWS_FIRST 512

static struct sl_store *store_new(const struct sl_store_options *options, struct sl_log *log)
{
    struct sl_store *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    pthread_mutex_init(&store->lock, NULL);
    store->log = log;
    store->retention = options->retention;
    store->lock_fd = store->file_fd = store->control_fd = -1;
    store->delete_rows = DELETE_ROWS_FIRST;
    store->started_at_ns = sl_clock_wall_ns();
    store->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return store;
}

static int store_begin_run(struct sl_store *store, struct sl_error *error)
{
    char words[SL_DATABASE_WORDS_SIZE];
    int code = sl_store_transact(store, sl_store_begin_run);
    bool full = sl_database_classify(store->db, code) == SL_DATABASE_FULL;

    store->run_begun = code == SQLITE_OK;
    if (store->run_begun)
        return 0;
    sl_database_words(store->db, code, words);
    sl_store_close_file(store);
    return sl_error_set(error, full ? -ENOSPC : -EIO, "cannot write the log %s: %s", store->path,
                        words);
}

/* What may pass while it runs does not keep it from starting: what it has is served, and the writer
 * begins the run as soon as it can. */
static int store_start_paused(struct sl_store *store, int result, const struct sl_error *error)
{
    if (!sl_files_may_pass(-result))
        return result;
    sl_store_read_numbers(store);
    sl_store_pause(store, result == -EIO || result == -EROFS ? SL_STORE_FAILED : SL_STORE_DISK_FULL,
                   error->text);
    return 0;
}

static int store_open_all(struct sl_store *store, const char *path, struct sl_error *error)
{
    int result;

    if (store->control_fd < 0)
        return sl_error_set(error, -EMFILE, "cannot begin the log: no descriptor left");
    store->path = sl_files_resolve(path, error);
    if (!store->path)
        return -ENOENT;
    store->lock_fd = sl_files_lock(store->path, error);
    if (store->lock_fd < 0 && !sl_files_may_pass(-store->lock_fd))
        return store->lock_fd;
    if (sl_random_id(store->run) < 0)
        return sl_error_set(error, -EIO, "cannot draw random bytes: %s", strerror(errno));
    result = sl_store_open_file(store, error);
    if (result == 0)
        result = store_begin_run(store, error);
    return result < 0 ? store_start_paused(store, result, error) : 0;
}

int sl_store_open(const struct sl_store_options *options, struct sl_log *log,
                  struct sl_store **store, struct sl_error *error)
{
    struct sl_store *opened = store_new(options, log);
    int result;

    sl_database_init();
    if (!opened)
        return sl_error_set(error, -ENOMEM, "no memory for the log");
    result = store_open_all(opened, options->path, error);
    if (result < 0) {
        sl_store_free(opened);
        return result;
    }
    sl_store_publish(opened);
    *store = opened;
    return 0;
}

const char *sl_store_path(const struct sl_store *store)
{
    return store->path;
}

uint64_t sl_store_next_seq(const struct sl_store *store)
{
    return store->first_seq;
}

uint64_t sl_store_next_client(const struct sl_store *store)
{
    return store->first_client;
}

const char *sl_store_log_id(const struct sl_store *store)
{
    return store->log_id;
}

const char *sl_store_run_id(const struct sl_store *store)
{
    return store->run;
}

uint64_t sl_store_cleared_seq(const struct sl_store *store)
{
    return atomic_load(&store->clear_seq);
}

int sl_store_start(struct sl_store *store, struct sl_journal *journal,
                   const struct sl_registry *registry, struct sl_error *error)
{
    char words[SL_DATABASE_WORDS_SIZE];
    int code;

    store->journal = journal;
    store->registry = registry;
    code = store->db ? sl_store_attach(store) : SQLITE_OK;
    if (code != SQLITE_OK) {
        bool full = sl_database_classify(store->db, code) == SL_DATABASE_FULL;

        sl_database_words(store->db, code, words);
        sl_store_close_file(store);
        sl_store_pause(store, full ? SL_STORE_DISK_FULL : SL_STORE_FAILED, words);
    }
    store->waker = sl_waker_new(journal);
    if (!store->waker)
        return sl_error_set(error, -EMFILE, "cannot begin the log: no descriptor left");
    sl_cursor_seek(&store->cursor, journal, store->next_seq);
    store->has_ballast = sl_files_make_ballast(store->path) == 0;
    code = pthread_create(&store->thread, NULL, sl_store_run, store);
    if (code != 0)
        return sl_error_set(error, -code, "cannot begin the log: %s", strerror(code));
    store->running = true;
    return 0;
}

void sl_store_stop(struct sl_store *store)
{
    if (!store->running)
        return;
    atomic_store(&store->stopping, true);
    eventfd_write(store->control_fd, 1);
    pthread_join(store->thread, NULL);
    store->running = false;
    store->run_begun = false; /* its row has its end */
    sl_store_publish(store);
}

void sl_store_free(struct sl_store *store)
{
    if (!store)
        return;
    sl_store_stop(store);
    if (store->db && store->run_begun) /* never started: the row must not look like a kill's */
        sl_store_transact(store, sl_store_end_run);
    sl_store_close_file(store);
    sl_cursor_close(&store->cursor);
    sl_waker_free(store->waker);
    if (store->control_fd >= 0)
        close(store->control_fd);
    if (store->file_fd >= 0)
        close(store->file_fd);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

static void store_ask(struct sl_store *store)
{
    atomic_store(&store->asked, true);
    eventfd_write(store->control_fd, 1);
}

void sl_store_set_retention(struct sl_store *store, const struct sl_retention *retention)
{
    pthread_mutex_lock(&store->lock);
    store->retention = *retention;
    pthread_mutex_unlock(&store->lock);
    store_ask(store);
}

void sl_store_clear(struct sl_store *store, uint64_t seq)
{
    uint64_t asked = atomic_load(&store->clear_seq);

    while (asked < seq && !atomic_compare_exchange_weak(&store->clear_seq, &asked, seq))
        ;
    store_ask(store);
}

void sl_store_report_damage(struct sl_store *store)
{
    atomic_store(&store->damaged, true);
    eventfd_write(store->control_fd, 1);
}
