/* Leads whoever guesses an address to what there is. */
#include "api/api.h"

static void text(struct sl_json *json, const char *key, const char *value)
{
    sl_json_key(json, key);
    sl_json_string(json, value);
}

enum sl_step sl_api_index(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    (void)request;
    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    text(&json, "description", "openapi.json");
    text(&json, "reference", "../../#view=api");
    sl_json_key(&json, "operations");
    sl_json_open_array(&json);
    for (size_t i = 0; i < sl_routes_count; i++) {
        sl_json_open_object(&json);
        text(&json, "method", sl_routes[i].method);
        text(&json, "path", sl_routes[i].path);
        sl_json_close_object(&json);
    }
    sl_json_close_array(&json);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}
