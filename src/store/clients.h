/* The clients' rows, and their events, which are the rows of `lifecycle`. */
#ifndef SOCKLENS_STORE_CLIENTS_H
#define SOCKLENS_STORE_CLIENTS_H

#include <stdbool.h>

#include "socklens/exchange.h"
#include "store/database.h"

struct sl_known_client;

struct sl_clients {
    sqlite3_stmt *find, *open, *close, *lifecycle;
    struct sl_known_client *known; /* recent ones, so that a message need not look its client up */
};

/* All but deinit and forget return SQLite's codes. */
int sl_clients_init(struct sl_clients *clients, sqlite3 *db);
void sl_clients_deinit(struct sl_clients *clients);

/* After a rollback: what is known may be gone. */
void sl_clients_forget(struct sl_clients *clients);

/* After its row was deleted. */
void sl_clients_forget_one(struct sl_clients *clients, uint64_t id);

/* `listener` is the row's id. All of them may be repeated for the same record. */
int sl_clients_opened(struct sl_clients *clients, const struct sl_record *record, int64_t listener);
int sl_clients_closed(struct sl_clients *clients, const struct sl_record *record, int64_t listener);

/* Whether the row of the exchange's client has the addresses that the exchange has. Makes the row
 * where it is missing, because the client's coming left the journal before it was written. */
int sl_clients_check(struct sl_clients *clients, const struct sl_record *record, int64_t listener,
                     bool *same_addresses);

/* Ends the clients that a killed run has left open, with totals from their messages, before the
 * first exchange of a new run, which gets `first_seq`. An SQLite code. */
int sl_clients_end_lost(sqlite3 *db, uint64_t first_seq);

#endif
