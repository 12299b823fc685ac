#ifndef SOCKLENS_APP_DRAIN_H
#define SOCKLENS_APP_DRAIN_H

#include <stdbool.h>

#include "app/server.h"

/* Stops the server while watching for a further signal on `signals` (see signals.h). True once it
 * has stopped; false where a person insisted or it took too long: then its threads still run, and
 * the process may only _exit. */
bool sl_drain(struct sl_server *server, int signals, struct sl_log *log);

#endif
