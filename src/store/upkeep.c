/* What keeps the file in shape, in ticks: the writer calls it between its transactions. */
#include <inttypes.h>
#include <stdio.h>

#include "socklens/clock.h"
#include "store/files.h"
#include "store/store.h"

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

static void adapt(struct sl_store *store, int64_t took_ns)
{
    if (took_ns > STEP_NS && store->delete_rows > DELETE_ROWS_MIN)
        store->delete_rows /= 2;
    else if (took_ns < STEP_NS / 2 && store->delete_rows < DELETE_ROWS_MAX)
        store->delete_rows *= 2;
}

uint64_t sl_store_wal_bytes(struct sl_store *store)
{
    uint64_t part;

    pthread_mutex_lock(&store->lock);
    part = store->retention.bytes / WAL_PART;
    pthread_mutex_unlock(&store->lock);
    return part && part < store->wal_max ? part : store->wal_max;
}

static uint64_t wal_frames_max(struct sl_store *store)
{
    uint64_t bytes = sl_store_wal_bytes(store);

    return (bytes < SL_FILES_WAL_MAX ? WAL_FULL : WAL_FULL_ROOMY) * (bytes / store->page_size);
}

/* On a busy machine a tick may be over before anything was deleted. What has to go must not become
 * more all the same: as much goes as has come, as far as the WAL has room for that. */
static bool has_grown(struct sl_store *store)
{
    return store->pages_kept > 0 && store->pages - store->free_pages > store->pages_kept &&
           (uint64_t)store->wal_frames < wal_frames_max(store);
}

/* True where the time ran out before what has to go was gone. */
static bool delete_some(struct sl_store *store, int64_t until_ns, int *code)
{
    int64_t before_ns = sl_clock_mono_ns(), after_ns;
    unsigned deleted;

    while (before_ns < until_ns || has_grown(store)) {
        *code = sl_retention_step(store, &deleted);
        if (*code != SQLITE_OK || deleted == 0)
            return false;
        after_ns = sl_clock_mono_ns();
        adapt(store, after_ns - before_ns);
        before_ns = store->changed_at_ns = after_ns;
        *code = sl_store_measure(store);
        if (*code != SQLITE_OK)
            return false;
    }
    return true;
}

/* Of what has to go only the part that was there before waits for later ticks. */
static void remember_size(struct sl_store *store, bool more)
{
    uint64_t used = store->pages - store->free_pages;

    if (!more || store->pages_kept == 0 || used < store->pages_kept)
        store->pages_kept = used;
}

/* Gives free pages back, all of them where nothing else is going on, or nothing comes after. */
static bool shrink_some(struct sl_store *store, bool idle, int64_t until_ns, int *code)
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

bool sl_store_is_blocked(struct sl_store *store, char words[SL_DATABASE_WORDS_SIZE], int *code)
{
    if ((uint64_t)store->wal_frames < wal_frames_max(store))
        return false;
    *code = sl_store_checkpoint(store);
    if ((uint64_t)store->wal_frames < wal_frames_max(store))
        return false;
    if (*code == SQLITE_OK || (*code & 0xff) == SQLITE_BUSY)
        snprintf(words, SL_DATABASE_WORDS_SIZE, "another program keeps a read transaction open");
    else
        sl_database_words(store->db, *code, words);
    return true;
}

/* In WAL frames, that no pass has moved. Where there are fewer frames than were moved, a commit has
 * begun the WAL anew. */
static uint64_t unmoved_frames(struct sl_store *store)
{
    if (store->wal_frames < store->wal_checkpointed)
        store->wal_checkpointed = 0;
    return (uint64_t)(store->wal_frames - store->wal_checkpointed);
}

/* True where so much waits in the journal that the writer has no time to lose. */
static bool is_behind(struct sl_store *store)
{
    struct sl_journal_stats journal;
    uint64_t held, unwritten;

    sl_journal_stats(store->journal, &journal);
    held = journal.newest_seq - journal.oldest_seq + 1;
    unwritten = journal.newest_seq - store->next_seq + 1;
    return held > 0 && (double)journal.used_bytes * (double)unwritten / (double)held >
                           (double)journal.capacity_bytes / BEHIND_PART;
}

