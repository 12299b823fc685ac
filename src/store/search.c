/* A step of a search: messages, gaps and comings and goings, merged in their order.
 *
 * Everything that is in the file comes from three statements that each give rows in the order of
 * their key; a step is a merge of their heads. The filter is the journal's own, over a record that
 * is put together again, so both mean the same. Payloads are fetched only where what is cheaper
 * matched, and messages only where their block may have what is asked for. */
#include <errno.h>
#include <string.h>

#include "socklens/clock.h"
#include "store/payload.h"
#include "store/reader.h"

/* The clock is asked after so many rows, or so much payload. */
#define CLOCK_ROWS  16
#define CLOCK_BYTES ((size_t)64 << 10)

/* At one sequence number a coming or going stands before the gap, that before the message. */
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

static bool failed(const struct search *search)
{
    return search->code != SQLITE_OK;
}

/* To the next row; without a statement where there is none. */
static void step(struct search *search, enum source source)
{
    int code = sqlite3_step(search->statements[source]);

    if (code == SQLITE_ROW)
        return;
    search->statements[source] = NULL;
    if (code != SQLITE_DONE)
        search->code = code;
}

static void begin_source(struct search *search, enum source source, sqlite3_stmt *statement,
                         const struct sl_range *range)
{
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, range->low);
    sqlite3_bind_int64(statement, 2, range->high);
    search->statements[source] = statement;
    step(search, source);
}

/* The next message that may match, in this range or a later one. */
static void find_message(struct search *search)
{
    struct sl_store_reader *reader = search->reader;

    while (!failed(search) && !search->statements[SOURCE_MESSAGE]) {
        struct sl_range range = search->left;

        if (!sl_range_find(&reader->ranges, search->asked->filter, search->backward, &range,
                           &search->code))
            return;
        begin_source(search, SOURCE_MESSAGE, search->backward ? reader->backward : reader->forward,
                     &range);
        if (search->backward)
            search->left.high = range.low - 1;
        else
            search->left.low = range.high + 1;
    }
}

static void advance(struct search *search, enum source source)
{
    step(search, source);
    if (source == SOURCE_MESSAGE)
        find_message(search);
}

static int64_t clamp(uint64_t seq)
{
    return seq > INT64_MAX - 1 ? INT64_MAX - 1 : (int64_t)seq;
}

static void begin(struct search *search)
{
    const struct sl_store_search *asked = search->asked;
    struct sl_store_reader *reader = search->reader;
    int64_t from = clamp(asked->from.seq), to = clamp(asked->to);

    search->backward = from > to;
    search->range.low = search->backward ? to : from;
    search->range.high = search->backward ? from : to;
    search->left = search->range;
    if (asked->filter)
        search->cheap = sl_filter_cheap(asked->filter);
    find_message(search);
    if (asked->gap && !failed(search))
        begin_source(search, SOURCE_GAP, search->backward ? reader->gaps_back : reader->gaps,
                     &search->range);
    if (asked->lifecycle && !search->backward && !failed(search))
        begin_source(search, SOURCE_LIFECYCLE, reader->lifecycle, &search->range);
}

/* The transaction ends with the last of these. */
static void end(struct search *search)
{
    struct sl_store_reader *reader = search->reader;

    sqlite3_reset(reader->forward);
    sqlite3_reset(reader->backward);
    sqlite3_reset(reader->gaps);
    sqlite3_reset(reader->gaps_back);
    sqlite3_reset(reader->lifecycle);
}

static int64_t place_of(const struct search *search, enum source source)
{
    int column = source == SOURCE_GAP && search->backward ? 1 : 0;

    return sqlite3_column_int64(search->statements[source], column);
}

/* The source whose head comes next; SOURCE_COUNT where all are at their end. */
static enum source next_source(const struct search *search)
{
    enum source next = SOURCE_COUNT;

    for (enum source source = 0; source < SOURCE_COUNT; source++) {
        if (!search->statements[source])
            continue;
        if (next == SOURCE_COUNT ||
            (search->backward ? place_of(search, source) >= place_of(search, next)
                              : place_of(search, source) < place_of(search, next)))
            next = source;
    }
    return next;
}

/* --- messages --- */

static bool is_upper(sqlite3_stmt *row)
{
    return sqlite3_column_type(row, 11) == SQLITE_INTEGER;
}

/* On the wire: as it was noted, else as many as are kept. */
static uint64_t size_of(sqlite3_stmt *row, int noted, int kept)
{
    if (sqlite3_column_type(row, noted) == SQLITE_NULL)
        return (uint64_t)sqlite3_column_bytes(row, kept);
    return (uint64_t)sqlite3_column_int64(row, noted);
}

static void fill_numbers(struct search *search, struct sl_record *record,
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
    exchange->received_size = size_of(row, 8, 10);
    exchange->sent_size = size_of(row, 9, is_upper(row) ? 10 : 11);
    exchange->line_end = (uint8_t)sqlite3_column_int(row, 12);
    exchange->listener = UINT16_MAX;
}

static uint32_t copy_payload(sqlite3_stmt *row, int column, uint8_t *to)
{
    const void *bytes = sqlite3_column_blob(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);

    if (size > SL_STORED_SIZE_MAX)
        size = SL_STORED_SIZE_MAX;
    if (bytes && size > 0)
        memcpy(to, bytes, size);
    return (uint32_t)size;
}

