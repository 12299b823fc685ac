/* Errors and how they pass. The journal keeps what it can meanwhile; what leaves it before it was
 * written shows as a gap. */
#include <errno.h>
#include <stdio.h>

#include "socklens/clock.h"
#include "store/files.h"
#include "store/store.h"

#define RETRY_NS      SL_NS_PER_S
#define RETRY_BUSY_NS (50 * SL_NS_PER_MS)

/* For making room, each time. */
#define ROOM_NS (200 * SL_NS_PER_MS)

/* A program that holds the file for less than this is not worth a word. */
#define BUSY_MAX_NS (2 * SL_NS_PER_S)

/* The place before the first record that is not in the file. */
static void go_back(struct sl_store *store)
{
    sl_cursor_seek(&store->cursor, store->journal, store->next_seq);
    sl_cursor_park(&store->cursor); /* it may take long, and must not keep a block alive */
}

void sl_store_begin_anew(struct sl_store *store, const char *why)
{
    struct sl_journal_stats journal;
    int code;

    sl_journal_stats(store->journal, &journal);
    store->next_seq = journal.oldest_seq;
    code = sl_store_renew(store, why);
    go_back(store);
    sl_store_publish(store);
    if (code == SQLITE_OK)
        return;
    sl_store_close_file(store);
    store->retry_at_ns = sl_clock_mono_ns() + RETRY_NS;
    sl_store_pause(store, SL_STORE_FAILED, sqlite3_errstr(code));
}

static void wait_for_other(struct sl_store *store, const char *words)
{
    int64_t now_ns = sl_clock_mono_ns();

    store->retry_at_ns = now_ns + RETRY_BUSY_NS;
    if (store->busy_since_ns == 0)
        store->busy_since_ns = now_ns;
    if (now_ns - store->busy_since_ns > BUSY_MAX_NS)
        sl_store_pause(store, SL_STORE_FAILED, words);
}

void sl_store_fail(struct sl_store *store, int code)
{
    char words[SL_DATABASE_WORDS_SIZE];
    enum sl_trouble trouble = sl_database_trouble(store->db, code);

    sl_database_words(store->db, code, words);
    if (store->db)
        sl_database_exec(store->db, "ROLLBACK"); /* fails where SQLite did it already */
    if (store->messages.many)
        sl_messages_forget(&store->messages);
    go_back(store);
    store->retry_at_ns = sl_clock_mono_ns() + RETRY_NS;
    switch (trouble) {
    case SL_TROUBLE_BUSY:
        wait_for_other(store, words);
        break;
    case SL_TROUBLE_FULL:
        sl_files_drop_ballast(store->path);
        store->has_ballast = false;
        sl_store_pause(store, SL_STORE_DISK_FULL, words);
        break;
    case SL_TROUBLE_DAMAGED:
        sl_store_begin_anew(store, words);
        break;
    default:
        sl_store_close_file(store); /* a connection that had an I/O error is best not used again */
        sl_store_pause(store, SL_STORE_FAILED, words);
        break;
    }
}

/* With the ballast's space: what lies in the WAL goes into the file, so that the WAL can begin
 * anew, and what has to go anyway goes. */
static void make_room(struct sl_store *store)
{
    int64_t until_ns = sl_clock_mono_ns() + ROOM_NS;
    unsigned deleted;

    sl_store_checkpoint(store);
    if (sl_store_measure(store) != SQLITE_OK)
        return;
    while (sl_clock_mono_ns() < until_ns && sl_retention_step(store, &deleted) == SQLITE_OK &&
           deleted > 0 && sl_store_measure(store) == SQLITE_OK)
        ;
    sl_database_exec(store->db, "ROLLBACK"); /* fails where no step was left half done */
    sl_database_exec(store->db, "PRAGMA incremental_vacuum");
    sl_store_checkpoint(store);
}

/* True where there is space for a ballast again, or none can be made here at all. */
static bool has_room(struct sl_store *store)
{
    int result = sl_files_make_ballast(store->path);

    store->has_ballast = result == 0;
    return result != -ENOSPC;
}

/* What waits at the end is written all the same. Where it is for want of space that the WAL cannot
 * be moved, the ballast's space is for that, too. */
static bool is_blocked(struct sl_store *store, int64_t now_ns)
{
    char words[SL_DATABASE_WORDS_SIZE];
    int code;

    if (atomic_load(&store->stopping) || !sl_store_is_blocked(store, words, &code))
        return false;
    if (sl_database_trouble(store->db, code) == SL_TROUBLE_FULL) {
        sl_store_fail(store, code);
        return true;
    }
    store->retry_at_ns = now_ns + RETRY_NS;
    sl_store_pause(store, SL_STORE_BLOCKED, words);
    return true;
}

bool sl_store_may_write(struct sl_store *store, int64_t now_ns)
{
    if (now_ns < store->retry_at_ns)
        return false;
    if (!store->db) {
        int code = sl_store_renew(store, NULL);

        if (code != SQLITE_OK) {
            sl_store_fail(store, code);
            if (!store->messages.gap) /* prepared last: what is open is not to be written to */
                sl_store_close_file(store);
            return false;
        }
    }
    if (is_blocked(store, now_ns))
        return false;
    if (sl_store_state(store) != SL_STORE_DISK_FULL)
        return true;
    store->retry_at_ns = now_ns + RETRY_NS;
    make_room(store);
    return has_room(store);
}

void sl_store_recovered(struct sl_store *store)
{
    bool news;

    store->busy_since_ns = 0;
    store->retry_at_ns = 0;
    pthread_mutex_lock(&store->lock);
    news = store->stats.state != SL_STORE_RECORDING;
    store->stats.state = SL_STORE_RECORDING;
    pthread_mutex_unlock(&store->lock);
    if (news)
        sl_log_info(store->log, "the log goes on in %s", store->path);
}
