/* The thread that accepts connections and hands them to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 would do it itself, but without a descriptor left it tries again for ever as
 * long as it has no connection, on a whole core. */
#ifndef SOCKLENS_HTTPD_ACCEPT_H
#define SOCKLENS_HTTPD_ACCEPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "socklens/error.h"

struct sl_httpd;

struct sl_acceptor {
    struct sl_httpd *httpd;
    pthread_t thread;
    bool running;
    int wake_fd;  /* readable: it is over */
    int spare_fd; /* let go to accept and answer a connection when descriptors have run out */
    int64_t quiet_until_ns;
    uint64_t turned_away; /* not logged yet */
};

/* Accepts on all of `http`'s listeners from now on. 0, or a negative errno with `error` set. */
int sl_acceptor_start(struct sl_acceptor *acceptor, struct sl_httpd *httpd, struct sl_error *error);

/* Ends the thread; connections that stand in a backlog stay there. Fine on one that is all zero. */
void sl_acceptor_stop(struct sl_acceptor *acceptor);

#endif
