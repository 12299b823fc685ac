/* The query of a request for messages: decoding, and every filter. */
#include "fuzz.h"

#include "api/filter_params.h"
#include "api/page.h"
#include "socklens/text.h"

static const char *const names[] = {SL_FILTER_PARAMS "limit", "cursor", NULL};

/* Of a list that stands in several parameters it is the first. */
static const char *first(const struct sl_query *query, const char *name)
{
    size_t i = 0;

    while (strcmp(query->params[i].name, name) != 0)
        i++;
    return query->params[i].value;
}

static void check_decoded(const struct sl_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        const char *value = query->params[i].value;

        demand(sl_query_get(query, query->params[i].name) == first(query, query->params[i].name));
        demand(sl_text_utf8_prefix((const uint8_t *)value, strlen(value)) == strlen(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct sl_buffer document = SL_BUFFER_INIT;
    struct sl_problem problem = {0};
    struct sl_filter filter = {0};
    struct sl_query query = {0};
    uint64_t limit = 0;
    unsigned status = sl_query_parse(&query, text, names, &problem);

    if (!status) {
        check_decoded(&query);
        status = sl_filter_from_query(&query, &filter, &problem);
    }
    if (!status)
        status = sl_page_limit(&query, &limit, &problem);
    demand(status ? sl_problem_write(&problem, &document) == 0 : limit >= 1 && limit <= 1000);
    sl_buffer_deinit(&document);
    sl_filter_deinit(&filter);
    sl_query_deinit(&query);
    free(text);
    return 0;
}
