/* The open connections: how many there may be, and how long each may take to say what it wants.
 *
 * libmicrohttpd's own timeout counts from the last byte, so a peer that sends one byte now and then
 * could stay for ever. Here a request must be complete at a time that is fixed when it may begin;
 * whoever is late is shut down.
 *
 * A connection beyond a limit is let in all the same, marked as being over it: its request is
 * answered with 503 and it ends. Only when too many of those are there are they closed unheard. */
#ifndef SOCKLENS_HTTPD_CONNECTION_LIMITS_H
#define SOCKLENS_HTTPD_CONNECTION_LIMITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/clock.h"
#include "socklens/list.h"

/* From the connection's start, or the last answer's end, to the next complete request head. */
#define SL_HEAD_DEADLINE_NS (15 * SL_NS_PER_S)
/* From there to the end of its body. */
#define SL_BODY_DEADLINE_NS (10 * SL_NS_PER_S)

/* From there to the end of its answer, unless that is a stream. */
#define SL_ANSWER_DEADLINE_NS (300 * SL_NS_PER_S)

/* To say what it wants, for one that is only to be told that there are too many. */
#define SL_OVER_DEADLINE_NS (2 * SL_NS_PER_S)
/* About so many of those at once. */
#define SL_CONNECTIONS_OVER_MAX 64

enum sl_connections_over { SL_NOT_OVER, SL_OVER_ALL, SL_OVER_ADDRESS };

struct sl_httpd;

struct sl_http_connection {
    struct sl_httpd *httpd; /* set by who adds it */
    int fd;
    struct sl_address peer, local;
    struct sl_address limit_key; /* what of `peer` its limit goes by */
    enum sl_connections_over over;
    unsigned guesses;    /* wrong tokens that it has shown; the HTTP thread's */
    char *target;        /* of the request that is being read, as it came; the HTTP thread's */
    int64_t deadline_ns; /* monotonic; 0: none. Under the lock */
    struct sl_link link;
};

struct sl_connections {
    pthread_mutex_t lock;
    struct sl_list all;
    size_t max, per_address_max;
    _Atomic size_t count;      /* with those over a limit */
    _Atomic uint64_t rejected; /* over a limit, or without a descriptor or memory, ever */
};

/* `per_address_max` is for addresses that are not this machine's own: a test suite may well have
 * all. */
void sl_connections_init(struct sl_connections *connections, size_t max, size_t per_address_max);
void sl_connections_deinit(struct sl_connections *connections);

/* `over` says whether it is one too many. NULL where there is no memory. `fd` stays the caller's,
 * and open until removal. */
struct sl_http_connection *sl_connections_add(struct sl_connections *connections, int fd,
                                              int64_t deadline_ns);
void sl_connections_remove(struct sl_connections *connections,
                           struct sl_http_connection *connection);

/* Sets or, with 0, clears the deadline. */
void sl_connections_expect(struct sl_connections *connections,
                           struct sl_http_connection *connection, int64_t deadline_ns);

/* Shuts down those that are late; returns the next deadline or INT64_MAX. */
int64_t sl_connections_sweep(struct sl_connections *connections, int64_t now_ns);

#endif
