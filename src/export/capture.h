/* A capture in the making: what the pcapng exporter keeps between records, and how one record
 * becomes packets. Functions return 0 or -ENOMEM. */
#ifndef EXPORT_CAPTURE_H
#define EXPORT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/flows.h"
#include "socklens/buffer.h"
#include "socklens/exchange.h"

#define CAPTURE_COMMENT_SIZE 640

struct capture_interface {
    char *name; /* owned */
    uint8_t service;
};

struct capture {
    struct flows *flows;
    struct capture_interface *interfaces;
    size_t interface_count;
    uint16_t ip_id;            /* of the next IPv4 packet */
    int64_t last_ns;           /* time of the last packet */
    uint64_t gap_from, gap_to; /* to be told with the next packet; 0: nothing */
    char gap_reason[32];
    struct sl_buffer line; /* a message with its line end */
};

/* One record on its way into the capture. */
struct scene {
    struct capture *capture;
    const struct sl_record *record;
    struct sl_address ends[2]; /* by side, of one family that IP has */
    uint32_t interface;
    struct sl_buffer *out;
};

/* A packet that `side` sends. */
struct shot {
    enum side side;
    int64_t at_ns;
    const uint8_t *payload;
    size_t stored, size;
    const char *comment; /* NULL: none */
    uint32_t seq, ack;   /* TCP */
    unsigned flags;      /* TCP */
};

int capture_udp(const struct scene *scene, const struct shot *shot);
int capture_tcp(const struct scene *scene, const struct shot *shot);

/* The records of a TCP connection. */
int conversation_opened(const struct scene *scene);
int conversation_exchange(const struct scene *scene);
int conversation_closed(const struct scene *scene);

/* What is said of an exchange with its first packet and with its reply's. */
void capture_comment_received(const struct sl_record *record, char comment[CAPTURE_COMMENT_SIZE]);
void capture_comment_sent(const struct sl_record *record, char comment[CAPTURE_COMMENT_SIZE]);
/* False where there is no gap to be told. */
bool capture_comment_gap(const struct capture *capture, char comment[CAPTURE_COMMENT_SIZE]);

#endif
