/* Whether a start with these settings could work, as far as that shows without beginning one: what
 * they name outside themselves is looked at, and left as it is. */
#ifndef SOCKLENS_APP_CHECKS_H
#define SOCKLENS_APP_CHECKS_H

#include "socklens/config.h"
#include "socklens/config_errors.h"

/* Whether there is anything to serve. Sockets that a service manager hands over are. */
void sl_checks_services(const struct sl_config *config, struct sl_config_errors *errors,
                        struct sl_config_errors *warnings);

/* Hosts, ports that need a privilege, the places of log and ready file; each problem names its
 * option. What another process has now (a port, the log) is none. May wait for a name server. */
void sl_checks_places(const struct sl_config *config, struct sl_config_errors *errors);

#endif
