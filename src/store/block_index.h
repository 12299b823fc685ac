/* A summary of each block of some thousand messages in a row, kept beside them, so that a search
 * passes over blocks that cannot have what it looks for. block_index.c writes it, range.c reads it.
 * In the file it is the table `spans`: the name is part of the format and stays. */
#ifndef SOCKLENS_STORE_BLOCK_INDEX_H
#define SOCKLENS_STORE_BLOCK_INDEX_H

#include <stdbool.h>

#include "socklens/exchange.h"
#include "store/database.h"

#define SL_BLOCK_INDEX_MESSAGES 4096u

/* Of a block with more clients than this only the lowest and the highest number are kept. */
#define SL_BLOCK_INDEX_CLIENTS 256u

struct sl_block_index {
    sqlite3_stmt *insert;
    unsigned messages; /* of the block that grows; 0: none has begun */
    uint64_t first_seq, last_seq;
    int64_t earliest_ns, latest_ns;
    uint32_t services, outcomes;                    /* bits */
    uint64_t largest;                               /* bytes on the wire, of either side */
    uint64_t client, lowest_client, highest_client; /* the last one; 0: none */
    unsigned client_count;                          /* over SL_BLOCK_INDEX_CLIENTS: too many */
    uint64_t clients[2 * SL_BLOCK_INDEX_CLIENTS];   /* a hash table; 0: free */
};

/* All but deinit and forget return SQLite's codes. */
int sl_block_index_init(struct sl_block_index *index, sqlite3 *db);
void sl_block_index_deinit(struct sl_block_index *index);

/* After a rollback: the messages counted so far are in no block, so searches look at all of them.
 */
void sl_block_index_forget(struct sl_block_index *index);

/* An exchange that becomes a row, in order. Ends a block that is complete by it. */
int sl_block_index_add(struct sl_block_index *index, const struct sl_record *record);

/* Writes the summary of the block that grows, before it is complete. */
int sl_block_index_end(struct sl_block_index *index);

#endif