static void fill_payloads(sqlite3_stmt *row, struct sl_record *record)
{
    struct sl_exchange *exchange = &record->exchange;

    exchange->received_stored = copy_payload(row, 10, record->payload);
    if (is_upper(row)) {
        exchange->sent_stored = exchange->received_stored;
        sl_payload_upper(record->payload, record->payload + exchange->received_stored,
                         exchange->received_stored);
    } else
        exchange->sent_stored = copy_payload(row, 11, record->payload + exchange->received_stored);
    record->size =
        (uint32_t)(sizeof(*record) + exchange->received_stored + exchange->sent_stored + 7u) & ~7u;
}

static void fill_addresses(struct search *search, struct sl_record *record)
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

static bool has_wanted_address(struct search *search, struct sl_record *record)
{
    struct sl_exchange *exchange = &record->exchange;
    const struct sl_filter *filter = search->asked->filter;

    if (!filter || !sl_filter_asks_address(filter))
        return true;
    fill_addresses(search, record);
    return sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer);
}

static bool visit_message(struct search *search)
{
    const struct sl_store_search *asked = search->asked;
    struct sl_record *record = sl_reader_record(search->reader);
    const struct sl_reader_listener *listener;

    if (!record) {
        search->code = SQLITE_NOMEM;
        return false;
    }
    fill_numbers(search, record, &listener);
    if (!sl_filter_match(&search->cheap, record) || !has_wanted_address(search, record))
        return true;
    fill_payloads(search->statements[SOURCE_MESSAGE], record);
    search->unclocked_bytes += record->size;
    if (asked->filter && !sl_filter_match(asked->filter, record))
        return true;
    fill_addresses(search, record);
    return asked->visit(asked->context, record, listener->name);
}

/* --- comings and goings --- */

static void fill_closing(const struct sl_client_view *view, struct sl_record *record)
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

static bool is_wanted(const struct sl_filter *filter, const struct sl_client_view *view)
{
    return !filter || sl_filter_match_client(filter, view->service, view->id, &view->peer);
}

static bool visit_lifecycle(struct search *search)
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
    if (!sl_reader_client(search->reader, record->exchange.client, &view, &listener) ||
        !is_wanted(asked->filter, &view))
        return true;
    record->exchange.service = view.service;
    record->exchange.listener = UINT16_MAX;
    record->exchange.peer = view.peer;
    record->exchange.local = view.local;
    if (record->kind == SL_RECORD_CLOSED)
        fill_closing(&view, record);
    record->size = (uint32_t)(sizeof(*record) + record->exchange.received_stored + 7u) & ~7u;
    return asked->visit(asked->context, record, listener);
}

static bool visit_gap(struct search *search)
{
    sqlite3_stmt *row = search->statements[SOURCE_GAP];
    struct sl_gap gap = {.from = (uint64_t)sqlite3_column_int64(row, 0),
                         .to = (uint64_t)sqlite3_column_int64(row, 1)};

    return search->asked->gap(search->asked->context, &gap);
}

/* Out of the range, a row would make the search go round; out of the others, a name be looked for
 * where there is none. */
static bool is_sound(const struct search *search, enum source source)
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

/* Where to go on behind the head of `source`. */
static void pass(const struct search *search, enum source source, struct sl_store_place *next)
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

static bool visit(struct search *search, enum source source)
{
    switch (source) {
    case SOURCE_LIFECYCLE:
        return visit_lifecycle(search);
    case SOURCE_GAP:
        return visit_gap(search);
    default:
        return visit_message(search);
    }
}

/* Those of the first sequence number that an earlier step has visited. */
static void skip_lifecycle(struct search *search)
{
    uint32_t left = search->asked->from.lifecycle;

    while (left-- > 0 && !failed(search) && search->statements[SOURCE_LIFECYCLE] &&
           place_of(search, SOURCE_LIFECYCLE) == search->range.low)
        advance(search, SOURCE_LIFECYCLE);
}

static bool is_late(struct search *search)
{
    if (search->asked->until_ns == 0 ||
        (++search->unclocked_rows < CLOCK_ROWS && search->unclocked_bytes < CLOCK_BYTES))
        return false;
    search->unclocked_rows = search->unclocked_bytes = 0;
    return sl_clock_mono_ns() >= search->asked->until_ns;
}

/* 1 at the end of the range. */
static int step_through(struct search *search, struct sl_store_place *next)
{
    size_t left = search->asked->scan_max;

    while (!failed(search)) {
        enum source source = next_source(search);

        if (source == SOURCE_COUNT)
            return 1;
        if (left-- == 0)
            return 0;
        if (!is_sound(search, source)) {
            search->code = SQLITE_CORRUPT;
            break;
        }
        bool more = visit(search, source);
        if (failed(search))
            break;
        pass(search, source, next);
        if (!more || is_late(search))
            return 0;
        advance(search, source);
    }
    return 0;
}

static uint64_t end_of(const struct search *search)
{
    if (search->backward)
        return search->range.low > 0 ? (uint64_t)search->range.low - 1 : 0;
    return (uint64_t)search->range.high + 1;
}

int sl_store_search(struct sl_store_reader *reader, const struct sl_store_search *asked,
                    struct sl_store_place *next)
{
    struct search search = {.reader = reader, .asked = asked};
    struct sl_store_place place = asked->from;
    int result = sl_reader_refresh(reader);

    if (result < 0)
        return result;
    begin(&search);
    skip_lifecycle(&search);
    result = step_through(&search, &place);
    if (failed(&search))
        result = sl_reader_errno(reader, search.code);
    end(&search);
    if (result == 1)
        place = (struct sl_store_place){.seq = end_of(&search)};
    *next = place;
    return result;
}
