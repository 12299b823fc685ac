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

/* NULL where there is none. */
static const cJSON *find_parameter(const cJSON *document, const cJSON *operation, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(operation, "parameters"))
    {
        const cJSON *parameter = resolve(document, item);
        const char *in = cJSON_GetObjectItemCaseSensitive(parameter, "in")->valuestring;
        const char *said = cJSON_GetObjectItemCaseSensitive(parameter, "name")->valuestring;

        if (strcmp(in, "query") == 0 && strcmp(said, name) == 0)
            return parameter;
    }
    return NULL;
}

/* Words with `separator` between, a number as it is written; NULL is "". */
static const char *text_of(const cJSON *value, const char *separator)
{
    static char text[256];
    const cJSON *word;
    size_t size = 0;

    text[0] = '\0';
    cJSON_ArrayForEach(word, value)
    {
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", size ? separator : "",
                                 word->valuestring);
    }
    if (cJSON_IsString(value))
        snprintf(text, sizeof(text), "%s", value->valuestring);
    if (cJSON_IsNumber(value))
        snprintf(text, sizeof(text), "%.0f", value->valuedouble);
    return text;
}

static void check_limits(const struct sl_param *param, const cJSON *schema)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(schema, "items");
    char pattern[32];

    switch (param->kind) {
    case SL_PARAM_UINT:
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(schema, "minimum")->valuedouble,
                         param->min);
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(schema, "maximum")->valuedouble,
                         param->max);
        break;
    case SL_PARAM_HEX:
        snprintf(pattern, sizeof(pattern), "^[0-9a-f]{%d,%d}$", (int)param->min, (int)param->max);
        assert_string_equal(text_of(cJSON_GetObjectItemCaseSensitive(schema, "pattern"), ""),
                            pattern);
        break;
    case SL_PARAM_WORD:
    case SL_PARAM_WORDS:
        assert_string_equal(
            text_of(cJSON_GetObjectItemCaseSensitive(items ? items : schema, "enum"), ", "),
            param->words);
        break;
    default:
        break;
    }
}

static void check_parameter(const struct sl_param *param, const cJSON *described,
                            const cJSON *schema)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(schema, "type");
    bool several = param->list || param->kind == SL_PARAM_WORDS;

    print_message("# %s\n", param->name);
    assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(described, "required")) != 0,
                     param->required);
    assert_int_equal(strcmp(text_of(type, ""), "array") == 0, several);
    if (param->kind == SL_PARAM_UINT)
        assert_string_equal(text_of(type, ""), "integer");
    if (param->fallback)
        assert_string_equal(text_of(cJSON_GetObjectItemCaseSensitive(schema, "default"), ","),
                            param->fallback);
    check_limits(param, schema);
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

TEST_GROUP(parse, forget)

TEST(every_route_is_described)
{
    const cJSON *document = *state;

    for (size_t i = 0; i < sl_routes_count; i++) {
        const struct sl_route *route = &sl_routes[i];
        const cJSON *operation = operation_of(document, route);
        int count = 0;

        for (const struct sl_param *param = route->params; param && param->name; param++, count++) {
            const cJSON *described = find_parameter(document, operation, param->name);

            if (!described)
                fail_msg("%s %s: openapi.json lacks the parameter %s", route->method, route->path,
                         param->name);
            check_parameter(
                param, described,
                resolve(document, cJSON_GetObjectItemCaseSensitive(described, "schema")));
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

TEST(only_routes_are_described)
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
