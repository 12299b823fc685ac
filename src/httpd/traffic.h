/* How requests were answered, by route and status. Any thread. */
#ifndef SOCKLENS_HTTPD_TRAFFIC_H
#define SOCKLENS_HTTPD_TRAFFIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/problem.h"

struct sl_route;

/* Rows: the routes, then the dashboard's files, then what found no route. */
struct sl_traffic {
    const struct sl_route *routes;
    size_t route_count;
    _Atomic uint64_t (*answers)[SL_STATUS_COUNT];
};

/* `routes` must stay. 0 or -ENOMEM. */
int sl_traffic_init(struct sl_traffic *traffic, const struct sl_route *routes, size_t route_count);
void sl_traffic_deinit(struct sl_traffic *traffic);

/* `route` may be NULL: none was found. */
void sl_traffic_count(struct sl_traffic *traffic, const struct sl_route *route, unsigned status);

/* Calls `visit` for each row and status that was ever answered, row by row. */
void sl_traffic_visit(struct sl_traffic *traffic,
                      void (*visit)(void *context, const char *method, const char *route,
                                    unsigned status, uint64_t answers),
                      void *context);

#endif
