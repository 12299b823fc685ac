/* A route by method and path; behind the owner's rows the dashboard's files and the redirects. */
#include "httpd/find_route.h"

#include <stdio.h>
#include <string.h>

#include "httpd/state.h"
#include "socklens/asset.h"
#include "socklens/request.h"

static enum sl_step asset_step(struct sl_request *request, struct sl_answer *answer)
{
    sl_asset_answer(sl_asset_find(request->path), &request->headers, answer);
    return SL_STEP_ANSWER;
}

/* Where the owner's redirects lead from that path; NULL: nowhere. */
static const char *find_redirect(const struct sl_httpd_owner *owner, const char *path)
{
    for (size_t i = 0; i < owner->redirect_count; i++) {
        if (strcmp(owner->redirects[i].from, path) == 0)
            return owner->redirects[i].to;
    }
    return NULL;
}

enum sl_step sl_redirect_step(struct sl_request *request, struct sl_answer *answer)
{
    answer->status = 307;
    sl_answer_header(answer, "Location", "%s",
                     find_redirect(&request->httpd->owner, request->path));
    return SL_STEP_ANSWER;
}

static const struct sl_route asset_route = {.method = "GET", .open = true, .step = asset_step};
static const struct sl_route redirect_route = {
    .method = "GET", .open = true, .step = sl_redirect_step};

/* A path against a pattern. `number` gets what stands for the pattern's braces, with its size. */
static bool matches(const char *pattern, const char *path, const char **number, size_t *size)
{
    *number = NULL;
    while (*pattern && *path) {
        if (*pattern == '{') {
            *number = path;
            *size = strcspn(path, "/");
            path += *size;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0' && (!*number || *size > 0);
}

static bool answers(const struct sl_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void add_method(char allow[64], const char *method)
{
    size_t length = strlen(allow);

    snprintf(allow + length, 64 - length, "%s%s%s", length ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool read_number(const char *text, size_t size, uint64_t *id, struct sl_problem *problem)
{
    char digits[24];

    if (!text)
        return true;
    if (size < sizeof(digits)) {
        memcpy(digits, text, size);
        digits[size] = '\0';
        if (sl_parse_uint(digits, id))
            return true;
    }
    sl_problem_set(problem, 404, NULL, NULL, "not found: the id must be a number");
    return false;
}

static const struct sl_route *refuse(const char *method, const char *path, const char *allow,
                                     struct sl_problem *problem)
{
    if (*allow)
        sl_problem_set(problem, 405, NULL, allow, "method %s not allowed", sl_quote(method).text);
    else
        sl_problem_set(problem, 404, NULL, NULL, "not found: %s; /api/v1/ lists what there is",
                       sl_quote(path).text);
    return NULL;
}

static const struct sl_route *find_other(const struct sl_httpd_owner *owner, const char *method,
                                         const char *path, char allow[64])
{
    const struct sl_route *route = sl_asset_find(path)          ? &asset_route
                                   : find_redirect(owner, path) ? &redirect_route
                                                                : NULL;

    if (!route || answers(route, method))
        return route;
    add_method(allow, "GET");
    return NULL;
}

const struct sl_route *sl_route_find(const struct sl_httpd_owner *owner, const char *method,
                                     const char *path, uint64_t *id, char allow[64],
                                     struct sl_problem *problem)
{
    const struct sl_route *other;

    allow[0] = '\0';
    for (size_t i = 0; i < owner->route_count; i++) {
        const struct sl_route *route = &owner->routes[i];
        const char *number;
        size_t size = 0;

        if (!matches(route->path, path, &number, &size))
            continue;
        if (answers(route, method))
            return strstr(route->path, "{name}") || read_number(number, size, id, problem) ? route
                                                                                           : NULL;
        add_method(allow, route->method);
    }
    other = find_other(owner, method, path, allow);
    return other ? other : refuse(method, path, allow, problem);
}
