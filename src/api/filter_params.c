#include "api/filter_params.h"

#include <errno.h>
#include <string.h>

#define NAME(name, ...) #name,

static bool is_filter(const char *name)
{
    static const char *const names[] = {SL_FILTER_LIST(NAME)};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

unsigned sl_filter_from_query(const struct sl_query *query, struct sl_filter *filter,
                              struct sl_problem *problem)
{
    for (size_t i = 0; i < query->count; i++) {
        const char *name = query->params[i].name, *allowed;
        struct sl_error error;
        int code;

        if (!is_filter(name))
            continue;
        code = sl_filter_set(filter, name, query->params[i].value, &error, &allowed);
        if (code == -ENOMEM)
            return sl_problem_set(problem, 503, NULL, NULL, "%s", error.text);
        if (code < 0)
            return sl_problem_set(problem, 400, name, allowed, "%s", error.text);
    }
    return 0;
}
