/* From "--udp-upper :12000" to bound sockets. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "net/net.h"

/* Opens a listener for a service on one address, a socket for each worker. */
int sl_listen_on(struct sl_net *net, const struct sl_service *service, struct sl_address address,
                 struct sl_error *error);

int sl_listen_on_unix(struct sl_net *net, const struct sl_service *service,
                      const struct sl_endpoint *endpoint, struct sl_error *error);

#endif
