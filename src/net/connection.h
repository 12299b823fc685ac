/* A stream connection, from accept to the last close.
 *
 *   OPEN       reads, answers; bytes without a line end wait for their rest or the gap (turns.h)
 *     | a visit has read more than it may answer, or found that there is more to read
 *     v
 *   READY      visited again after all others have had their turn, until nothing is left: OPEN
 * again
 *
 *     | a reply does not fit into the kernel's buffer
 *     v
 *   BLOCKED    reads nothing, waits to write; the replies, the exchanges they belong to and what
 *              was read but not yet looked at stand in its backlog (from OPEN or READY)
 *     | all written: OPEN again
 *
 *   LINGERING  our side is shut down after the last reply; what still comes is read and recorded,
 *              for a close with unread bytes makes the kernel send RST, and a reply that is still
 *              on its way would be lost to the peer. Ends with the peer's end, after two seconds,
 * or when a new connection needs the place; all that came is one record then.
 *
 * One thread, the worker's, does all of it. */
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

enum sl_connection_state {
    SL_CONNECTION_OPEN,
    SL_CONNECTION_READY,
    SL_CONNECTION_BLOCKED,
    SL_CONNECTION_LINGERING,
};

struct sl_backlog;
struct sl_lingering;
struct sl_ready;
struct sl_waiting;

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

/* One conversation step: exchanges whose replies go out in one send. */
struct sl_exchange_batch {
    struct sl_event events[SL_STREAM_EVENTS_MAX];
    size_t reply_end[SL_STREAM_EVENTS_MAX]; /* in `replies`; what its reply ends at */
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
    struct sl_buffer spare;     /* memory for the next one's rest */
    struct sl_queue waiting[2]; /* for the gap, for that of line mode; in the order of time */
    struct sl_queue lingering;  /* in the order in which they end */
    struct sl_queue late;       /* those of them on which something has come */
    int64_t linger_ns;
    uint64_t held, held_max; /* bytes; see SL_STREAM_HELD_MAX */
    uint64_t cut;            /* connections closed for it, not logged yet */
    size_t open_count;       /* connections, lingering ones too */
};

/* Takes an accepted socket over. On failure it is closed. */
void sl_connection_open(struct sl_streams *streams, const struct sl_socket *listener, int fd,
                        const struct sl_address *peer);

/* What epoll reported. The connection may be gone afterwards. */
void sl_connection_serve(struct sl_streams *streams, struct sl_connection *connection,
                         uint32_t events);

/* The next visit of one that is ready. It may be gone afterwards. */
void sl_connection_resume(struct sl_streams *streams, struct sl_connection *connection);

/* The gap has passed for some of those that wait, by `now_mono_ns`; they may be gone afterwards. */
void sl_connections_end_gap(struct sl_streams *streams, int64_t now_mono_ns);

/* Answers what has arrived, then ends the conversation from our side. May be gone afterwards. */
void sl_connection_shut(struct sl_streams *streams, struct sl_connection *connection);

/* Closes at once, whatever is pending. Gone afterwards. */
void sl_connection_close(struct sl_streams *streams, struct sl_connection *connection,
                         enum sl_closed_by by, enum sl_close_reason reason);

/* Begins the lingering close; `rest` has come after the end. May be gone afterwards. */
void sl_connection_linger(struct sl_streams *streams, struct sl_connection *connection,
                          const struct sl_chunk *rest);

/* Something has come on one that lingers: it is read when all others have had their turn, for it
 * has its answer. */
void sl_connection_mark_late(struct sl_streams *streams, struct sl_connection *connection,
                             uint32_t events);

/* Reads from some of those. They may be gone afterwards. */
void sl_connections_read_late(struct sl_streams *streams);

/* Closes the one that lingers longest, so that a new one has its place: one that counts for the
 * limit of `peer`'s address, or any where that is NULL. False where none is found. */
bool sl_connections_make_room(struct sl_streams *streams, const struct sl_address *peer);

/* Counts what it holds now; false where all together hold too much and it is one of the causes. */
bool sl_connection_account(struct sl_streams *streams, struct sl_connection *connection);

/* Says who ends it and why; the first word counts. */
void sl_connection_decide_end(struct sl_connection *connection, enum sl_closed_by by,
                              enum sl_close_reason reason);

/* What it waits for. What is there already is reported (again). */
void sl_connection_watch_reads(struct sl_streams *streams, struct sl_connection *connection);
void sl_connection_watch_writes(struct sl_streams *streams, struct sl_connection *connection);

/* How much to read at once: little while a lot is held. */
size_t sl_connection_read_size(const struct sl_streams *streams);

/* Whether a read of `size` bytes, of at most `most`, that `events` led to may have left some. */
bool sl_connection_may_have_more(ssize_t size, size_t most, uint32_t events);

/* Reads what has arrived into streams->read_buffer; as recv(2) without waiting. */
ssize_t sl_connection_receive(const struct sl_streams *streams,
                              const struct sl_connection *connection);

void sl_connections_end_linger(struct sl_streams *streams, int64_t now_mono_ns);

/* From now on none lingers longer than `linger_ns`, those that do already included. */
void sl_connections_shorten_linger(struct sl_streams *streams, int64_t linger_ns);

#endif
