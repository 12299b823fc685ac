/* The message filters as parameters of a route. */
#ifndef SOCKLENS_API_FILTER_PARAMS_H
#define SOCKLENS_API_FILTER_PARAMS_H

#include "socklens/filter.h"
#include "socklens/query.h"

/* For the filter that is the first member of a route's parameters: one, or all with a comma behind
 * each. */
#define SL_FILTER_PARAM(name_, list_)                                                              \
    {                                                                                              \
        .name = #name_, .kind = SL_PARAM_OTHER, .list = list_, .read = sl_filter_param             \
    }
#define SL_FILTER_ROW(name_, list_, ...) SL_FILTER_PARAM(name_, list_),
#define SL_FILTER_PARAMS                 SL_FILTER_LIST(SL_FILTER_ROW)

/* Takes the value into the filter `member`, which must be zero-initialised; deinit it in any case.
 * 0, or 400 or 503 with `problem` set. */
unsigned sl_filter_param(const struct sl_param *param, const char *value, void *member,
                         struct sl_problem *problem);

#endif
