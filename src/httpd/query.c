/* A query is taken apart when the request's head is there, and read into a struct when its step
 * function asks: what is wrong with a name is found before a body is read. */
#include "socklens/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/clock.h"
#include "socklens/text.h"

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
        high = sl_text_hex_digit(in[1]);
        low = high < 0 ? -1 : sl_text_hex_digit(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = '\0';
    return sl_text_is_utf8((const uint8_t *)text, (size_t)(out - text));
}

/* NULL where there is none of that name. */
static const struct sl_param *find_declared(const struct sl_param *declared, const char *name)
{
    for (; declared && declared->name; declared++) {
        if (strcmp(declared->name, name) == 0)
            return declared;
    }
    return NULL;
}

static void join_names(const struct sl_param *declared, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (; declared && declared->name && length < size; declared++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "",
                                   declared->name);
}

static unsigned refuse_unknown(const struct sl_param *declared, const char *name,
                               struct sl_problem *problem)
{
    char allowed[sizeof(problem->allowed)];

    join_names(declared, allowed, sizeof(allowed));
    if (!*allowed)
        return sl_problem_set_unknown(problem, 400, name, NULL,
                                      "there is no parameter \"%s\": this takes none",
                                      sl_quote(name).text);
    return sl_problem_set_unknown(problem, 400, name, allowed, "there is no parameter \"%s\" here",
                                  sl_quote(name).text);
}

static bool is_given(const struct sl_query *query, const struct sl_param *param)
{
    for (size_t i = 0; i < query->count; i++) {
        if (query->params[i].declared == param)
            return true;
    }
    return false;
}

static unsigned add(struct sl_query *query, char *name, char *value, struct sl_problem *problem)
{
    const struct sl_param *param;

    if (!decode(name))
        return sl_problem_set(problem, 400, NULL, NULL,
                              "a parameter's name is not percent-encoded UTF-8");
    param = find_declared(query->declared, name);
    if (!param)
        return refuse_unknown(query->declared, name, problem);
    if (!decode(value))
        return sl_problem_set(problem, 400, param->name, "percent-encoded UTF-8 without NUL",
                              "%s is not percent-encoded UTF-8 without NUL", name);
    if (!param->list && is_given(query, param))
        return sl_problem_set(problem, 400, param->name, "once", "%s is given twice", name);
    if (query->count == SL_QUERY_PARAMS_MAX)
        return sl_problem_set(problem, 400, NULL, NULL, "too many parameters");
    query->params[query->count].declared = param;
    query->params[query->count++].value = value;
    return 0;
}

unsigned sl_query_parse(struct sl_query *query, const char *text, const struct sl_param *declared,
                        struct sl_problem *problem)
{
    char *rest, *part;

    *query = (struct sl_query){.declared = declared};
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
        status = add(query, part, value ? value : part + strlen(part), problem);
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

/* --- values --- */

static unsigned read_hex(const struct sl_param *param, const char *value, const char **text,
                         struct sl_problem *problem)
{
    size_t size = strspn(value, "0123456789abcdef");

    *text = value;
    if (!value[size] && size >= param->min && size <= param->max)
        return 0;
    return sl_problem_set(problem, 400, param->name, param->allowed, "\"%s\" is not a %s",
                          sl_quote(value).text, param->name);
}

static unsigned read_uint(const struct sl_param *param, const char *value, uint64_t *number,
                          struct sl_problem *problem)
{
    char allowed[64];

    if (sl_parse_uint(value, number) && *number >= param->min && *number <= param->max)
        return 0;
    snprintf(allowed, sizeof(allowed), "%" PRIu64 " to %" PRIu64, param->min, param->max);
    return sl_problem_set(problem, 400, param->name, allowed, "%s must be %s, not \"%s\"",
                          param->name, allowed, sl_quote(value).text);
}

static unsigned read_duration(const struct sl_param *param, const char *value, int64_t *ns,
                              struct sl_problem *problem)
{
    if (sl_duration_parse(value, ns) && *ns <= (int64_t)param->max * SL_NS_PER_S)
        return 0;
    return sl_problem_set(problem, 400, param->name, param->allowed,
                          "%s must be a duration of at most %" PRIu64 "s, not \"%s\"", param->name,
                          param->max, sl_quote(value).text);
}

static bool find_word(const char *words, const char *word, unsigned *index)
{
    size_t size;

    for (*index = 0; *words; ++*index) {
        size = strcspn(words, ",");
        if (strlen(word) == size && memcmp(words, word, size) == 0)
            return true;
        words += size;
        words += strspn(words, ", ");
    }
    return false;
}

static unsigned read_word(const struct sl_param *param, const char *value, unsigned *index,
                          struct sl_problem *problem)
{
    const char *allowed = param->allowed ? param->allowed : param->words;

    if (find_word(param->words, value, index))
        return 0;
    if (param->wrong)
        return sl_problem_set(problem, 400, param->name, allowed, "%s", param->wrong);
    return sl_problem_set(problem, 400, param->name, allowed, "there is no %s \"%s\"",
                          param->what ? param->what : param->name, sl_quote(value).text);
}

static unsigned read_words(const struct sl_param *param, const char *value, unsigned *bits,
                           struct sl_problem *problem)
{
    unsigned status = 0, index;
    char word[32];

    while (!status && sl_text_part(&value, word, sizeof(word))) {
        status = read_word(param, word, &index, problem);
        if (!status)
            *bits |= 1u << index;
    }
    return status;
}

static unsigned read_value(const struct sl_param *param, const char *value, void *into,
                           struct sl_problem *problem)
{
    void *member = (char *)into + param->offset;

    switch (param->kind) {
    case SL_PARAM_TEXT:
        *(const char **)member = value;
        return 0;
    case SL_PARAM_HEX:
        return read_hex(param, value, member, problem);
    case SL_PARAM_UINT:
        return read_uint(param, value, member, problem);
    case SL_PARAM_DURATION:
        return read_duration(param, value, member, problem);
    case SL_PARAM_WORD:
        return read_word(param, value, member, problem);
    case SL_PARAM_WORDS:
        return read_words(param, value, member, problem);
    case SL_PARAM_OTHER:
        break;
    }
    return param->read(param, value, member, problem);
}

static unsigned read_missing(const struct sl_param *param, void *into, struct sl_problem *problem)
{
    if (param->required && param->wrong)
        return sl_problem_set(problem, 400, param->name, param->words, "%s", param->wrong);
    if (param->required)
        return sl_problem_set(problem, 400, param->name, param->words, "%s is missing",
                              param->name);
    return param->fallback ? read_value(param, param->fallback, into, problem) : 0;
}

unsigned sl_query_read(const struct sl_query *query, void *into, struct sl_problem *problem)
{
    const struct sl_param *param = query->declared;
    unsigned status = 0;

    for (size_t i = 0; i < query->count && !status; i++)
        status = read_value(query->params[i].declared, query->params[i].value, into, problem);
    for (; param && param->name && !status; param++) {
        if (!is_given(query, param))
            status = read_missing(param, into, problem);
    }
    return status;
}
