/* Deletes the oldest messages, in steps of a few milliseconds, each a transaction of its own: the
 * writer writes between them. Then, in steps of the same kind, it deletes the client events before
 * the oldest message, and with a client's end its row. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "socklens/clock.h"
#include "store/store.h"

/* A step ends at this many bytes too: large messages have pages of their own. */
#define STEP_BYTES (UINT64_C(2) << 20)

/* Of the bytes allowed, what the WAL and pages that are free for a moment may take. */
#define RESERVE_PART 4
#define RESERVE_MAX  (UINT64_C(16) << 20)

/* An empty file has some dozen pages already. */
#define BYTES_MIN (UINT64_C(1) << 20)

/* What exceeds the limits. */
struct surplus {
    uint64_t rows, bytes, up_to_seq;
    int64_t before_ns;
};

uint64_t sl_retention_bytes(const struct sl_retention *retention)
{
    uint64_t bytes = retention->bytes < BYTES_MIN ? BYTES_MIN : retention->bytes;
    uint64_t reserve = bytes / RESERVE_PART;

    if (retention->bytes == 0)
        return UINT64_MAX;
    return bytes - (reserve < RESERVE_MAX ? reserve : RESERVE_MAX);
}

static struct surplus retention_find_surplus(struct sl_store *store)
{
    struct sl_retention retention;
    struct surplus surplus = {.up_to_seq = atomic_load(&store->clear_seq)};
    uint64_t used = (store->pages - store->free_pages) * store->page_size, allowed;

    pthread_mutex_lock(&store->lock);
    retention = store->retention;
    pthread_mutex_unlock(&store->lock);
    allowed = sl_retention_bytes(&retention);
    if (retention.messages && store->rows > retention.messages)
        surplus.rows = store->rows - retention.messages;
    if (used > allowed)
        surplus.bytes = used - allowed;
    if (retention.age_ns)
        surplus.before_ns = sl_clock_wall_ns() - retention.age_ns;
    return surplus;
}

/* The last message of the step; *count is 0 where none has to go. */
static int retention_find_last(struct sl_store *store, const struct surplus *surplus,
                               unsigned *count, int64_t *last)
{
    static const char sql[] =
        "SELECT seq, received_at, received_size + sent_size FROM messages ORDER BY seq LIMIT ?";
    uint64_t usual = (store->pages - store->free_pages) * store->page_size / (store->rows + 1);
    uint64_t bytes = 0;
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

    *count = 0;
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_int64(statement, 1, store->delete_rows);
    while (bytes < STEP_BYTES && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(statement, 0);

        if (*count >= surplus->rows && bytes >= surplus->bytes &&
            (uint64_t)seq > surplus->up_to_seq &&
            sqlite3_column_int64(statement, 1) >= surplus->before_ns)
            break;
        bytes += usual + (uint64_t)sqlite3_column_int64(statement, 2);
        *last = seq;
        ++*count;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* A row that is returned is the id of a client that was deleted. */
static int retention_forget_client(void *context, int count, char **values, char **names)
{
    (void)count;
    (void)names;
    sl_clients_forget_one(context, strtoull(values[0], NULL, 10));
    return 0;
}

/* Runs `sql` between BEGIN and COMMIT. The numbers that the log has reached must not be handed out
 * again when it is empty, and what was cleared is to be told from what was too old. */
static int retention_transact(struct sl_store *store, const char *sql)
{
    char high_water[384];
    int code = sl_database_exec(store->db, "BEGIN IMMEDIATE");

    snprintf(high_water, sizeof(high_water),
             "UPDATE meta SET value = %" PRIu64
             " WHERE key = 'next_seq';"
             "INSERT OR REPLACE INTO meta VALUES ('cleared_seq', %" PRIu64
             ");"
             "UPDATE meta SET value = max(value, coalesce((SELECT max(id) + 1 FROM clients), 1)) "
             "WHERE key = 'next_client'",
             store->next_seq, atomic_load(&store->clear_seq));
    if (code == SQLITE_OK)
        code = sl_database_exec(store->db, high_water);
    if (code == SQLITE_OK)
        code =
            sqlite3_exec(store->db, sql, retention_forget_client, &store->messages.clients, NULL);
    return code == SQLITE_OK ? sl_database_exec(store->db, "COMMIT") : code;
}

static int retention_delete_messages(struct sl_store *store, int64_t last, unsigned count)
{
    char sql[240];
    int64_t oldest;
    int code;

    snprintf(sql, sizeof(sql),
             "DELETE FROM messages WHERE seq <= %" PRId64
             ";"
             "DELETE FROM spans WHERE last_seq <= %" PRId64
             ";"
             "DELETE FROM gaps WHERE to_seq <= %" PRId64,
             last, last, last);
    code = retention_transact(store, sql);
    if (code != SQLITE_OK)
        return code;
    store->rows -= count < store->rows ? count : store->rows;
    code = sl_database_number(store->db, "SELECT min(seq) FROM messages", (int64_t)store->next_seq,
                              &oldest);
    if (code != SQLITE_OK)
        return code;
    store->oldest_seq = (uint64_t)oldest;
    return store->oldest_seq <= (uint64_t)last ? SQLITE_CORRUPT : SQLITE_OK;
}

#define KEY "(seq, at, kind, client)"

/* A step's last client event, as a row value of SQL; "" where none has to go. Without messages
 * nothing is left of them that could go, so bytes are then found here. */
static int retention_find_last_key(struct sl_store *store, const struct surplus *surplus,
                                   char key[112])
{
    bool starving = store->rows == 0 && surplus->bytes > 0;
    char sql[320];
    sqlite3_stmt *statement;
    int code;

    *key = '\0';
    snprintf(sql, sizeof(sql),
             "SELECT printf('(%%d, %%d, %%d, %%d)', seq, at, kind, client) FROM "
             "(SELECT * FROM lifecycle ORDER BY seq, at, kind, client LIMIT %u) "
             "WHERE seq < %" PRIu64 " OR at < %" PRId64
             " ORDER BY seq DESC, at DESC, kind DESC, client DESC LIMIT 1",
             store->delete_rows, store->oldest_seq + starving, surplus->before_ns);
    code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        snprintf(key, 112, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static int retention_delete_lifecycle(struct sl_store *store, const char *key)
{
    char sql[512];
    int code;

    snprintf(sql, sizeof(sql),
             "DELETE FROM clients WHERE id IN (SELECT client FROM lifecycle WHERE " KEY
             " <= %s AND kind = %d) RETURNING id;"
             "DELETE FROM lifecycle WHERE " KEY " <= %s",
             key, SL_RECORD_CLOSED, key);
    code = retention_transact(store, sql);
    return code == SQLITE_OK && sqlite3_changes(store->db) == 0 ? SQLITE_CORRUPT : code;
}

/* A step that finds rows and deletes none has met damage: the next one would find them again. */
int sl_retention_step(struct sl_store *store, unsigned *deleted)
{
    struct surplus surplus = retention_find_surplus(store);
    char key[112];
    int64_t last = 0;
    int code = retention_find_last(store, &surplus, deleted, &last);

    if (code == SQLITE_OK && *deleted > 0)
        return retention_delete_messages(store, last, *deleted);
    if (code == SQLITE_OK)
        code = retention_find_last_key(store, &surplus, key);
    if (code != SQLITE_OK || !*key)
        return code;
    *deleted = store->delete_rows;
    return retention_delete_lifecycle(store, key);
}
