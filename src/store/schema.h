/* The tables. They are meant to be read by people too: see the comments in the SQL, which
 * `sqlite3 messages.db .schema` shows. */
#ifndef SOCKLENS_STORE_SCHEMA_H
#define SOCKLENS_STORE_SCHEMA_H

#include <sqlite3.h>

#include "socklens/error.h"

#define SL_SCHEMA_APPLICATION 0x534c454e /* "SLEN", in the file's header */

/* Sizes on the wire, of a row of messages called m. */
#define SL_SCHEMA_RECEIVED_SIZE "coalesce(m.received_size, length(CAST(m.received AS BLOB)))"
#define SL_SCHEMA_LINE_END_SIZE "m.line_end" /* 0, LF 1, CRLF 2: its bytes, too */
#define SL_SCHEMA_SENT_SIZE                                                                        \
    "coalesce(m.sent_size, CASE typeof(m.sent) WHEN 'null' THEN 0 WHEN 'integer' THEN "            \
    "length(CAST(m.received AS BLOB)) ELSE length(CAST(m.sent AS BLOB)) END)"

/* Up to which message the log was cleared; no row: never. */
#define SL_SCHEMA_CLEARED_SQL "SELECT value FROM meta WHERE key = 'cleared_seq'"

enum sl_schema {
    SL_SCHEMA_READY,
    SL_SCHEMA_NEWER,   /* written by a later program */
    SL_SCHEMA_FOREIGN, /* a database, but of another program */
};

/* Of the tables that this program makes. */
int sl_schema_version(void);

/* Says what the file is; SQLite's code. An empty file is ready (to be made). */
int sl_schema_look(sqlite3 *db, enum sl_schema *schema);

/* Why a file that is not ready is not touched. Returns -EPROTO. */
int sl_schema_refuse(const char *path, enum sl_schema schema, struct sl_error *error);

/* Makes the tables, or brings those of an older version up to this one, in one transaction. */
int sl_schema_migrate(sqlite3 *db);

#endif
