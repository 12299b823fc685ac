/* A stream connection, from accept to the last close.
 *
 *   OPEN       reads, answers
 *     | a reply does not fit into the kernel's buffer
 *     v
 *   BLOCKED    reads nothing, waits to write; the replies, the exchanges they belong to and what
 *              was read but not yet looked at stand in its backlog
 *     | all written: OPEN again
 *
 *   LINGERING  our side is shut down after the last reply; what still comes is read and recorded,
 *              for a close with unread bytes makes the kernel send RST, and a reply that is still
 *              on its way would be lost to the peer. Ends with the peer's end or after two seconds.
 *
 * One thread, the worker's, does all of it. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/net.h"
#include "socklens/framing.h"

#define STREAM_READ_SIZE   65536u
#define STREAM_EVENTS_MAX  256u   /* exchanges between two sends to one peer */
#define STREAM_REPLIES_MAX 65536u /* bytes of replies after which they are sent */

enum connection_state { CONNECTION_OPEN, CONNECTION_BLOCKED, CONNECTION_LINGERING };

struct backlog;
struct lingering;

/* 64 bytes: what an idle connection costs here, beside its client in the registry. */
struct connection {
    uint8_t kind;  /* SL_SOURCE_CONNECTION */
    uint8_t state; /* enum connection_state */
    uint8_t service;
    uint8_t closed_by, reason; /* why it ends, once that is decided */
    bool ending;               /* it is decided */
    bool edge_triggered;       /* epoll reports what arrives, not what is left */
    int fd;
    struct sl_client *client;
    struct sl_framer framer;
    union {
        struct backlog *backlog;     /* BLOCKED */
        struct lingering *lingering; /* LINGERING */
    };
};

/* One conversation step: exchanges whose replies go out in one send. */
struct exchanges {
    struct sl_event events[STREAM_EVENTS_MAX];
    size_t reply_end[STREAM_EVENTS_MAX]; /* in `replies`; what its reply ends at */
    size_t count;
    struct sl_buffer replies;
};

/* What all connections of a worker share. */
struct streams {
    struct sl_worker *worker;
    uint8_t *read_buffer; /* STREAM_READ_SIZE */
    struct exchanges now;
    struct sl_time clock; /* read at the start of a turn and after each send: receiving is next */
    struct lingering *linger_first, *linger_last; /* in the order in which they end */
    int64_t linger_ns;
    size_t open_count; /* connections, lingering ones too */
};

/* Takes an accepted socket over. On failure it is closed. */
void connection_open(struct streams *streams, const struct sl_socket *listener, int fd,
                     const struct sl_address *peer);

/* What epoll reported. The connection may be gone afterwards. */
void connection_ready(struct streams *streams, struct connection *connection, uint32_t events);

/* Answers what has arrived, then ends the conversation from our side. May be gone afterwards. */
void connection_shut(struct streams *streams, struct connection *connection);

/* Closes at once, whatever is pending. Gone afterwards. */
void connection_close(struct streams *streams, struct connection *connection, enum sl_closed_by by,
                      enum sl_close_reason reason);

/* Begins the lingering close. May be gone afterwards. */
void connection_linger(struct streams *streams, struct connection *connection);
void connection_read_lingering(struct streams *streams, struct connection *connection,
                               uint32_t events);

/* Says who ends it and why; the first word counts. */
void connection_decide_end(struct connection *connection, enum sl_closed_by by,
                           enum sl_close_reason reason);

/* What it waits for. What is there already is reported (again). */
void connection_watch_reads(struct streams *streams, struct connection *connection);
void connection_watch_writes(struct streams *streams, struct connection *connection);

/* After a read of `size` bytes, of at most STREAM_READ_SIZE, that `events` led to. */
void connection_watch_rest(struct streams *streams, struct connection *connection, ssize_t size,
                           uint32_t events);

/* Reads what has arrived into streams->read_buffer; as recv(2) without waiting. */
ssize_t connection_receive(const struct streams *streams, const struct connection *connection);

/* The moment at which the first lingering connection is closed; INT64_MAX where there is none. */
int64_t connections_linger_until(const struct streams *streams);
void connections_end_linger(struct streams *streams, int64_t now_mono_ns);

/* From now on none lingers longer than `linger_ns`, those that do already included. */
void connections_shorten_linger(struct streams *streams, int64_t linger_ns);

#endif
