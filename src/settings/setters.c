/* Parses the values of options, by kind. */
#include "settings/setters.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "socklens/clock.h"
#include "socklens/fault.h"
#include "socklens/size.h"
#include "socklens/target.h"
#include "socklens/web_origin.h"

SL_SETTER(flag)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};

    (void)option;
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *(bool *)field = strcasecmp(text, yes[i]) == 0;
            return 0;
        }
    }
    return sl_error_set(error, -EINVAL, "\"%s\" is neither yes nor no", text);
}

/* Decimal digits at the start of `text`, so no sign and no blanks; false where there are none or
 * too many. */
static bool parse_digits(const char *text, uint64_t *value, const char **rest)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    *rest = end;
    return errno == 0;
}

SL_SETTER(number)
{
    uint64_t value;
    const char *rest;

    if (!parse_digits(text, &value, &rest) || *rest || value < option->min || value > option->max)
        return sl_error_set(error, -EINVAL, "\"%s\" is not a number from %" PRIu64 " to %" PRIu64,
                            text, option->min, option->max);
    *(uint64_t *)field = value;
    return 0;
}

/* In the largest unit that needs no decimals. */
static const char *format_size(uint64_t size, char text[24])
{
    static const char units[][2] = {"", "K", "M", "G", "T"};
    size_t unit = 0;

    for (; size && size % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
        size /= 1024;
    snprintf(text, 24, "%" PRIu64 "%s", size, units[unit]);
    return text;
}

SL_SETTER(size)
{
    uint64_t value;
    char min[24], max[24];

    if (!sl_size_parse(text, &value) || value < option->min || value > option->max)
        return sl_error_set(error, -EINVAL,
                            "\"%s\" is not a size from %s to %s (bytes, or with K, M, G)", text,
                            format_size(option->min, min), format_size(option->max, max));
    *(uint64_t *)field = value;
    return 0;
}

SL_SETTER(time)
{
    int64_t ns;

    if (!sl_duration_parse(text, &ns))
        return sl_error_set(error, -EINVAL,
                            "\"%s\" is not a time: a number with ms, s, m, h or d, like 30s", text);
    if (ns < (int64_t)option->min || ns > (int64_t)option->max)
        return sl_error_set(error, -EINVAL,
                            "\"%s\" is not a time from %" PRIu64 "ms to %" PRIu64 "d", text,
                            option->min / SL_NS_PER_MS, option->max / (86400 * SL_NS_PER_S));
    *(int64_t *)field = ns;
    return 0;
}

static int replace_text(char **field, const char *text, size_t size, struct sl_error *error)
{
    char *copy = strndup(text, size);

    if (!copy)
        return sl_error_set(error, -ENOMEM, "out of memory");
    free(*field);
    *field = copy;
    return 0;
}

SL_SETTER(text)
{
    if (!*text)
        return sl_error_set(error, -EINVAL, "%s is missing", option->metavar);
    return replace_text(field, text, strlen(text), error);
}

void sl_clear_text(void *field)
{
    char **text = field;

    free(*text);
    *text = NULL;
}

SL_SETTER(choice)
{
    size_t size = strlen(text);
    unsigned index = 0;

    for (const char *name = option->choices; name; index++) {
        size_t name_size = strcspn(name, ",");

        if (size == name_size && memcmp(name, text, size) == 0) {
            *(unsigned *)field = index;
            return 0;
        }
        name = name[name_size] ? name + name_size + strlen(", ") : NULL;
    }
    return sl_error_set(error, -EINVAL, "\"%s\" is not one of %s", text, option->choices);
}

SL_SETTER(endpoint)
{
    struct sl_endpoint_list *list = field;
    struct sl_endpoint endpoint, *items;
    bool off = strcmp(text, "none") == 0;
    int result;

    if (list->off || (off && list->count > 0))
        return sl_error_set(error, -EINVAL, "\"none\" cannot be combined with an address");
    list->off = off;
    if (off)
        return 0;
    result = sl_endpoint_parse(text, &endpoint, error);
    if (result < 0)
        return result;
    if (*endpoint.unix_path && !option->stream)
        return sl_error_set(error, -EINVAL, "\"%s\": Unix sockets are not supported for UDP", text);
    items = reallocarray(list->items, list->count + 1, sizeof(*items));
    if (!items)
        return sl_error_set(error, -ENOMEM, "out of memory");
    items[list->count++] = endpoint;
    list->items = items;
    return 0;
}

void sl_clear_endpoints(void *field)
{
    struct sl_endpoint_list *list = field;

    free(list->items);
    *list = (struct sl_endpoint_list){0};
}

SL_SETTER(name)
{
    struct sl_name_list *list = field;
    char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

    if (!items)
        return sl_error_set(error, -ENOMEM, "out of memory");
    list->items = items;
    items[list->count] = NULL;
    if (sl_set_text(option, &items[list->count], text, error) < 0)
        return -EINVAL;
    list->count++;
    return 0;
}

static bool is_host(const char *text)
{
    const char *colon = strchr(text, ':');

    /* Two colons or more are an IPv6 address, one is a host with a port. */
    return *text && strlen(text) < sizeof(((struct sl_endpoint *)NULL)->host) &&
           !text[strcspn(text, ", \t[]/")] && !(colon && !strchr(colon + 1, ':'));
}

SL_SETTER(host)
{
    size_t size = strlen(text);
    bool bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']' && strchr(text, ':');
    char bare[sizeof(((struct sl_endpoint *)NULL)->host)];

    snprintf(bare, sizeof(bare), "%.*s", (int)(bracketed ? size - 2 : size), text + bracketed);
    if (size >= sizeof(bare) || !is_host(bare))
        return sl_error_set(error, -EINVAL, "\"%s\" is not a host name, an IP address or *", text);
    return sl_set_name(option, field, bare, error);
}

SL_SETTER(target)
{
    struct sl_target target;
    int code = sl_target_parse(text, &target, error);

    return code < 0 ? code : sl_set_name(option, field, text, error);
}

/* What a rule is wrong with, and what would be right. */
static int fault_error(const struct sl_rule_error *wrong, struct sl_error *error)
{
    return sl_error_set(error, -EINVAL, "%s%s%s", wrong->detail,
                        wrong->allowed ? "; allowed: " : "", wrong->allowed ? wrong->allowed : "");
}

SL_SETTER(fault)
{
    size_t size = strcspn(text, " \t");
    char name[SL_FAULT_NAME_SIZE];
    enum sl_service_id service;
    struct sl_rule_error wrong;
    struct sl_rule rule;

    snprintf(name, sizeof(name), "%.*s", (int)size, text);
    if (size >= sizeof(name) || !sl_service_id_parse(name, &service))
        return sl_error_set(error, -EINVAL,
                            "\"%.64s\" does not begin with a listener's name, as in "
                            "\"udp-upper loss 30%%\"",
                            text);
    if (sl_rule_parse(text + size, 0, &rule, &wrong) < 0 ||
        sl_rule_check(&rule, SL_FAULT_ON_DATAGRAMS, &wrong) < 0)
        return fault_error(&wrong, error);
    return sl_set_name(option, field, text, error);
}

SL_SETTER(web_origin)
{
    struct sl_web_origin origin;

    if (!sl_web_origin_parse(text, &origin))
        return sl_error_set(
            error, -EINVAL,
            "\"%s\" is not an origin such as https://lab.example:8443 (without a path)", text);
    return sl_set_name(option, field, origin.text, error);
}

void sl_clear_names(void *field)
{
    struct sl_name_list *list = field;

    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct sl_name_list){0};
}
