/* Searches by client, time, service, outcome or size must not read every message of a log of
 * gigabytes, and the writer must keep 280,000 messages a second. An SQLite index on one column of
 * `messages` costs a third of that rate, and some searches need several. A row for every 4096
 * messages costs nothing that can be measured, and a search that finds few messages reads few
 * blocks: messages of one client or one minute come close together.
 *
 * What must hold, for a search to miss nothing:
 * - A row covers all messages from first_seq to last_seq, and rows do not overlap.
 * - A row is written in the transaction of its block's last message. A block that a rollback or a
 *   kill has cut short gets no row: searches look at messages that no row covers. */
#include "store/block_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLACES (2 * SL_BLOCK_INDEX_CLIENTS)

#define CLIENT_TEXT 21 /* a number and a space */

int sl_block_index_init(struct sl_block_index *index, sqlite3 *db)
{
    return sl_database_prepare(db, "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               &index->insert);
}

void sl_block_index_deinit(struct sl_block_index *index)
{
    sqlite3_finalize(index->insert);
    *index = (struct sl_block_index){0};
}

void sl_block_index_forget(struct sl_block_index *index)
{
    index->messages = 0;
}

static void block_index_begin(struct sl_block_index *index, const struct sl_record *record)
{
    index->first_seq = record->seq;
    index->earliest_ns = index->latest_ns = record->exchange.received_at_ns;
    index->services = index->outcomes = 0;
    index->largest = 0;
    index->client = index->highest_client = 0;
    index->lowest_client = UINT64_MAX;
    index->client_count = 0;
    memset(index->clients, 0, sizeof(index->clients));
}

static void block_index_add_client(struct sl_block_index *index, uint64_t client)
{
    uint64_t place = client % PLACES; /* numbers are handed out one after the other */

    index->client = client;
    if (client == 0)
        return;
    if (client < index->lowest_client)
        index->lowest_client = client;
    if (client > index->highest_client)
        index->highest_client = client;
    if (index->client_count > SL_BLOCK_INDEX_CLIENTS)
        return;
    while (index->clients[place] && index->clients[place] != client)
        place = (place + 1) % PLACES;
    if (index->clients[place] == 0)
        index->client_count++;
    index->clients[place] = client;
}

int sl_block_index_add(struct sl_block_index *index, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (index->messages == 0)
        block_index_begin(index, record);
    index->last_seq = record->seq;
    if (exchange->received_at_ns < index->earliest_ns)
        index->earliest_ns = exchange->received_at_ns;
    if (exchange->received_at_ns > index->latest_ns)
        index->latest_ns = exchange->received_at_ns;
    index->services |= UINT32_C(1) << exchange->service;
    index->outcomes |= UINT32_C(1) << exchange->outcome;
    if (exchange->received_size > index->largest)
        index->largest = exchange->received_size;
    if (exchange->sent_size > index->largest)
        index->largest = exchange->sent_size;
    if (exchange->client != index->client)
        block_index_add_client(index, exchange->client);
    return ++index->messages < SL_BLOCK_INDEX_MESSAGES ? SQLITE_OK : sl_block_index_end(index);
}

static int block_index_bind_clients(struct sl_block_index *index, int column)
{
    char text[SL_BLOCK_INDEX_CLIENTS * CLIENT_TEXT + 1];
    int size = 0;

    if (index->client_count > SL_BLOCK_INDEX_CLIENTS)
        return sqlite3_bind_null(index->insert, column);
    for (unsigned place = 0; place < PLACES; place++) {
        if (index->clients[place])
            size += snprintf(text + size, sizeof(text) - (size_t)size, "%" PRIu64 " ",
                             index->clients[place]);
    }
    return sqlite3_bind_text(index->insert, column, text, size, SQLITE_TRANSIENT);
}

int sl_block_index_end(struct sl_block_index *index)
{
    sqlite3_stmt *insert = index->insert;
    int code;

    if (index->messages == 0)
        return SQLITE_OK;
    sqlite3_bind_int64(insert, 1, (int64_t)index->last_seq);
    sqlite3_bind_int64(insert, 2, (int64_t)index->first_seq);
    sqlite3_bind_int64(insert, 3, index->earliest_ns);
    sqlite3_bind_int64(insert, 4, index->latest_ns);
    sqlite3_bind_int64(insert, 5, index->services);
    sqlite3_bind_int64(insert, 6, index->outcomes);
    sqlite3_bind_int64(insert, 7, (int64_t)index->largest);
    sqlite3_bind_int64(insert, 8, (int64_t)index->lowest_client);
    sqlite3_bind_int64(insert, 9, (int64_t)index->highest_client);
    code = block_index_bind_clients(index, 10);
    if (code == SQLITE_OK)
        code = sl_database_run(insert);
    index->messages = 0;
    return code;
}
