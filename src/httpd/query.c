#include "socklens/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/size.h"
#include "socklens/text.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* In place; false where an escape is broken or stands for NUL, or the result is not UTF-8. */
static bool decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in; in++) {
        int high, low;

        if (*in != '%') {
            *out++ = *in == '+' ? ' ' : *in;
            continue;
        }
        high = hex_digit(in[1]);
        low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = '\0';
    return sl_text_is_utf8((const uint8_t *)text, (size_t)(out - text));
}

static size_t name_size(const char *known)
{
    return strcspn(known, ",");
}

static bool is_list(const char *known)
{
    return known[name_size(known)] == ',';
}

static void join_names(const char *const *names, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (; *names && length < size; names++)
        length += (size_t)snprintf(text + length, size - length, "%s%.*s", length ? ", " : "",
                                   (int)name_size(*names), *names);
}

/* NULL where there is none of that name. */
static const char *find_known(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (strlen(name) == name_size(*names) && memcmp(*names, name, strlen(name)) == 0)
            return *names;
    }
    return NULL;
}

static unsigned refuse_unknown(const char *const *names, const char *name,
                               struct sl_problem *problem)
{
    char allowed[sizeof(problem->allowed)];

    join_names(names, allowed, sizeof(allowed));
    if (!*allowed)
        return sl_problem_set_unknown(problem, 400, name, NULL,
                                      "there is no parameter \"%s\": this takes none",
                                      sl_quote(name).text);
    return sl_problem_set_unknown(problem, 400, name, allowed, "there is no parameter \"%s\" here",
                                  sl_quote(name).text);
}

static unsigned add(struct sl_query *query, char *name, char *value, const char *const *names,
                    struct sl_problem *problem)
{
    const char *known;

    if (!decode(name))
        return sl_problem_set(problem, 400, NULL, NULL,
                              "a parameter's name is not percent-encoded UTF-8");
    known = find_known(names, name);
    if (!known)
        return refuse_unknown(names, name, problem);
    if (!decode(value))
        return sl_problem_set_unknown(problem, 400, name, "percent-encoded UTF-8 without NUL",
                                      "%s is not percent-encoded UTF-8 without NUL", name);
    if (!is_list(known) && sl_query_get(query, name))
        return sl_problem_set_unknown(problem, 400, name, "once", "%s is given twice", name);
    if (query->count == SL_QUERY_PARAMS_MAX)
        return sl_problem_set(problem, 400, NULL, NULL, "too many parameters");
    query->params[query->count++] = (struct sl_query_param){name, value};
    return 0;
}

unsigned sl_query_parse(struct sl_query *query, const char *text, const char *const *names,
                        struct sl_problem *problem)
{
    static const char *const none[] = {NULL};
    char *rest, *part;

    if (!names)
        names = none;
    *query = (struct sl_query){0};
    if (!text || !*text)
        return 0;
    query->text = rest = strdup(text);
    if (!rest)
        return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
    while ((part = strsep(&rest, "&"))) {
        char *value = strchr(part, '=');
        unsigned status;

        if (!*part)
            continue;
        if (value)
            *value++ = '\0';
        status = add(query, part, value ? value : part + strlen(part), names, problem);
        if (status)
            return status;
    }
    return 0;
}

void sl_query_deinit(struct sl_query *query)
{
    free(query->text);
    *query = (struct sl_query){0};
}

const char *sl_query_get(const struct sl_query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->params[i].name, name) == 0)
            return query->params[i].value;
    }
    return NULL;
}

bool sl_query_part(const struct sl_query *query, const char *name, struct sl_query_list *at,
                   const char **part, size_t *size)
{
    while (!at->rest) {
        if (at->param == query->count)
            return false;
        if (strcmp(query->params[at->param].name, name) == 0)
            at->rest = query->params[at->param].value;
        else
            at->param++;
    }
    *part = at->rest;
    *size = strcspn(at->rest, ",");
    at->rest += *size;
    if (*at->rest == ',') {
        at->rest++;
    } else {
        at->rest = NULL;
        at->param++;
    }
    return true;
}

unsigned sl_query_uint(const struct sl_query *query, const char *name, uint64_t min, uint64_t max,
                       uint64_t *value, struct sl_problem *problem)
{
    const char *text = sl_query_get(query, name);
    char allowed[64];
    uint64_t number;

    if (!text)
        return 0;
    if (sl_parse_uint(text, &number) && number >= min && number <= max) {
        *value = number;
        return 0;
    }
    if (max == UINT64_MAX)
        snprintf(allowed, sizeof(allowed), "a number, at least %" PRIu64, min);
    else
        snprintf(allowed, sizeof(allowed), "%" PRIu64 " to %" PRIu64, min, max);
    return sl_problem_set(problem, 400, name, allowed, "%s must be %s, not \"%s\"", name, allowed,
                          sl_quote(text).text);
}

unsigned sl_query_size(const struct sl_query *query, const char *name, uint64_t *value,
                       struct sl_problem *problem)
{
    const char *text = sl_query_get(query, name);

    if (!text || sl_size_parse(text, value))
        return 0;
    return sl_problem_set(problem, 400, name, "a number of bytes, also with k, M or G, as in 64k",
                          "%s is not a size: \"%s\"", name, sl_quote(text).text);
}
