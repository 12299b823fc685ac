#include "http/route.h"

#include <stdio.h>
#include <string.h>

#include "http/api.h"
#include "http/asset.h"
#include "http/metrics.h"

#define JSON "application/json"

const char *const sl_no_params[] = {NULL};

const struct sl_route sl_routes[] = {
    {"GET", "/healthz", sl_healthz_params, 0, NULL, sl_api_healthz},
    {"GET", "/readyz", sl_no_params, 0, NULL, sl_api_readyz},
    {"GET", "/metrics", sl_no_params, 0, SL_METRICS_CONTENT_TYPE, sl_api_metrics},
    {"GET", "/api/v1/", sl_no_params, 0, JSON, sl_api_index},
    {"GET", "/api/v1/openapi.json", sl_no_params, 0, NULL, sl_api_openapi},
    {"GET", "/api/v1/status", sl_no_params, 0, JSON, sl_api_status},
    {"GET", "/api/v1/rates", sl_no_params, 0, JSON, sl_api_rates},
    {"GET", "/api/v1/clients", sl_clients_params, 0, JSON, sl_api_clients},
    {"GET", "/api/v1/clients/{id}", sl_no_params, 0, JSON, sl_api_client},
    {"DELETE", "/api/v1/clients/{id}", sl_no_params, 0, NULL, sl_api_disconnect},
    {"GET", "/api/v1/messages", sl_messages_params, 0, JSON, sl_api_messages},
    {"DELETE", "/api/v1/messages", sl_clear_params, 0, NULL, sl_api_clear},
    {"GET", "/api/v1/messages/{seq}", sl_message_params, 0, JSON, sl_api_message},
    {"GET", "/api/v1/messages/{seq}/raw", sl_raw_params, 0, "application/octet-stream", sl_api_raw},
    {"GET", "/api/v1/events", sl_events_params, 0, "text/event-stream", sl_api_events},
    {"GET", "/api/v1/export", sl_export_params, 0, NULL, sl_api_export},
    {"POST", "/api/v1/datagrams", sl_no_params, SL_DATAGRAM_BODY_MAX, JSON, sl_api_datagram},
};

const size_t sl_routes_count = sizeof(sl_routes) / sizeof(sl_routes[0]);

static const struct sl_route asset_route = {"GET", NULL, sl_no_params, 0, NULL, sl_api_asset};
static const struct sl_route moved_route = {"GET", NULL, sl_no_params, 0, NULL, sl_api_moved};

bool sl_route_is_open(const struct sl_route *route)
{
    return route->step == sl_api_healthz || route->step == sl_api_readyz ||
           route->step == sl_api_asset || route->step == sl_api_moved;
}

/* A path against a pattern. `number` gets what stands for the pattern's braces, with its size. */
static bool matches(const char *pattern, const char *path, const char **number, size_t *size)
{
    *number = NULL;
    while (*pattern && *path) {
        if (*pattern == '{') {
            *number = path;
            *size = strcspn(path, "/");
            path += *size;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0' && (!*number || *size > 0);
}

static bool answers(const struct sl_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void add_method(char allow[64], const char *method)
{
    size_t length = strlen(allow);

    snprintf(allow + length, 64 - length, "%s%s%s", length ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool read_number(const char *text, size_t size, uint64_t *id, struct sl_problem *problem)
{
    char digits[24];

    if (!text)
        return true;
    if (size < sizeof(digits)) {
        memcpy(digits, text, size);
        digits[size] = '\0';
        if (sl_parse_uint(digits, id))
            return true;
    }
    sl_problem_set(problem, 404, NULL, NULL, "there is nothing here: a number was expected");
    return false;
}

static const struct sl_route *refuse(const char *method, const char *path, const char *allow,
                                     struct sl_problem *problem)
{
    if (*allow)
        sl_problem_set(problem, 405, NULL, allow, "%s does not go here", sl_quote(method).text);
    else
        sl_problem_set(problem, 404, NULL, NULL,
                       "there is nothing at %s; /api/v1/ lists what there is", sl_quote(path).text);
    return NULL;
}

static const struct sl_route *find_other(const char *method, const char *path, char allow[64])
{
    const struct sl_route *route = sl_asset_find(path) ? &asset_route
                                   : sl_moved_to(path) ? &moved_route
                                                       : NULL;

    if (!route || answers(route, method))
        return route;
    add_method(allow, "GET");
    return NULL;
}

const struct sl_route *sl_route_find(const char *method, const char *path, uint64_t *id,
                                     char allow[64], struct sl_problem *problem)
{
    const struct sl_route *route;

    allow[0] = '\0';
    for (size_t i = 0; i < sl_routes_count; i++) {
        const char *number;
        size_t size = 0;

        if (!matches(sl_routes[i].path, path, &number, &size))
            continue;
        if (!answers(&sl_routes[i], method))
            add_method(allow, sl_routes[i].method);
        else
            return read_number(number, size, id, problem) ? &sl_routes[i] : NULL;
    }
    route = find_other(method, path, allow);
    return route ? route : refuse(method, path, allow, problem);
}
