/* Stream connections: their life in connection.c, what is said on them in connection_serve.c.
 *
 * One thread, the worker's, calls all of this. Where a comment says that a connection may be gone,
 * it may have been closed and freed when the function returns. */
#ifndef SOCKLENS_NET_CONNECTION_H
#define SOCKLENS_NET_CONNECTION_H

#include "net/net.h"
#include "net/queue.h"
#include "socklens/framing.h"

/* What one visit may take from the others' time, and what a peer may make us hold. */
#define SL_STREAM_READ_SIZE   16384u
#define SL_STREAM_READ_LITTLE 64u    /* no more messages than one visit answers */
#define SL_STREAM_EVENTS_MAX  128u   /* exchanges between two sends to one peer */
#define SL_STREAM_REPLIES_MAX 65536u /* bytes of replies after which they are sent */

/* What all connections of a process together may hold of unfinished messages, of what waits for its
 * turn and of what nobody reads. From half of it on, reads are small. Above it, a connection that
 * holds more than a little is closed when it wants more. */
#define SL_STREAM_HELD_MAX    (UINT64_C(64) << 20)
#define SL_STREAM_HELD_LITTLE 1024u

/* Explained in connection.c. */
enum sl_connection_state {
    SL_CONNECTION_OPEN,
    SL_CONNECTION_READY,
    SL_CONNECTION_BLOCKED,
    SL_CONNECTION_LINGERING,
};

/* An unfinished message waits for its rest or for the gap (see framing.h). */
struct sl_waiting {
    struct sl_queued queued;
    struct sl_queue *queue; /* one of streams->waiting */
    int64_t received_at_ns; /* the last bytes; wall clock */
};

/* There is more to do than one visit may. */
struct sl_ready {
    struct sl_queued queued; /* in streams->ready */
    struct sl_buffer rest;   /* read, but not yet taken apart */
    int64_t received_at_ns;  /* when that was */
    bool drained;            /* as in struct sl_chunk */
    bool more;               /* the socket may have more */
    uint32_t events;         /* what epoll has reported so far */
};

/* What a peer that does not read leaves us with. Bounded by one read's worth, since nothing more is
 * read from it until all of this is written. */
struct sl_backlog {
    size_t count;
    size_t written; /* bytes of `replies` that the kernel has taken */
    struct sl_buffer replies;
    struct sl_buffer payload; /* the events' received bytes */
    struct sl_buffer unread;  /* read, but not yet taken apart */
    int64_t received_at_ns;   /* when that was */
    bool drained, ended;      /* as in struct sl_chunk */
    size_t *reply_end;        /* as in struct sl_exchange_batch */
    struct sl_event *events;  /* pointers into the buffers above */
};

/* Our side is shut down; what still comes is recorded. */
struct sl_lingering {
    struct sl_queued queued; /* in streams->lingering */
    struct sl_queued late;   /* in streams->late, if is_late */
    bool is_late;
    uint32_t events;       /* what epoll has reported since the last read */
    uint64_t after_close;  /* bytes that came */
    struct sl_buffer kept; /* the first of them */
};

/* 72 bytes, which malloc(3) takes as much for as for 64: what an idle connection costs here, beside
 * its client in the registry. */
struct sl_connection {
    uint8_t kind;  /* SL_SOURCE_CONNECTION */
    uint8_t state; /* enum sl_connection_state */
    uint8_t service;
    uint8_t closed_by, reason; /* why it ends, once that is decided */
    bool ending;               /* it is decided */
    bool edge_triggered;       /* epoll reports what arrives, not what is left */
    int fd;
    struct sl_client *client;
    struct sl_framer framer;
    size_t held; /* its part of streams->held */
    union {
        struct sl_waiting *waiting;     /* OPEN; NULL: nothing is unfinished */
        struct sl_ready *ready;         /* READY */
        struct sl_backlog *backlog;     /* BLOCKED */
        struct sl_lingering *lingering; /* LINGERING */
    };
};

/* Exchanges whose replies leave in one send. */
struct sl_exchange_batch {
    struct sl_event events[SL_STREAM_EVENTS_MAX];
    size_t reply_end[SL_STREAM_EVENTS_MAX]; /* where each event's reply ends in `replies` */
    size_t count;
    struct sl_buffer replies;
};

/* What all connections of a worker share. */
struct sl_streams {
    struct sl_worker *worker;
    uint8_t *read_buffer; /* SL_STREAM_READ_SIZE */
    struct sl_exchange_batch batch;
    struct sl_time clock; /* read at the start of a turn and after each send: receiving is next */
    struct sl_queue ready;
    struct sl_buffer spare;     /* memory for the next rest that is kept */
    struct sl_queue waiting[2]; /* for the gap; [1]: in line mode. In the order of time */
    struct sl_queue lingering;  /* in the order in which they end */
    struct sl_queue late;       /* those of them on which something has come */
    int64_t linger_ns;
    uint64_t held, held_max; /* bytes; see SL_STREAM_HELD_MAX */
    uint64_t cut;            /* connections closed for it, not logged yet */
    size_t open_count;       /* connections, lingering ones too */
};

/* --- for the worker --- */

/* Takes an accepted socket over. On failure it is closed. */
void sl_connection_open(struct sl_streams *streams, const struct sl_socket *listener, int fd,
                        const struct sl_address *peer);

