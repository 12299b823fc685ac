/* Where a reader wants to go on: a line as Last-Event-ID, and behind it the query of lists and of
 * the event stream. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

#include "../unit/params_of.h"
#include "api/api_clients.h"
#include "api/api_messages.h"
#include "api/stream.h"

#define RUN    "0123456789abcdef0123456789abcdef"
#define NEWEST 1000

static void check_problem(unsigned status, const struct sl_problem *problem)
{
    struct sl_buffer document = SL_BUFFER_INIT;

    demand(status == problem->status && sl_problem_write(problem, &document) == 0);
    sl_buffer_deinit(&document);
}

/* What was taken is what such an id looks like. */
static void check_id(const char *text)
{
    char again[64];
    uint64_t seq;

    if (!sl_stream_parse_id(text, RUN, NEWEST, &seq))
        return;
    demand(seq <= NEWEST && strncmp(text, RUN ":", sizeof(RUN)) == 0);
    snprintf(again, sizeof(again), "%" PRIu64, seq);
    text += sizeof(RUN);
    demand(strcmp(text + strspn(text, "0"), seq == 0 ? "" : again) == 0);
}

static void check_messages(const struct sl_query *query)
{
    struct sl_message_list list;
    struct sl_problem problem = {0};
    unsigned status = sl_message_list_from_query(&list, query, &problem);

    if (status)
        check_problem(status, &problem);
    else
        demand(list.asked.limit >= 1 && list.asked.limit <= SL_PAGE_LIMIT_MAX &&
               list.asked.min >= 1 && list.asked.wait >= -1 &&
               list.asked.wait <= SL_WAIT_MAX_S * SL_NS_PER_S &&
               (!list.oldest_first || list.place > 0));
    sl_message_list_deinit(&list);
}

static void check_clients(const struct sl_query *query)
{
    struct sl_client_list list;
    struct sl_problem problem = {0};
    unsigned status = sl_client_list_from_query(&list, query, &problem);

    if (status)
        check_problem(status, &problem);
    else
        demand(list.asked.limit >= 1 && list.asked.limit <= SL_PAGE_LIMIT_MAX &&
               list.has_after == (list.asked.cursor != NULL));
    sl_client_list_deinit(&list);
}

static void check_events(const struct sl_query *query)
{
    struct sl_events_params asked = {0};
    struct sl_problem problem = {0};
    unsigned status = sl_query_read(query, &asked, &problem);

    if (status)
        check_problem(status, &problem);
    else
        demand(asked.types != 0 && asked.sample <= SL_STREAM_SAMPLE_MAX);
    sl_filter_deinit(&asked.filter);
}

static void check_query(const char *text, const char *path,
                        void (*check)(const struct sl_query *query))
{
    char *own = text_of((const uint8_t *)text, strlen(text));
    struct sl_query query = {0};
    struct sl_problem problem = {0};

    if (sl_query_parse(&query, own, params_of_get(path), &problem) == 0)
        check(&query);
    sl_query_deinit(&query);
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), *query = text;
    const char *id = strsep(&query, "\n");

    check_id(id);
    if (query) {
        check_query(query, "/api/v1/messages", check_messages);
        check_query(query, "/api/v1/clients", check_clients);
        check_query(query, "/api/v1/events", check_events);
    }
    free(text);
    return 0;
}
