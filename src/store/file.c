/* Opening, checking and beginning the file.
 *
 * A run that was killed has left clients without an end, and may have shown sequence numbers to
 * somebody (the last second's) that were never written and are handed out again now. So the next
 * run ends those clients and gives the log a new id: who remembers the old one starts over. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/random.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/store.h"

/* A file up to this size is checked page by page at the start (some 100 ms at most). In a larger
 * one only what the writer touches is: its ends. */
#define CHECKED_BYTES (UINT64_C(64) << 20)

enum sl_store_change sl_store_find_change(const struct sl_store *store)
{
    uint64_t file = sl_files_inode(store->path, ""), wal;

    if (file != atomic_load(&store->inode))
        return file ? SL_CHANGE_FILE : SL_CHANGE_FILE_GONE;
    if (!atomic_load(&store->opened))
        return SL_CHANGE_NONE;
    wal = sl_files_inode(store->path, "-wal");
    if (wal != atomic_load(&store->wal_inode))
        return wal ? SL_CHANGE_WAL : SL_CHANGE_WAL_GONE;
    return SL_CHANGE_NONE;
}

bool sl_store_is_current(const struct sl_store *store)
{
    return sl_store_find_change(store) == SL_CHANGE_NONE;
}

bool sl_store_is_replaced(const struct sl_store *store)
{
    return sl_files_inode(store->path, "") != atomic_load(&store->inode);
}

struct sl_files_id sl_store_files(const struct sl_store *store)
{
    return (struct sl_files_id){.file = atomic_load(&store->inode),
                                .wal = atomic_load(&store->wal_inode)};
}

static int file_check_pages(struct sl_store *store)
{
    sqlite3_stmt *statement;
    int code;

    if (sl_files_size(store->path) > CHECKED_BYTES)
        return SQLITE_OK;
    code = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *answer = (const char *)sqlite3_column_text(statement, 0);

        code = answer && strcmp(answer, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
    }
    sqlite3_finalize(statement);
    return code;
}

/* Whether the gaps are what they were written as: in order, apart, and without messages inside. */
static int file_check_gaps(struct sl_store *store, bool *sound)
{
    int64_t wrong;
    int code = sl_database_number(
        store->db,
        "SELECT count(*) FROM (SELECT from_seq, to_seq, lag(to_seq, 1, 0) OVER (ORDER BY from_seq) "
        "AS before FROM gaps) WHERE typeof(from_seq) <> 'integer' OR typeof(to_seq) <> 'integer' "
        "OR from_seq > to_seq OR from_seq <= before "
        "OR EXISTS (SELECT 1 FROM messages WHERE seq BETWEEN from_seq AND to_seq)",
        0, &wrong);

    *sound = wrong == 0;
    return code;
}

/* Sequence numbers are without holes but for the gaps, so nothing has to be counted, unless what
 * comes out cannot be. */
static int file_read_rows(struct sl_store *store)
{
    int64_t oldest, newest, missing = 0, counted = 0;
    bool sound = false;
    int code = sl_database_number(store->db, "SELECT min(seq) FROM messages", 0, &oldest);

    if (code == SQLITE_OK)
        code = sl_database_number(store->db, "SELECT max(seq) FROM messages", -1, &newest);
    if (code == SQLITE_OK && newest >= oldest && oldest < 1)
        return SQLITE_CORRUPT;
    if (code == SQLITE_OK)
        code = file_check_gaps(store, &sound);
    if (code == SQLITE_OK && !sound)
        code = sl_database_number(store->db, "SELECT count(*) FROM messages", 0, &counted);
    else if (code == SQLITE_OK)
        code = sl_database_number(
            store->db,
            "SELECT sum(to_seq - from_seq + 1) FROM gaps WHERE from_seq >= "
            "(SELECT min(seq) FROM messages) AND to_seq <= (SELECT max(seq) FROM messages)",
            0, &missing);
    if (code != SQLITE_OK)
        return code;
    if (sound && newest >= oldest)
        counted = newest - oldest + 1 - missing;
    store->rows = newest < oldest ? 0 : (uint64_t)counted;
    store->oldest_seq = (uint64_t)oldest;
    store->newest_seq = (uint64_t)newest;
    return SQLITE_OK;
}

/* Numbers in a file are far below this; one that is not was not written by us. */
#define NUMBER_MAX (INT64_C(1) << 53)

static int file_raise_to(struct sl_store *store, const char *sql, int64_t *next)
{
    int64_t found;
    int code = sl_database_number(store->db, sql, 1, &found);

    if (code == SQLITE_OK && (found < 1 || found > NUMBER_MAX))
        code = SQLITE_CORRUPT;
    if (code == SQLITE_OK && found > *next)
        *next = found;
    return code;
}

