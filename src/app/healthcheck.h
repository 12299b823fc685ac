#ifndef SOCKLENS_APP_HEALTHCHECK_H
#define SOCKLENS_APP_HEALTHCHECK_H

#include "app/config.h"
#include "socklens/error.h"

/* Asks the gateway that runs with the same configuration whether it is well: GET /healthz at the
 * first address of --http, for a container's health check. Takes three seconds at most. 0, or a
 * negative errno with `error` set. */
int sl_healthcheck(const struct sl_config *config, struct sl_error *error);

#endif
