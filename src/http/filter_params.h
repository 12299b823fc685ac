/* The message filters as query parameters: service client outcome since until text hex min_size. */
#ifndef SOCKLENS_HTTP_FILTER_PARAMS_H
#define SOCKLENS_HTTP_FILTER_PARAMS_H

#include "http/query.h"
#include "socklens/filter.h"

/* For the tables of known parameters. */
#define SL_FILTER_PARAMS "service", "client", "outcome", "since", "until", "text", "hex", "min_size"

/* Fills `filter`, which must be zero-initialised; deinit it in any case. 0, or 400 or 503 with
 * `problem` set. `service` and `outcome` take several, separated by commas. */
unsigned sl_filter_from_query(const struct sl_query *query, struct sl_filter *filter,
                              struct sl_problem *problem);

/* `service` alone, as bits 1 << enum sl_service_id. */
unsigned sl_services_from_query(const struct sl_query *query, uint32_t *services,
                                struct sl_problem *problem);

#endif
