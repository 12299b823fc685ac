/* The writer's thread: it follows the journal and is the only one that writes the log.
 *
 * Workers hand over some 280,000 messages a second and must never wait for the disk. A transaction
 * a message would cost a write(2) each, and a wake-up of this thread. So it sleeps until the
 * journal has something, lets more gather for a few milliseconds, and writes it in large
 * transactions: a worker that appends pays for at most one wake-up in that time, and the cost of a
 * commit is shared. A transaction ends after a tenth of a second too, so that a slow machine does
 * not keep what was read long ago uncommitted.
 *
 * With synchronous=NORMAL a commit is a write(2) into the WAL: it survives the end of the process,
 * not a power cut. synchronous=FULL would wait for the disk in each commit, for seconds on a bad
 * day, while the journal drops what it has no room for. What waits for the disk are the
 * checkpoints, and another thread does these (checkpointer.c). Only the transaction that begins the
 * run is synced (sl_store_begin).
 *
 * The thread goes round: write what there is (batch_*), then maintenance in ticks of some
 * milliseconds (maintain_*), so that neither deleting nor shrinking keeps new messages waiting.
 * Errors (recover_*) do not end it: the journal keeps what it can meanwhile, and what leaves it
 * before it was written becomes a row in `gaps`.
 *
 * What must hold:
 * - `next_seq` is the first message that is not committed. After a rollback the cursor goes back to
 *   it, so a message is either in the file once or in a gap.
 * - The cursor keeps no block of the journal alive while the thread waits for anything.
 * - The WAL stays bounded, about SL_FILES_WAL_MAX: where it cannot be moved into the file, the
 *   thread first holds still for a moment, then pauses (SL_STORE_BLOCKED).
 * - After a full disk nothing is written before there is some room to go on (the ballast), or
 *   recording would end again at once. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "socklens/clock.h"
#include "store/files.h"
#include "store/store.h"

#define GATHER_MS 25
#define TRIM_NS   (2 * SL_NS_PER_S)

/* Of one transaction. */
#define ROWS_MAX  16384u
#define BYTES_MAX (UINT64_C(4) << 20)
#define BATCH_NS  (100 * SL_NS_PER_MS)

/* The clock is looked at once in so many records. */
#define CLOCK_RECORDS 256u

#define RETRY_NS      SL_NS_PER_S
#define RETRY_BUSY_NS (50 * SL_NS_PER_MS)

/* For making room on a full disk, each time. */
#define ROOM_NS (200 * SL_NS_PER_MS)

/* A program that holds the file for less than this is not worth a line in the log. */
#define BUSY_MAX_NS (2 * SL_NS_PER_S)

#define TICK_NS (8 * SL_NS_PER_MS)
#define LOOK_NS SL_NS_PER_S
#define IDLE_NS SL_NS_PER_S

/* A step of deleting is to take between half of this and this. */
#define STEP_NS         (4 * SL_NS_PER_MS)
#define DELETE_ROWS_MIN 16u
#define DELETE_ROWS_MAX 4096u

/* Free pages are used again for what comes next; only more than this is given back under load. */
#define FREE_PAGES_KEPT 64
#define SHRINK_SQL      "PRAGMA incremental_vacuum(32)"

/* Of the bytes that retention allows the file. */
#define WAL_PART 8

/* How much larger than it should become the WAL may be before the writer holds still for a moment;
 * and before it waits for the disk, however long that takes: later where there is space enough. */
#define WAL_OVERDUE    2
#define WAL_FULL       8
#define WAL_FULL_ROOMY 32
#define HOLD_NS        (200 * SL_NS_PER_MS)

/* Of the journal's capacity, unwritten. */
#define BEHIND_PART 4

enum progress { PROGRESS_END, PROGRESS_MORE, PROGRESS_FAILED };

