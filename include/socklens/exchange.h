/* What happened on a socket, as every reader of the journal sees it.
 *
 * Glossary
 *   exchange   what was received and what was answered, or why nothing was: one record with both
 *              sides. The API calls it a message.
 *   client     for TCP a connection; for UDP a remote address talking to one local address of a
 *              listener, forgotten after an idle time.
 *   listener   a bound socket address that runs one service (several sockets with --workers).
 *   lifecycle  the records that say that a client appeared or went. They stand in the journal in
 *              order with the exchanges but have no sequence number of their own. */
#ifndef SOCKLENS_EXCHANGE_H
#define SOCKLENS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/services.h"

/* Each list has its names once: the constant, and what API, settings and files call it. Numbers are
 * kept in files: append only. */
#define SL_LIST_CONSTANT(constant, ...) constant,

enum sl_service_id { SL_SERVICE_LIST(SL_LIST_CONSTANT) SL_SERVICE_COUNT };

enum sl_record_kind {
    SL_RECORD_EXCHANGE,
    SL_RECORD_OPENED, /* a client appeared */
    SL_RECORD_CLOSED, /* a client went: `received` holds a struct sl_closing */
};

/* What an outcome counts as. */
enum sl_outcome_class { SL_COUNTS_AS_SENT, SL_COUNTS_AS_REFUSED, SL_COUNTS_AS_UNANSWERED };

/* How an exchange ended. Everything but SL_REPLIED means that the peer got no reply.
 *
 *   reply_too_large          over 65,507 bytes: no datagram can carry it
 *   refused_own_listener     the source port is one of our own UDP listeners'
 *   refused_reflecting_port  a remote port of a service that answers anything (7, 53 ...)
 *   refused_not_unicast      to or from a broadcast, multicast or unspecified address
 *   refused_rate_limit       the source address is over its rate
 *   send_failed              the kernel refused the reply (no route, firewall, no memory)
 *   peer_gone                the connection ended before the reply was handed to the kernel
 *   after_close              arrived after the message that ended the conversation
 *   unfinished               a line without an end when the connection ended
 *   refused_loop             the peer goes on sending our own answer back: an echo loop
 *   lost                     a fault rule took it before the service saw it
 *   reply_lost               the reply was made, and a fault rule took it */
#define SL_OUTCOME_LIST(X)                                                                         \
    X(SL_REPLIED, "replied", SL_COUNTS_AS_SENT)                                                    \
    X(SL_REPLY_TOO_LARGE, "reply_too_large", SL_COUNTS_AS_UNANSWERED)                              \
    X(SL_REFUSED_OWN_LISTENER, "refused_own_listener", SL_COUNTS_AS_REFUSED)                       \
    X(SL_REFUSED_REFLECTING_PORT, "refused_reflecting_port", SL_COUNTS_AS_REFUSED)                 \
    X(SL_REFUSED_NOT_UNICAST, "refused_not_unicast", SL_COUNTS_AS_REFUSED)                         \
    X(SL_REFUSED_RATE_LIMIT, "refused_rate_limit", SL_COUNTS_AS_REFUSED)                           \
    X(SL_SEND_FAILED, "send_failed", SL_COUNTS_AS_UNANSWERED)                                      \
    X(SL_PEER_GONE, "peer_gone", SL_COUNTS_AS_UNANSWERED)                                          \
    X(SL_AFTER_CLOSE, "after_close", SL_COUNTS_AS_UNANSWERED)                                      \
    X(SL_UNFINISHED, "unfinished", SL_COUNTS_AS_UNANSWERED)                                        \
    X(SL_REFUSED_LOOP, "refused_loop", SL_COUNTS_AS_REFUSED)                                       \
    X(SL_LOST, "lost", SL_COUNTS_AS_UNANSWERED)                                                    \
    X(SL_REPLY_LOST, "reply_lost", SL_COUNTS_AS_UNANSWERED)

enum sl_outcome { SL_OUTCOME_LIST(SL_LIST_CONSTANT) SL_OUTCOME_COUNT };

