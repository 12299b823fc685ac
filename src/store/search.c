/* One bounded step of a search through messages, gaps and client events, merged in their order.
 *
 * A search may have to look at millions of rows, while the writer commits beside it and other
 * requests wait for their turn. A statement that is left open between two steps would hold a read
 * transaction, which keeps the WAL from being moved into the file. So a step begins its statements
 * anew from a place (struct sl_store_place), ends after so many rows or so much time, and leaves no
 * transaction open. LIMIT and OFFSET would read all rows before the place again.
 *
 * Messages, gaps and client events come from three statements, each in the order of its key; a step
 * merges their heads. A UNION ALL of them could not pass over blocks of messages. The filter is
 * the journal's own, over a record that is put together again, so that a search in memory and one
 * on disk find the same: a second filter, in SQL, would differ some day. What a filter asks is
 * looked at in the order of its cost: the block index (range.c), columns, addresses, then payloads.
 *
 * What must hold:
 * - Each row that was visited moves the place behind it, also backwards, or the search goes round.
 * - The file may be damaged: a row out of the range, or with a number that has no name, is an error
 *   (SQLITE_CORRUPT), not undefined behaviour.
 * - At one sequence number the order is that of enum source, as it is in the journal. */
#include <errno.h>
#include <string.h>

#include "socklens/clock.h"
#include "store/payload.h"
#include "store/reader.h"

/* The clock is asked after so many rows, or so much payload. */
#define CLOCK_ROWS  16
#define CLOCK_BYTES ((size_t)64 << 10)

/* At one sequence number client events come before the gap, the gap before the message. */
enum source { SOURCE_LIFECYCLE, SOURCE_GAP, SOURCE_MESSAGE, SOURCE_COUNT };

struct search {
    struct sl_store_reader *reader;
    const struct sl_store_search *asked;
    struct sl_filter cheap;
    bool backward;
    struct sl_range range;
    struct sl_range left;                   /* of its messages: what no statement was begun for */
    sqlite3_stmt *statements[SOURCE_COUNT]; /* NULL: not asked for, or at its end */
    size_t unclocked_rows, unclocked_bytes; /* since the clock was asked */
    int code;
};

static bool search_failed(const struct search *search)
{
    return search->code != SQLITE_OK;
}

/* To the next row; without a statement where there is none. */
static void search_step(struct search *search, enum source source)
{
    int code = sqlite3_step(search->statements[source]);

    if (code == SQLITE_ROW)
        return;
    search->statements[source] = NULL;
    if (code != SQLITE_DONE)
        search->code = code;
}

static void search_begin_source(struct search *search, enum source source, sqlite3_stmt *statement,
                                const struct sl_range *range)
{
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, range->low);
    sqlite3_bind_int64(statement, 2, range->high);
    search->statements[source] = statement;
    search_step(search, source);
}

/* The next message that may match, in this range or a later one. */
static void search_find_message(struct search *search)
{
    struct sl_store_reader *reader = search->reader;

    while (!search_failed(search) && !search->statements[SOURCE_MESSAGE]) {
        struct sl_range range = search->left;

        if (!sl_range_find(&reader->ranges, search->asked->filter, search->backward, &range,
                           &search->code))
            return;
        search_begin_source(search, SOURCE_MESSAGE,
                            search->backward ? reader->backward : reader->forward, &range);
        if (search->backward)
            search->left.high = range.low - 1;
        else
            search->left.low = range.high + 1;
    }
}

static void search_advance(struct search *search, enum source source)
{
    search_step(search, source);
    if (source == SOURCE_MESSAGE)
        search_find_message(search);
}

static int64_t search_clamp(uint64_t seq)
{
    return seq > INT64_MAX - 1 ? INT64_MAX - 1 : (int64_t)seq;
}

static void search_begin(struct search *search)
{
    const struct sl_store_search *asked = search->asked;
    struct sl_store_reader *reader = search->reader;
    int64_t from = search_clamp(asked->from.seq), to = search_clamp(asked->to);

    search->backward = from > to;
    search->range.low = search->backward ? to : from;
    search->range.high = search->backward ? from : to;
    search->left = search->range;
    if (asked->filter)
        search->cheap = sl_filter_cheap(asked->filter);
    search_find_message(search);
    if (asked->gap && !search_failed(search))
        search_begin_source(search, SOURCE_GAP, search->backward ? reader->gaps_back : reader->gaps,
                            &search->range);
    if (asked->lifecycle && !search->backward && !search_failed(search))
        search_begin_source(search, SOURCE_LIFECYCLE, reader->lifecycle, &search->range);
}