/* As large as the WAL may become, about: also a part of what retention allows the file. */
static uint64_t wal_bytes_max(struct sl_store *store)
{
    uint64_t part;

    pthread_mutex_lock(&store->lock);
    part = store->retention.bytes / WAL_PART;
    pthread_mutex_unlock(&store->lock);
    return part && part < store->wal_max ? part : store->wal_max;
}

/* As large as it ever may. */
static uint64_t wal_frames_max(struct sl_store *store)
{
    uint64_t bytes = wal_bytes_max(store);

    return (bytes < SL_FILES_WAL_MAX ? WAL_FULL : WAL_FULL_ROOMY) * (bytes / store->page_size);
}

/* --- errors and how they pass --- */

/* To the place before the first record that is not in the file. */
static void recover_rewind(struct sl_store *store)
{
    sl_cursor_seek(&store->cursor, store->journal, store->next_seq);
    sl_cursor_park(&store->cursor); /* it may take long, and must not keep a block alive */
}

/* Opens the file again, or a fresh one where it is gone, or moves it aside first where it is
 * damaged and `why` says how. What the journal still holds is written (again). */
static void recover_reopen(struct sl_store *store, const char *why)
{
    struct sl_journal_stats journal;
    int code;

    sl_journal_stats(store->journal, &journal);
    store->next_seq = journal.oldest_seq;
    code = sl_store_reopen(store, why);
    recover_rewind(store);
    sl_store_publish(store);
    if (code == SQLITE_OK)
        return;
    sl_store_close_file(store);
    store->retry_at_ns = sl_clock_mono_ns() + RETRY_NS;
    sl_store_pause(store, SL_STORE_FAILED, sqlite3_errstr(code));
}

/* After an error: rolls back, says so, and sets when to try again. */
static void recover_from(struct sl_store *store, int code)
{
    char words[SL_DATABASE_WORDS_SIZE];
    enum sl_database_error error = sl_database_classify(store->db, code);
    int64_t now_ns;

    sl_database_words(store->db, code, words);
    if (store->db)
        sl_database_exec(store->db, "ROLLBACK"); /* fails where SQLite did it already */
    if (store->messages.many)
        sl_messages_forget(&store->messages);
    recover_rewind(store);
    now_ns = sl_clock_mono_ns();
    store->retry_at_ns = now_ns + RETRY_NS;
    switch (error) {
    case SL_DATABASE_BUSY:
        store->retry_at_ns = now_ns + RETRY_BUSY_NS;
        if (store->busy_since_ns == 0)
            store->busy_since_ns = now_ns;
        if (now_ns - store->busy_since_ns > BUSY_MAX_NS)
            sl_store_pause(store, SL_STORE_FAILED, words);
        break;
    case SL_DATABASE_FULL:
        sl_files_drop_ballast(store->path);
        store->has_ballast = false;
        sl_store_pause(store, SL_STORE_DISK_FULL, words);
        break;
    case SL_DATABASE_DAMAGED:
        recover_reopen(store, words);
        break;
    default:
        sl_store_close_file(store); /* a connection that had an I/O error is best not used again */
        sl_store_pause(store, SL_STORE_FAILED, words);
        break;
    }
}

/* With the ballast's space: moves the WAL into the file, so that it can restart, and deletes what
 * exceeds the limits of retention anyway. */
static void recover_make_room(struct sl_store *store)
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

/* Whether the WAL has become as large as it ever may, and something keeps it from being moved into
 * the file. What waits at the end is written all the same. */
static bool recover_is_blocked(struct sl_store *store, int64_t now_ns)
{
    char words[SL_DATABASE_WORDS_SIZE] = "another program keeps a read transaction open";
    int code;

    if (atomic_load(&store->stopping) || (uint64_t)store->wal_frames < wal_frames_max(store))
        return false;
    code = sl_store_checkpoint(store);
    if ((uint64_t)store->wal_frames < wal_frames_max(store))
        return false;
    if (sl_database_classify(store->db, code) == SL_DATABASE_FULL) {
        recover_from(store, code); /* the ballast's space is for that, too */
        return true;
    }
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        sl_database_words(store->db, code, words);
    store->retry_at_ns = now_ns + RETRY_NS;
    sl_store_pause(store, SL_STORE_BLOCKED, words);
    return true;
}