/* True where no pass is under way. */
static bool look_at_pass(struct sl_store *store, int timeout_ms)
{
    int moved;

    if (!store->passing)
        return true;
    store->passing = !sl_checkpointer_wait(store->checkpointer, timeout_ms, &moved);
    if (!store->passing)
        store->wal_checkpointed = moved;
    return !store->passing;
}

static void begin_pass(struct sl_store *store)
{
    sl_checkpointer_ask(store->checkpointer);
    store->passing = true;
}

static void hold_still(struct sl_store *store)
{
    int64_t until_ns = sl_clock_mono_ns() + HOLD_NS;

    while (!look_at_pass(store, 5) && !is_behind(store) && sl_clock_mono_ns() < until_ns)
        ;
}

/* The WAL begins anew with the commit that finds all of it moved, and no reader at work. Under load
 * more has come by the end of each pass, so passes follow each other until the rest is small, and
 * the writer holds still for the last one. */
static void checkpoint_if_due(struct sl_store *store, bool idle)
{
    uint64_t bytes = sl_store_wal_bytes(store), limit = bytes / store->page_size;
    uint64_t frames = (uint64_t)store->wal_frames, unmoved;
    bool overdue = frames >= WAL_OVERDUE * limit;

    if (!look_at_pass(store, 0) || store->wal_frames == 0)
        return;
    unmoved = unmoved_frames(store);
    if (idle && unmoved == 0)
        sl_store_checkpoint(store); /* nothing is left to wait for the disk for */
    else if (unmoved >= limit || ((idle || overdue) && unmoved > 0)) {
        begin_pass(store);
        if (overdue && unmoved < limit / 2)
            hold_still(store);
    }
}

void sl_store_say_lost(struct sl_store *store)
{
    if (store->unsaid > 0)
        sl_log_warning(store->log, "the log misses %" PRIu64 " messages: they %s %s", store->unsaid,
                       store->was_paused ? "left memory while nothing could be written to"
                                         : "came too fast for",
                       store->path);
    store->unsaid = 0;
    store->was_paused = sl_store_state(store) != SL_STORE_RECORDING;
}

static void look_for_files(struct sl_store *store, int64_t now_ns)
{
    enum sl_store_change change = sl_store_settled_change(store, now_ns);
    bool wal = change == SL_CHANGE_WAL || change == SL_CHANGE_WAL_GONE;

    /* What is in the WAL that is open goes into the file, which goes on with another one. Where a
     * reader keeps it: at a later look. */
    if (change == SL_CHANGE_NONE || (wal && sl_store_checkpoint(store) != SQLITE_OK))
        return;
    sl_store_begin_anew(store, NULL);
    if (wal)
        sl_log_warning(store->log,
                       "the WAL of the log %s was %s: what it held is in the log, which goes on "
                       "with another one",
                       store->path, change == SL_CHANGE_WAL ? "replaced" : "removed");
}

static void look(struct sl_store *store, int64_t now_ns)
{
    if (now_ns < store->look_at_ns)
        return;
    store->look_at_ns = now_ns + LOOK_NS;
    sl_store_say_lost(store);
    if (!store->has_ballast)
        store->has_ballast = sl_files_make_ballast(store->path) == 0;
    look_for_files(store, now_ns);
}

bool sl_store_upkeep(struct sl_store *store, int64_t now_ns)
{
    bool changed = store->changed_at_ns > store->kept_at_ns, idle, more;
    int code = SQLITE_OK;

    changed |= atomic_exchange(&store->asked, false);
    look(store, now_ns);
    if (!store->db || (!changed && now_ns < store->kept_at_ns + LOOK_NS))
        return false;
    idle = now_ns - store->changed_at_ns > IDLE_NS;
    code = sl_store_measure(store);
    more = code == SQLITE_OK && delete_some(store, now_ns + TICK_NS, &code);
    remember_size(store, more);
    if (code == SQLITE_OK)
        more |= shrink_some(store, idle, now_ns + TICK_NS, &code);
    if (code != SQLITE_OK) {
        sl_store_fail(store, code);
        return false;
    }
    checkpoint_if_due(store, idle && !more);
    store->kept_at_ns = more ? 0 : now_ns;
    sl_store_publish(store);
    return more;
}
