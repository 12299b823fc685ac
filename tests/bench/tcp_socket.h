/* What the TCP modes of the load generator share. */
#pragma once

#include "load.h"

#include <stddef.h>

/* Returns a connected non-blocking socket without Nagle's delay, or a negative errno after a line
 * on standard error. `source` is NULL or the address to connect from. */
int sl_tcp_socket_connect(const struct sl_target *target, const struct sl_target *source);

/* Sends all of it, waiting for room for at most a second each time. 0 or a negative errno. */
int sl_tcp_socket_send(int fd, const char *bytes, size_t size);

/* Prints `sl-load: WHAT: errno` and returns -errno. */
int sl_load_failed(const char *what);
