#ifndef SOCKLENS_EXPOSURE_H
#define SOCKLENS_EXPOSURE_H

#include "socklens/config.h"
#include "socklens/config_errors.h"

/* Whoever reaches the dashboard sees all traffic and can disconnect clients. So each address of
 * --http that is not loopback is a problem, or with --http-open a warning. May ask DNS. */
void sl_exposure_check(const struct sl_config *config, struct sl_config_errors *errors,
                       struct sl_config_errors *warnings);

/* The same for a socket that another process has bound: a problem is an error. */
int sl_exposure_check_socket(const struct sl_config *config, int fd, struct sl_error *error);

#endif
