/* The message filters as query parameters. */
#ifndef SOCKLENS_API_FILTER_PARAMS_H
#define SOCKLENS_API_FILTER_PARAMS_H

#include "socklens/filter.h"
#include "socklens/query.h"

#define SL_FILTER_PARAM_true(name)       #name ","
#define SL_FILTER_PARAM_false(name)      #name
#define SL_FILTER_PARAM(name, list, ...) SL_FILTER_PARAM_##list(name),
#define SL_FILTER_PARAMS                 SL_FILTER_LIST(SL_FILTER_PARAM)

/* Fills `filter`, which must be zero-initialised, from the parameters that are filters; deinit it
 * in any case. 0, or 400 or 503 with `problem` set. */
unsigned sl_filter_from_query(const struct sl_query *query, struct sl_filter *filter,
                              struct sl_problem *problem);

#endif
