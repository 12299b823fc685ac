/* The table of routes, made from their list. */
#include "api/routes.h"

#define ROW(name, method_, path_, ...)                                                             \
    {.method = method_, .path = path_, .step = sl_api_##name, __VA_ARGS__},

const struct sl_route sl_routes[] = {SL_ROUTE_LIST(ROW)};
const size_t sl_routes_count = sizeof(sl_routes) / sizeof(sl_routes[0]);
