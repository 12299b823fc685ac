/* All routes: one row each, in the order of the reference. To add an endpoint: write its step
 * function sl_api_NAME in a file api_NAME.c, give it a row here, and describe it in openapi.json.
 */
#ifndef SOCKLENS_API_ROUTES_H
#define SOCKLENS_API_ROUTES_H

#include "api/filter_params.h"
#include "api/metrics.h"
#include "socklens/route.h"

/* Bodies of POST /datagrams: 65,507 bytes, as JSON text at worst six times as long. */
#define SL_DATAGRAM_BODY_MAX ((size_t)448 * 1024)

#define SL_PARAMS(...)                                                                             \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define SL_JSON_TYPE "application/json"

/* name, method, path, and what differs from the defaults of struct sl_route. */
#define SL_ROUTE_LIST(X)                                                                           \
    X(healthz, "GET", "/healthz", .open = true, .params = SL_PARAMS("probes"))                     \
    X(readyz, "GET", "/readyz", .open = true)                                                      \
    X(metrics, "GET", "/metrics", .type = SL_METRICS_CONTENT_TYPE)                                 \
    X(index, "GET", "/api/v1/", .type = SL_JSON_TYPE)                                              \
    X(openapi, "GET", "/api/v1/openapi.json", .type = NULL)                                        \
    X(status, "GET", "/api/v1/status", .type = SL_JSON_TYPE)                                       \
    X(rates, "GET", "/api/v1/rates", .type = SL_JSON_TYPE)                                         \
    X(clients, "GET", "/api/v1/clients", .type = SL_JSON_TYPE,                                     \
      .params = SL_PARAMS("service,", "state", "address,", "sort", "limit", "cursor"))             \
    X(client, "GET", "/api/v1/clients/{id}", .type = SL_JSON_TYPE)                                 \
    X(disconnect, "DELETE", "/api/v1/clients/{id}", .type = NULL)                                  \
    X(messages, "GET", "/api/v1/messages", .type = SL_JSON_TYPE,                                   \
      .params = SL_PARAMS(SL_FILTER_PARAMS "limit", "cursor", "wait", "min"))                      \
    X(clear, "DELETE", "/api/v1/messages", .params = SL_PARAMS("confirm"))                         \
    X(message, "GET", "/api/v1/messages/{seq}", .type = SL_JSON_TYPE, .params = SL_PARAMS("run"))  \
    X(raw, "GET", "/api/v1/messages/{seq}/raw", .type = "application/octet-stream",                \
      .params = SL_PARAMS("side", "run"))                                                          \
    X(events, "GET", "/api/v1/events", .type = "text/event-stream",                                \
      .params = SL_PARAMS(SL_FILTER_PARAMS "types", "sample"))                                     \
    X(export, "GET", "/api/v1/export", .params = SL_PARAMS(SL_FILTER_PARAMS "format", "follow"))   \
    X(datagram, "POST", "/api/v1/datagrams", .type = SL_JSON_TYPE, .body_max = SL_DATAGRAM_BODY_MAX)

#define SL_ROUTE_STEP(name, ...)                                                                   \
    enum sl_step sl_api_##name(struct sl_request *request, struct sl_answer *answer);
SL_ROUTE_LIST(SL_ROUTE_STEP)

extern const struct sl_route sl_routes[];
extern const size_t sl_routes_count;

#endif
