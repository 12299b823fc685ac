/* Leads whoever guesses an address to what there is. */
#include <string.h>

#include "http/api.h"

/* Addresses that people and programs try. Relative, so that it works under a path of a proxy. */
static const struct {
    const char *from, *to;
} moved[] = {
    {"/api", "api/v1/"},
    {"/api/", "v1/"},
    {"/api/v1", "v1/"},
    {"/api/v1/docs", "../../#view=api"},
    {"/api/docs", "../#view=api"},
    {"/docs", "./#view=api"},
    {"/docs/", "../#view=api"},
    {"/openapi.json", "api/v1/openapi.json"},
    {"/api/openapi.json", "v1/openapi.json"},
};

const char *sl_moved_to(const char *path)
{
    for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
        if (strcmp(moved[i].from, path) == 0)
            return moved[i].to;
    }
    return NULL;
}

enum sl_step sl_api_moved(struct sl_request *request, struct sl_answer *answer)
{
    answer->status = 307;
    sl_answer_header(answer, "Location", "%s", sl_moved_to(request->path));
    return SL_STEP_ANSWER;
}

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
