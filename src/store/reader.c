/* Read-only connections to the log. In WAL mode neither readers nor the writer wait for the
 * other (https://www.sqlite.org/wal.html); a reader must not be kept inside a transaction, or
 * the WAL grows. */
#include "store/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/files.h"
#include "store/schema.h"

/* While the server recovers a WAL after a kill. */
#define BUSY_MS 1000

/* More listeners than one run can have: a file of many runs has those of all. */
#define LISTENERS_KEPT 4096

#define MESSAGE_COLUMNS                                                                            \
    "seq, client, listener, outcome, received_at, replied_at, peer, local, received_size, "        \
    "sent_size, received, sent, "

#define CLIENT_COLUMNS                                                                             \
    "listener, peer, local, opened_at, last_seen_at, closed_at, closed_by, close_reason, "         \
    "received_messages, received_bytes, sent_messages, sent_bytes, refused, "
#define CLIENT_TCP_COLUMNS                                                                         \
    "tcp_state, tcp_rtt_us, tcp_rttvar_us, tcp_retransmits, tcp_total_retransmits, tcp_lost, "     \
    "tcp_unacked, tcp_snd_cwnd, tcp_snd_mss, tcp_rcv_mss"

static int reader_prepare_client(struct sl_store_reader *reader)
{
    const char *unanswered = reader->version < 4 ? "0" : "unanswered";
    char sql[512];

    snprintf(sql, sizeof(sql),
             "SELECT " CLIENT_COLUMNS "%s, " CLIENT_TCP_COLUMNS " FROM clients WHERE id = ?",
             unanswered);
    return sl_database_prepare(reader->db, sql, &reader->client);
}

#define PLACE(name, since) ", %s"
#define PLACES             SL_COLUMN_LIST(PLACE)
#define NAME(name, since)  , reader->version < (since) ? "0" : #name

static int reader_prepare_messages(struct sl_store_reader *reader)
{
    const char *line_end = reader->version < 2 ? "0" : "line_end";
    /* What a file says must not break the JSON around it: json() leaves no line ends either. */
    const char *faults =
        reader->version < 5 ? "NULL" : "CASE WHEN json_valid(faults) THEN json(faults) END";
    char sql[1024]; /* what is cut is no SQL */
    int code;

    snprintf(sql, sizeof(sql),
             "SELECT " MESSAGE_COLUMNS "%s, %s" PLACES
             " FROM messages WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
             line_end, faults SL_COLUMN_LIST(NAME));
    code = sl_database_prepare(reader->db, sql, &reader->forward);
    strcat(sql, " DESC");
    return code == SQLITE_OK ? sl_database_prepare(reader->db, sql, &reader->backward) : code;
}

static int reader_prepare_runs(struct sl_store_reader *reader)
{
    int code = sl_database_prepare(reader->db,
                                   "SELECT uid FROM runs WHERE first_seq <= ? "
                                   "ORDER BY id DESC LIMIT 1",
                                   &reader->run_of);

    if (code != SQLITE_OK)
        return code;
    return sl_database_prepare(
        reader->db,
        "SELECT 1 FROM runs AS r WHERE uid >= ?1 AND uid < ?1 || 'g' AND ?2 < "
        "coalesce((SELECT min(first_seq) FROM runs AS later WHERE later.id > r.id), ?2 + 1)",
        &reader->has_run);
}

static int reader_prepare(struct sl_store_reader *reader)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&reader->gaps,
         "SELECT max(from_seq, ?1), min(to_seq, ?2) FROM gaps WHERE to_seq >= ?1 "
         "AND from_seq <= ?2 ORDER BY from_seq"},
        {&reader->gaps_back,
         "SELECT max(from_seq, ?1), min(to_seq, ?2) FROM gaps WHERE "
         "to_seq >= ?1 AND from_seq <= ?2 ORDER BY from_seq DESC"},
        {&reader->lifecycle,
         "SELECT seq, at, kind, client FROM lifecycle WHERE seq BETWEEN ?1 "
         "AND ?2 ORDER BY seq, at, kind, client"},
        {&reader->listener, "SELECT service, transport, name FROM listeners WHERE id = ?"},
        {&reader->oldest, "SELECT min(seq) FROM messages"},
        {&reader->newest, "SELECT max(seq) FROM messages"},
    };
    int code = sl_database_number(reader->db, "PRAGMA user_version", 0, &reader->version);

    if (code == SQLITE_OK)
        code = reader_prepare_messages(reader);
    if (code == SQLITE_OK)
        code = reader_prepare_client(reader);
    for (size_t i = 0; i < sizeof(all) / sizeof(*all) && code == SQLITE_OK; i++)
        code = sl_database_prepare(reader->db, all[i].sql, all[i].statement);
    if (code == SQLITE_OK && reader->version >= 2)
        code = sl_range_init(&reader->ranges, reader->db);
    if (code == SQLITE_OK && reader->version >= 3)
        code = reader_prepare_runs(reader);
    return code;
}

