#include "http/filter_params.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "socklens/clock.h"
#include "socklens/text.h"

#define LIST_SIZE 256

static bool service_bit(const char *name, uint32_t *bit)
{
    enum sl_service_id id;

    if (!sl_service_id_parse(name, &id))
        return false;
    *bit = 1u << id;
    return true;
}

static bool outcome_bit(const char *name, uint32_t *bit)
{
    enum sl_outcome outcome;

    if (!sl_outcome_parse(name, &outcome))
        return false;
    *bit = 1u << outcome;
    return true;
}

static const char *service_name(unsigned index)
{
    return index < SL_SERVICE_COUNT ? sl_service_id_name(index) : NULL;
}

static const char *outcome_name(unsigned index)
{
    return index < SL_OUTCOME_COUNT ? sl_outcome_name(index) : NULL;
}

static void list_names(const char *(*name_of)(unsigned), char text[LIST_SIZE])
{
    size_t length = 0;

    text[0] = '\0';
    for (unsigned i = 0; name_of(i) && length < LIST_SIZE; i++)
        length += (size_t)snprintf(text + length, LIST_SIZE - length, "%s%s", length ? ", " : "",
                                   name_of(i));
}

/* Names separated by commas to bits. */
static unsigned bits(const struct sl_query *query, const char *param,
                     bool (*parse)(const char *name, uint32_t *bit),
                     const char *(*name_of)(unsigned), uint32_t *out, struct sl_problem *problem)
{
    const char *value = sl_query_get(query, param);
    char names[LIST_SIZE], *rest = names, *name, allowed[LIST_SIZE];
    uint32_t all = 0, bit = 0;

    if (!value)
        return 0;
    snprintf(names, sizeof(names), "%s", value);
    while ((name = strsep(&rest, ","))) {
        if (!parse(name, &bit) || strlen(value) >= sizeof(names)) {
            list_names(name_of, allowed);
            return sl_problem_set(problem, 400, param, allowed, "there is no %s \"%s\"", param,
                                  sl_quote(name).text);
        }
        all |= bit;
    }
    *out = all;
    return 0;
}

static unsigned time_param(const struct sl_query *query, const char *param, int64_t *wall_ns,
                           struct sl_problem *problem)
{
    const char *value = sl_query_get(query, param);

    if (!value || sl_clock_parse(value, wall_ns))
        return 0;
    return sl_problem_set(problem, 400, param, "RFC 3339, as in 2026-01-31T12:00:00.5Z",
                          "%s is not a time: \"%s\"", param, sl_quote(value).text);
}

static unsigned text_param(const struct sl_query *query, struct sl_buffer *text,
                           struct sl_problem *problem)
{
    const char *value = sl_query_get(query, "text");

    if (!value)
        return 0;
    if (!*value)
        return sl_problem_set(problem, 400, "text", "at least one character", "text is empty");
    if (sl_buffer_append(text, value, strlen(value)) < 0)
        return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
    return 0;
}

static unsigned hex_param(const struct sl_query *query, struct sl_buffer *bytes,
                          struct sl_problem *problem)
{
    const char *value = sl_query_get(query, "hex");
    int code;

    if (!value)
        return 0;
    code = sl_text_from_hex(value, bytes);
    if (code == -ENOMEM)
        return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
    if (code < 0 || bytes->size == 0)
        return sl_problem_set(problem, 400, "hex", "pairs of hexadecimal digits, as in 48656c6c6f",
                              "hex is not hexadecimal: \"%s\"", sl_quote(value).text);
    return 0;
}

unsigned sl_services_from_query(const struct sl_query *query, uint32_t *services,
                                struct sl_problem *problem)
{
    return bits(query, "service", service_bit, service_name, services, problem);
}

unsigned sl_filter_from_query(const struct sl_query *query, struct sl_filter *filter,
                              struct sl_problem *problem)
{
    unsigned status = sl_services_from_query(query, &filter->services, problem);

    if (!status)
        status = bits(query, "outcome", outcome_bit, outcome_name, &filter->outcomes, problem);
    if (!status)
        status = sl_query_uint(query, "client", 1, UINT64_MAX, &filter->client, problem);
    if (!status)
        status = sl_query_uint(query, "min_size", 0, UINT64_MAX, &filter->min_size, problem);
    if (!status)
        status = time_param(query, "since", &filter->since_ns, problem);
    if (!status)
        status = time_param(query, "until", &filter->until_ns, problem);
    if (!status)
        status = text_param(query, &filter->text, problem);
    if (!status)
        status = hex_param(query, &filter->bytes, problem);
    return status;
}