/* True where writing may be tried. Makes room first, where the disk was full. */
static bool recover_may_write(struct sl_store *store, int64_t now_ns)
{
    int result;

    if (now_ns < store->retry_at_ns)
        return false;
    if (!store->db) {
        int code = sl_store_reopen(store, NULL);

        if (code != SQLITE_OK) {
            recover_from(store, code);
            if (!store->messages.gap) /* prepared last: the connection is not ready to write */
                sl_store_close_file(store);
            return false;
        }
    }
    if (recover_is_blocked(store, now_ns))
        return false;
    if (sl_store_state(store) != SL_STORE_DISK_FULL)
        return true;
    store->retry_at_ns = now_ns + RETRY_NS;
    recover_make_room(store);
    result = sl_files_make_ballast(store->path);
    store->has_ballast = result == 0;
    return result != -ENOSPC; /* there is space for one again, or none can be made here at all */
}

/* After a commit. */
static void recover_done(struct sl_store *store)
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

/* --- one transaction --- */

struct batch {
    bool begun;
    uint64_t records, rows, bytes, lost, gaps;
    uint64_t bytes_max, newest_seq;
    int64_t until_ns;
};

static int batch_begin(struct batch *batch, struct sl_store *store)
{
    int code;

    if (batch->begun)
        return SQLITE_OK;
    batch->begun = true;
    code = sl_store_begin(store);
    return code == SQLITE_OK && !store->run_begun ? sl_store_begin_run(store) : code;
}

static bool batch_is_full(const struct batch *batch)
{
    return batch->records >= ROWS_MAX || batch->bytes >= batch->bytes_max ||
           (batch->records % CLOCK_RECORDS == CLOCK_RECORDS - 1 &&
            sl_clock_mono_ns() >= batch->until_ns);
}

/* Reads on into the transaction. */
static int batch_fill(struct batch *batch, struct sl_store *store, enum progress *progress)
{
    int code = SQLITE_OK;

    *progress = PROGRESS_MORE;
    while (code == SQLITE_OK && !batch_is_full(batch)) {
        const struct sl_record *record;
        struct sl_gap gap;
        enum sl_read read = sl_cursor_next(&store->cursor, &record, &gap);

        if (read == SL_READ_END) {
            *progress = PROGRESS_END;
            break;
        }
        code = batch_begin(batch, store);
        if (code != SQLITE_OK)
            break;
        if (read == SL_READ_RECORD) {
            batch->records++;
            batch->bytes += record->size;
            if (record->kind == SL_RECORD_EXCHANGE) {
                batch->rows++;
                batch->newest_seq = record->seq;
            }
            code = sl_messages_add(&store->messages, record);
        } else {
            batch->gaps++;
            batch->lost += gap.to - gap.from + 1;
            code = sl_messages_gap(&store->messages, gap.from, gap.to, "evicted");
        }
    }
    return code == SQLITE_OK ? sl_messages_flush(&store->messages) : code;
}

/* After a failure something has to be written to know that it has passed. */
static int batch_check_writable(struct batch *batch, struct sl_store *store)
{
    int code;

    if (batch->begun || sl_store_state(store) == SL_STORE_RECORDING)
        return SQLITE_OK;
    code = batch_begin(batch, store);
    return code == SQLITE_OK ? sl_database_exec(store->db, "UPDATE meta SET value = value") : code;
}

