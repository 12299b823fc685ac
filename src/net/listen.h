/* From "--udp-upper :12000" to bound sockets. */
#ifndef SOCKLENS_NET_LISTEN_H
#define SOCKLENS_NET_LISTEN_H

#include "net/net.h"

/* Opens a listener for a service on one address, a socket for each worker. */
int sl_listen_on(struct sl_net *net, const struct sl_service *service, struct sl_address address,
                 struct sl_error *error);

int sl_listen_on_unix(struct sl_net *net, const struct sl_service *service,
                      const struct sl_endpoint *endpoint, struct sl_error *error);

/* The parts, for sockets that come from elsewhere. */

/* The socket options that the workers rely on. */
void sl_listen_tune(int fd, enum sl_transport transport, const struct sl_address *address);

/* The listener's number in the registry, or a negative errno. */
int sl_listen_register(struct sl_net *net, const struct sl_service *service,
                       enum sl_transport transport, const struct sl_address *address,
                       const char *name);

struct sl_socket sl_listen_socket(const struct sl_service *service, enum sl_transport transport,
                                  int listener, int fd, const struct sl_address *address);

/* Gives each stream worker a descriptor of the one socket `fd`, which is used up. */
int sl_listen_share(struct sl_net *net, struct sl_socket socket);

/* Datagrams that claim to come from this port are not answered. */
void sl_listen_remember_port(struct sl_net *net, const struct sl_address *address);

#endif
