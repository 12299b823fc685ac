#include "api/filter_params.h"

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

/* Longer parts are none of ours. */
#define PART_SIZE SL_ADDRESS_TEXT_SIZE

/* The next part of a list, terminated; cut where it is too long to be right. */
static bool next_part(const struct sl_query *query, const char *param, struct sl_query_list *at,
                      char part[PART_SIZE])
{
    const char *text;
    size_t size;

    if (!sl_query_part(query, param, at, &text, &size))
        return false;
    snprintf(part, PART_SIZE, "%.*s", (int)(size < PART_SIZE ? size : PART_SIZE), text);
    return true;
}

static unsigned bits(const struct sl_query *query, const char *param,
                     bool (*parse)(const char *name, uint32_t *bit),
                     const char *(*name_of)(unsigned), uint32_t *out, struct sl_problem *problem)
{
    struct sl_query_list at = {0};
    char name[PART_SIZE], allowed[LIST_SIZE];
    uint32_t bit;

    while (next_part(query, param, &at, name)) {
        if (!parse(name, &bit)) {
            list_names(name_of, allowed);
            return sl_problem_set(problem, 400, param, allowed, "there is no %s \"%s\"", param,
                                  sl_quote(name).text);
        }
        *out |= bit;
    }
    return 0;
}

#define EVERY_BIT UINT32_C(0x7fffffff)
#define NO_RECORD UINT32_C(0x80000000) /* a bit that none has */

/* Those of `param` that are not among those of `param_not`. */
static unsigned bits_without(const struct sl_query *query, const char *param, const char *param_not,
                             bool (*parse)(const char *name, uint32_t *bit),
                             const char *(*name_of)(unsigned), uint32_t *out,
                             struct sl_problem *problem)
{
    uint32_t without = 0;
    unsigned status = bits(query, param, parse, name_of, out, problem);

    if (!status)
        status = bits(query, param_not, parse, name_of, &without, problem);
    if (without)
        *out = (*out ? *out : EVERY_BIT) & ~without;
    if (without && !*out)
        *out = NO_RECORD;
    return status;
}

static unsigned too_many(const char *param, struct sl_problem *problem)
{
    return sl_problem_set(problem, 400, param, "at most 16", "too many of %s", param);
}

static unsigned clients(const struct sl_query *query, const char *param,
                        struct sl_filter_peers *peers, struct sl_problem *problem)
{
    struct sl_query_list at = {0};
    char part[PART_SIZE];
    uint64_t id;

    while (next_part(query, param, &at, part)) {
        if (!sl_parse_uint(part, &id) || id == 0)
            return sl_problem_set(problem, 400, param, "numbers of clients, as in 3 or 3,17",
                                  "%s must be a client's number, not \"%s\" (an address or a port "
                                  "is asked for by address or port)",
                                  param, sl_quote(part).text);
        if (peers->client_count == SL_FILTER_LIST_MAX)
            return too_many(param, problem);
        peers->clients[peers->client_count++] = id;
    }
    return 0;
}

unsigned sl_filter_address_parse(const char *text, const char *param,
                                 struct sl_filter_address *address, struct sl_problem *problem)
{
    if (sl_address_parse(text, &address->ip, &address->by_port))
        return 0;
    return sl_problem_set(problem, 400, param,
                          "an IP address with or without port, as in 127.0.0.1 or [::1]:1600, or "
                          "unix:",
                          "\"%s\" is not an address", sl_quote(text).text);
}

static unsigned addresses(const struct sl_query *query, const char *param,
                          struct sl_filter_peers *peers, struct sl_problem *problem)
{
    struct sl_query_list at = {0};
    char part[PART_SIZE];

    while (next_part(query, param, &at, part)) {
        struct sl_filter_address address;

        if (sl_filter_address_parse(part, param, &address, problem) != 0)
            return 400;
        if (peers->address_count == SL_FILTER_LIST_MAX)
            return too_many(param, problem);
        peers->addresses[peers->address_count++] = address;
    }
    return 0;
}