static void batch_committed(const struct batch *batch, struct sl_store *store)
{
    if (!store->run_begun)
        sl_store_synced(store);
    store->run_begun = true;
    store->next_seq = store->cursor.next_seq;
    store->changed_at_ns = sl_clock_mono_ns();
    if (batch->rows > 0) {
        if (store->rows == 0)
            store->oldest_seq = batch->newest_seq - batch->rows + 1;
        store->rows += batch->rows;
        store->newest_seq = batch->newest_seq;
    }
    pthread_mutex_lock(&store->lock);
    store->stats.lost += batch->lost;
    store->stats.gaps += batch->gaps;
    pthread_mutex_unlock(&store->lock);
    store->unlogged += batch->lost;
    sl_store_publish(store);
    recover_done(store);
}

static enum progress batch_write(struct sl_store *store)
{
    uint64_t limit = wal_bytes_max(store);
    struct batch batch = {.bytes_max = limit < BYTES_MAX ? limit : BYTES_MAX,
                          .until_ns = sl_clock_mono_ns() + BATCH_NS};
    enum progress progress;
    int code = batch_fill(&batch, store, &progress);

    if (code == SQLITE_OK)
        code = batch_check_writable(&batch, store);
    if (code == SQLITE_OK && batch.begun)
        code = sl_database_exec(store->db, "COMMIT");
    if (code != SQLITE_OK) {
        recover_from(store, code);
        return PROGRESS_FAILED;
    }
    if (batch.begun)
        batch_committed(&batch, store);
    return progress;
}

/* --- maintenance: retention, shrinking, checkpoints --- */

/* On a busy machine a tick may be over before anything was deleted. The excess must not grow all
 * the same: the tick deletes as much as has come, as far as the WAL has room for that. */
static bool maintain_has_grown(struct sl_store *store)
{
    return store->pages_kept > 0 && store->pages - store->free_pages > store->pages_kept &&
           (uint64_t)store->wal_frames < wal_frames_max(store);
}

/* True where the time ran out before all of the excess was deleted. */
static bool maintain_delete(struct sl_store *store, int64_t until_ns, int *code)
{
    int64_t before_ns = sl_clock_mono_ns(), after_ns;
    unsigned deleted;

    while (before_ns < until_ns || maintain_has_grown(store)) {
        *code = sl_retention_step(store, &deleted);
        if (*code != SQLITE_OK || deleted == 0)
            return false;
        after_ns = sl_clock_mono_ns();
        if (after_ns - before_ns > STEP_NS && store->delete_rows > DELETE_ROWS_MIN)
            store->delete_rows /= 2;
        else if (after_ns - before_ns < STEP_NS / 2 && store->delete_rows < DELETE_ROWS_MAX)
            store->delete_rows *= 2;
        before_ns = store->changed_at_ns = after_ns;
        *code = sl_store_measure(store);
        if (*code != SQLITE_OK)
            return false;
    }
    return true;
}

/* Gives free pages back, all of them where the log is idle or stopping. True
 * where the time ran out before. */
static bool maintain_shrink(struct sl_store *store, bool idle, int64_t until_ns, int *code)
{
    bool all = idle || atomic_load(&store->stopping);
    uint64_t keep = all ? 0 : FREE_PAGES_KEPT + store->pages / 16;

    while (store->free_pages > keep) {
        uint64_t before = store->free_pages;

        if (sl_clock_mono_ns() >= until_ns)
            return true;
        *code = sl_database_exec(store->db, SHRINK_SQL);
        if (*code == SQLITE_OK)
            *code = sl_store_measure(store);
        if (*code != SQLITE_OK || store->free_pages >= before) /* a file that cannot shrink */
            return false;
    }
    return false;
}

/* True where so much waits in the journal that the writer has no time to lose. */
static bool maintain_is_behind(struct sl_store *store)
{
    struct sl_journal_stats journal;
    uint64_t held, unwritten;

    sl_journal_stats(store->journal, &journal);
    held = journal.newest_seq - journal.oldest_seq + 1;
    unwritten = journal.newest_seq - store->next_seq + 1;
    return held > 0 && (double)journal.used_bytes * (double)unwritten / (double)held >
                           (double)journal.capacity_bytes / BEHIND_PART;
}

