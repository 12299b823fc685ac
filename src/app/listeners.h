/* Which sockets each service has: those that another process has opened for it, else what the
 * configuration says. */
#ifndef SOCKLENS_APP_LISTENERS_H
#define SOCKLENS_APP_LISTENERS_H

#include "app/manager.h"
#include "socklens/config.h"
#include "socklens/httpd.h"
#include "socklens/net.h"
#include "socklens/registry.h"

int sl_listeners_open(struct sl_net *net, const struct sl_registry *registry,
                      const struct sl_config *config, const struct sl_inherited *inherited,
                      struct sl_error *error);

bool sl_listeners_want_http(const struct sl_config *config, const struct sl_inherited *inherited);

int sl_listeners_open_http(struct sl_httpd *httpd, const struct sl_config *config,
                           const struct sl_inherited *inherited, struct sl_error *error);

#endif
