#include "unit.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "api/openapi.h"
#include "api/routes.h"

static int parse(void **state)
{
    *state = cJSON_ParseWithLength((const char *)sl_openapi->data, sl_openapi->size);
    return *state ? 0 : -1;
}

static int forget(void **state)
{
    cJSON_Delete(*state);
    return 0;
}

/* Follows "#/components/parameters/limit". */
static const cJSON *resolve(const cJSON *document, const cJSON *item)
{
    const cJSON *ref = cJSON_GetObjectItemCaseSensitive(item, "$ref"), *at = document;
    char path[128], *rest = path, *name;

    if (!ref)
        return item;
    assert_memory_equal(ref->valuestring, "#/", 2);
    snprintf(path, sizeof(path), "%s", ref->valuestring + 2);
    while ((name = strsep(&rest, "/")))
        at = cJSON_GetObjectItemCaseSensitive(at, name);
    assert_non_null(at);
    return at;
}

static const cJSON *operation_of(const cJSON *document, const struct sl_route *route)
{
    const cJSON *paths = cJSON_GetObjectItemCaseSensitive(document, "paths"), *path, *operation;

    path = cJSON_GetObjectItemCaseSensitive(paths, route->path);
    if (!path)
        fail_msg("%s is missing in openapi.json", route->path);
    operation = cJSON_GetObjectItem(path, route->method);
    if (!operation)
        fail_msg("%s %s is missing in openapi.json", route->method, route->path);
    return operation;
}

static bool has_parameter(const cJSON *document, const cJSON *operation, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(operation, "parameters"))
    {
        const cJSON *parameter = resolve(document, item);
        const char *in = cJSON_GetObjectItemCaseSensitive(parameter, "in")->valuestring;

        const char *said = cJSON_GetObjectItemCaseSensitive(parameter, "name")->valuestring;

        if (strcmp(in, "query") == 0 && strlen(said) == strcspn(name, ",") &&
            memcmp(said, name, strlen(said)) == 0)
            return true;
    }
    return false;
}

static int query_count(const cJSON *document, const cJSON *operation)
{
    const cJSON *item;
    int count = 0;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(operation, "parameters"))
    {
        const cJSON *in = cJSON_GetObjectItemCaseSensitive(resolve(document, item), "in");

        count += strcmp(in->valuestring, "query") == 0;
    }
    return count;
}

static void routes_are_described(void **state)
{
    const cJSON *document = *state;

    for (size_t i = 0; i < sl_routes_count; i++) {
        const struct sl_route *route = &sl_routes[i];
        const cJSON *operation = operation_of(document, route);
        int count = 0;

        for (const char *const *name = route->params; name && *name; name++, count++) {
            if (!has_parameter(document, operation, *name))
                fail_msg("%s %s: openapi.json lacks the parameter %s", route->method, route->path,
                         *name);
        }
        assert_int_equal(query_count(document, operation), count);
        assert_int_equal(cJSON_HasObjectItem(operation, "requestBody"), route->body_max > 0);
    }
}

static bool is_routed(const char *method, const char *path)
{
    for (size_t i = 0; i < sl_routes_count; i++) {
        if (strcasecmp(sl_routes[i].method, method) == 0 && strcmp(sl_routes[i].path, path) == 0)
            return true;
    }
    return false;
}

static void nothing_else_is_described(void **state)
{
    const cJSON *document = *state, *path, *operation;

    cJSON_ArrayForEach(path, cJSON_GetObjectItemCaseSensitive(document, "paths"))
    {
        cJSON_ArrayForEach(operation, path)
        {
            if (cJSON_IsObject(operation) && !is_routed(operation->string, path->string))
                fail_msg("there is no %s %s, but openapi.json has it", operation->string,
                         path->string);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_are_described),
        cmocka_unit_test(nothing_else_is_described),
    };

    return cmocka_run_group_tests(tests, parse, forget);
}
