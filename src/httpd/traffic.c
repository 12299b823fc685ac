/* Counts answers in a table of routes and statuses, without a lock. */
#include "httpd/traffic.h"

#include <errno.h>
#include <stdlib.h>

#include "socklens/route.h"

int sl_traffic_init(struct sl_traffic *traffic, const struct sl_route *routes, size_t route_count)
{
    traffic->routes = routes;
    traffic->route_count = route_count;
    traffic->answers = calloc(route_count + 2, sizeof(*traffic->answers));
    return traffic->answers ? 0 : -ENOMEM;
}

void sl_traffic_deinit(struct sl_traffic *traffic)
{
    free(traffic->answers);
    traffic->answers = NULL;
}

static size_t row_of(const struct sl_traffic *traffic, const struct sl_route *route)
{
    if (!route)
        return traffic->route_count + 1;
    if (route >= traffic->routes && route < traffic->routes + traffic->route_count)
        return (size_t)(route - traffic->routes);
    return traffic->route_count;
}

void sl_traffic_count(struct sl_traffic *traffic, const struct sl_route *route, unsigned status)
{
    atomic_fetch_add_explicit(&traffic->answers[row_of(traffic, route)][sl_status_index(status)], 1,
                              memory_order_relaxed);
}

void sl_traffic_visit(struct sl_traffic *traffic,
                      void (*visit)(void *context, const char *method, const char *route,
                                    unsigned status, uint64_t answers),
                      void *context)
{
    for (size_t row = 0; row < traffic->route_count + 2; row++) {
        const struct sl_route *route = row < traffic->route_count ? &traffic->routes[row] : NULL;
        const char *path = row == traffic->route_count ? "dashboard" : "none";

        for (size_t i = 0; i < SL_STATUS_COUNT; i++) {
            uint64_t answers =
                atomic_load_explicit(&traffic->answers[row][i], memory_order_relaxed);

            if (answers > 0)
                visit(context, route ? route->method : "any", route ? route->path : path,
                      sl_status_at(i), answers);
        }
    }
}
