/* Problem details (RFC 9457): their sentence, and the document. */
#include "socklens/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "socklens/json.h"
#include "socklens/text.h"

static const struct {
    unsigned status;
    const char *title;
} titles[SL_STATUS_COUNT] = {
    {500, "Internal Server Error"},
    {200, "OK"},
    {204, "No Content"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *status_title(unsigned status)
{
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

size_t sl_status_index(unsigned status)
{
    for (size_t i = 0; i < SL_STATUS_COUNT; i++) {
        if (titles[i].status == status)
            return i;
    }
    return 0;
}

unsigned sl_status_at(size_t index)
{
    return titles[index].status;
}

__attribute__((format(printf, 5, 0))) static unsigned set(struct sl_problem *problem,
                                                          unsigned status, const char *param,
                                                          const char *allowed, const char *format,
                                                          va_list arguments)
{
    *problem = (struct sl_problem){.status = status, .param = param};
    vsnprintf(problem->detail, sizeof(problem->detail), format, arguments);
    sl_text_trim(problem->detail);
    snprintf(problem->allowed, sizeof(problem->allowed), "%s", allowed ? allowed : "");
    sl_text_trim(problem->allowed);
    return status;
}

unsigned sl_problem_set(struct sl_problem *problem, unsigned status, const char *param,
                        const char *allowed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(problem, status, param, allowed, format, arguments);
    va_end(arguments);
    return status;
}

unsigned sl_problem_set_unknown(struct sl_problem *problem, unsigned status, const char *param,
                                const char *allowed, const char *format, ...)
{
    struct sl_quote quoted = sl_quote(param);
    va_list arguments;

    va_start(arguments, format);
    set(problem, status, NULL, allowed, format, arguments);
    va_end(arguments);
    snprintf(problem->unknown, sizeof(problem->unknown), "%.60s", quoted.text);
    sl_text_trim(problem->unknown);
    return status;
}

static void optional(struct sl_json *json, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    sl_json_key(json, key);
    sl_json_string(json, text);
}

static void write_near(struct sl_json *json, const struct sl_problem *problem)
{
    if (!*problem->near[0])
        return;
    sl_json_key(json, "near");
    sl_json_open_array(json);
    for (size_t i = 0; i < SL_PROBLEM_NEAR && *problem->near[i]; i++)
        sl_json_string(json, problem->near[i]);
    sl_json_close_array(json);
}

int sl_problem_write(const struct sl_problem *problem, struct sl_buffer *out)
{
    struct sl_json json;

    sl_json_init(&json, out);
    sl_json_open_object(&json);
    sl_json_key(&json, "type");
    sl_json_string(&json, "about:blank");
    sl_json_key(&json, "title");
    sl_json_string(&json, status_title(problem->status));
    sl_json_key(&json, "status");
    sl_json_uint(&json, problem->status);
    optional(&json, "detail", problem->detail);
    optional(&json, "param", problem->param ? problem->param : problem->unknown);
    optional(&json, "allowed", problem->allowed);
    if (problem->oldest_seq) {
        sl_json_key(&json, "oldest_seq");
        sl_json_uint(&json, problem->oldest_seq);
    }
    write_near(&json, problem);
    sl_json_close_object(&json);
    return json.failed ? -ENOMEM : 0;
}
