/* Another file in the place of the log, or of its WAL, while it runs.
 *
 * SQLite finds a WAL by its name, and applies it to whatever database has the name beside it. So
 * the WAL of the log is never left beside another file, and what somebody has put there, file or
 * WAL, is neither written to nor removed, but continued or set aside. Whoever puts a log there in
 * two steps (its WAL, then the file; or the old WAL away first) may be seen between them: a change
 * of the WAL alone counts only after some seconds. Meanwhile commits go on into the files that are
 * open, and nobody else in this process opens the file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "socklens/clock.h"
#include "store/files.h"
#include "store/store.h"

/* From the first sight of a WAL that is not the log's, for the second step to follow. */
#define SETTLE_NS (3 * SL_NS_PER_S)

/* Whether this run's numbers can go on in the file: it has this run, or ends before it. */
static bool replaced_can_go_on(struct sl_store *store, const struct sl_store *before)
{
    struct sl_journal_stats journal;

    if (!store->run_begun)
        return store->first_seq <= before->first_seq && store->first_client <= before->first_client;
    sl_journal_stats(store->journal, &journal);
    return store->first_seq <= journal.newest_seq + 1;
}

/* Opens the file that has the name now; *fits says whether this run can go on in it. */
static int replaced_open_once(struct sl_store *store, const struct sl_store *before, bool *fits)
{
    struct sl_error error;
    char sql[96];
    int64_t found;
    int code, result = sl_store_try_open(store, &code, &error);

    *fits = result != -EPROTO;
    if (result < 0 && code == SQLITE_OK)
        return result == -EBUSY                         ? SQLITE_BUSY
               : result == -ENOSPC || result == -EDQUOT ? SQLITE_FULL
                                                        : SQLITE_CANTOPEN;
    if (result < 0)
        return code;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM runs WHERE uid = '%s'", store->run);
    code = sl_database_number(store->db, sql, 0, &found);
    store->run_begun = code == SQLITE_OK && found > 0; /* the file has this run's row already */
    if (code == SQLITE_OK)
        *fits = replaced_can_go_on(store, before);
    return code;
}

static int replaced_open(struct sl_store *store, const struct sl_store *before)
{
    uint64_t cleared = atomic_load(&store->clear_seq);
    bool fits;
    int code = replaced_open_once(store, before, &fits);

    if (!fits) {
        if (store->db) /* it is moved as it is, with its WAL */
            sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sl_store_close_file(store);
        atomic_store(&store->clear_seq, cleared);
        if (sl_files_set_other_aside(store->path, sl_store_files(store),
                                     "its messages are not of this run", store->log) < 0)
            return SQLITE_IOERR;
        code = replaced_open_once(store, before, &fits);
    }
    return code == SQLITE_OK ? sl_store_attach(store) : code;
}

/* The file's numbers count, except in a fresh one. */
static void replaced_go_on(struct sl_store *store, const struct sl_store *before)
{
    bool fresh = store->rows == 0 && store->first_seq == 1;

    store->next_seq = fresh ? before->next_seq : store->first_seq;
    store->first_seq = before->first_seq;
    store->first_client = before->first_client;
    if (store->rows == 0) {
        store->oldest_seq = store->next_seq;
        store->newest_seq = store->next_seq - 1;
    }
}

int sl_store_reopen(struct sl_store *store, const char *why)
{
    const struct sl_store before = {.first_seq = store->first_seq,
                                    .first_client = store->first_client,
                                    .next_seq = store->next_seq};
    bool had_file = atomic_load(&store->inode) != 0, replaced = sl_store_is_replaced(store);
    bool gone = sl_files_inode(store->path, "") == 0;
    char log_id[SL_LOG_ID_SIZE];
    int code;

    memcpy(log_id, store->log_id, sizeof(log_id));
    if (store->db) /* a file that is moved or gone must not be written to, nor its WAL removed */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sl_store_close_file(store);
    if (!replaced && store->other_wal && sl_files_inode(store->path, "-wal") == store->other_wal)
        sl_files_set_wal_aside(store->path, store->log);
    store->other_wal = 0;
    if (why && !replaced &&
        sl_files_set_aside(store->path, sl_store_files(store), why, store->log) < 0)
        return SQLITE_IOERR;
    code = replaced_open(store, &before);
    memcpy(store->log_id, log_id, sizeof(log_id));
    if (code == SQLITE_OK)
        replaced_go_on(store, &before);
    else {
        store->next_seq = before.next_seq;
        store->first_seq = before.first_seq;
        store->first_client = before.first_client;
    }
    if (had_file && replaced) /* last: who reads this line may open the file */
        sl_log_warning(store->log,
                       !gone ? "the log %s was replaced: what the new file has is read anew"
                             : "the log %s was removed: a fresh one begins",
                       store->path);
    return code;
}

enum sl_store_change sl_store_settled_change(struct sl_store *store, int64_t now_ns)
{
    enum sl_store_change change = sl_store_find_change(store);
    bool may_go_on = change == SL_CHANGE_WAL || change == SL_CHANGE_WAL_GONE ||
                     (change == SL_CHANGE_FILE_GONE &&
                      sl_files_has_other_wal(store->path, atomic_load(&store->wal_inode)));

    if (may_go_on && store->unsettled_at_ns == 0)
        store->unsettled_at_ns = now_ns;
    if (may_go_on && now_ns - store->unsettled_at_ns < SETTLE_NS)
        return SL_CHANGE_NONE;
    store->unsettled_at_ns = 0;
    return change;
}
