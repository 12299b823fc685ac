/* The writer's thread.
 *
 * It sleeps until the journal has something, lets more gather for a few milliseconds, and writes it
 * in large transactions: a worker that appends pays for at most one wake in that time, and SQLite's
 * cost of a commit is shared. With synchronous=NORMAL a commit is a write(2) into the WAL: what is
 * committed survives the process, and the system calls that wait for the disk come with the
 * checkpoints only, which another thread does (checkpointer.h). A transaction ends after a tenth of
 * a second too, so that a slow machine does not keep what is long read uncommitted. */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "socklens/clock.h"
#include "store/files.h"
#include "store/priority.h"
#include "store/store.h"

#define GATHER_MS 25
#define TRIM_NS   (2 * SL_NS_PER_S)

/* Of one transaction. */
#define ROWS_MAX  16384u
#define BYTES_MAX (UINT64_C(4) << 20)
#define BATCH_NS  (100 * SL_NS_PER_MS)

/* The clock is looked at once in so many records. */
#define CLOCK_RECORDS 256u

enum progress { PROGRESS_END, PROGRESS_MORE, PROGRESS_FAILED };

/* What one transaction has done. */
struct batch {
    bool begun;
    uint64_t records, rows, bytes, lost, gaps;
    uint64_t bytes_max, newest_seq;
    int64_t until_ns;
};

static int begin(struct sl_store *store, struct batch *batch)
{
    int code;

    if (batch->begun)
        return SQLITE_OK;
    batch->begun = true;
    code = sl_store_begin(store);
    return code == SQLITE_OK && !store->run_begun ? sl_store_begin_run(store) : code;
}

static int add_record(struct sl_store *store, struct batch *batch, const struct sl_record *record)
{
    batch->records++;
    batch->bytes += record->size;
    if (record->kind == SL_RECORD_EXCHANGE) {
        batch->rows++;
        batch->newest_seq = record->seq;
    }
    return sl_messages_add(&store->messages, record);
}

static int add_gap(struct sl_store *store, struct batch *batch, const struct sl_gap *gap)
{
    batch->gaps++;
    batch->lost += gap->to - gap->from + 1;
    return sl_messages_gap(&store->messages, gap->from, gap->to, "evicted");
}

static bool is_full(const struct batch *batch)
{
    return batch->records >= ROWS_MAX || batch->bytes >= batch->bytes_max ||
           (batch->records % CLOCK_RECORDS == CLOCK_RECORDS - 1 &&
            sl_clock_mono_ns() >= batch->until_ns);
}

/* Reads on into the transaction. */
static int fill(struct sl_store *store, struct batch *batch, enum progress *progress)
{
    int code = SQLITE_OK;

    *progress = PROGRESS_MORE;
    while (code == SQLITE_OK && !is_full(batch)) {
        const struct sl_record *record;
        struct sl_gap gap;
        enum sl_read read = sl_cursor_next(&store->cursor, &record, &gap);

        if (read == SL_READ_END) {
            *progress = PROGRESS_END;
            break;
        }
        code = begin(store, batch);
        if (code == SQLITE_OK)
            code = read == SL_READ_RECORD ? add_record(store, batch, record)
                                          : add_gap(store, batch, &gap);
    }
    return code == SQLITE_OK ? sl_messages_flush(&store->messages) : code;
}

static void committed(struct sl_store *store, const struct batch *batch)
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
    store->unsaid += batch->lost;
    sl_store_publish(store);
    sl_store_recovered(store);
}

/* After a failure something has to be written to know that it has passed. */
static int probe(struct sl_store *store, struct batch *batch)
{
    int code;

    if (batch->begun || sl_store_state(store) == SL_STORE_RECORDING)
        return SQLITE_OK;
    code = begin(store, batch);
    return code == SQLITE_OK ? sl_database_exec(store->db, "UPDATE meta SET value = value") : code;
}

static enum progress write_once(struct sl_store *store)
{
    uint64_t limit = sl_store_wal_bytes(store);
    struct batch batch = {.bytes_max = limit < BYTES_MAX ? limit : BYTES_MAX,
                          .until_ns = sl_clock_mono_ns() + BATCH_NS};
    enum progress progress;
    int code = fill(store, &batch, &progress);

    if (code == SQLITE_OK)
        code = probe(store, &batch);
    if (code == SQLITE_OK && batch.begun)
        code = sl_database_exec(store->db, "COMMIT");
    if (code != SQLITE_OK) {
        sl_store_fail(store, code);
        return PROGRESS_FAILED;
    }
    if (batch.begun)
        committed(store, &batch);
    return progress;
}

static enum progress write_some(struct sl_store *store, int64_t now_ns)
{
    return sl_store_may_write(store, now_ns) ? write_once(store) : PROGRESS_FAILED;
}

static void sleep_until(struct sl_store *store, bool failed)
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

/* The last words: only what can be written at once is. */
static void finish(struct sl_store *store, enum progress progress)
{
    int code = SQLITE_IOERR;

    sl_files_drop_ballast(store->path);
    sl_store_say_lost(store);
    if (progress == PROGRESS_END && store->db)
        code = sl_store_transact(store, sl_store_end_run);
    if (code == SQLITE_OK)
        sl_store_checkpoint(store);
    else
        sl_log_error(store->log, "the end of the log %s is missing: messages from %llu on",
                     store->path, (unsigned long long)store->next_seq);
}

/* One round of writing and upkeep; true where there is more to do at once. */
static bool work(struct sl_store *store, enum progress *progress)
{
    bool more;

    if (atomic_exchange(&store->damaged, false) && sl_store_is_current(store))
        sl_store_begin_anew(store, "a reader met a broken page");
    sl_waker_arm(store->waker); /* before reading: what comes meanwhile must wake */
    *progress = write_some(store, sl_clock_mono_ns());
    more = *progress == PROGRESS_MORE;
    if (*progress != PROGRESS_FAILED)
        more |= sl_store_upkeep(store, sl_clock_mono_ns());
    return more;
}

/* Writes all that is there, whatever that takes, and then goes on with what has to go for a while,
 * so that the file that is left is within its limits. */
static enum progress drain(struct sl_store *store)
{
    enum progress progress = PROGRESS_MORE;
    int64_t until_ns = 0;
    bool more = true;

    while (more && progress != PROGRESS_FAILED) {
        store->retry_at_ns = 0;
        more = work(store, &progress);
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

    pthread_setname_np(pthread_self(), "store");
    sl_priority_raise();
    while (!atomic_load(&store->stopping)) {
        if (!work(store, &progress))
            sleep_until(store, progress == PROGRESS_FAILED);
    }
    if (sl_store_is_replaced(store)) /* its WAL must not be left beside another file */
        sl_store_begin_anew(store, NULL);
    finish(store, drain(store));
    return NULL;
}