/* Above all numbers that the file knows, whichever of them is wrong. */
static int file_read_next(struct sl_store *store)
{
    static const char *const seqs[] = {
        "SELECT value FROM meta WHERE key = 'next_seq'",
        "SELECT max(seq) + 1 FROM messages",
        "SELECT max(to_seq) + 1 FROM gaps",
        "SELECT max(first_seq) FROM runs",
    };
    static const char *const clients[] = {
        "SELECT value FROM meta WHERE key = 'next_client'",
        "SELECT max(id) + 1 FROM clients",
    };
    int64_t seq = 1, client = 1;
    int code = SQLITE_OK;

    for (size_t i = 0; i < sizeof(seqs) / sizeof(*seqs) && code == SQLITE_OK; i++)
        code = file_raise_to(store, seqs[i], &seq);
    for (size_t i = 0; i < sizeof(clients) / sizeof(*clients) && code == SQLITE_OK; i++)
        code = file_raise_to(store, clients[i], &client);
    if (code != SQLITE_OK)
        return code;
    store->first_seq = store->next_seq = (uint64_t)seq;
    store->first_client = (uint64_t)client;
    if (store->rows == 0) {
        store->oldest_seq = store->next_seq;
        store->newest_seq = store->next_seq - 1;
    }
    return SQLITE_OK;
}

static int file_was_killed(struct sl_store *store, bool *killed)
{
    int64_t without_end;
    int code = sl_database_number(
        store->db,
        "SELECT count(*) FROM runs WHERE id = (SELECT max(id) FROM runs) AND ended_at IS NULL", 0,
        &without_end);

    *killed = code == SQLITE_OK && without_end > 0;
    return code;
}