/* True where no pass of the checkpointer is under way, for which it waits up to `timeout_ms`. */
static bool maintain_pass_is_over(struct sl_store *store, int timeout_ms)
{
    int moved;

    if (!store->passing)
        return true;
    store->passing = !sl_checkpointer_wait(store->checkpointer, timeout_ms, &moved);
    if (!store->passing)
        store->wal_checkpointed = moved;
    return !store->passing;
}

/* The WAL restarts with the commit that finds all of it moved, and no reader at work. Under load
 * more has come by the end of each pass, so passes follow each other until the rest is small, and
 * the writer holds still for the last one. */
static void maintain_wal(struct sl_store *store, bool idle)
{
    uint64_t limit = wal_bytes_max(store) / store->page_size, unmoved;
    bool overdue = (uint64_t)store->wal_frames >= WAL_OVERDUE * limit;
    int64_t hold_until_ns;

    if (!maintain_pass_is_over(store, 0) || store->wal_frames == 0)
        return;
    if (store->wal_frames < store->wal_checkpointed)
        store->wal_checkpointed = 0; /* a commit has restarted the WAL */
    unmoved = (uint64_t)(store->wal_frames - store->wal_checkpointed);
    if (idle && unmoved == 0) {
        sl_store_checkpoint(store); /* nothing is left to wait for the disk for */
        return;
    }
    if (unmoved < limit && (unmoved == 0 || !(idle || overdue)))
        return;
    sl_checkpointer_ask(store->checkpointer);
    store->passing = true;
    if (!overdue || unmoved >= limit / 2)
        return;
    hold_until_ns = sl_clock_mono_ns() + HOLD_NS;
    while (!maintain_pass_is_over(store, 5) && !maintain_is_behind(store) &&
           sl_clock_mono_ns() < hold_until_ns)
        ;
}

/* One line for what was lost since the last one. */
static void maintain_log_lost(struct sl_store *store)
{
    if (store->unlogged > 0)
        sl_log_warning(store->log, "the log misses %" PRIu64 " messages: they %s %s",
                       store->unlogged,
                       store->was_paused ? "left memory while nothing could be written to"
                                         : "came too fast for",
                       store->path);
    store->unlogged = 0;
    store->was_paused = sl_store_state(store) != SL_STORE_RECORDING;
}

/* Another file or WAL has the name of the log's. What is in the WAL that is open goes into the file
 * first; where a reader keeps it from that, a later look does. */
static void maintain_names(struct sl_store *store, int64_t now_ns)
{
    enum sl_store_change change = sl_store_settled_change(store, now_ns);
    bool wal = change == SL_CHANGE_WAL || change == SL_CHANGE_WAL_GONE;

    if (change == SL_CHANGE_NONE || (wal && sl_store_checkpoint(store) != SQLITE_OK))
        return;
    recover_reopen(store, NULL);
    if (wal)
        sl_log_warning(store->log,
                       "the WAL of the log %s was %s: what it held is in the log, which goes on "
                       "with another one",
                       store->path, change == SL_CHANGE_WAL ? "replaced" : "removed");
}

