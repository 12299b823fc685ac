/* No secondary index on messages: it would cost a third of the writing rate, and the log is read
 * by key. What lists need in the order of time is the order of the key already.
 *
 * A step of `steps` is never changed once a program with it was given away: files of that version
 * exist then. A change of the tables is a further step. Views hold nothing: they are made anew
 * behind the steps, from one text. */
#include "store/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "socklens/exchange.h"
#include "socklens/registry.h"
#include "store/database.h"

#define ISO(ns)                                                                                    \
    "strftime('%Y-%m-%dT%H:%M:%S', " ns                                                            \
    " / 1000000000, 'unixepoch') || "                                                              \
    "printf('.%06dZ', " ns " / 1000 % 1000000)"

#define COLUMN(name, since) ",\n  m." #name

#define LOG_VIEW                                                                                   \
    "CREATE VIEW log AS -- for a person; columns of text are NULL where it is not text\n" \
    "SELECT m.seq,\n" \
    "  " ISO("m.received_at") " AS received_at,\n" \
    "  " ISO("m.replied_at") " AS replied_at,\n" \
    "  (m.replied_at - m.received_at) / 1000 AS service_us,\n" \
    "  s.name AS service,\n" \
    "  l.name AS listener,\n" \
    "  nullif(m.client, 0) AS client,\n" \
    "  coalesce(m.peer, c.peer) AS address,\n" \
    "  coalesce(m.local, c.local) AS local_address,\n" \
    "  o.name AS outcome,\n" \
    "  " SL_SCHEMA_RECEIVED_SIZE " AS received_size,\n" \
    "  CASE typeof(m.received) WHEN 'text' THEN m.received END AS received_text,\n" \
    "  CASE typeof(m.received) WHEN 'blob' THEN hex(m.received) END AS received_hex,\n" \
    "  " SL_SCHEMA_SENT_SIZE " AS sent_size,\n" \
    "  CASE typeof(m.sent) WHEN 'text' THEN m.sent WHEN 'integer' THEN upper(m.received) END " \
    "AS sent_text,\n" \
    "  CASE typeof(m.sent) WHEN 'blob' THEN hex(m.sent) END AS sent_hex,\n" \
    "  CASE m.line_end WHEN 1 THEN 'LF' WHEN 2 THEN 'CRLF' END AS line_end,\n" \
    "  m.faults AS faults" SL_COLUMN_LIST(COLUMN) "\n" \
    "FROM messages m\n" \
    "LEFT JOIN listeners l ON l.id = m.listener\n" \
    "LEFT JOIN services s ON s.id = l.service\n" \
    "LEFT JOIN outcomes o ON o.id = m.outcome\n" \
    "LEFT JOIN clients c ON c.id = m.client;\n"

#define CLIENT_LOG_VIEW                                                                            \
    "CREATE VIEW client_log AS -- the clients for a person\n" \
    "SELECT c.id,\n" \
    "  s.name AS service,\n" \
    "  t.name AS transport,\n" \
    "  l.name AS listener,\n" \
    "  c.peer AS address,\n" \
    "  c.local AS local_address,\n" \
    "  " ISO("c.opened_at") " AS opened_at,\n" \
    "  " ISO("c.last_seen_at") " AS last_seen_at,\n" \
    "  " ISO("c.closed_at") " AS closed_at,\n" \
    "  b.name AS closed_by,\n" \
    "  r.name AS close_reason,\n" \
    "  c.received_messages, c.received_bytes, c.sent_messages, c.sent_bytes, c.refused,\n" \
    "  c.unanswered,\n" \
    "  c.tcp_rtt_us AS rtt_us, c.tcp_total_retransmits AS retransmits\n" \
    "FROM clients c\n" \
    "LEFT JOIN listeners l ON l.id = c.listener\n" \
    "LEFT JOIN services s ON s.id = l.service\n" \
    "LEFT JOIN transports t ON t.id = l.transport\n" \
    "LEFT JOIN closers b ON b.id = c.closed_by\n" \
    "LEFT JOIN close_reasons r ON r.id = c.close_reason;\n"

