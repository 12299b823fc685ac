/* What all of the server's files share: struct sl_httpd. */
#ifndef SOCKLENS_HTTPD_STATE_H
#define SOCKLENS_HTTPD_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "httpd/connection_limits.h"
#include "httpd/guesses.h"
#include "httpd/hosts.h"
#include "httpd/token.h"
#include "httpd/traffic.h"
#include "socklens/log.h"
#include "socklens/route.h"
#include "socklens/tls.h"
#include "socklens/waiters.h"

#define SL_HTTP_LISTENERS_MAX   16
#define SL_HTTP_CONNECTIONS_MAX 1024

struct MHD_Daemon;

struct sl_httpd_listener {
    struct sl_httpd *httpd;
    int fd; /* -1 once closed */
    struct sl_address address;
    char unix_path[108];
    char name[128];
};

/* See accept.h. */
struct sl_acceptor {
    struct sl_httpd *httpd;
    pthread_t thread;
    bool running;
    int wake_fd;  /* readable: it is over */
    int spare_fd; /* let go to accept and answer a connection when descriptors have run out */
    int64_t quiet_until_ns;
    uint64_t turned_away; /* not logged yet */
};

/* The HTTP thread, the waiters and the acceptor share it: what they share is constant after the
 * start, atomic, or has a lock of its own. */
struct sl_httpd {
    struct sl_httpd_owner owner;
    struct sl_log *log;
    struct sl_hosts hosts;
    pthread_mutex_t token_lock;
    struct sl_tokens tokens; /* under token_lock */
    struct sl_guesses guesses;
    struct sl_httpd_listener listeners[SL_HTTP_LISTENERS_MAX];
    size_t listener_count;
    struct sl_acceptor acceptor;
    struct sl_tls *tls;        /* NULL: plain HTTP */
    struct MHD_Daemon *daemon; /* NULL unless it runs */
    struct sl_waiters waiters;
    struct sl_traffic traffic;
    struct sl_connections connections;
    atomic_bool ready, stopping;
    _Atomic size_t requests;   /* between head and the end of the answer */
    _Atomic size_t held_bytes; /* see request_checks.h */
};

#endif
