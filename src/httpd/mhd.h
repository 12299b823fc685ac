/* libmicrohttpd's side of the room: its daemon's callbacks. */
#ifndef SOCKLENS_HTTPD_MHD_H
#define SOCKLENS_HTTPD_MHD_H

#include <sys/socket.h>

#include "httpd/state.h"

/* Starts the daemon and its thread, for the connections of all listeners. 0, or a negative errno
 * with `error`. */
int sl_mhd_start(struct sl_httpd *httpd, struct sl_error *error);

/* Hands over a connection that was accepted, non-blocking, with its peer's address. From any
 * thread; the daemon closes it, or this does where there are far too many. */
void sl_mhd_take(struct sl_httpd *httpd, int fd, const struct sockaddr *peer, socklen_t size);

/* Closes what is left and ends the thread. Nothing may be parked any more. */
void sl_mhd_stop(struct sl_httpd *httpd);

/* For the waiters's hooks. */
void sl_mhd_suspend(void *connection);
void sl_mhd_resume(void *connection);

#endif
