/* The message filters as query parameters: SL_FILTER_PARAMS. */
#ifndef SOCKLENS_API_FILTER_PARAMS_H
#define SOCKLENS_API_FILTER_PARAMS_H

#include "socklens/filter.h"
#include "socklens/filter_words.h"
#include "socklens/query.h"

/* Fills `filter`, which must be zero-initialised; deinit it in any case. 0, or 400 or 503 with
 * `problem` set. A `name_not` leaves out what `name` would let through. A filter that nothing can
 * fit is none of these: it lets nothing through. */
unsigned sl_filter_from_query(const struct sl_query *query, struct sl_filter *filter,
                              struct sl_problem *problem);

/* `service` alone, as bits 1 << enum sl_service_id. */
unsigned sl_services_from_query(const struct sl_query *query, uint32_t *services,
                                struct sl_problem *problem);

/* One value of `address`, given under the name `param`. 0 or 400. */
unsigned sl_filter_address_parse(const char *text, const char *param,
                                 struct sl_filter_address *address, struct sl_problem *problem);

#endif
