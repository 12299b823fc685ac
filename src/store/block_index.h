/* What the messages of a span (a few thousand in a row) have in common, noted beside them, so that
 * a search passes over spans that cannot have what it looks for. This is what the log has instead
 * of indices: a row in thousands costs nothing. */
#ifndef STORE_SPANS_H
#define STORE_SPANS_H

#include <stdbool.h>

#include "socklens/exchange.h"
#include "store/database.h"

#define SL_SPAN_MESSAGES 4096u

/* More clients than this in one span are noted by their lowest and highest number alone. */
#define SL_SPAN_CLIENTS 256u

struct sl_spans {
    sqlite3_stmt *insert;
    unsigned messages; /* of the span that grows; 0: none has begun */
    uint64_t first_seq, last_seq;
    int64_t earliest_ns, latest_ns;
    uint32_t services, outcomes;                    /* bits */
    uint64_t largest;                               /* bytes on the wire, of either side */
    uint64_t client, lowest_client, highest_client; /* the last one; 0: none */
    unsigned client_count;                          /* over SL_SPAN_CLIENTS: too many */
    uint64_t clients[2 * SL_SPAN_CLIENTS];          /* a hash table; 0: free */
};

/* All but deinit and forget return SQLite's codes. */
int sl_spans_init(struct sl_spans *spans, sqlite3 *db);
void sl_spans_deinit(struct sl_spans *spans);

/* After a rollback: what was counted belongs to no span, and searches look at it all. */
void sl_spans_forget(struct sl_spans *spans);

/* An exchange that becomes a row, in order. */
int sl_spans_add(struct sl_spans *spans, const struct sl_record *record);

/* Ends the span that grows, as one does that has its messages together. */
int sl_spans_end(struct sl_spans *spans);

#endif