static void reader_close(struct sl_store_reader *reader)
{
    sqlite3_stmt **const all[] = {&reader->forward,   &reader->backward,  &reader->gaps,
                                  &reader->gaps_back, &reader->lifecycle, &reader->client,
                                  &reader->listener,  &reader->oldest,    &reader->newest,
                                  &reader->run_of,    &reader->has_run};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        sqlite3_finalize(*all[i]);
        *all[i] = NULL;
    }
    sl_range_deinit(&reader->ranges);
    sqlite3_close(reader->db);
    reader->db = NULL;
    free(reader->listeners);
    reader->listeners = NULL;
    reader->listener_count = 0;
    reader->client_id = 0;
}

static int reader_open(struct sl_store_reader *reader)
{
    enum sl_schema schema;
    int code = sqlite3_open_v2(reader->path, &reader->db,
                               SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

    reader->inode = sl_files_inode(reader->path, "");
    if (code != SQLITE_OK)
        return code;
    sqlite3_busy_timeout(reader->db, BUSY_MS);
    code = sl_schema_look(reader->db, &schema);
    reader->wal_inode = sl_files_inode(reader->path, "-wal");
    if (code == SQLITE_OK && schema != SL_SCHEMA_READY)
        return SQLITE_MISMATCH;
    return code == SQLITE_OK ? reader_prepare(reader) : code;
}

int sl_reader_errno(struct sl_store_reader *reader, int code)
{
    switch (sl_database_classify(reader->db, code)) {
    case SL_DATABASE_NONE:
        return 0;
    case SL_DATABASE_BUSY:
        return -EBUSY;
    case SL_DATABASE_DAMAGED:
        return -EBADMSG;
    default:
        return code == SQLITE_NOMEM ? -ENOMEM : -EIO;
    }
}

int sl_reader_refresh(struct sl_store_reader *reader)
{
    int result = 0;

    if (reader->db && sl_files_inode(reader->path, "") == reader->inode &&
        sl_files_inode(reader->path, "-wal") == reader->wal_inode)
        return 0;
    reader_close(reader);
    result = sl_reader_errno(reader, reader_open(reader));
    if (result < 0)
        reader_close(reader);
    return result;
}

struct sl_store_reader *sl_store_reader_open(const char *path, struct sl_error *error)
{
    struct sl_store_reader *reader = calloc(1, sizeof(*reader));
    char words[SL_DATABASE_WORDS_SIZE];
    int code = SQLITE_NOMEM;

    sl_database_init();
    if (reader)
        reader->path = sl_files_resolve(path, error);
    if (reader && !reader->path) {
        sl_store_reader_close(reader);
        return NULL;
    }
    if (reader)
        code = reader_open(reader);
    if (code == SQLITE_OK)
        return reader;
    if (code == SQLITE_MISMATCH)
        sl_error_set(error, -EPROTO, "%s is not a log that this socklens can read", path);
    else {
        sl_database_words(reader ? reader->db : NULL, code, words);
        sl_error_set(error, -EIO, "cannot read the log %s: %s", path, words);
    }
    sl_store_reader_close(reader);
    return NULL;
}

void sl_store_reader_close(struct sl_store_reader *reader)
{
    if (!reader)
        return;
    reader_close(reader);
    free(reader->record);
    free(reader->path);
    free(reader);
}

static bool reader_read_bound(sqlite3_stmt *statement, uint64_t *seq)
{
    bool found = sqlite3_step(statement) == SQLITE_ROW &&
                 sqlite3_column_type(statement, 0) == SQLITE_INTEGER;

    if (found)
        *seq = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return found;
}

bool sl_store_bounds(struct sl_store_reader *reader, uint64_t *oldest_seq, uint64_t *newest_seq)
{
    return sl_reader_refresh(reader) == 0 && reader_read_bound(reader->oldest, oldest_seq) &&
           reader_read_bound(reader->newest, newest_seq);
}

uint64_t sl_store_cleared(struct sl_store_reader *reader)
{
    int64_t seq = 0;

    if (reader->db)
        sl_database_number(reader->db, SL_SCHEMA_CLEARED_SQL, 0, &seq);
    return (uint64_t)seq;
}

bool sl_store_run_of(struct sl_store_reader *reader, uint64_t seq, char run[SL_RUN_SIZE])
{
    const char *uid;
    bool found;

    if (sl_reader_refresh(reader) < 0 || !reader->run_of)
        return false;
    sqlite3_bind_int64(reader->run_of, 1, (int64_t)seq);
    found = sqlite3_step(reader->run_of) == SQLITE_ROW;
    uid = found ? (const char *)sqlite3_column_text(reader->run_of, 0) : NULL;
    found = uid && strlen(uid) == SL_RUN_SIZE - 1;
    if (found)
        memcpy(run, uid, SL_RUN_SIZE);
    sqlite3_reset(reader->run_of);
    return found;
}

bool sl_store_has_run(struct sl_store_reader *reader, const char *run, uint64_t seq)
{
    bool found;

    if (sl_reader_refresh(reader) < 0 || !reader->has_run || seq >= INT64_MAX)
        return false;
    sqlite3_bind_text(reader->has_run, 1, run, -1, SQLITE_STATIC);
    sqlite3_bind_int64(reader->has_run, 2, (int64_t)seq);
    found = sqlite3_step(reader->has_run) == SQLITE_ROW;
    sqlite3_reset(reader->has_run);
    return found;
}

int64_t sl_reader_time(sqlite3_stmt *statement, int column)
{
    int64_t ns = sqlite3_column_int64(statement, column);

    return ns < 0 ? 0 : ns;
}

/* A number that stands for a name; 0 where it is none of them. */
static uint8_t column_name(sqlite3_stmt *statement, int column, unsigned count)
{
    int64_t number = sqlite3_column_int64(statement, column);

    return number >= 0 && number < count ? (uint8_t)number : 0;
}

/* Place 0 is for those that are not kept. */
static bool reader_make_room(struct sl_store_reader *reader, size_t count)
{
    struct sl_reader_listener *listeners =
        reallocarray(reader->listeners, count, sizeof(*listeners));

    if (!listeners)
        return false;
    memset(listeners + reader->listener_count, 0,
           (count - reader->listener_count) * sizeof(*listeners));
    reader->listeners = listeners;
    reader->listener_count = count;
    return true;
}

const struct sl_reader_listener *sl_reader_listener(struct sl_store_reader *reader, int64_t id)
{
    static const struct sl_reader_listener unknown = {.name = "unknown"};
    size_t place = id > 0 && id < LISTENERS_KEPT ? (size_t)id : 0;
    sqlite3_stmt *row = reader->listener;
    struct sl_reader_listener *listener;

    if (place >= reader->listener_count && !reader_make_room(reader, place + 1))
        return &unknown;
    listener = &reader->listeners[place];
    if (place != 0 && *listener->name)
        return listener;
    *listener = unknown;
    sqlite3_bind_int64(row, 1, id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 2);

        listener->service = column_name(row, 0, SL_SERVICE_COUNT);
        listener->transport = column_name(row, 1, SL_UNIX + 1);
        if (name && *name)
            snprintf(listener->name, sizeof(listener->name), "%s", name);
    }
    sqlite3_reset(row);
    return listener;
}

