#include "store/block_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLACES (2 * SL_SPAN_CLIENTS)

#define CLIENT_TEXT 21 /* a number and a space */

int sl_spans_init(struct sl_spans *spans, sqlite3 *db)
{
    return sl_database_prepare(db, "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               &spans->insert);
}

void sl_spans_deinit(struct sl_spans *spans)
{
    sqlite3_finalize(spans->insert);
    *spans = (struct sl_spans){0};
}

void sl_spans_forget(struct sl_spans *spans)
{
    spans->messages = 0;
}

static void begin(struct sl_spans *spans, const struct sl_record *record)
{
    spans->first_seq = record->seq;
    spans->earliest_ns = spans->latest_ns = record->exchange.received_at_ns;
    spans->services = spans->outcomes = 0;
    spans->largest = 0;
    spans->client = spans->highest_client = 0;
    spans->lowest_client = UINT64_MAX;
    spans->client_count = 0;
    memset(spans->clients, 0, sizeof(spans->clients));
}

static void note_client(struct sl_spans *spans, uint64_t client)
{
    uint64_t place = client % PLACES; /* numbers are handed out one after the other */

    spans->client = client;
    if (client == 0)
        return;
    if (client < spans->lowest_client)
        spans->lowest_client = client;
    if (client > spans->highest_client)
        spans->highest_client = client;
    if (spans->client_count > SL_SPAN_CLIENTS)
        return;
    while (spans->clients[place] && spans->clients[place] != client)
        place = (place + 1) % PLACES;
    if (spans->clients[place] == 0)
        spans->client_count++;
    spans->clients[place] = client;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

int sl_spans_add(struct sl_spans *spans, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (spans->messages == 0)
        begin(spans, record);
    spans->last_seq = record->seq;
    if (exchange->received_at_ns < spans->earliest_ns)
        spans->earliest_ns = exchange->received_at_ns;
    if (exchange->received_at_ns > spans->latest_ns)
        spans->latest_ns = exchange->received_at_ns;
    spans->services |= UINT32_C(1) << exchange->service;
    spans->outcomes |= UINT32_C(1) << exchange->outcome;
    spans->largest = larger(spans->largest, larger(exchange->received_size, exchange->sent_size));
    if (exchange->client != spans->client)
        note_client(spans, exchange->client);
    return ++spans->messages < SL_SPAN_MESSAGES ? SQLITE_OK : sl_spans_end(spans);
}

static int bind_clients(struct sl_spans *spans, int column)
{
    char text[SL_SPAN_CLIENTS * CLIENT_TEXT + 1];
    int size = 0;

    if (spans->client_count > SL_SPAN_CLIENTS)
        return sqlite3_bind_null(spans->insert, column);
    for (unsigned place = 0; place < PLACES; place++) {
        if (spans->clients[place])
            size += snprintf(text + size, sizeof(text) - (size_t)size, "%" PRIu64 " ",
                             spans->clients[place]);
    }
    return sqlite3_bind_text(spans->insert, column, text, size, SQLITE_TRANSIENT);
}

int sl_spans_end(struct sl_spans *spans)
{
    sqlite3_stmt *insert = spans->insert;
    int code;

    if (spans->messages == 0)
        return SQLITE_OK;
    sqlite3_bind_int64(insert, 1, (int64_t)spans->last_seq);
    sqlite3_bind_int64(insert, 2, (int64_t)spans->first_seq);
    sqlite3_bind_int64(insert, 3, spans->earliest_ns);
    sqlite3_bind_int64(insert, 4, spans->latest_ns);
    sqlite3_bind_int64(insert, 5, spans->services);
    sqlite3_bind_int64(insert, 6, spans->outcomes);
    sqlite3_bind_int64(insert, 7, (int64_t)spans->largest);
    sqlite3_bind_int64(insert, 8, (int64_t)spans->lowest_client);
    sqlite3_bind_int64(insert, 9, (int64_t)spans->highest_client);
    code = bind_clients(spans, 10);
    if (code == SQLITE_OK)
        code = sl_database_run(insert);
    spans->messages = 0;
    return code;
}
