/* The list of clients, one client, and its end: filter, order and cursor of a page over all of
 * them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_clients.h"
#include "api/client_json.h"
#include "api/page.h"
#include "api/state.h"

static const char *const sort_names[] = {
    [SL_SORT_ID] = "id",
    [SL_SORT_LAST_SEEN] = "last_seen",
    [SL_SORT_MESSAGES] = "messages",
    [SL_SORT_BYTES] = "bytes",
};

/* As the words of `state` are numbered. */
enum { STATE_OPEN, STATE_CLOSED };

/* --- from the query --- */

/* "-last_seen.", with which a cursor of this order begins. */
static size_t write_order(const struct sl_client_list *list, char text[64])
{
    return (size_t)snprintf(text, 64, "%s%s.", list->descending ? "-" : "", sort_names[list->sort]);
}

/* "-last_seen.1700000000000000000.17": good for the order it came from only. */
static unsigned read_cursor(struct sl_client_list *list, struct sl_problem *problem)
{
    const char *cursor = list->asked.cursor, *id;
    char order[64];
    size_t size = write_order(list, order);

    if (!cursor)
        return 0;
    id = strrchr(cursor, '.');
    if (strncmp(cursor, order, size) != 0 || id < cursor + size ||
        !sl_parse_uint_n(cursor + size, (size_t)(id - cursor) - size, &list->after.value) ||
        !sl_parse_uint(id + 1, &list->after.id))
        return sl_page_bad_cursor(cursor, problem);
    list->has_after = true;
    return 0;
}

static unsigned allocate(struct sl_client_list *list, struct sl_problem *problem)
{
    list->capacity = 2 * ((size_t)list->asked.limit + 1);
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
    status = sl_query_read(query, &list->asked, problem);
    list->open = list->asked.state != STATE_CLOSED;
    list->closed = list->asked.state != STATE_OPEN;
    list->sort = list->asked.sort / 2;
    list->descending = list->asked.sort % 2;
    if (!status)
        status = read_cursor(list, problem);
    if (!status)
        status = allocate(list, problem);
    return status;
}

void sl_client_list_deinit(struct sl_client_list *list)
{
    sl_filter_deinit(&list->asked.filter);
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
    if (list->has_after && compare(list, place_of(list, view), list->after) <= 0)
        return false;
    return sl_filter_match_client(&list->asked.filter, view->service, view->id, &view->peer);
}

void sl_client_list_finish(struct sl_client_list *list)
{
    qsort_r(list->views, list->count, sizeof(*list->views), compare_views, list);
    if (list->count > list->asked.limit + 1)
        list->count = (size_t)list->asked.limit + 1;
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
    size_t size;

    if (list->count <= list->asked.limit)
        return false;
    place = place_of(list, &list->views[list->asked.limit - 1]);
    size = write_order(list, cursor);
    snprintf(cursor + size, 64 - size, "%" PRIu64 ".%" PRIu64, place.value, place.id);
    return true;
}

/* Steps of the registry's walk (256 clients each) between which others have their turn: about a
 * millisecond. */
#define CHUNKS 16

static void write_list(const struct sl_client_list *list, struct sl_registry *registry,
                       struct sl_answer *answer)
{
    size_t count = list->count < list->asked.limit ? list->count : (size_t)list->asked.limit;
    bool more;
    char cursor[64];
    struct sl_json json;

    more = sl_client_list_next(list, cursor);
    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    sl_json_key(&json, "items");
    sl_json_open_array(&json);
    for (size_t i = 0; i < count; i++) {
        sl_client_add_tcp_info(registry, &list->views[i]);
        sl_client_json(&json, &list->views[i], registry);
    }
    sl_json_close_array(&json);
    sl_page_json(&json, list->asked.limit, more ? cursor : NULL);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
}

/* What a request for clients keeps between its steps. */
struct pending {
    struct sl_client_list list;
    struct sl_registry_place place;
};

static void free_pending(void *state)
{
    struct pending *pending = state;

    sl_client_list_deinit(&pending->list);
    free(pending);
}

static bool begin(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};
    struct pending *pending = calloc(1, sizeof(*pending));

    if (pending) {
        request->state = pending;
        request->free_state = free_pending;
        if (sl_client_list_from_query(&pending->list, &request->query, &problem) == 0)
            return true;
    }
    sl_answer_problem(answer, &problem);
    return false;
}

enum sl_step sl_api_clients(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_registry *registry = sl_api_of(request)->registry;
    struct pending *pending;
    struct sl_client_list *list;

    if (!request->state && !begin(request, answer))
        return SL_STEP_ANSWER;
    pending = request->state;
    list = &pending->list;
    if (!sl_registry_walk_some(registry, list->open, list->closed, CHUNKS, &pending->place,
                               sl_client_list_visit, list))
        return SL_STEP_YIELD;
    sl_client_list_finish(list);
    write_list(list, registry, answer);
    return SL_STEP_ANSWER;
}

struct found {
    struct sl_client_view view;
    char listener[128];
};

/* Among those that are there, then among those of long ago. */
static bool find(struct sl_request *request, struct found *found, struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct sl_problem problem;
    const char *name;

    if (sl_registry_get(api->registry, request->id, &found->view)) {
        name = sl_registry_listener_name(api->registry, found->view.listener);
        snprintf(found->listener, sizeof(found->listener), "%s", name ? name : "");
        return true;
    }
    if (sl_history_client(&api->history, request->id, &found->view, found->listener,
                          sizeof(found->listener)))
        return true;
    sl_problem_set(&problem, 404, "id", NULL,
                   "there is no client %" PRIu64 ", or it closed long ago", request->id);
    sl_answer_problem(answer, &problem);
    return false;
}

enum sl_step sl_api_client(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;
    struct found found;

    if (!find(request, &found, answer))
        return SL_STEP_ANSWER;
    sl_json_init(&json, &answer->body);
    sl_client_detail_json(&json, &found.view, found.listener);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_disconnect(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem;
    struct found found;

    if (!find(request, &found, answer))
        return SL_STEP_ANSWER;
    if (!found.view.open) {
        sl_problem_set(&problem, 409, "id", NULL, "client %" PRIu64 " is already closed (%s)",
                       request->id, sl_close_reason_name(found.view.close_reason));
        return sl_request_refuse(answer, &problem);
    }
    sl_net_disconnect(sl_api_of(request)->net, request->id);
    answer->status = 204;
    return SL_STEP_ANSWER;
}
