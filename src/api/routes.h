/* All routes: one row each, in the order of the reference. To add an endpoint: write its step
 * function sl_api_NAME in a file api_NAME.c, give it a row here, and describe it in openapi.json.
 *
 * A row has the route's parameters, each as SL_PARAM(ROUTE, MEMBER, KIND, what else struct sl_param
 * says): the member of that name in struct sl_ROUTE_params, which the step function reads them into
 * by sl_query_read. */
#ifndef SOCKLENS_API_ROUTES_H
#define SOCKLENS_API_ROUTES_H

#include "api/filter_params.h"
#include "socklens/export.h"
#include "socklens/fault_set.h"
#include "socklens/route.h"

/* Bodies of POST /datagrams: 65,507 bytes, as JSON text at worst six times as long. */
#define SL_DATAGRAM_BODY_MAX ((size_t)448 * 1024)

/* 64 rules of 256 bytes, as JSON text. */
#define SL_FAULTS_BODY_MAX ((size_t)64 * 1024)

#define SL_JSON_TYPE    "application/json"
#define SL_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

#define SL_PAGE_LIMIT_MAX    1000
#define SL_MIN_MAX           1000000
#define SL_WAIT_MAX_S        60
#define SL_STREAM_SAMPLE_MAX 1000

/* A filter comes first: see filter_params.h. */
struct sl_clients_params {
    struct sl_filter filter; /* services and addresses */
    unsigned state, sort;    /* as their words are numbered */
    uint64_t limit;
    const char *cursor; /* NULL: none */
};

struct sl_messages_params {
    struct sl_filter filter;
    uint64_t limit;
    const char *cursor; /* NULL: none */
    int64_t wait;       /* nanoseconds; set to -1 beforehand: it was not said */
    uint64_t min;       /* 0: it was not said */
    uint64_t max;       /* set to UINT64_MAX beforehand: it was not said */
    int64_t quiet;      /* as wait */
    uint64_t strict;
};

struct sl_clear_params {
    unsigned confirm;
};

struct sl_message_params {
    const char *run; /* NULL: whichever */
    unsigned side;   /* 1: sent */
};

struct sl_events_params {
    struct sl_filter filter;
    unsigned types;  /* SL_DUE_MESSAGES, SL_DUE_CLIENTS, SL_DUE_STATUS */
    uint64_t sample; /* newest messages a tick; 0: all */
};

struct sl_fates_params {
    const char *rule;
    uint64_t count, place;
};

struct sl_export_params {
    struct sl_filter filter;
    unsigned format; /* enum sl_export_format */
    uint64_t follow;
};

#define SL_PARAM(route, member, kind_, ...)                                                        \
    {                                                                                              \
        .name = #member, .kind = SL_PARAM_##kind_,                                                 \
        .offset = offsetof(struct sl_##route##_params, member), __VA_ARGS__                        \
    }
#define SL_PARAMS(...)                                                                             \
    .params = (const struct sl_param[])                                                            \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            .name = NULL                                                                           \
        }                                                                                          \
    }
/* With all filters in front of them. */
#define SL_FILTERS_AND_PARAMS(...) SL_PARAMS(SL_FILTER_PARAMS __VA_ARGS__)

#define SL_LIMIT_PARAM(route)                                                                      \
    SL_PARAM(route, limit, UINT, .min = 1, .max = SL_PAGE_LIMIT_MAX, .fallback = "100")
#define SL_RUN_PARAM                                                                               \
    SL_PARAM(message, run, HEX, .min = 8, .max = 32,                                               \
             .allowed = "8 to 32 digits of status.run, in small letters")

