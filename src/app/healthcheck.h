#ifndef SOCKLENS_APP_HEALTHCHECK_H
#define SOCKLENS_APP_HEALTHCHECK_H

#include "socklens/config.h"
#include "socklens/error.h"

/* Asks the server that runs with the same configuration whether it serves: GET /healthz at each
 * address of --http; without one, a connection to each stream listener, and whether its UDP ports
 * are taken. About five seconds at most. 0, or a negative errno with all that failed in `error`. */
int sl_healthcheck(const struct sl_config *config, struct sl_error *error);

#endif
