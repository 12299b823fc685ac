#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/client_json.h"
#include "api/client_list.h"

/* Steps of the registry's walk (256 clients each) between which others have their turn: about a
 * millisecond. */
#define CHUNKS 16

static void write_list(const struct sl_client_list *list, struct sl_registry *registry,
                       struct sl_answer *answer)
{
    size_t count = list->count < list->limit ? list->count : (size_t)list->limit;
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
    sl_page_json(&json, list->limit, more ? cursor : NULL);
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
