/* The thread that accepts connections and hands them to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 would do it itself, but without a descriptor left it tries again for ever as
 * long as it has no connection, on a whole core. */
#ifndef SOCKLENS_HTTPD_ACCEPT_H
#define SOCKLENS_HTTPD_ACCEPT_H

#include "socklens/error.h"

struct sl_acceptor;
struct sl_httpd;

/* Accepts on all of its listeners from now on. 0, or a negative errno with `error` set. */
int sl_acceptor_start(struct sl_acceptor *acceptor, struct sl_httpd *httpd, struct sl_error *error);

/* Ends the thread; connections that stand in a backlog stay there. Fine on one that is all zero. */
void sl_acceptor_stop(struct sl_acceptor *acceptor);

#endif