/* Serves what epoll reported. May be gone afterwards. */
void sl_connection_serve(struct sl_streams *streams, struct sl_connection *connection,
                         uint32_t events);

/* The next visit of one that is ready. May be gone afterwards. */
void sl_connection_resume(struct sl_streams *streams, struct sl_connection *connection);

/* Visits some of those whose gap has passed by `now_mono_ns`. They may be gone afterwards. */
void sl_connections_end_gap(struct sl_streams *streams, int64_t now_mono_ns);

/* Reads from some of the lingering ones on which something has come: after all others, for these
 * have their answer. They may be gone afterwards. */
void sl_connections_read_late(struct sl_streams *streams);

/* Closes those that have lingered long enough. */
void sl_connections_end_linger(struct sl_streams *streams, int64_t now_mono_ns);

/* From now on none lingers longer than `linger_ns`, those that do already included. */
void sl_connections_shorten_linger(struct sl_streams *streams, int64_t linger_ns);

/* Closes the one that lingers longest, so that a new one has its place: one that counts for the
 * limit of `peer`'s address, or any where that is NULL. False where none is found. */
bool sl_connections_make_room(struct sl_streams *streams, const struct sl_address *peer);

/* Answers what has arrived, then ends the conversation from our side. May be gone afterwards. */
void sl_connection_shut(struct sl_streams *streams, struct sl_connection *connection);

/* Closes at once, whatever is pending, and records that as unanswered. Where an end was decided
 * before, its `by` and `reason` count. Gone afterwards. */
void sl_connection_close(struct sl_streams *streams, struct sl_connection *connection,
                         enum sl_closed_by by, enum sl_close_reason reason);

/* --- between connection.c and connection_serve.c --- */

/* Has epoll report what its state waits for: where it is blocked that it can be written to, else
 * that it can be read. What is there already is reported (again). `operation` and the result are
 * those of epoll_ctl(2). */
int sl_connection_watch(struct sl_streams *streams, struct sl_connection *connection,
                        int operation);

/* Counts what it holds now; false where all together hold too much and it is one of the causes. */
bool sl_connection_account(struct sl_streams *streams, struct sl_connection *connection);

/* What all exchanges of a connection have in common, received at `received_at_ns`. */
struct sl_event sl_connection_event(const struct sl_connection *connection, int64_t received_at_ns);

/* Records streams->batch, of whose replies the kernel took `written` bytes, and empties it. */
void sl_connection_record_batch(struct sl_streams *streams, struct sl_connection *connection,
                                size_t written);

/* The same for what stands in its backlog. */
void sl_connection_record_backlog(struct sl_streams *streams, struct sl_connection *connection);

/* Records bytes that nobody will answer any more, as received when the client was last seen: `size`
 * in all, of which `stored` are there. None where `size` is 0. */
void sl_connection_record_unanswered(struct sl_streams *streams, struct sl_connection *connection,
                                     const uint8_t *bytes, size_t stored, uint64_t size,
                                     enum sl_outcome outcome);

/* So many bytes have come that are not yet a message; a sign of life too. */
void sl_connection_mark_pending(struct sl_streams *streams, struct sl_connection *connection,
                                uint64_t size);

/* Makes an open connection ready: it is visited again soon. False where there is no memory. */
bool sl_connection_make_ready(struct sl_streams *streams, struct sl_connection *connection);

/* Keeps what a visit has left of the chunk for the next one. False where there is no memory. */
bool sl_connection_keep_rest(struct sl_streams *streams, struct sl_connection *connection,
                             const struct sl_chunk *rest, int64_t received_at_ns);

/* The bytes that were kept; its next turn comes after that of all others. The caller returns the
 * memory when it is done with them, for the next rest. */
struct sl_buffer sl_connection_take_rest(struct sl_streams *streams,
                                         struct sl_connection *connection);
void sl_streams_return_rest(struct sl_streams *streams, struct sl_buffer *rest);

/* After a visit: it stays ready where there is more, else waits for what finishes its message. */
void sl_connection_settle(struct sl_streams *streams, struct sl_connection *connection);

/* Leaves the queue it stands in and is open. A rest that was kept is recorded as unanswered. */
void sl_connection_leave_queue(struct sl_streams *streams, struct sl_connection *connection);

/* Copies the batch, of whose replies `written` bytes are out, and the rest of the chunk. NULL where
 * there is no memory. */
struct sl_backlog *sl_backlog_new(const struct sl_exchange_batch *batch, size_t written,
                                  const struct sl_chunk *rest);
void sl_backlog_free(struct sl_backlog *backlog);

/* Bytes that have come and that no record has yet. */
uint64_t sl_backlog_pending(const struct sl_backlog *backlog);

/* Begins the lingering close; `rest` has come after the end. May be gone afterwards. */
void sl_connection_linger(struct sl_streams *streams, struct sl_connection *connection,
                          const struct sl_chunk *rest);

/* Adds what came after the end of a lingering one. However often a peer goes on, it is one record;
 * what came first begins it. */
void sl_connection_keep_late(struct sl_streams *streams, struct sl_connection *connection,
                             const uint8_t *bytes, size_t size);

#endif
