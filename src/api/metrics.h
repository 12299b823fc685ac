/* Prometheus' text format 0.0.4 of what the gateway counts.
 *
 * Labels come from the gateway's own lists (services, outcomes, routes, statuses), never from a
 * peer, so the number of series is bounded by the program. To add a metric: one line in metrics.c.
 */
#ifndef SOCKLENS_API_METRICS_H
#define SOCKLENS_API_METRICS_H

#include "socklens/buffer.h"

#define SL_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct sl_api;

/* Appends the page. 0 or -ENOMEM. Any thread. */
int sl_metrics_write(struct sl_api *api, struct sl_buffer *out);

#endif
