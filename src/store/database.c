/* One SQLite connection, and what its result codes mean: full, busy, damaged, gone or read-only
 * each have a cure of their own. */
#include "store/database.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A person at the sqlite3 prompt may hold the write lock for a moment. */
#define BUSY_MS 200

/* Before anything is written, the journal mode included. With pages of 16 KiB, large messages need
 * fewer overflow pages. auto_vacuum would be written into a file that has it, at each start. */
static const char of_empty[] =
    "PRAGMA page_size = 16384;"
    "PRAGMA auto_vacuum = INCREMENTAL;";

/* Checkpoints are the writer's own business, so SQLite must not slip one into a commit. */
static const char of_each[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA cache_size = -8192;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON;";

static bool database_is_no_space(int code)
{
    /* EFBIG: over the limit of a file's size, the file system's or the process's */
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

static int database_errno_of_file(sqlite3 *db, int pointer)
{
    sqlite3_file *file = NULL;
    int code = 0;

    if (sqlite3_file_control(db, "main", pointer, &file) == SQLITE_OK && file && file->pMethods)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code);
    return code;
}

/* What the system said: sqlite3_system_errno(3) knows it for open(2) only, as a failed write is
 * followed by calls that succeed. */
int sl_database_errno(sqlite3 *db)
{
    int code = db ? database_errno_of_file(db, SQLITE_FCNTL_JOURNAL_POINTER) : 0;

    if (code == 0 && db)
        code = database_errno_of_file(db, SQLITE_FCNTL_FILE_POINTER);
    return code || !db ? code : sqlite3_system_errno(db);
}

/* The file itself says that it may only be read: a byte of its header is wrong, for we never say
 * so. */
static bool database_is_read_only_inside(sqlite3 *db, int code)
{
    const char *path = db ? sqlite3_db_filename(db, "main") : NULL;

    return path && code == SQLITE_READONLY && sqlite3_extended_errcode(db) == SQLITE_READONLY &&
           access(path, W_OK) == 0;
}

enum sl_database_error sl_database_classify(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return SL_DATABASE_NONE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SL_DATABASE_BUSY;
    case SQLITE_FULL:
        return SL_DATABASE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* our statements are right: the tables, or what they say of themselves, are
                          not */
    case SQLITE_CONSTRAINT: /* a number that was to be free is not */
    case SQLITE_MISMATCH:
        return SL_DATABASE_DAMAGED;
    case SQLITE_READONLY:
        return database_is_read_only_inside(db, code) ? SL_DATABASE_DAMAGED : SL_DATABASE_OTHER;
    case SQLITE_IOERR:
        if (sqlite3_extended_errcode(db) == SQLITE_IOERR_SHORT_READ)
            return SL_DATABASE_DAMAGED;
        return database_is_no_space(sl_database_errno(db)) ? SL_DATABASE_FULL : SL_DATABASE_OTHER;
    case SQLITE_CANTOPEN: /* the WAL or its index */
        return database_is_no_space(sl_database_errno(db)) ? SL_DATABASE_FULL : SL_DATABASE_OTHER;
    default:
        return SL_DATABASE_OTHER;
    }
}

void sl_database_words(sqlite3 *db, int code, char words[SL_DATABASE_WORDS_SIZE])
{
    int system = sl_database_errno(db);
    int kind = code & 0xff;
    bool asked = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL;

    if (asked && system)
        snprintf(words, SL_DATABASE_WORDS_SIZE, "%s (%s)", strerror(system), sqlite3_errstr(code));
    else
        snprintf(words, SL_DATABASE_WORDS_SIZE, "%s", sqlite3_errstr(code));
}

/* Statistics of memory, which nobody reads, take a lock at each allocation: some 8% of a row. Comes
 * too late, and changes nothing, where another part of the process has used SQLite before. */
static void database_configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void sl_database_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, database_configure);
}

int sl_database_open(const char *path, sqlite3 **db)
{
    int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code != SQLITE_OK)
        return code;
    sqlite3_busy_timeout(*db, BUSY_MS);
    return sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/* A connection that has read nothing does not know that there is a WAL. */
static int database_read_once(sqlite3 *db)
{
    int64_t ignored;

    return sl_database_number(db, "PRAGMA user_version", 0, &ignored);
}

int sl_database_set_up(sqlite3 *db)
{
    int64_t pages;
    int code = sl_database_number(db, "PRAGMA page_count", 0, &pages);

    if (code == SQLITE_OK && pages == 0)
        code = sl_database_exec(db, of_empty);
    if (code == SQLITE_OK)
        code = sl_database_exec(db, of_each);
    return code == SQLITE_OK ? database_read_once(db) : code;
}

int sl_database_open_second(const char *path, sqlite3 **db)
{
    int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (code == SQLITE_OK)
        code = sl_database_exec(*db, "PRAGMA synchronous = NORMAL");
    return code == SQLITE_OK ? database_read_once(*db) : code;
}

void sl_database_wait(sqlite3 *db, bool wait)
{
    sqlite3_busy_timeout(db, wait ? BUSY_MS : 0);
}

int sl_database_exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int sl_database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

int sl_database_run(sqlite3_stmt *statement)
{
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        ;
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int sl_database_number(sqlite3 *db, const char *sql, int64_t fallback, int64_t *number)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    *number = fallback;
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
        *number = sqlite3_column_int64(statement, 0);
    else if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        code = SQLITE_CORRUPT; /* something else than the number that was written there */
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

struct sl_address sl_database_address(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    struct sl_address address;
    bool has_port;

    return text && sl_address_parse(text, &address, &has_port) ? address : SL_ADDRESS_NONE;
}
