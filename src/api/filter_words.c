#include "socklens/filter_words.h"

#include <errno.h>

#include "api/filter_params.h"

int sl_filter_from_words(const struct sl_filter_word *words, size_t count, struct sl_filter *filter,
                         struct sl_error *error)
{
    struct sl_query query = {.count = count < SL_FILTER_WORDS_MAX ? count : SL_FILTER_WORDS_MAX};
    struct sl_problem problem;

    for (size_t i = 0; i < query.count; i++)
        query.params[i] = (struct sl_query_param){words[i].name, words[i].value};
    if (sl_filter_from_query(&query, filter, &problem) == 0)
        return 0;
    return sl_error_set(error, -EINVAL, "%s%s%s", problem.detail,
                        *problem.allowed ? "; allowed: " : "", problem.allowed);
}
