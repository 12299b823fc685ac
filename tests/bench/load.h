/*
 * sl-load: closed-loop clients that check every reply.
 *
 * Each mode runs to its own end: it is bounded in time, and gives up on a server that stops
 * answering. Every function returns 0, or a negative errno after it has printed one line to
 * standard error; wrong replies are counted, not errors.
 */
#pragma once

#include "meter.h"

#include <sys/socket.h>

struct sl_target {
    struct sockaddr_storage address;
    socklen_t length;
};

struct sl_udp_load {
    struct sl_target target;
    size_t size;    /* bytes of a datagram, at least SL_UDP_SIZE_MIN */
    size_t sockets; /* clients, each on a port of its own */
    size_t window;  /* datagrams that each client has outstanding at most */
    size_t batch;   /* datagrams that are sent together once the window has room for them */
    bool gso;       /* a batch leaves as one UDP_SEGMENT send, otherwise as one sendmmsg */
    bool gro;       /* replies are read with UDP_GRO */
};

enum { SL_UDP_SIZE_MIN = 8, SL_UDP_SIZE_MAX = 65507, SL_UDP_BATCH_MAX = 64 };

int sl_udp_load_run(const struct sl_udp_load *load, struct sl_meter *meter,
                    struct sl_counts *counts);

struct sl_tcp_load {
    struct sl_target target;
    size_t size;        /* bytes of the shortest message; they vary by SL_TCP_CYCLE - 1 */
    size_t connections; /* open at the same time */
    size_t depth;       /* chat: messages that a connection has outstanding */
    bool unended;       /* upper: messages have no line end */
};

enum { SL_TCP_CYCLE = 8, SL_TCP_DEPTH_MAX = 1024, SL_TCP_SIZE_MAX = 16384 };

/* Lines, each answered by `Your data was N bytes`, on connections that stay. */
int sl_chat_load_run(const struct sl_tcp_load *load, struct sl_meter *meter,
                     struct sl_counts *counts);

/* One message, one reply in upper case, and the server closes: a connection for every exchange. */
int sl_upper_load_run(const struct sl_tcp_load *load, struct sl_meter *meter,
                      struct sl_counts *counts);

struct sl_hold_load {
    struct sl_target target; /* IPv4 when sources > 1 */
    size_t sources;          /* client addresses 127.0.1.1, .2, … that connections take in turn */
    double seconds_max;      /* ends by itself after this */
};

/* Holds idle connections, commanded by lines on standard input: `open N`, `talk` (each connection
 * has one message answered), `check`, `quit`. Each command is answered by a line of JSON,
 * {"open":n,"closed_by_server":n,"wrong":n}. */
int sl_hold_load_run(const struct sl_hold_load *load);