#define SL_CLOSED_BY_LIST(X)                                                                       \
    X(SL_BY_PEER, "peer") X(SL_BY_SERVER, "server") X(SL_BY_OPERATOR, "operator")

enum sl_closed_by { SL_CLOSED_BY_LIST(SL_LIST_CONSTANT) SL_CLOSED_BY_COUNT };

/* Why a client went.
 *
 *   exit              the chat's Exit
 *   answered          one message, one reply, close
 *   eof               the peer closed its side
 *   reset             RST, or another error of the connection
 *   idle_timeout      TCP: nothing arrived for --tcp-idle
 *   disconnected      over the API
 *   shutdown          the server stopped
 *   forgotten         UDP: nothing arrived for --udp-idle
 *   evicted           UDP: the table was full and this one was idle longest
 *   error             ours: out of memory
 *   unfinished_limit  all connections together held too much, this one more than a little */
#define SL_CLOSE_REASON_LIST(X)                                                                    \
    X(SL_CLOSE_EXIT, "exit")                                                                       \
    X(SL_CLOSE_ANSWERED, "answered")                                                               \
    X(SL_CLOSE_EOF, "eof")                                                                         \
    X(SL_CLOSE_RESET, "reset")                                                                     \
    X(SL_CLOSE_IDLE_TIMEOUT, "idle_timeout")                                                       \
    X(SL_CLOSE_DISCONNECTED, "disconnected")                                                       \
    X(SL_CLOSE_SHUTDOWN, "shutdown")                                                               \
    X(SL_CLOSE_FORGOTTEN, "forgotten")                                                             \
    X(SL_CLOSE_EVICTED, "evicted")                                                                 \
    X(SL_CLOSE_ERROR, "error")                                                                     \
    X(SL_CLOSE_UNFINISHED, "unfinished_limit")

enum sl_close_reason { SL_CLOSE_REASON_LIST(SL_LIST_CONSTANT) SL_CLOSE_REASON_COUNT };

/* What the kernel knows of a TCP connection: the part of struct tcp_info (tcp(7)) that we show. */
struct sl_tcp_info {
    uint8_t valid;
    uint8_t state; /* TCP_ESTABLISHED ... as in <netinet/tcp.h> */
    uint16_t reserved;
    uint32_t rtt_us, rttvar_us;
    uint32_t retransmits, total_retransmits;
    uint32_t lost, unacked;
    uint32_t snd_cwnd;         /* segments */
    uint32_t snd_mss, rcv_mss; /* bytes */
};

/* What came of some exchanges, in sums over their records: of each whose outcome is known, one of
 * sent_messages, refused and unanswered is one more. Bytes are payload bytes on the wire, the line
 * ends of a stream included on both sides. */
struct sl_counters {
    uint64_t received_messages, received_bytes;
    uint64_t sent_messages, sent_bytes;
    uint64_t refused;    /* a rule of the server forbade the reply */
    uint64_t unanswered; /* no reply for any other reason */
};

/* Adds each member of `more`. */
void sl_counters_add(struct sl_counters *sum, const struct sl_counters *more);

/* Counts the outcome alone: one of sent_messages, refused and unanswered. */
void sl_counters_add_outcome(struct sl_counters *sum, uint8_t outcome);

/* The end of a client, carried by its SL_RECORD_CLOSED. */
struct sl_closing {
    uint8_t closed_by; /* enum sl_closed_by */
    uint8_t reason;    /* enum sl_close_reason */
    uint8_t reserved[6];
    int64_t opened_at_ns, last_seen_at_ns; /* wall clock */
    struct sl_counters counters;
    struct sl_tcp_info tcp;
};

/* What ended a line that was received; it is not part of the message. */
enum sl_line_end { SL_LINE_END_NONE, SL_LINE_END_LF, SL_LINE_END_CRLF, SL_LINE_END_COUNT };

