#ifndef SOCKLENS_APP_EXPOSURE_H
#define SOCKLENS_APP_EXPOSURE_H

#include "app/config.h"

/* Whoever reaches the dashboard sees all traffic and can disconnect clients. So addresses of --http
 * that are not loopback need --http-open: adds a problem for each that lacks it. May ask DNS. */
void sl_exposure_check(const struct sl_config *config, struct sl_problems *problems);

#endif
