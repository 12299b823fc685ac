/* Rows of messages, many to a statement. */
#ifndef SOCKLENS_STORE_MESSAGES_H
#define SOCKLENS_STORE_MESSAGES_H

#include <stdbool.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"
#include "store/block_index.h"
#include "store/clients.h"
#include "store/database.h"
#include "store/listeners.h"

#define SL_MESSAGE_ROWS 64 /* to a statement */

struct sl_message_row {
    uint64_t seq;
    int64_t listener; /* its row */
    struct sl_exchange exchange;
    size_t offset; /* of the received bytes; the sent ones follow, unless is_upper */
    bool is_upper; /* sent is the upper case of received */
};

struct sl_messages {
    struct sl_listeners listeners;
    struct sl_clients clients;
    struct sl_block_index block_index;
    sqlite3_stmt *many, *one, *gap;
    struct sl_message_row rows[SL_MESSAGE_ROWS]; /* waiting for their statement */
    unsigned count;
    struct sl_buffer bytes; /* theirs */
};

/* All but deinit and forget return SQLite's codes. */
int sl_messages_init(struct sl_messages *messages, sqlite3 *db, const struct sl_registry *registry);
void sl_messages_deinit(struct sl_messages *messages);

/* After a rollback: drops what waits and what is known. */
void sl_messages_forget(struct sl_messages *messages);

/* A record of any kind, in the journal's order. It need not stay. */
int sl_messages_add(struct sl_messages *messages, const struct sl_record *record);
int sl_messages_gap(struct sl_messages *messages, uint64_t from, uint64_t to, const char *reason);

/* Before a commit. */
int sl_messages_flush(struct sl_messages *messages);

/* Before the last one. */
int sl_messages_end(struct sl_messages *messages);

#endif