static unsigned ports(const struct sl_query *query, const char *param,
                      struct sl_filter_peers *peers, struct sl_problem *problem)
{
    struct sl_query_list at = {0};
    char part[PART_SIZE];
    uint64_t port;

    while (next_part(query, param, &at, part)) {
        if (!sl_parse_uint(part, &port) || port == 0 || port > UINT16_MAX)
            return sl_problem_set(problem, 400, param, "1 to 65535, as in 1600 or 1600,1700",
                                  "%s must be a port, not \"%s\"", param, sl_quote(part).text);
        if (peers->port_count == SL_FILTER_LIST_MAX)
            return too_many(param, problem);
        peers->ports[peers->port_count++] = (uint16_t)port;
    }
    return 0;
}

static unsigned peer_params(const struct sl_query *query, struct sl_filter *filter,
                            struct sl_problem *problem)
{
    unsigned status = clients(query, "client", &filter->only, problem);

    if (!status)
        status = clients(query, "client_not", &filter->without, problem);
    if (!status)
        status = addresses(query, "address", &filter->only, problem);
    if (!status)
        status = addresses(query, "address_not", &filter->without, problem);
    if (!status)
        status = ports(query, "port", &filter->only, problem);
    if (!status)
        status = ports(query, "port_not", &filter->without, problem);
    return status;
}

static unsigned size_range(const struct sl_query *query, const char *min, const char *max,
                           struct sl_filter_size *range, struct sl_problem *problem)
{
    uint64_t largest = UINT64_MAX;
    unsigned status = sl_query_size(query, min, &range->min, problem);

    if (!status)
        status = sl_query_size(query, max, &largest, problem);
    range->over = largest + 1; /* 0 without an upper bound */
    return status;
}

static unsigned size_params(const struct sl_query *query, struct sl_filter *filter,
                            struct sl_problem *problem)
{
    unsigned status = size_range(query, "min_size", "max_size", &filter->size, problem);

    if (!status)
        status = size_range(query, "min_received", "max_received", &filter->received, problem);
    if (!status)
        status = size_range(query, "min_sent", "max_sent", &filter->sent, problem);
    return status;
}

/* A moment, or how long ago it was. */
static unsigned time_param(const struct sl_query *query, const char *param, int64_t *wall_ns,
                           struct sl_problem *problem)
{
    const char *value = sl_query_get(query, param);
    int64_t ago_ns = 0;

    if (!value || sl_clock_parse(value, wall_ns))
        return 0;
    if (strcmp(value, "now") != 0 && !sl_duration_parse(value, &ago_ns))
        return sl_problem_set(problem, 400, param,
                              "RFC 3339, as in 2026-01-31T12:00:00.5Z, or now, or how long ago, as "
                              "in 5m or 1h30m",
                              "%s is not a time: \"%s\"", param, sl_quote(value).text);
    *wall_ns = sl_clock_wall_ns() - ago_ns;
    if (*wall_ns < 1) /* 0 would be any */
        *wall_ns = 1;
    return 0;
}

static unsigned after_param(const struct sl_query *query, struct sl_filter *filter,
                            struct sl_problem *problem)
{
    filter->has_after = sl_query_get(query, "after") != NULL;
    return sl_query_uint(query, "after", 0, INT64_MAX, &filter->after_seq, problem);
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
    unsigned status = bits_without(query, "service", "service_not", service_bit, service_name,
                                   &filter->services, problem);

    if (!status)
        status = bits_without(query, "outcome", "outcome_not", outcome_bit, outcome_name,
                              &filter->outcomes, problem);
    if (!status)
        status = peer_params(query, filter, problem);
    if (!status)
        status = size_params(query, filter, problem);
    if (!status)
        status = after_param(query, filter, problem);
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
