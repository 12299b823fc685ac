/* Payloads are copied out of the journal while they wait: the journal's block may go meanwhile, and
 * the copy is small beside what SQLite does with the bytes (5 ns of 1 µs for 32 bytes). */
#include "store/messages.h"

#include <stdio.h>

#include "socklens/clock.h"
#include "store/payload.h"

/* Of a row in a statement for many; the others are NULL in nearly every row. Each costs some 3%. */
#define COLUMNS      9
#define RARE_COLUMNS (5 + SL_COLUMN_COUNT) /* of the statement for one */

/* More than this is written at once, without a copy. */
#define COPIED_MAX 16384u

#define COLUMN_NAMES                                                                               \
    "seq, client, listener, outcome, received_at, replied_at, received, sent, line_end"

#define NAME(name, since)  ", " #name
#define PLACE(name, since) ",?"
#define RARE_NAMES         ", received_size, sent_size, peer, local, faults" SL_COLUMN_LIST(NAME)
#define RARE_PLACES        ",?,?,?,?,?" SL_COLUMN_LIST(PLACE)

static int messages_prepare_many(struct sl_messages *messages, sqlite3 *db)
{
    struct sl_buffer sql = SL_BUFFER_INIT;
    int code = sl_buffer_append_text(&sql, "INSERT INTO messages (" COLUMN_NAMES ") VALUES ");

    for (int i = 0; i < SL_MESSAGE_ROWS && code == 0; i++)
        code = sl_buffer_append_text(&sql, i == 0 ? "(?,?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?,?)");
    if (code == 0)
        code = sl_buffer_append(&sql, "", 1);
    code =
        code == 0 ? sl_database_prepare(db, (const char *)sql.data, &messages->many) : SQLITE_NOMEM;
    sl_buffer_deinit(&sql);
    return code;
}

int sl_messages_init(struct sl_messages *messages, sqlite3 *db, const struct sl_registry *registry)
{
    static const char one[] = "INSERT INTO messages (" COLUMN_NAMES RARE_NAMES
                              ") VALUES (?,?,?,?,?,?,?,?,?" RARE_PLACES ")";
    static const char gap[] = "INSERT INTO gaps VALUES (?, ?, ?, ?)";
    int code = sl_listeners_init(&messages->listeners, db, registry);

    if (!sl_buffer_reserve(&messages->bytes, COPIED_MAX))
        return SQLITE_NOMEM;
    if (code == SQLITE_OK)
        code = sl_clients_init(&messages->clients, db);
    if (code == SQLITE_OK)
        code = sl_block_index_init(&messages->block_index, db);
    if (code == SQLITE_OK)
        code = messages_prepare_many(messages, db);
    if (code == SQLITE_OK)
        code = sl_database_prepare(db, one, &messages->one);
    if (code == SQLITE_OK)
        code = sl_database_prepare(db, gap, &messages->gap);
    return code;
}

void sl_messages_deinit(struct sl_messages *messages)
{
    sl_listeners_deinit(&messages->listeners);
    sl_clients_deinit(&messages->clients);
    sl_block_index_deinit(&messages->block_index);
    sqlite3_finalize(messages->many);
    sqlite3_finalize(messages->one);
    sqlite3_finalize(messages->gap);
    sl_buffer_deinit(&messages->bytes);
    *messages = (struct sl_messages){0};
}

static void messages_drop_waiting(struct sl_messages *messages)
{
    messages->count = 0;
    messages->bytes.size = 0;
}

void sl_messages_forget(struct sl_messages *messages)
{
    messages_drop_waiting(messages);
    sl_listeners_forget(&messages->listeners);
    sl_clients_forget(&messages->clients);
    sl_block_index_forget(&messages->block_index);
}