/* One tick of at most about 10 ms; true where more is to be done at once. */
static bool maintain(struct sl_store *store, int64_t now_ns)
{
    bool changed = store->changed_at_ns > store->maintained_at_ns, idle, more;
    int code = SQLITE_OK;
    uint64_t used;

    changed |= atomic_exchange(&store->asked, false);
    if (now_ns >= store->look_at_ns) {
        store->look_at_ns = now_ns + LOOK_NS;
        maintain_log_lost(store);
        if (!store->has_ballast)
            store->has_ballast = sl_files_make_ballast(store->path) == 0;
        maintain_names(store, now_ns);
    }
    if (!store->db || (!changed && now_ns < store->maintained_at_ns + LOOK_NS))
        return false;
    idle = now_ns - store->changed_at_ns > IDLE_NS;
    code = sl_store_measure(store);
    more = code == SQLITE_OK && maintain_delete(store, now_ns + TICK_NS, &code);
    used = store->pages - store->free_pages;
    if (!more || store->pages_kept == 0 || used < store->pages_kept)
        store->pages_kept = used; /* only the excess from before may wait for later ticks */
    if (code == SQLITE_OK)
        more |= maintain_shrink(store, idle, now_ns + TICK_NS, &code);
    if (code != SQLITE_OK) {
        recover_from(store, code);
        return false;
    }
    maintain_wal(store, idle && !more);
    store->maintained_at_ns = more ? 0 : now_ns;
    sl_store_publish(store);
    return more;
}

/* --- the thread --- */

static void writer_sleep(struct sl_store *store, bool failed)
{
    struct pollfd fds[] = {{.fd = store->control_fd, .events = POLLIN},
                           {.fd = sl_waker_fd(store->waker), .events = POLLIN}};
    int64_t wait_ns = failed ? store->retry_at_ns - sl_clock_mono_ns() : SL_NS_PER_S;
    eventfd_t ignored;

    if (wait_ns < SL_NS_PER_MS)
        wait_ns = SL_NS_PER_MS;
    if (poll(fds, failed ? 1 : 2, (int)(wait_ns / SL_NS_PER_MS)) > 0 && fds[0].revents == 0)
        poll(fds, 1, GATHER_MS);
    eventfd_read(store->control_fd, &ignored);
}

/* One round of writing and maintenance; true where there is more to do at once. */
static bool writer_work(struct sl_store *store, enum progress *progress)
{
    bool more;

    if (atomic_exchange(&store->damaged, false) && sl_store_is_current(store))
        recover_reopen(store, "a reader met a broken page");
    sl_waker_arm(store->waker); /* before reading: a record that comes meanwhile must wake it */
    *progress = recover_may_write(store, sl_clock_mono_ns()) ? batch_write(store) : PROGRESS_FAILED;
    more = *progress == PROGRESS_MORE;
    if (*progress != PROGRESS_FAILED)
        more |= maintain(store, sl_clock_mono_ns());
    return more;
}

/* Writes all of the journal, however long that takes, and then deletes the excess for a while, so
 * that the file is within its limits. */
static enum progress writer_drain(struct sl_store *store)
{
    enum progress progress = PROGRESS_MORE;
    int64_t until_ns = 0;
    bool more = true;

    while (more && progress != PROGRESS_FAILED) {
        store->retry_at_ns = 0;
        more = writer_work(store, &progress);
        if (progress == PROGRESS_MORE)
            continue;
        if (until_ns == 0)
            until_ns = sl_clock_mono_ns() + TRIM_NS;
        more &= sl_clock_mono_ns() < until_ns;
    }
    return progress;
}

void *sl_store_run(void *context)
{
    struct sl_store *store = context;
    enum progress progress;
    int code = SQLITE_IOERR;

    pthread_setname_np(pthread_self(), "store");
    while (!atomic_load(&store->stopping)) {
        if (!writer_work(store, &progress))
            writer_sleep(store, progress == PROGRESS_FAILED);
    }
    if (sl_store_is_replaced(store)) /* its WAL must not be left beside another file */
        recover_reopen(store, NULL);
    progress = writer_drain(store);
    sl_files_drop_ballast(store->path);
    maintain_log_lost(store);
    if (progress == PROGRESS_END && store->db) /* only what can be written at once is */
        code = sl_store_transact(store, sl_store_end_run);
    if (code == SQLITE_OK)
        sl_store_checkpoint(store);
    else
        sl_log_error(store->log, "the end of the log %s is missing: messages from %" PRIu64 " on",
                     store->path, store->next_seq);
    return NULL;
}