/* The transaction ends with the last of these. */
static void search_end(struct search *search)
{
    struct sl_store_reader *reader = search->reader;

    sqlite3_reset(reader->forward);
    sqlite3_reset(reader->backward);
    sqlite3_reset(reader->gaps);
    sqlite3_reset(reader->gaps_back);
    sqlite3_reset(reader->lifecycle);
}

static int64_t search_place(const struct search *search, enum source source)
{
    int column = source == SOURCE_GAP && search->backward ? 1 : 0;

    return sqlite3_column_int64(search->statements[source], column);
}

/* The source whose head comes next; SOURCE_COUNT where all are at their end. */
static enum source search_next_source(const struct search *search)
{
    enum source next = SOURCE_COUNT;

    for (enum source source = 0; source < SOURCE_COUNT; source++) {
        if (!search->statements[source])
            continue;
        if (next == SOURCE_COUNT ||
            (search->backward ? search_place(search, source) >= search_place(search, next)
                              : search_place(search, source) < search_place(search, next)))
            next = source;
    }
    return next;
}

/* --- messages --- */

static bool row_is_upper(sqlite3_stmt *row)
{
    return sqlite3_column_type(row, 11) == SQLITE_INTEGER;
}

/* On the wire: as it was noted, else as many as are kept. */
static uint64_t row_size(sqlite3_stmt *row, int noted, int kept)
{
    if (sqlite3_column_type(row, noted) == SQLITE_NULL)
        return (uint64_t)sqlite3_column_bytes(row, kept);
    return (uint64_t)sqlite3_column_int64(row, noted);
}

static void row_fill_columns(sqlite3_stmt *row, int column, struct sl_exchange *exchange)
{
#define FILL(name, since)                                                                          \
    exchange->name = (__typeof__(exchange->name))sqlite3_column_int64(row, column++);
    SL_COLUMN_LIST(FILL)
}

static void search_fill_numbers(struct search *search, struct sl_record *record,
                                const struct sl_reader_listener **listener)
{
    struct sl_exchange *exchange = &record->exchange;
    sqlite3_stmt *row = search->statements[SOURCE_MESSAGE];

    *listener = sl_reader_listener(search->reader, sqlite3_column_int64(row, 2));
    record->kind = SL_RECORD_EXCHANGE;
    exchange->service = (*listener)->service;
    exchange->outcome = (uint8_t)sqlite3_column_int(row, 3);
    record->seq = (uint64_t)sqlite3_column_int64(row, 0);
    exchange->client = (uint64_t)sqlite3_column_int64(row, 1);
    exchange->received_at_ns = sl_reader_time(row, 4);
    exchange->replied_at_ns = sl_reader_time(row, 5);
    exchange->received_size = row_size(row, 8, 10);
    exchange->sent_size = row_size(row, 9, row_is_upper(row) ? 10 : 11);
    exchange->line_end = (uint8_t)sqlite3_column_int(row, 12);
    row_fill_columns(row, 14, exchange);
    exchange->listener = UINT16_MAX;
}

static uint32_t row_copy_payload(sqlite3_stmt *row, int column, uint8_t *to)
{
    const void *bytes = sqlite3_column_blob(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);

    if (size > SL_STORED_SIZE_MAX)
        size = SL_STORED_SIZE_MAX;
    if (bytes && size > 0)
        memcpy(to, bytes, size);
    return (uint32_t)size;
}

/* The items alone, without the brackets of their array. A file that was changed by hand may hold
 * anything: what is no array of a note's size is left out. */
static void row_copy_note(sqlite3_stmt *row, struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    const char *json = (const char *)sqlite3_column_text(row, 13);
    size_t size = (size_t)sqlite3_column_bytes(row, 13);

    if (!json || size <= 2 || size - 2 > SL_NOTE_MAX || json[0] != '[' || json[size - 1] != ']')
        return;
    record->note_size = (uint16_t)(size - 2);
    memcpy(record->payload + exchange->received_stored + exchange->sent_stored, json + 1, size - 2);
}