static int file_read_log_id(struct sl_store *store)
{
    sqlite3_stmt *statement;
    const char *id = NULL;
    bool killed;
    int code = file_was_killed(store, &killed);

    *store->log_id = '\0';
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_prepare_v2(store->db, "SELECT value FROM meta WHERE key = 'log_id'", -1,
                              &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    if (!killed && sqlite3_step(statement) == SQLITE_ROW)
        id = (const char *)sqlite3_column_text(statement, 0);
    if (id && strlen(id) == SL_LOG_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == strlen(id))
        memcpy(store->log_id, id, SL_LOG_ID_SIZE);
    sqlite3_finalize(statement);
    if (*store->log_id)
        return SQLITE_OK;
    return sl_random_id(store->log_id) == 0 ? SQLITE_OK : SQLITE_IOERR;
}

/* Where its numbers go on, up to where it was cleared, and which log it is. */
static int file_read_identity(struct sl_store *store)
{
    int64_t cleared;
    int code = file_read_next(store);

    if (code == SQLITE_OK)
        code = sl_database_number(store->db, SL_SCHEMA_CLEARED_SQL, 0, &cleared);
    if (code != SQLITE_OK)
        return code;
    if (cleared < 0 || cleared > NUMBER_MAX)
        return SQLITE_CORRUPT;
    /* What an earlier run was asked to clear goes now, if it did not get to it. */
    if ((uint64_t)cleared > atomic_load(&store->clear_seq))
        atomic_store(&store->clear_seq, (uint64_t)cleared);
    return file_read_log_id(store);
}

int sl_store_measure(struct sl_store *store)
{
    int64_t size, pages, free_pages;
    int code = sl_database_number(store->db, "PRAGMA page_size", 0, &size);

    if (code == SQLITE_OK)
        code = sl_database_number(store->db, "PRAGMA page_count", 0, &pages);
    if (code == SQLITE_OK)
        code = sl_database_number(store->db, "PRAGMA freelist_count", 0, &free_pages);
    if (code != SQLITE_OK)
        return code;
    store->page_size = (uint64_t)size;
    store->pages = (uint64_t)pages;
    store->free_pages = (uint64_t)free_pages;
    return SQLITE_OK;
}

/* Once it is known to be ours. */
static int file_read_all(struct sl_store *store)
{
    int code = sl_schema_migrate(store->db);

    if (code == SQLITE_OK)
        code = file_check_pages(store);
    if (code == SQLITE_OK)
        code = file_read_rows(store);
    if (code == SQLITE_OK)
        code = file_read_identity(store);
    return code == SQLITE_OK ? sl_store_measure(store) : code;
}

/* Before SQLite opens it; the descriptor of another file is not needed any more. */
static int file_take(struct sl_store *store, struct sl_error *error)
{
    if (store->file_fd >= 0 && !sl_store_is_replaced(store))
        return 0;
    if (store->file_fd >= 0)
        close(store->file_fd);
    store->file_fd = sl_files_lock_itself(store->path, error);
    if (store->file_fd < 0)
        return store->file_fd;
    atomic_store(&store->inode, sl_files_inode_of(store->file_fd));
    return 0;
}

/* What SQLite has passed over without a word. */
static void file_log_lost_frames(struct sl_store *store, uint64_t last_commit)
{
    int frames = -1, moved;

    if (last_commit == 0)
        return;
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
    if (frames >= 0 && (uint64_t)frames < last_commit)
        sl_log_warning(
            store->log,
            "the WAL of the log %s was damaged: what a killed run had written there last "
            "is lost, the log goes on from message %" PRIu64,
            store->path, store->next_seq);
}

/* Nothing is written before it is known to be ours, nor is what its WAL holds moved into one that
 * cannot be read. */
int sl_store_try_open(struct sl_store *store, int *code, struct sl_error *error)
{
    enum sl_schema schema;
    int result = sl_files_create(store->path, store->log);
    uint64_t last_commit;

    *code = SQLITE_OK;
    if (result < 0)
        return sl_error_set(error, result, "cannot keep the log in %s: %s", store->path,
                            strerror(-result));
    result = file_take(store, error);
    if (result < 0)
        return result;
    last_commit = sl_files_wal_last_commit(store->path);
    store->wal_max = sl_files_wal_max(store->path);
    *code = sl_database_open(store->path, &store->db);
    if (*code == SQLITE_OK)
        *code = sl_schema_look(store->db, &schema);
    if (*code == SQLITE_OK && schema != SL_SCHEMA_READY) {
        /* It stays as it is, also its WAL. An empty one is what reading has made. */
        if (sl_files_wal_size(store->path) == 0)
            sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        return sl_schema_refuse(store->path, schema, error);
    }
    if (*code == SQLITE_OK)
        *code = sl_database_set_up(store->db);
    /* At once, as reading on takes long enough for others to come. */
    atomic_store(&store->wal_inode, sl_files_inode(store->path, "-wal"));
    store->shm_inode = sl_files_inode(store->path, "-shm");
    if (*code == SQLITE_OK)
        *code = file_read_all(store);
    if (*code != SQLITE_OK)
        return -EIO;
    file_log_lost_frames(store, last_commit);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    atomic_store(&store->opened, true);
    return 0;
}

/* Of a failure that is neither damage nor a full disk. */
static int file_reason(const struct sl_store *store, int code)
{
    int system = sl_database_errno(store->db);

    if (access(store->path, W_OK) < 0 && errno != ENOENT)
        return errno;
    if ((code & 0xff) == SQLITE_IOERR)
        return EIO;
    return system ? system : EINVAL;
}

/* Without shared memory: that takes space, and a place to write to. */
void sl_store_read_numbers(struct sl_store *store)
{
    enum sl_schema schema = SL_SCHEMA_READY;
    int code =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    store->first_seq = store->next_seq = store->first_client = 1;
    store->oldest_seq = 1;
    if (code == SQLITE_OK)
        code = sl_database_exec(store->db, "PRAGMA locking_mode = EXCLUSIVE");
    if (code == SQLITE_OK)
        code = sl_schema_look(store->db, &schema);
    if (code == SQLITE_OK && schema == SL_SCHEMA_READY)
        code = file_read_rows(store);
    if (code == SQLITE_OK)
        file_read_identity(store);
    if (!*store->log_id)
        sl_random_id(store->log_id);
    if (store->db)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sl_store_close_file(store);
}

int sl_store_open_file(struct sl_store *store, struct sl_error *error)
{
    char words[SL_DATABASE_WORDS_SIZE];
    enum sl_database_error kind;
    int code, result, reason;

    for (int attempt = 0;; attempt++) {
        result = sl_store_try_open(store, &code, error);
        if (result == 0 || code == SQLITE_OK)
            return result;
        kind = sl_database_classify(store->db, code);
        sl_database_words(store->db, code, words);
        reason = file_reason(store, code);
        sl_store_close_file(store);
        if (attempt > 1 || (kind != SL_DATABASE_DAMAGED && kind != SL_DATABASE_FULL))
            break;
        if (kind == SL_DATABASE_FULL)
            sl_files_drop_ballast(store->path); /* of the run before */
        else if (sl_files_set_aside(store->path, sl_store_files(store), words, store->log) < 0)
            break;
    }
    return sl_error_set(error, kind == SL_DATABASE_FULL ? -ENOSPC : -reason,
                        "cannot keep the log in %s: %s; try --store with another file", store->path,
                        words);
}

int sl_store_checkpoint(struct sl_store *store)
{
    int frames = -1, moved = -1, code;

    sl_checkpointer_wait(store->checkpointer, -1, &moved);
    store->passing = false;
    sl_database_wait(store->db, false);
    code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &frames, &moved);
    sl_database_wait(store->db, true);
    if (frames >= 0)
        store->wal_frames = frames;
    if (moved >= 0)
        store->wal_checkpointed = moved;
    return code;
}