struct sl_record *sl_reader_record(struct sl_store_reader *reader)
{
    if (!reader->record)
        reader->record = malloc(sizeof(struct sl_record) + 2 * SL_STORED_SIZE_MAX + SL_NOTE_MAX);
    if (reader->record)
        memset(reader->record, 0, sizeof(*reader->record));
    return reader->record;
}

void sl_reader_addresses(struct sl_store_reader *reader, uint64_t client, struct sl_address *peer,
                         struct sl_address *local)
{
    if (reader->client_id != client || client == 0) {
        reader->client_id = 0;
        reader->client_peer = reader->client_local = SL_ADDRESS_NONE;
        sqlite3_bind_int64(reader->client, 1, (int64_t)client);
        if (sqlite3_step(reader->client) == SQLITE_ROW) {
            reader->client_id = client;
            reader->client_peer = sl_database_address(reader->client, 1);
            reader->client_local = sl_database_address(reader->client, 2);
        }
        sqlite3_reset(reader->client);
    }
    *peer = reader->client_peer;
    *local = reader->client_local;
}

static uint32_t column_u32(sqlite3_stmt *statement, int column)
{
    return (uint32_t)sqlite3_column_int64(statement, column);
}

static uint64_t column_u64(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

static void reader_read_tcp(sqlite3_stmt *statement, struct sl_tcp_info *tcp)
{
    if (sqlite3_column_type(statement, 14) == SQLITE_NULL)
        return;
    *tcp = (struct sl_tcp_info){
        .valid = 1,
        .state = (uint8_t)sqlite3_column_int(statement, 14),
        .rtt_us = column_u32(statement, 15),
        .rttvar_us = column_u32(statement, 16),
        .retransmits = column_u32(statement, 17),
        .total_retransmits = column_u32(statement, 18),
        .lost = column_u32(statement, 19),
        .unacked = column_u32(statement, 20),
        .snd_cwnd = column_u32(statement, 21),
        .snd_mss = column_u32(statement, 22),
        .rcv_mss = column_u32(statement, 23),
    };
}

static void reader_read_client(struct sl_store_reader *reader, struct sl_client_view *view)
{
    sqlite3_stmt *statement = reader->client;

    view->listener = UINT16_MAX;
    view->open = sqlite3_column_type(statement, 5) == SQLITE_NULL;
    view->closed_by = column_name(statement, 6, SL_CLOSED_BY_COUNT);
    view->close_reason = column_name(statement, 7, SL_CLOSE_REASON_COUNT);
    view->peer = sl_database_address(statement, 1);
    view->local = sl_database_address(statement, 2);
    view->opened_at_ns = sl_reader_time(statement, 3);
    view->last_seen_at_ns = sqlite3_column_type(statement, 4) == SQLITE_NULL
                                ? view->opened_at_ns
                                : sl_reader_time(statement, 4);
    view->closed_at_ns = sl_reader_time(statement, 5);
    view->counters = (struct sl_counters){
        .received_messages = column_u64(statement, 8),
        .received_bytes = column_u64(statement, 9),
        .sent_messages = column_u64(statement, 10),
        .sent_bytes = column_u64(statement, 11),
        .refused = column_u64(statement, 12),
        .unanswered = column_u64(statement, 13),
    };
    reader_read_tcp(statement, &view->tcp);
}

bool sl_reader_client(struct sl_store_reader *reader, uint64_t id, struct sl_client_view *view,
                      const char **listener)
{
    const struct sl_reader_listener *info;
    int64_t row = 0;
    bool found;

    sqlite3_bind_int64(reader->client, 1, (int64_t)id);
    found = sqlite3_step(reader->client) == SQLITE_ROW;
    if (found) {
        *view = (struct sl_client_view){.id = id};
        reader_read_client(reader, view);
        row = sqlite3_column_int64(reader->client, 0);
    }
    sqlite3_reset(reader->client);
    if (!found)
        return false;
    info = sl_reader_listener(reader, row);
    view->service = info->service;
    view->transport = info->transport;
    *listener = info->name;
    return true;
}

bool sl_store_client(struct sl_store_reader *reader, uint64_t id, struct sl_client_view *view,
                     char *listener, size_t listener_size)
{
    const char *name;

    if (sl_reader_refresh(reader) < 0 || !sl_reader_client(reader, id, view, &name))
        return false;
    snprintf(listener, listener_size, "%s", name);
    return true;
}