/* name, method, path, and what differs from the defaults of struct sl_route. */
#define SL_ROUTE_LIST(X)                                                                           \
    X(healthz, "GET", "/healthz", .open = true)                                                    \
    X(readyz, "GET", "/readyz", .open = true)                                                      \
    X(metrics, "GET", "/metrics", .type = SL_METRICS_TYPE)                                         \
    X(index, "GET", "/api/v1/", .type = SL_JSON_TYPE)                                              \
    X(openapi, "GET", "/api/v1/openapi.json", .type = NULL)                                        \
    X(status, "GET", "/api/v1/status", .type = SL_JSON_TYPE)                                       \
    X(rates, "GET", "/api/v1/rates", .type = SL_JSON_TYPE)                                         \
    X(clients, "GET", "/api/v1/clients", .type = SL_JSON_TYPE,                                     \
      SL_PARAMS(SL_FILTER_PARAM(service, true),                                                    \
                SL_PARAM(clients, state, WORD, .words = "open, closed, all", .fallback = "all"),   \
                SL_FILTER_PARAM(address, true),                                                    \
                SL_PARAM(clients, sort, WORD, .fallback = "-last_seen", .what = "order",           \
                         .words = "id, -id, last_seen, -last_seen, messages, -messages, bytes, "   \
                                  "-bytes",                                                        \
                         .allowed = "id, last_seen, messages, bytes; with - in front the other "   \
                                    "way round"),                                                  \
                SL_LIMIT_PARAM(clients), SL_PARAM(clients, cursor, TEXT)))                         \
    X(client, "GET", "/api/v1/clients/{id}", .type = SL_JSON_TYPE)                                 \
    X(disconnect, "DELETE", "/api/v1/clients/{id}", .type = NULL)                                  \
    X(messages, "GET", "/api/v1/messages", .type = SL_JSON_TYPE,                                   \
      SL_FILTERS_AND_PARAMS(                                                                       \
          SL_LIMIT_PARAM(messages), SL_PARAM(messages, cursor, TEXT),                              \
          SL_PARAM(messages, wait, DURATION, .max = SL_WAIT_MAX_S,                                 \
                   .allowed = "0 to 60s, as in 500ms or 5s"),                                      \
          SL_PARAM(messages, min, UINT, .min = 1, .max = SL_MIN_MAX),                              \
          SL_PARAM(messages, max, UINT, .min = 0, .max = SL_MIN_MAX),                              \
          SL_PARAM(messages, quiet, DURATION, .max = SL_WAIT_MAX_S,                                \
                   .allowed = "0 to 60s, as in 300ms"),                                            \
          SL_PARAM(messages, strict, UINT, .min = 0, .max = 1, .fallback = "0")))                  \
    X(clear, "DELETE", "/api/v1/messages",                                                         \
      SL_PARAMS(SL_PARAM(clear, confirm, WORD, .words = "yes", .required = true,                   \
                         .wrong = "this deletes all messages for ever: confirm=yes is missing")))  \
    X(message, "GET", "/api/v1/messages/{seq}", .type = SL_JSON_TYPE, SL_PARAMS(SL_RUN_PARAM))     \
    X(raw, "GET", "/api/v1/messages/{seq}/raw", .type = "application/octet-stream",                \
      SL_PARAMS(SL_PARAM(message, side, WORD, .words = "received, sent", .fallback = "received"),  \
                SL_RUN_PARAM))                                                                     \
    X(events, "GET", "/api/v1/events", .type = "text/event-stream",                                \
      SL_FILTERS_AND_PARAMS(                                                                       \
          SL_PARAM(events, types, WORDS, .words = "messages, clients, status", .what = "type",     \
                   .fallback = "messages,clients,status"),                                         \
          SL_PARAM(events, sample, UINT, .min = 1, .max = SL_STREAM_SAMPLE_MAX)))                  \
    X(export, "GET", "/api/v1/export",                                                             \
      SL_FILTERS_AND_PARAMS(                                                                       \
          SL_PARAM(export, format, WORD, .words = SL_EXPORT_NAMES, .required = true),              \
          SL_PARAM(export, follow, UINT, .min = 0, .max = 1, .fallback = "0")))                    \
    X(datagram, "POST", "/api/v1/datagrams", .type = SL_JSON_TYPE,                                 \
      .body_max = SL_DATAGRAM_BODY_MAX)                                                            \
    X(faults, "GET", "/api/v1/faults", .type = SL_JSON_TYPE)                                       \
    X(fault_add, "POST", "/api/v1/faults", .type = SL_JSON_TYPE, .body_max = SL_FAULTS_BODY_MAX)   \
    X(faults_replace, "PUT", "/api/v1/faults", .type = SL_JSON_TYPE,                               \
      .body_max = SL_FAULTS_BODY_MAX)                                                              \
    X(faults_clear, "DELETE", "/api/v1/faults",                                                    \
      SL_PARAMS(SL_PARAM(clear, confirm, WORD, .words = "yes", .required = true,                   \
                         .wrong = "this removes all rules: confirm=yes is missing")))              \
    X(fault_change, "PATCH", "/api/v1/faults/{name}", .type = SL_JSON_TYPE,                        \
      .body_max = SL_FAULTS_BODY_MAX)                                                              \
    X(fault_remove, "DELETE", "/api/v1/faults/{name}", .type = NULL)                               \
    X(fates, "GET", "/api/v1/fates", .type = SL_JSON_TYPE,                                         \
      SL_PARAMS(SL_PARAM(fates, rule, TEXT, .required = true),                                     \
                SL_PARAM(fates, count, UINT, .min = 1, .max = SL_FATES_MAX, .fallback = "20"),     \
                SL_PARAM(fates, place, UINT, .min = 0, .max = SL_FAULTS_PER_LISTENER - 1,          \
                         .fallback = "0")))                                                        \
    X(scenarios, "GET", "/api/v1/scenarios", .type = SL_JSON_TYPE)

#define SL_ROUTE_STEP(name, ...)                                                                   \
    enum sl_step sl_api_##name(struct sl_request *request, struct sl_answer *answer);
SL_ROUTE_LIST(SL_ROUTE_STEP)

extern const struct sl_route sl_routes[];
extern const size_t sl_routes_count;

#endif