/* "", "\n" or "\r\n". */
const char *sl_line_end_bytes(enum sl_line_end line_end);

/* Its name in the API: none, lf, crlf. Static. */
const char *sl_line_end_name(uint8_t line_end);

#define SL_STORED_SIZE_MAX 65536u /* bytes of one side that are kept */
#define SL_NOTE_MAX        1024u  /* bytes of a note */

/* Unsigned numbers that are 0 in nearly every exchange: one that is not costs the log a statement
 * of its own. Each has one name, that of the member below, of the log's column (in its table and in
 * its view), of the member in JSON and of the column in CSV; the number is the version of the log's
 * tables that brings it. A 0 is neither stored nor shown. The order is that of CSV: append only. */
#define SL_COLUMN_LIST(X) X(fault_bits, 5)

#define SL_COLUMN_ONE(name, since) +1
enum { SL_COLUMN_COUNT = SL_COLUMN_LIST(SL_COLUMN_ONE) };

/* What was received and what came of it, wherever it stands. Of a lifecycle record only `client`,
 * `peer`, `local`, `listener`, `service` and `received_at_ns` (when it happened) have a meaning. */
struct sl_exchange {
    uint64_t client;
    int64_t received_at_ns;                /* wall clock */
    int64_t replied_at_ns;                 /* wall clock; 0: no reply */
    uint64_t received_size, sent_size;     /* bytes on the wire, without the line end */
    uint32_t received_stored, sent_stored; /* bytes of these that are kept */
    struct sl_address peer, local;
    uint16_t listener;
    uint8_t service;  /* enum sl_service_id */
    uint8_t outcome;  /* enum sl_outcome */
    uint8_t line_end; /* enum sl_line_end: what followed the received bytes */
    uint8_t reserved;
    uint16_t fault_bits; /* 1 << (effect - 1) of the rules that hit it: see enum sl_effect */
};

/* What a worker hands to the journal. Pointers need to hold for the call only. */
struct sl_event {
    uint8_t kind; /* enum sl_record_kind */
    struct sl_exchange exchange;
    const uint8_t *received, *sent; /* as many bytes as the exchange says are stored */
    const char *note;   /* what rules did to it: the items of a JSON array; see fault_note.h */
    uint16_t note_size; /* at most SL_NOTE_MAX; 0: nothing was done */
};

/* A record as it stands in the journal. The payloads follow it in memory. */
struct sl_record {
    uint32_t size; /* of the whole record, a multiple of 8 */
    uint8_t kind;  /* enum sl_record_kind */
    uint8_t reserved;
    uint16_t note_size;
    uint64_t seq; /* an exchange's own; of a lifecycle record that of the next exchange */
    struct sl_exchange exchange;
    uint8_t payload[]; /* received_stored bytes, sent_stored bytes, note_size bytes */
};

static inline const uint8_t *sl_record_received(const struct sl_record *record)
{
    return record->payload;
}

static inline const uint8_t *sl_record_sent(const struct sl_record *record)
{
    return record->payload + record->exchange.received_stored;
}

/* The items of a JSON array, note_size bytes without a NUL. */
static inline const char *sl_record_note(const struct sl_record *record)
{
    return (const char *)record->payload + record->exchange.received_stored +
           record->exchange.sent_stored;
}

/* True where a reply exists (even an empty one). */
static inline bool sl_record_has_reply(const struct sl_record *record)
{
    return record->exchange.outcome == SL_REPLIED;
}

/* The names the API uses, e.g. "udp-upper", "refused_rate_limit", "peer", "idle_timeout". The
 * _parse functions return false where the name is unknown. */
const char *sl_service_id_name(enum sl_service_id service);
bool sl_service_id_parse(const char *name, enum sl_service_id *service);
const char *sl_outcome_name(enum sl_outcome outcome);
bool sl_outcome_parse(const char *name, enum sl_outcome *outcome);
const char *sl_closed_by_name(enum sl_closed_by by);
const char *sl_close_reason_name(enum sl_close_reason reason);

#endif
