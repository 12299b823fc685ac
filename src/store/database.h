/* One SQLite connection and what its errors mean to us. */
#ifndef SOCKLENS_STORE_DATABASE_H
#define SOCKLENS_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "socklens/address.h"

/* How far an error of SQLite reaches. */
enum sl_database_error {
    SL_DATABASE_NONE,
    SL_DATABASE_BUSY,    /* another program holds the file: try again soon */
    SL_DATABASE_FULL,    /* no space: try again when there is some */
    SL_DATABASE_DAMAGED, /* not a database, or one with a broken page */
    SL_DATABASE_OTHER,   /* permission, I/O, memory */
};

enum sl_database_error sl_database_classify(sqlite3 *db, int code);

/* The error in words, with the system's error where a system call failed. */
#define SL_DATABASE_WORDS_SIZE 160
void sl_database_words(sqlite3 *db, int code, char words[SL_DATABASE_WORDS_SIZE]);

/* Before anything else of SQLite. Any thread, any number of times. */
void sl_database_init(void);

/* All of these return SQLite's codes. */

/* The writer's connection to an existing file, which is not written to yet, nor by closing it
 * (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE). *db is to be closed even after a failure, where it is not
 * NULL. */
int sl_database_open(const char *path, sqlite3 **db);

/* Makes the file what the writer needs, an empty one included: WAL, pages of 16 KiB, free ones are
 * given back. */
int sl_database_set_up(sqlite3 *db);

/* A further connection to that file for its checkpoints, which leaves the WAL where it is when it
 * is closed. *db as above. */
int sl_database_open_second(const char *path, sqlite3 **db);

int sl_database_exec(sqlite3 *db, const char *sql);

/* A statement that is kept. */
int sl_database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement);

/* Runs a statement that gives no rows and makes it ready for the next time. */
int sl_database_run(sqlite3_stmt *statement);

/* How long to wait for others' locks: as at the opening, or not at all. */
void sl_database_wait(sqlite3 *db, bool wait);
/* A column that sl_address_format has written; SL_ADDRESS_NONE where it is not such a text. */
struct sl_address sl_database_address(sqlite3_stmt *row, int column);

/* What the system said to SQLite's last failure; 0 where it was not asked. */
int sl_database_errno(sqlite3 *db);

/* The first column of the first row, `fallback` where there is no row or it is NULL. SQLITE_CORRUPT
 * where it is something else than an integer. */
int sl_database_number(sqlite3 *db, const char *sql, int64_t fallback, int64_t *number);

#endif
