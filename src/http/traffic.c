#include "http/traffic.h"

#include "http/route.h"

static size_t row_of(const struct sl_route *route)
{
    if (!route)
        return sl_routes_count + 1;
    if (route >= sl_routes && route < sl_routes + sl_routes_count)
        return (size_t)(route - sl_routes);
    return sl_routes_count;
}

void sl_traffic_count(struct sl_traffic *traffic, const struct sl_route *route, unsigned status)
{
    size_t row = row_of(route);

    if (row < SL_TRAFFIC_ROUTES)
        atomic_fetch_add_explicit(&traffic->answers[row][sl_status_index(status)], 1,
                                  memory_order_relaxed);
}

void sl_traffic_visit(struct sl_traffic *traffic,
                      void (*visit)(void *context, const char *method, const char *route,
                                    unsigned status, uint64_t answers),
                      void *context)
{
    for (size_t row = 0; row < sl_routes_count + 2 && row < SL_TRAFFIC_ROUTES; row++) {
        const struct sl_route *route = row < sl_routes_count ? &sl_routes[row] : NULL;
        const char *path = row == sl_routes_count ? "dashboard" : "none";

        for (size_t i = 0; i < SL_STATUS_COUNT; i++) {
            uint64_t answers =
                atomic_load_explicit(&traffic->answers[row][i], memory_order_relaxed);

            if (answers > 0)
                visit(context, route ? route->method : "any", route ? route->path : path,
                      sl_status_at(i), answers);
        }
    }
}
