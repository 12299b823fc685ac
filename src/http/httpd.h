/* The room's own view of struct sl_http. */
#ifndef SOCKLENS_HTTP_GATEWAY_H
#define SOCKLENS_HTTP_GATEWAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/accept.h"
#include "http/connections.h"
#include "http/feed.h"
#include "http/guesses.h"
#include "http/hosts.h"
#include "http/rates.h"
#include "http/ticker.h"
#include "http/token.h"
#include "http/traffic.h"
#include "http/trail.h"
#include "socklens/http.h"
#include "socklens/target.h"
#include "socklens/tls.h"

#define SL_HTTP_LISTENERS_MAX   16
#define SL_HTTP_CONNECTIONS_MAX 1024

struct MHD_Daemon;

struct sl_http_listener {
    struct sl_http *http;
    int fd; /* -1 once closed */
    struct sl_address address;
    char unix_path[108];
    char name[128];
};

/* The HTTP thread, the ticker and the acceptor share it: what they share is constant after the
 * start, atomic, or has a lock of its own. */
struct sl_http {
    struct sl_http_options options; /* `allow_hosts` lives in `hosts` */
    struct sl_http_context context;
    struct sl_hosts hosts;
    struct sl_targets targets;
    int64_t
        sends_full_at_ns; /* when test datagrams to them may come as a burst again; HTTP thread */
    pthread_mutex_t token_lock;
    char token[SL_TOKEN_SIZE_MAX + 1]; /* "": nobody has to show one */
    struct sl_guesses guesses;
    struct sl_http_listener listeners[SL_HTTP_LISTENERS_MAX];
    size_t listener_count;
    struct sl_acceptor acceptor;
    struct sl_tls *tls;        /* NULL: plain HTTP */
    struct MHD_Daemon *daemon; /* NULL unless it runs */
    struct sl_ticker ticker;
    struct sl_trail trail;
    struct sl_feed feed;
    struct sl_rates rates;
    struct sl_traffic traffic;
    struct sl_connections connections;
    int64_t started_at_ns;      /* wall clock */
    int64_t started_at_mono_ns; /* monotonic */
    bool started;
    atomic_bool ready, stopping;
    _Atomic size_t requests;   /* between head and the end of the answer */
    _Atomic size_t held_bytes; /* see intake.h */
    _Atomic size_t streams;
    _Atomic size_t datagrams; /* test datagrams whose reply is awaited */
};

#endif
