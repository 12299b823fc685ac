/* Services: what is answered to what. Pure functions over bytes: no socket, no clock. All of them
 * stand in services.h. */
#ifndef SOCKLENS_SERVICE_H
#define SOCKLENS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/buffer.h"
#include "socklens/exchange.h"

/* One message of a peer. */
struct sl_message {
    const uint8_t *bytes; /* without its line end */
    size_t stored;        /* bytes at `bytes`, at most SL_STORED_SIZE_MAX */
    uint64_t size;        /* bytes the message had: more than `stored` where it was cut */
    uint8_t line_end;     /* enum sl_line_end: what came behind them */
};

enum sl_verdict {
    SL_ANSWER,           /* send what was appended */
    SL_ANSWER_AND_CLOSE, /* and then close the connection (streams) */
    SL_NO_MEMORY,        /* nothing was appended */
};

enum sl_framing {
    SL_FRAMING_DATAGRAM, /* one datagram, one message */
    SL_FRAMING_ONCE,     /* one line, or what came before a pause, is the only message */
    SL_FRAMING_CHAT,     /* lines, or what came before a pause: see framing.h */
};

struct sl_service {
    enum sl_service_id id;
    const char *option; /* command line: "udp-upper"; also its name in the API */
    const char *key;    /* ready file and configuration: "udp_upper" */
    const char *title;  /* for people: "UDP uppercase" */
    bool stream;        /* TCP and Unix streams, else UDP */
    enum sl_framing framing;
    uint16_t default_port; /* the course's */
    /* Appends the reply, without a line end, to `out`. */
    enum sl_verdict (*respond)(const struct sl_message *message, struct sl_buffer *out);
};

/* The row of `id`; ids below SL_SERVICE_COUNT always have one. */
const struct sl_service *sl_service_get(enum sl_service_id id);

/* The services' own functions, for the table and for tests. */
#define SL_SERVICE_RESPOND(constant, name, key, title, framing, port, respond)                     \
    enum sl_verdict respond(const struct sl_message *message, struct sl_buffer *out);
SL_SERVICE_LIST(SL_SERVICE_RESPOND)

#endif