static const char version_1[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;\n"
    "CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    "CREATE TABLE transports (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    "CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    "CREATE TABLE closers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    "CREATE TABLE close_reasons (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"

    "CREATE TABLE runs ( -- starts of the gateway\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  version TEXT NOT NULL,\n"
    "  started_at INTEGER NOT NULL, -- like all times: nanoseconds since 1970, UTC\n"
    "  ended_at INTEGER, -- NULL: still running, or killed\n"
    "  first_seq INTEGER NOT NULL\n"
    ");\n"

    "CREATE TABLE listeners (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  service INTEGER NOT NULL, -- services.id\n"
    "  transport INTEGER NOT NULL, -- transports.id\n"
    "  name TEXT NOT NULL, -- 127.0.0.1:12000, unix:/run/chat\n"
    "  UNIQUE (service, transport, name)\n"
    ");\n"

    "CREATE TABLE clients ( -- TCP connections, and remote addresses of UDP\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  listener INTEGER NOT NULL, -- listeners.id\n"
    "  peer TEXT NOT NULL,\n"
    "  local TEXT NOT NULL,\n"
    "  opened_at INTEGER NOT NULL,\n"
    "  last_seen_at INTEGER,\n"
    "  closed_at INTEGER, -- NULL: open; what follows is known at the end only\n"
    "  closed_by INTEGER, -- closers.id\n"
    "  close_reason INTEGER, -- close_reasons.id\n"
    "  received_messages INTEGER,\n"
    "  received_bytes INTEGER,\n"
    "  sent_messages INTEGER,\n"
    "  sent_bytes INTEGER,\n"
    "  refused INTEGER,\n"
    "  tcp_state INTEGER, -- the kernel's last word, tcp(7); NULL: not TCP\n"
    "  tcp_rtt_us INTEGER,\n"
    "  tcp_rttvar_us INTEGER,\n"
    "  tcp_retransmits INTEGER,\n"
    "  tcp_total_retransmits INTEGER,\n"
    "  tcp_lost INTEGER,\n"
    "  tcp_unacked INTEGER,\n"
    "  tcp_snd_cwnd INTEGER,\n"
    "  tcp_snd_mss INTEGER,\n"
    "  tcp_rcv_mss INTEGER\n"
    ");\n"

    "CREATE TABLE lifecycle ( -- where between the messages a client came and went\n"
    "  seq INTEGER NOT NULL, -- before this message\n"
    "  at INTEGER NOT NULL,\n"
    "  kind INTEGER NOT NULL, -- 1 opened, 2 closed\n"
    "  client INTEGER NOT NULL, -- clients.id\n"
    "  PRIMARY KEY (seq, at, kind, client)\n"
    ") WITHOUT ROWID;\n"

    "CREATE TABLE messages ( -- easier to read: SELECT * FROM log\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  client INTEGER NOT NULL, -- clients.id; 0: none\n"
    "  listener INTEGER NOT NULL, -- listeners.id\n"
    "  outcome INTEGER NOT NULL, -- outcomes.id\n"
    "  received_at INTEGER NOT NULL,\n"
    "  replied_at INTEGER, -- NULL: no reply\n"
    "  received, -- TEXT where it is valid UTF-8 without NUL, else BLOB\n"
    "  sent, -- the same; NULL: no reply; 1: upper(received)\n"
    "  received_size INTEGER, -- bytes on the wire; NULL: as many as are kept\n"
    "  sent_size INTEGER, -- the same\n"
    "  peer TEXT, -- NULL: the client's\n"
    "  local TEXT -- NULL: the client's\n"
    ");\n"

    "CREATE TABLE gaps ( -- messages that are missing for ever\n"
    "  from_seq INTEGER PRIMARY KEY,\n"
    "  to_seq INTEGER NOT NULL, -- inclusive\n"
    "  reason TEXT NOT NULL, -- evicted: left memory before it could be written\n"
    "  at INTEGER NOT NULL\n"
    ");\n";

/* `spans` is what the program calls the block index. What is there already gets no rows in it: that
 * would keep a start waiting for seconds, and searches look at all that has none. */
static const char version_2[] =
    "CREATE TABLE spans ( -- what some thousand messages in a row have, for searches to pass over\n"
    "  last_seq INTEGER PRIMARY KEY,\n"
    "  first_seq INTEGER NOT NULL,\n"
    "  earliest INTEGER NOT NULL, -- messages.received_at\n"
    "  latest INTEGER NOT NULL,\n"
    "  services INTEGER NOT NULL, -- bits 1 << services.id\n"
    "  outcomes INTEGER NOT NULL, -- bits 1 << outcomes.id\n"
    "  largest INTEGER NOT NULL, -- bytes on the wire of either side\n"
    "  lowest_client INTEGER NOT NULL,\n"
    "  highest_client INTEGER NOT NULL,\n"
    "  clients TEXT -- their ids; NULL: more than fit here\n"
    ");\n"

    "ALTER TABLE messages ADD COLUMN line_end INTEGER\n"
    "  NOT NULL DEFAULT 0 /* came behind received, which is without it: 1 LF, 2 CRLF */;\n";

/* A random identity of each start: numbers of messages are those of a run. */
static const char version_3[] =
    "ALTER TABLE runs ADD COLUMN uid TEXT; -- 32 hex digits\n"
    "UPDATE runs SET uid = lower(hex(randomblob(16)));\n"
    "CREATE UNIQUE INDEX runs_uid ON runs (uid);\n";

/* Until then `refused` counted all that had no reply. The rules that refuse are for datagrams: what
 * a connection left without a reply was never refused. */
static const char version_4[] =
    "ALTER TABLE clients ADD COLUMN unanswered INTEGER; -- no reply, and not refused by a rule\n"
    "UPDATE clients SET unanswered = 0 WHERE refused IS NOT NULL;\n"
    "UPDATE clients SET unanswered = refused, refused = 0 WHERE refused > 0\n"
    "  AND listener NOT IN (SELECT id FROM listeners WHERE transport = 0);\n";

/* Columns of messages, not a table of their own: a row that no rule has hit holds two NULLs more,
 * two bytes, and is written by the statement that does not name them. */
static const char version_5[] =
    "ALTER TABLE messages ADD COLUMN fault_bits INTEGER; -- 1 << (number of the effect - 1)\n"
    "ALTER TABLE messages ADD COLUMN faults TEXT; -- what rules did to it: JSON\n";

/* steps[n] leads from version n to n + 1; 0 is an empty file. */
static const char *const steps[] = {version_1, version_2, version_3, version_4, version_5};

#define VERSION ((int)(sizeof(steps) / sizeof(*steps)))

#define HAS_A_STEP(name, since) _Static_assert((since) <= VERSION, #name " has no step");
SL_COLUMN_LIST(HAS_A_STEP)

static const char views[] =
    "DROP VIEW IF EXISTS log;\n"
    "DROP VIEW IF EXISTS client_log;\n" LOG_VIEW CLIENT_LOG_VIEW;

int sl_schema_version(void)
{
    return VERSION;
}

int sl_schema_look(sqlite3 *db, enum sl_schema *schema)
{
    int64_t application, version, objects;
    int code = sl_database_number(db, "PRAGMA application_id", 0, &application);

    if (code == SQLITE_OK)
        code = sl_database_number(db, "PRAGMA user_version", 0, &version);
    if (code == SQLITE_OK)
        code = sl_database_number(db, "SELECT count(*) FROM sqlite_schema", 0, &objects);
    if (code != SQLITE_OK)
        return code;
    if (objects == 0 && version == 0)
        *schema = SL_SCHEMA_READY;
    else if (application != SL_SCHEMA_APPLICATION)
        *schema = SL_SCHEMA_FOREIGN;
    else
        *schema = version > VERSION ? SL_SCHEMA_NEWER : SL_SCHEMA_READY;
    return SQLITE_OK;
}

int sl_schema_refuse(const char *path, enum sl_schema schema, struct sl_error *error)
{
    return sl_error_set(
        error, -EPROTO,
        schema == SL_SCHEMA_NEWER
            ? "the log %s was written by a newer socklens than this " SOCKLENS_VERSION
              "; try --store with another file"
            : "%s is a database, but not a log of socklens; try --store with "
              "another file",
        path);
}

static const char *service_name(unsigned id)
{
    return sl_service_id_name((enum sl_service_id)id);
}

static const char *outcome_name(unsigned id)
{
    return sl_outcome_name((enum sl_outcome)id);
}

static const char *closer_name(unsigned id)
{
    return sl_closed_by_name((enum sl_closed_by)id);
}

static const char *reason_name(unsigned id)
{
    return sl_close_reason_name((enum sl_close_reason)id);
}

static const char *transport_name(unsigned id)
{
    static const char *const names[] = {[SL_UDP] = "udp", [SL_TCP] = "tcp", [SL_UNIX] = "unix"};

    return names[id];
}

/* The names behind the numbers, for people; the program itself never reads them. */
static int schema_fill_names(sqlite3 *db, const char *table, unsigned count,
                             const char *(*name)(unsigned))
{
    int code = SQLITE_OK;

    for (unsigned id = 0; id < count && code == SQLITE_OK; id++) {
        char sql[128];

        snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s VALUES (%u, '%s')", table, id,
                 name(id));
        code = sl_database_exec(db, sql);
    }
    return code;
}

static int schema_fill_all_names(sqlite3 *db)
{
    int code = schema_fill_names(db, "services", SL_SERVICE_COUNT, service_name);

    if (code == SQLITE_OK)
        code = schema_fill_names(db, "transports", SL_UNIX + 1, transport_name);
    if (code == SQLITE_OK)
        code = schema_fill_names(db, "outcomes", SL_OUTCOME_COUNT, outcome_name);
    if (code == SQLITE_OK)
        code = schema_fill_names(db, "closers", SL_CLOSED_BY_COUNT, closer_name);
    if (code == SQLITE_OK)
        code = schema_fill_names(db, "close_reasons", SL_CLOSE_REASON_COUNT, reason_name);
    return code;
}

/* True where all names are there, so that a start need not write. */
static bool schema_has_names(sqlite3 *db)
{
    char sql[320];
    int64_t found;

    snprintf(sql, sizeof(sql),
             "SELECT (SELECT count(*) FROM services WHERE id < %d) = %d"
             " AND (SELECT count(*) FROM outcomes WHERE id < %d) = %d"
             " AND (SELECT count(*) FROM closers WHERE id < %d) = %d"
             " AND (SELECT count(*) FROM close_reasons WHERE id < %d) = %d",
             SL_SERVICE_COUNT, SL_SERVICE_COUNT, SL_OUTCOME_COUNT, SL_OUTCOME_COUNT,
             SL_CLOSED_BY_COUNT, SL_CLOSED_BY_COUNT, SL_CLOSE_REASON_COUNT, SL_CLOSE_REASON_COUNT);
    return sl_database_number(db, sql, 0, &found) == SQLITE_OK && found == 1;
}

static int schema_run_steps(sqlite3 *db, int64_t version)
{
    char sql[96];
    int code = SQLITE_OK;

    for (; version < VERSION && code == SQLITE_OK; version++)
        code = sl_database_exec(db, steps[version]);
    if (code == SQLITE_OK)
        code = sl_database_exec(db, views);
    if (code == SQLITE_OK)
        code = schema_fill_all_names(db);
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SL_SCHEMA_APPLICATION, VERSION);
    return code == SQLITE_OK ? sl_database_exec(db, sql) : code;
}

int sl_schema_migrate(sqlite3 *db)
{
    int64_t version;
    int code = sl_database_number(db, "PRAGMA user_version", 0, &version);

    if (code == SQLITE_OK && version < 0)
        return SQLITE_CORRUPT;
    if (code != SQLITE_OK || (version == VERSION && schema_has_names(db)))
        return code;
    code = sl_database_exec(db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = schema_run_steps(db, version);
    if (code == SQLITE_OK)
        code = sl_database_exec(db, "COMMIT");
    if (code != SQLITE_OK)
        sl_database_exec(db, "ROLLBACK");
    return code;
}
