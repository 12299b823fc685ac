/* The query of a request for messages: decoding, and every filter. */
#include "fuzz.h"

#include "../unit/params_of.h"
#include "socklens/text.h"

static void check_decoded(const struct sl_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        const char *value = query->params[i].value;

        demand(sl_text_utf8_prefix((const uint8_t *)value, strlen(value)) == strlen(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct sl_buffer document = SL_BUFFER_INIT;
    struct sl_problem problem = {0};
    struct sl_messages_params asked = {0};
    struct sl_query query = {0};
    unsigned status = sl_query_parse(&query, text, params_of_get("/api/v1/messages"), &problem);

    if (!status) {
        check_decoded(&query);
        status = sl_query_read(&query, &asked, &problem);
    }
    demand(status ? sl_problem_write(&problem, &document) == 0
                  : asked.limit >= 1 && asked.limit <= 1000);
    sl_buffer_deinit(&document);
    sl_filter_deinit(&asked.filter);
    sl_query_deinit(&query);
    free(text);
    return 0;
}
