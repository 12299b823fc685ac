#include "api/client_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/filter_params.h"

static const char *const sort_names[] = {
    [SL_SORT_ID] = "id",
    [SL_SORT_LAST_SEEN] = "last_seen",
    [SL_SORT_MESSAGES] = "messages",
    [SL_SORT_BYTES] = "bytes",
};

#define SORT_COUNT (sizeof(sort_names) / sizeof(sort_names[0]))

/* --- from the query --- */

static unsigned read_state(struct sl_client_list *list, const struct sl_query *query,
                           struct sl_problem *problem)
{
    const char *state = sl_query_get(query, "state");
    bool all = !state || strcmp(state, "all") == 0;

    list->open = all || strcmp(state, "open") == 0;
    list->closed = all || strcmp(state, "closed") == 0;
    if (list->open || list->closed)
        return 0;
    return sl_problem_set(problem, 400, "state", "open, closed, all", "there is no state \"%s\"",
                          sl_quote(state).text);
}

static unsigned read_address(struct sl_client_list *list, const struct sl_query *query,
                             struct sl_problem *problem)
{
    const char *text = sl_query_get(query, "address");

    if (!text)
        return 0;
    list->by_address = true;
    return sl_filter_address_parse(text, "address", &list->address, problem);
}

static bool parse_sort(const char *text, size_t size, struct sl_client_list *list)
{
    bool descending = size > 0 && *text == '-';

    text += descending;
    size -= descending;
    for (unsigned i = 0; i < SORT_COUNT; i++) {
        if (strlen(sort_names[i]) == size && memcmp(sort_names[i], text, size) == 0) {
            list->sort = i;
            list->descending = descending;
            return true;
        }
    }
    return false;
}

static unsigned read_sort(struct sl_client_list *list, const struct sl_query *query,
                          struct sl_problem *problem)
{
    const char *sort = sl_query_get(query, "sort");

    if (parse_sort(sort ? sort : "-last_seen", strlen(sort ? sort : "-last_seen"), list))
        return 0;
    return sl_problem_set(problem, 400, "sort",
                          "id, last_seen, messages, bytes; with - in front the other way round",
                          "there is no order \"%s\"", sl_quote(sort).text);
}

/* "-last_seen.1700000000000000000.17": good for the order it came from only. */
static unsigned read_cursor(struct sl_client_list *list, const struct sl_query *query,
                            struct sl_problem *problem)
{
    const char *cursor = sl_query_get(query, "cursor");
    struct sl_client_list order = {0};
    char copy[64], *value, *id;

    if (!cursor)
        return 0;
    snprintf(copy, sizeof(copy), "%s", cursor);
    value = strchr(copy, '.');
    id = value ? strchr(value + 1, '.') : NULL;
    if (id)
        *id = '\0';
    if (!id || strlen(cursor) >= sizeof(copy) ||
        !parse_sort(copy, (size_t)(value - copy), &order) || order.sort != list->sort ||
        order.descending != list->descending || !sl_parse_uint(value + 1, &list->after.value) ||
        !sl_parse_uint(id + 1, &list->after.id))
        return sl_page_bad_cursor(cursor, problem);
    list->has_after = true;
    return 0;
}

static unsigned allocate(struct sl_client_list *list, struct sl_problem *problem)
{
    list->capacity = 2 * ((size_t)list->limit + 1);
    list->views = malloc(list->capacity * sizeof(*list->views));
    if (list->views)
        return 0;
    return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
}

unsigned sl_client_list_from_query(struct sl_client_list *list, const struct sl_query *query,
                                   struct sl_problem *problem)
{
    unsigned status;

    *list = (struct sl_client_list){0};
    status = sl_services_from_query(query, &list->services, problem);
    if (!status)
        status = read_state(list, query, problem);
    if (!status)
        status = read_address(list, query, problem);
    if (!status)
        status = read_sort(list, query, problem);
    if (!status)
        status = read_cursor(list, query, problem);
    if (!status)
        status = sl_page_limit(query, &list->limit, problem);
    if (!status)
        status = allocate(list, problem);
    return status;
}

void sl_client_list_deinit(struct sl_client_list *list)
{
    free(list->views);
    list->views = NULL;
}

/* --- choosing --- */

static struct sl_client_place place_of(const struct sl_client_list *list,
                                       const struct sl_client_view *view)
{
    const struct sl_counters *counters = &view->counters;

    switch (list->sort) {
    case SL_SORT_ID:
        return (struct sl_client_place){view->id, view->id};
    case SL_SORT_LAST_SEEN:
        return (struct sl_client_place){(uint64_t)view->last_seen_at_ns, view->id};
    case SL_SORT_MESSAGES:
        return (struct sl_client_place){counters->received_messages + counters->sent_messages,
                                        view->id};
    case SL_SORT_BYTES:
        break;
    }
    return (struct sl_client_place){counters->received_bytes + counters->sent_bytes, view->id};
}

/* Negative where `a` comes first. */
static int compare(const struct sl_client_list *list, struct sl_client_place a,
                   struct sl_client_place b)
{
    int order = (a.value > b.value) - (a.value < b.value);

    if (order == 0)
        order = (a.id > b.id) - (a.id < b.id);
    return list->descending ? -order : order;
}

static int compare_views(const void *a, const void *b, void *context)
{
    const struct sl_client_list *list = context;

    return compare(list, place_of(list, a), place_of(list, b));
}

static bool is_wanted(const struct sl_client_list *list, const struct sl_client_view *view)
{
    if (list->services && !(list->services & 1u << view->service))
        return false;
    if (list->has_after && compare(list, place_of(list, view), list->after) <= 0)
        return false;
    return !list->by_address || sl_filter_is_at(&list->address, &view->peer);
}

void sl_client_list_finish(struct sl_client_list *list)
{
    qsort_r(list->views, list->count, sizeof(*list->views), compare_views, list);
    if (list->count > list->limit + 1)
        list->count = (size_t)list->limit + 1;
}

bool sl_client_list_visit(void *context, const struct sl_client_view *view)
{
    struct sl_client_list *list = context;

    if (!is_wanted(list, view))
        return true;
    if (list->count == list->capacity)
        sl_client_list_finish(list); /* sorts and drops the worse half */
    list->views[list->count++] = *view;
    return true;
}

bool sl_client_list_next(const struct sl_client_list *list, char cursor[64])
{
    struct sl_client_place place;

    if (list->count <= list->limit)
        return false;
    place = place_of(list, &list->views[list->limit - 1]);
    snprintf(cursor, 64, "%s%s.%" PRIu64 ".%" PRIu64, list->descending ? "-" : "",
             sort_names[list->sort], place.value, place.id);
    return true;
}