static int row_bind_payloads(sqlite3_stmt *statement, int column, const struct sl_message_row *row,
                             const uint8_t *payload)
{
    int code;

    if (row->is_upper) {
        sqlite3_bind_int(statement, column + 1, SL_PAYLOAD_UPPER);
        return sl_payload_bind_text(statement, column, payload, row->exchange.received_stored);
    }
    code = sl_payload_bind(statement, column, payload, row->exchange.received_stored);
    if (code != SQLITE_OK)
        return code;
    if (row->exchange.outcome != SL_REPLIED && row->exchange.sent_stored == 0)
        return sqlite3_bind_null(statement, column + 1);
    return sl_payload_bind(statement, column + 1, payload + row->exchange.received_stored,
                           row->exchange.sent_stored);
}

/* What every row has, in the order of COLUMN_NAMES from `column` on. */
static int row_bind(sqlite3_stmt *statement, int column, const struct sl_message_row *row,
                    const uint8_t *payload)
{
    sqlite3_bind_int64(statement, column, (int64_t)row->seq);
    sqlite3_bind_int64(statement, column + 1, (int64_t)row->exchange.client);
    sqlite3_bind_int64(statement, column + 2, row->listener);
    sqlite3_bind_int(statement, column + 3, row->exchange.outcome);
    sqlite3_bind_int64(statement, column + 4, row->exchange.received_at_ns);
    if (row->exchange.replied_at_ns)
        sqlite3_bind_int64(statement, column + 5, row->exchange.replied_at_ns);
    else
        sqlite3_bind_null(statement, column + 5);
    sqlite3_bind_int(statement, column + 8, row->exchange.line_end);
    return row_bind_payloads(statement, column + 6, row, payload);
}

/* A full set of rows is one statement, fewer are one each. */
int sl_messages_flush(struct sl_messages *messages)
{
    bool together = messages->count == SL_MESSAGE_ROWS;
    sqlite3_stmt *statement = together ? messages->many : messages->one;
    int code = SQLITE_OK;

    for (int rare = 1; rare <= RARE_COLUMNS && !together; rare++)
        sqlite3_bind_null(statement, COLUMNS + rare);
    for (unsigned i = 0; i < messages->count && code == SQLITE_OK; i++) {
        const struct sl_message_row *row = &messages->rows[i];

        code = row_bind(statement, together ? (int)i * COLUMNS + 1 : 1, row,
                        messages->bytes.data + row->offset);
        if (code == SQLITE_OK && !together)
            code = sl_database_run(statement);
    }
    if (code == SQLITE_OK && together)
        code = sl_database_run(statement);
    messages_drop_waiting(messages);
    return code;
}

int sl_messages_end(struct sl_messages *messages)
{
    return sl_block_index_end(&messages->block_index);
}

static void row_fill(struct sl_message_row *row, const struct sl_record *record, int64_t listener)
{
    const struct sl_exchange *exchange = &record->exchange;

    *row = (struct sl_message_row){
        .seq = record->seq,
        .listener = listener,
        .exchange = *exchange,
        .is_upper = exchange->outcome == SL_REPLIED &&
                    exchange->sent_stored == exchange->received_stored &&
                    sl_payload_is_upper(sl_record_received(record), sl_record_sent(record),
                                        exchange->sent_stored),
    };
}

static void row_bind_address(sqlite3_stmt *statement, int column, const struct sl_address *address)
{
    char text[SL_ADDRESS_TEXT_SIZE];
    int size = (int)sl_address_format(address, text);

    sqlite3_bind_text(statement, column, text, size, SQLITE_TRANSIENT);
}

static void row_bind_faults(sqlite3_stmt *statement, int column, const struct sl_record *record)
{
    char json[SL_NOTE_MAX + 3];
    int size;

    if (record->note_size == 0)
        return;
    size = snprintf(json, sizeof(json), "[%.*s]", (int)record->note_size, sl_record_note(record));
    sqlite3_bind_text(statement, column, json, size, SQLITE_TRANSIENT);
}

static void row_bind_column(sqlite3_stmt *statement, int column, uint64_t value)
{
    if (value != 0)
        sqlite3_bind_int64(statement, column, (int64_t)value);
}

