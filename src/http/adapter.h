/* libmicrohttpd's side of the room: its daemon's callbacks. */
#ifndef SOCKLENS_HTTP_ADAPTER_H
#define SOCKLENS_HTTP_ADAPTER_H

#include "http/gateway.h"

/* Starts the daemon and its thread on the listener's socket. 0, or a negative errno with `error`.
 */
int sl_adapter_start(struct sl_http_listener *listener, struct sl_error *error);

/* Takes no more connections. */
void sl_adapter_quiesce(struct sl_http_listener *listener);

/* Closes what is left and ends the thread. Nothing may be parked any more. */
void sl_adapter_stop(struct sl_http_listener *listener);

/* For the ticker's hooks. */
void sl_adapter_suspend(void *connection);
void sl_adapter_resume(void *connection);

#endif