/* The WAL belongs to the file that was there: where another one has the name now, what the WAL
 * holds goes into the old file, and the WAL goes too. */
void sl_store_close_file(struct sl_store *store)
{
    enum sl_store_change change = sl_store_find_change(store);
    uint64_t wal = atomic_load(&store->wal_inode);

    if (atomic_load(&store->opened) && change != SL_CHANGE_NONE) {
        if (change == SL_CHANGE_WAL)
            store->other_wal = sl_files_inode(store->path, "-wal");
        sl_store_checkpoint(store);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    atomic_store(&store->opened, false);
    sl_checkpointer_free(store->checkpointer);
    store->checkpointer = NULL;
    store->passing = false;
    sl_messages_deinit(&store->messages);
    sqlite3_close(store->db);
    store->db = NULL;
    if (sl_store_is_replaced(store)) {
        sl_files_remove(store->path, "-wal", wal);
        sl_files_remove(store->path, "-shm", store->shm_inode);
        atomic_store(&store->inode, 0);
    }
    if (sl_files_inode(store->path, "-wal") != wal) /* its number may be another file's soon */
        atomic_store(&store->wal_inode, 0);
}

static int file_count_frames(void *context, sqlite3 *db, const char *schema, int frames)
{
    struct sl_store *store = context;

    (void)db;
    (void)schema;
    store->wal_frames = frames;
    return SQLITE_OK;
}

int sl_store_attach(struct sl_store *store)
{
    sqlite3_wal_hook(store->db, file_count_frames, store);
    store->pages_kept = 0;
    store->checkpointer = sl_checkpointer_new(store->path);
    if (!store->checkpointer)
        return SQLITE_CANTOPEN;
    if (!sl_store_is_current(store)) /* it may have another WAL than `db` */
        return SQLITE_BUSY;
    return sl_messages_init(&store->messages, store->db, store->registry);
}

/* The pragma has no effect inside a transaction. */
int sl_store_begin(struct sl_store *store)
{
    int code =
        store->run_begun ? SQLITE_OK : sl_database_exec(store->db, "PRAGMA synchronous = FULL");

    return code == SQLITE_OK ? sl_database_exec(store->db, "BEGIN IMMEDIATE") : code;
}

void sl_store_synced(struct sl_store *store)
{
    sl_database_exec(store->db, "PRAGMA synchronous = NORMAL");
}

int sl_store_transact(struct sl_store *store, int (*write)(struct sl_store *store))
{
    int code = sl_store_begin(store);

    if (code == SQLITE_OK)
        code = write(store);
    if (code == SQLITE_OK)
        code = sl_database_exec(store->db, "COMMIT");
    if (code != SQLITE_OK)
        sl_database_exec(store->db, "ROLLBACK");
    sl_store_synced(store);
    return code;
}

int sl_store_begin_run(struct sl_store *store)
{
    char sql[640];
    bool killed;
    int code = file_was_killed(store, &killed);

    if (code == SQLITE_OK && killed)
        code = sl_clients_end_lost(store->db, store->first_seq);
    if (code != SQLITE_OK)
        return code;
    snprintf(sql, sizeof(sql),
             "INSERT OR REPLACE INTO meta VALUES ('log_id', '%s');"
             "INSERT OR REPLACE INTO meta VALUES ('next_seq', %" PRIu64
             ");"
             "INSERT OR REPLACE INTO meta VALUES ('next_client', %" PRIu64
             ");"
             "INSERT INTO runs (version, started_at, first_seq, uid) VALUES ('%s', %" PRId64
             ", %" PRIu64 ", '%s')",
             store->log_id, store->next_seq, store->first_client, SOCKLENS_VERSION,
             store->started_at_ns, store->next_seq, store->run);
    return sl_database_exec(store->db, sql);
}

int sl_store_end_run(struct sl_store *store)
{
    char sql[384];
    int code = store->run_begun ? SQLITE_OK : sl_store_begin_run(store);

    if (code == SQLITE_OK)
        code = sl_messages_end(&store->messages);
    if (code != SQLITE_OK)
        return code;
    snprintf(sql, sizeof(sql),
             "INSERT OR REPLACE INTO meta VALUES ('next_seq', %" PRIu64
             ");"
             "INSERT OR REPLACE INTO meta VALUES ('cleared_seq', %" PRIu64
             ");"
             "INSERT OR REPLACE INTO meta SELECT 'next_client', max(value, "
             "coalesce((SELECT max(id) + 1 FROM clients), 1)) FROM meta WHERE key = 'next_client';"
             "UPDATE runs SET ended_at = %" PRId64 " WHERE id = (SELECT max(id) FROM runs)",
             store->next_seq, atomic_load(&store->clear_seq), sl_clock_wall_ns());
    return sl_database_exec(store->db, sql);
}