static void row_bind_columns(sqlite3_stmt *statement, int column,
                             const struct sl_exchange *exchange)
{
#define BIND(name, since) row_bind_column(statement, column++, exchange->name);
    SL_COLUMN_LIST(BIND)
}

/* With all that is its own. */
static int messages_insert_now(struct sl_messages *messages, const struct sl_record *record,
                               int64_t listener, bool same_addresses)
{
    const struct sl_exchange *exchange = &record->exchange;
    sqlite3_stmt *statement = messages->one;
    struct sl_message_row row;
    int code = sl_messages_flush(messages); /* keys arrive in order: the end of a B-tree is cheap */

    if (code != SQLITE_OK)
        return code;
    row_fill(&row, record, listener);
    code = row_bind(statement, 1, &row, record->payload);
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_int64(statement, COLUMNS + 1, (int64_t)exchange->received_size);
    sqlite3_bind_int64(statement, COLUMNS + 2, (int64_t)exchange->sent_size);
    for (int rare = 3; rare <= RARE_COLUMNS; rare++)
        sqlite3_bind_null(statement, COLUMNS + rare);
    row_bind_faults(statement, COLUMNS + 5, record);
    row_bind_columns(statement, COLUMNS + 6, exchange);
    if (!same_addresses) {
        row_bind_address(statement, COLUMNS + 3, &exchange->peer);
        row_bind_address(statement, COLUMNS + 4, &exchange->local);
    }
    return sl_database_run(statement);
}

#define OR_MEMBER(name, since) | exchange->name

/* True if the small row form can hold this record. */
static bool messages_is_plain(const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    return (size_t)exchange->received_stored + exchange->sent_stored <= COPIED_MAX &&
           record->note_size == 0 && exchange->received_size == exchange->received_stored &&
           exchange->sent_size == exchange->sent_stored && (0 SL_COLUMN_LIST(OR_MEMBER)) == 0;
}

static int messages_add_exchange(struct sl_messages *messages, const struct sl_record *record,
                                 int64_t listener)
{
    struct sl_message_row *row = &messages->rows[messages->count];
    size_t kept;
    bool same;
    int code = sl_clients_check(&messages->clients, record, listener, &same);

    if (code == SQLITE_OK)
        code = sl_block_index_add(&messages->block_index, record);
    if (code != SQLITE_OK)
        return code;
    if (!same || !messages_is_plain(record))
        return messages_insert_now(messages, record, listener, same);
    row_fill(row, record, listener);
    row->offset = messages->bytes.size;
    kept = record->exchange.received_stored + (row->is_upper ? 0 : record->exchange.sent_stored);
    if (sl_buffer_append(&messages->bytes, record->payload, kept) < 0)
        return SQLITE_NOMEM;
    messages->count++;
    return messages->count == SL_MESSAGE_ROWS ? sl_messages_flush(messages) : SQLITE_OK;
}

int sl_messages_add(struct sl_messages *messages, const struct sl_record *record)
{
    int64_t listener;
    int code = sl_listeners_row(&messages->listeners, record->exchange.listener,
                                record->exchange.service, &listener);

    if (code != SQLITE_OK)
        return code;
    switch (record->kind) {
    case SL_RECORD_OPENED:
        return sl_clients_opened(&messages->clients, record, listener);
    case SL_RECORD_CLOSED:
        return sl_clients_closed(&messages->clients, record, listener);
    default:
        return messages_add_exchange(messages, record, listener);
    }
}

int sl_messages_gap(struct sl_messages *messages, uint64_t from, uint64_t to, const char *reason)
{
    sqlite3_stmt *statement = messages->gap;

    sqlite3_bind_int64(statement, 1, (int64_t)from);
    sqlite3_bind_int64(statement, 2, (int64_t)to);
    sqlite3_bind_text(statement, 3, reason, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, sl_clock_wall_ns());
    return sl_database_run(statement);
}
