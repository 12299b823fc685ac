/* Writes the clients' rows. A client's row is made as it opens and updated as it
 * closes; those that a crash left open are closed by the next run, with the totals that their
 * messages add up to. */
#include "store/clients.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/schema.h"

/* A power of two. Ids are handed out one after the other, so the newest ones never share a place.
 */
#define KNOWN_MAX 65536u

struct sl_known_client {
    uint64_t id; /* 0: none */
    struct sl_address peer, local;
};

static const char find_sql[] = "SELECT peer, local FROM clients WHERE id = ?";

static const char open_sql[] =
    "INSERT OR IGNORE INTO clients (id, listener, peer, local, opened_at) VALUES (?, ?, ?, ?, ?)";

#define CLOSING_COLUMNS                                                                            \
    "closed_at, closed_by, close_reason, last_seen_at, received_messages, received_bytes, "        \
    "sent_messages, sent_bytes, refused, unanswered, tcp_state, tcp_rtt_us, tcp_rttvar_us, "       \
    "tcp_retransmits, "                                                                            \
    "tcp_total_retransmits, tcp_lost, tcp_unacked, tcp_snd_cwnd, tcp_snd_mss, tcp_rcv_mss"

static const char close_sql[] =
    "UPDATE clients SET (" CLOSING_COLUMNS
    ") = "
    "(?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) "
    "WHERE id = ?1";

static const char lifecycle_sql[] = "INSERT OR IGNORE INTO lifecycle VALUES (?, ?, ?, ?)";

int sl_clients_init(struct sl_clients *clients, sqlite3 *db)
{
    int code;

    clients->known = calloc(KNOWN_MAX, sizeof(*clients->known));
    if (!clients->known)
        return SQLITE_NOMEM;
    code = sl_database_prepare(db, find_sql, &clients->find);
    if (code == SQLITE_OK)
        code = sl_database_prepare(db, open_sql, &clients->open);
    if (code == SQLITE_OK)
        code = sl_database_prepare(db, close_sql, &clients->close);
    if (code == SQLITE_OK)
        code = sl_database_prepare(db, lifecycle_sql, &clients->lifecycle);
    return code;
}

void sl_clients_deinit(struct sl_clients *clients)
{
    sqlite3_finalize(clients->find);
    sqlite3_finalize(clients->open);
    sqlite3_finalize(clients->close);
    sqlite3_finalize(clients->lifecycle);
    free(clients->known);
    *clients = (struct sl_clients){0};
}

void sl_clients_forget(struct sl_clients *clients)
{
    for (unsigned i = 0; i < KNOWN_MAX; i++)
        clients->known[i].id = 0;
}

static struct sl_known_client *clients_place(const struct sl_clients *clients, uint64_t id)
{
    return &clients->known[id % KNOWN_MAX];
}

void sl_clients_forget_one(struct sl_clients *clients, uint64_t id)
{
    struct sl_known_client *known = clients_place(clients, id);

    if (known->id == id)
        known->id = 0;
}

static void clients_remember(struct sl_clients *clients, uint64_t id, const struct sl_address *peer,
                             const struct sl_address *local)
{
    *clients_place(clients, id) =
        (struct sl_known_client){.id = id, .peer = *peer, .local = *local};
}

static int clients_note_lifecycle(struct sl_clients *clients, const struct sl_record *record)
{
    sqlite3_stmt *statement = clients->lifecycle;

    sqlite3_bind_int64(statement, 1, (int64_t)record->seq);
    sqlite3_bind_int64(statement, 2, record->exchange.received_at_ns);
    sqlite3_bind_int(statement, 3, record->kind);
    sqlite3_bind_int64(statement, 4, (int64_t)record->exchange.client);
    return sl_database_run(statement);
}

static int clients_insert(struct sl_clients *clients, const struct sl_record *record,
                          int64_t listener, int64_t opened_at_ns)
{
    const struct sl_exchange *exchange = &record->exchange;
    sqlite3_stmt *statement = clients->open;
    char peer[SL_ADDRESS_TEXT_SIZE], local[SL_ADDRESS_TEXT_SIZE];
    int peer_size = (int)sl_address_format(&exchange->peer, peer);
    int local_size = (int)sl_address_format(&exchange->local, local);

    sqlite3_bind_int64(statement, 1, (int64_t)exchange->client);
    sqlite3_bind_int64(statement, 2, listener);
    sqlite3_bind_text(statement, 3, peer, peer_size, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, local, local_size, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, opened_at_ns);
    return sl_database_run(statement);
}

int sl_clients_opened(struct sl_clients *clients, const struct sl_record *record, int64_t listener)
{
    const struct sl_exchange *exchange = &record->exchange;
    int code = clients_insert(clients, record, listener, exchange->received_at_ns);

    if (code != SQLITE_OK)
        return code;
    clients_remember(clients, exchange->client, &exchange->peer, &exchange->local);
    return clients_note_lifecycle(clients, record);
}

