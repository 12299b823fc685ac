/* What a peer that does not read leaves us with: bounded by one read's worth, since nothing more is
 * read from it until all of this is written. */
#ifndef SOCKLENS_NET_BACKLOG_H
#define SOCKLENS_NET_BACKLOG_H

#include "net/connection.h"

struct sl_backlog {
    size_t count;
    size_t written; /* bytes of `replies` that the kernel has taken */
    struct sl_buffer replies;
    struct sl_buffer payload; /* the events' received bytes */
    struct sl_buffer unread;  /* read, but not yet taken apart */
    int64_t received_at_ns;   /* when that was */
    bool drained, ended;      /* as in struct sl_chunk */
    size_t *reply_end;
    struct sl_event *events; /* pointers into the buffers above */
};

/* Copies `exchanges`, of whose replies `written` bytes are out, and the rest of the chunk. NULL
 * where there is no memory. */
struct sl_backlog *backlog_new(const struct sl_exchange_batch *exchanges, size_t written,
                               const struct sl_chunk *rest);

/* Bytes of memory that it holds. */
size_t backlog_size(const struct sl_backlog *backlog);

/* Bytes that have come and that no record has yet. */
uint64_t backlog_pending(const struct sl_backlog *backlog);

void backlog_free(struct sl_backlog *backlog);

#endif
