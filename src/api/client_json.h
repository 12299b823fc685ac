/* The JSON shape of a client. */
#ifndef SOCKLENS_API_CLIENT_JSON_H
#define SOCKLENS_API_CLIENT_JSON_H

#include <stdbool.h>

#include "socklens/json.h"
#include "socklens/registry.h"

/* Its listener's name is looked up. */
void sl_client_json(struct sl_json *json, const struct sl_client_view *view,
                    const struct sl_registry *registry);

/* With all there is: also "tcp_info", live where the client is open. */
void sl_client_detail_json(struct sl_json *json, const struct sl_client_view *view,
                           const char *listener);

/* Adds what the kernel knows of the connection, which walks leave out, where the client is an open
 * TCP one. */
void sl_client_add_tcp_info(struct sl_registry *registry, struct sl_client_view *view);

/* The members "received", "sent", "refused" and "unanswered", which clients and listeners share. */
void sl_counters_json(struct sl_json *json, const struct sl_counters *counters);

const char *sl_transport_name(enum sl_transport transport);

#endif