static int clients_update(struct sl_clients *clients, const struct sl_record *record,
                          const struct sl_closing *closing)
{
    sqlite3_stmt *statement = clients->close;
    const struct sl_tcp_info *info = &closing->tcp;
    const int64_t tcp[] = {
        info->state, info->rtt_us,  info->rttvar_us, info->retransmits, info->total_retransmits,
        info->lost,  info->unacked, info->snd_cwnd,  info->snd_mss,     info->rcv_mss};

    sqlite3_bind_int64(statement, 1, (int64_t)record->exchange.client);
    sqlite3_bind_int64(statement, 2, record->exchange.received_at_ns);
    sqlite3_bind_int(statement, 3, closing->closed_by);
    sqlite3_bind_int(statement, 4, closing->reason);
    sqlite3_bind_int64(statement, 5, closing->last_seen_at_ns);
    sqlite3_bind_int64(statement, 6, (int64_t)closing->counters.received_messages);
    sqlite3_bind_int64(statement, 7, (int64_t)closing->counters.received_bytes);
    sqlite3_bind_int64(statement, 8, (int64_t)closing->counters.sent_messages);
    sqlite3_bind_int64(statement, 9, (int64_t)closing->counters.sent_bytes);
    sqlite3_bind_int64(statement, 10, (int64_t)closing->counters.refused);
    sqlite3_bind_int64(statement, 11, (int64_t)closing->counters.unanswered);
    for (int i = 0; i < (int)(sizeof(tcp) / sizeof(*tcp)); i++) {
        if (info->valid)
            sqlite3_bind_int64(statement, 12 + i, tcp[i]);
        else
            sqlite3_bind_null(statement, 12 + i);
    }
    return sl_database_run(statement);
}

int sl_clients_closed(struct sl_clients *clients, const struct sl_record *record, int64_t listener)
{
    struct sl_closing closing;
    int code;

    assert(record->exchange.received_stored == sizeof(closing));
    memcpy(&closing, sl_record_received(record), sizeof(closing));
    code = clients_insert(clients, record, listener, closing.opened_at_ns);
    if (code == SQLITE_OK)
        code = clients_update(clients, record, &closing);
    return code == SQLITE_OK ? clients_note_lifecycle(clients, record) : code;
}

static int clients_look_up(struct sl_clients *clients, const struct sl_record *record,
                           int64_t listener)
{
    const struct sl_exchange *exchange = &record->exchange;
    sqlite3_stmt *statement = clients->find;
    int code;

    sqlite3_bind_int64(statement, 1, (int64_t)exchange->client);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        struct sl_address peer = sl_database_address(statement, 0);
        struct sl_address local = sl_database_address(statement, 1);

        clients_remember(clients, exchange->client, &peer, &local);
    }
    sqlite3_reset(statement);
    if (code != SQLITE_DONE)
        return code == SQLITE_ROW ? SQLITE_OK : code;
    code = clients_insert(clients, record, listener, exchange->received_at_ns);
    if (code == SQLITE_OK)
        clients_remember(clients, exchange->client, &exchange->peer, &exchange->local);
    return code;
}

int sl_clients_check(struct sl_clients *clients, const struct sl_record *record, int64_t listener,
                     bool *same_addresses)
{
    const struct sl_exchange *exchange = &record->exchange;
    const struct sl_known_client *known = clients_place(clients, exchange->client);

    *same_addresses = false;
    if (exchange->client == 0)
        return SQLITE_OK;
    if (known->id != exchange->client) {
        int code = clients_look_up(clients, record, listener);
        if (code != SQLITE_OK)
            return code;
    }
    *same_addresses = sl_address_equal(&known->peer, &exchange->peer) &&
                      sl_address_equal(&known->local, &exchange->local);
    return SQLITE_OK;
}

/* The totals of clients that a killed run has left are counted from its messages, if not more. */
#define COUNTED_MESSAGES INT64_C(1000000)

/* What the totals of clients without an end come from. */
static int clients_count_lost_totals(sqlite3 *db, uint64_t first_seq)
{
    static const char sql[] =
        "UPDATE clients SET received_messages = t.messages, received_bytes = t.bytes, "
        "sent_messages = t.replies, sent_bytes = t.reply_bytes, "
        "refused = t.refused, unanswered = t.messages - t.replies - t.refused, "
        "last_seen_at = t.seen FROM (SELECT client, count(*) AS messages, "
        "sum(" SL_SCHEMA_RECEIVED_SIZE " + " SL_SCHEMA_LINE_END_SIZE
        ") AS bytes, "
        "sum(outcome IN (SELECT id FROM outcomes WHERE name GLOB 'refused_*')) AS refused, "
        "sum(outcome = 0) AS replies, sum(CASE outcome WHEN 0 THEN " SL_SCHEMA_SENT_SIZE
        " ELSE 0 END) AS "
        "reply_bytes, max(received_at) AS seen FROM messages AS m WHERE seq >= "
        "(SELECT max(first_seq) FROM runs) GROUP BY client) AS t "
        "WHERE clients.id = t.client AND clients.closed_at IS NULL";
    int64_t first;
    int code = sl_database_number(db, "SELECT max(first_seq) FROM runs", 1, &first);

    if (code != SQLITE_OK || (int64_t)first_seq - first > COUNTED_MESSAGES)
        return code;
    return sl_database_exec(db, sql);
}

int sl_clients_end_lost(sqlite3 *db, uint64_t first_seq)
{
    char sql[768];
    int code = clients_count_lost_totals(db, first_seq);

    if (code != SQLITE_OK)
        return code;
    snprintf(sql, sizeof(sql),
             "CREATE TEMP TABLE lost AS SELECT id, max(opened_at, coalesce(last_seen_at, 0), "
             "coalesce((SELECT received_at FROM messages ORDER BY seq DESC LIMIT 1), 0)) AS at "
             "FROM clients WHERE closed_at IS NULL;"
             "UPDATE clients SET closed_at = lost.at, closed_by = %d, close_reason = %d "
             "FROM lost WHERE clients.id = lost.id;"
             "INSERT OR IGNORE INTO lifecycle SELECT %" PRIu64
             ", at, %d, id FROM lost;"
             "DROP TABLE lost;",
             SL_BY_SERVER, SL_CLOSE_SHUTDOWN, first_seq, SL_RECORD_CLOSED);
    return sl_database_exec(db, sql);
}
