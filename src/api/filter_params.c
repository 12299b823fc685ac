/* From a parameter to the filter of the journal, and from its error to a problem. */
#include "api/filter_params.h"

#include <errno.h>

unsigned sl_filter_param(const struct sl_param *param, const char *value, void *member,
                         struct sl_problem *problem)
{
    struct sl_error error;
    const char *allowed;
    int code = sl_filter_set(member, param->name, value, &error, &allowed);

    if (code == -ENOMEM)
        return sl_problem_set(problem, 503, NULL, NULL, "%s", error.text);
    if (code < 0)
        return sl_problem_set(problem, 400, param->name, allowed, "%s", error.text);
    return 0;
}