static void row_fill_payloads(sqlite3_stmt *row, struct sl_record *record)
{
    struct sl_exchange *exchange = &record->exchange;

    exchange->received_stored = row_copy_payload(row, 10, record->payload);
    if (row_is_upper(row)) {
        exchange->sent_stored = exchange->received_stored;
        sl_payload_upper(record->payload, record->payload + exchange->received_stored,
                         exchange->received_stored);
    } else
        exchange->sent_stored =
            row_copy_payload(row, 11, record->payload + exchange->received_stored);
    row_copy_note(row, record);
    record->size = (uint32_t)(sizeof(*record) + exchange->received_stored + exchange->sent_stored +
                              record->note_size + 7u) &
                   ~7u;
}

static void search_fill_addresses(struct search *search, struct sl_record *record)
{
    struct sl_exchange *exchange = &record->exchange;
    sqlite3_stmt *row = search->statements[SOURCE_MESSAGE];
    bool peer = sqlite3_column_type(row, 6) != SQLITE_NULL;
    bool local = sqlite3_column_type(row, 7) != SQLITE_NULL;

    if (!peer || !local)
        sl_reader_addresses(search->reader, exchange->client, &exchange->peer, &exchange->local);
    if (peer)
        exchange->peer = sl_database_address(row, 6);
    if (local)
        exchange->local = sl_database_address(row, 7);
}

static bool search_visit_message(struct search *search)
{
    const struct sl_store_search *asked = search->asked;
    const struct sl_filter *filter = asked->filter;
    struct sl_record *record = sl_reader_record(search->reader);
    const struct sl_reader_listener *listener;

    if (!record) {
        search->code = SQLITE_NOMEM;
        return false;
    }
    search_fill_numbers(search, record, &listener);
    if (!sl_filter_match(&search->cheap, record))
        return true;
    if (filter && sl_filter_asks_address(filter)) {
        search_fill_addresses(search, record);
        if (!sl_filter_match_client(filter, record->exchange.service, record->exchange.client,
                                    &record->exchange.peer))
            return true;
    }
    row_fill_payloads(search->statements[SOURCE_MESSAGE], record);
    search->unclocked_bytes += record->size;
    if (filter && !sl_filter_match(filter, record))
        return true;
    search_fill_addresses(search, record);
    return asked->visit(asked->context, record, listener->name);
}

/* --- client events --- */

static void record_fill_closing(const struct sl_client_view *view, struct sl_record *record)
{
    struct sl_closing closing = {
        .closed_by = view->closed_by,
        .reason = view->close_reason,
        .opened_at_ns = view->opened_at_ns,
        .last_seen_at_ns = view->last_seen_at_ns,
        .counters = view->counters,
        .tcp = view->tcp,
    };

    memcpy(record->payload, &closing, sizeof(closing));
    record->exchange.received_size = record->exchange.received_stored = sizeof(closing);
}

static bool search_visit_lifecycle(struct search *search)
{
    const struct sl_store_search *asked = search->asked;
    sqlite3_stmt *row = search->statements[SOURCE_LIFECYCLE];
    struct sl_record *record = sl_reader_record(search->reader);
    struct sl_client_view view;
    const char *listener;

    if (!record) {
        search->code = SQLITE_NOMEM;
        return false;
    }
    record->seq = (uint64_t)sqlite3_column_int64(row, 0);
    record->exchange.received_at_ns = sl_reader_time(row, 1);
    record->kind = (uint8_t)sqlite3_column_int(row, 2);
    record->exchange.client = (uint64_t)sqlite3_column_int64(row, 3);
    if (!sl_reader_client(search->reader, record->exchange.client, &view, &listener))
        return true;
    record->exchange.service = view.service;
    record->exchange.listener = UINT16_MAX;
    record->exchange.peer = view.peer;
    record->exchange.local = view.local;
    if (asked->filter && !sl_filter_match(asked->filter, record))
        return true;
    if (record->kind == SL_RECORD_CLOSED)
        record_fill_closing(&view, record);
    record->size = (uint32_t)(sizeof(*record) + record->exchange.received_stored + 7u) & ~7u;
    return asked->visit(asked->context, record, listener);
}

/* Out of the range, a row would make the search go round; out of the others, a name be looked for
 * where there is none. */
static bool search_is_sound(const struct search *search, enum source source)
{
    sqlite3_stmt *row = search->statements[source];
    int64_t first = sqlite3_column_int64(row, 0);
    int64_t last = source == SOURCE_GAP ? sqlite3_column_int64(row, 1) : first;

    if (first < search->range.low || last > search->range.high || first > last)
        return false;
    if (source == SOURCE_LIFECYCLE)
        return sqlite3_column_int(row, 2) == SL_RECORD_OPENED ||
               sqlite3_column_int(row, 2) == SL_RECORD_CLOSED;
    if (source == SOURCE_GAP)
        return true;
    return (uint64_t)sqlite3_column_int64(row, 3) < SL_OUTCOME_COUNT &&
           (uint64_t)sqlite3_column_int64(row, 12) < SL_LINE_END_COUNT &&
           sqlite3_column_int64(row, 8) >= 0 && sqlite3_column_int64(row, 9) >= 0;
}

/* Sets the place after the head of `source`. */
static void search_pass(const struct search *search, enum source source,
                        struct sl_store_place *next)
{
    sqlite3_stmt *row = search->statements[source];
    int64_t first = sqlite3_column_int64(row, 0);
    int64_t last = source == SOURCE_GAP ? sqlite3_column_int64(row, 1) : first;

    if (source == SOURCE_LIFECYCLE) {
        next->lifecycle = next->seq == (uint64_t)first ? next->lifecycle + 1 : 1;
        next->seq = (uint64_t)first;
        return;
    }
    next->lifecycle = 0;
    next->seq = (uint64_t)(search->backward ? first - 1 : last + 1);
}

static bool search_visit(struct search *search, enum source source)
{
    sqlite3_stmt *row = search->statements[source];
    struct sl_gap gap;

    if (source == SOURCE_LIFECYCLE)
        return search_visit_lifecycle(search);
    if (source == SOURCE_MESSAGE)
        return search_visit_message(search);
    gap.from = (uint64_t)sqlite3_column_int64(row, 0);
    gap.to = (uint64_t)sqlite3_column_int64(row, 1);
    return search->asked->gap(search->asked->context, &gap);
}

/* Those of the first sequence number that an earlier step has visited. */
static void search_skip_lifecycle(struct search *search)
{
    uint32_t left = search->asked->from.lifecycle;

    while (left-- > 0 && !search_failed(search) && search->statements[SOURCE_LIFECYCLE] &&
           search_place(search, SOURCE_LIFECYCLE) == search->range.low)
        search_advance(search, SOURCE_LIFECYCLE);
}

static bool search_is_late(struct search *search)
{
    if (search->asked->until_ns == 0 ||
        (++search->unclocked_rows < CLOCK_ROWS && search->unclocked_bytes < CLOCK_BYTES))
        return false;
    search->unclocked_rows = search->unclocked_bytes = 0;
    return sl_clock_mono_ns() >= search->asked->until_ns;
}

/* 1 at the end of the range. */
static int search_run(struct search *search, struct sl_store_place *next)
{
    size_t left = search->asked->scan_max;

    while (!search_failed(search)) {
        enum source source = search_next_source(search);

        if (source == SOURCE_COUNT)
            return 1;
        if (left-- == 0)
            return 0;
        if (!search_is_sound(search, source)) {
            search->code = SQLITE_CORRUPT;
            break;
        }
        bool more = search_visit(search, source);
        if (search_failed(search))
            break;
        search_pass(search, source, next);
        if (!more || search_is_late(search))
            return 0;
        search_advance(search, source);
    }
    return 0;
}

int sl_store_search(struct sl_store_reader *reader, const struct sl_store_search *asked,
                    struct sl_store_place *next)
{
    struct search search = {.reader = reader, .asked = asked};
    struct sl_store_place place = asked->from;
    int result = sl_reader_refresh(reader);

    if (result < 0)
        return result;
    search_begin(&search);
    search_skip_lifecycle(&search);
    result = search_run(&search, &place);
    if (search_failed(&search))
        result = sl_reader_errno(reader, search.code);
    search_end(&search);
    if (result == 1) {
        int64_t low = search.range.low;

        place.seq = !search.backward ? (uint64_t)search.range.high + 1
                    : low > 0        ? (uint64_t)low - 1
                                     : 0;
        place.lifecycle = 0;
    }
    *next = place;
    return result;
}
