/* The values in a rule's text: numbers, shares, rates, bytes, addresses. */
#include "fault/values.h"

#include <stdlib.h>
#include <string.h>

#include "socklens/text.h"

#define RATE_MIN 8u
#define RATE_MAX UINT64_C(10000000000)

bool value_parse_number(const char *text, uint64_t *number)
{
    char *end;

    if (*text < '0' || *text > '9' || strlen(text) > 19)
        return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0';
}

/* "12.5" times `scale`, rounded half up; `end` gets what follows. False where it is no number. */
static bool decimal_parse(const char *text, uint64_t scale, uint64_t *value, const char **end)
{
    unsigned __int128 sum = 0, part = (unsigned __int128)scale * 1000000000;
    char *rest;

    if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 12)
        return false;
    sum = part * strtoull(text, &rest, 10);
    if (*rest == '.') {
        if (rest[1] < '0' || rest[1] > '9')
            return false;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
            part /= 10;
            sum += part * (unsigned)(*rest - '0');
        }
    }
    *value = (uint64_t)((sum + 500000000) / 1000000000);
    *end = rest;
    return true;
}

bool value_parse_percent(const char *text, uint32_t *ppm)
{
    const char *end;
    uint64_t value;

    if (!decimal_parse(text, SL_FAULT_PPM / 100, &value, &end) || strcmp(end, "%") != 0 ||
        value > SL_FAULT_PPM)
        return false;
    *ppm = (uint32_t)value;
    return true;
}

bool value_parse_fraction(const char *text, struct sl_rule *rule)
{
    unsigned long long share, of;
    char *end;

    if (strspn(text, "0123456789") == 0 || strlen(text) > 20)
        return false;
    share = strtoull(text, &end, 10);
    if (*end != '/' || end[1] < '0' || end[1] > '9')
        return false;
    of = strtoull(end + 1, &end, 10);
    if (*end || of == 0 || of > UINT32_MAX || share > of)
        return false;
    rule->share = (uint32_t)share;
    rule->of = (uint32_t)of;
    rule->ppm = (uint32_t)((2 * share * SL_FAULT_PPM + of) / (2 * of));
    return true;
}

bool value_parse_rate(const char *text, uint64_t *bps)
{
    static const struct {
        const char *unit;
        uint64_t bits;
    } units[] = {{"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000},
                 {"B", 8},   {"kB", 8000},   {"MB", 8000000},   {"GB", 8000000000}};
    const char *end;
    uint64_t ignored;

    if (!decimal_parse(text, 1, &ignored, &end))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t size = strlen(units[i].unit);

        if (strncmp(end, units[i].unit, size) == 0 && (!end[size] || !strcmp(end + size, "/s")))
            return decimal_parse(text, units[i].bits, bps, &end) && *bps >= RATE_MIN &&
                   *bps <= RATE_MAX;
    }
    return false;
}

bool value_parse_hex(const char *text, struct sl_rule *rule)
{
    rule->content_size = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        bool any = text[0] == '?' && text[1] == '?';

        if (rule->content_size == SL_FAULT_CONTENT_MAX ||
            (!any && (sl_text_hex_digit(text[0]) < 0 || sl_text_hex_digit(text[1]) < 0)))
            return false;
        rule->mask[rule->content_size] = any ? 0 : 0xff;
        rule->bytes[rule->content_size++] =
            any ? 0 : (uint8_t)(sl_text_hex_digit(text[0]) << 4 | sl_text_hex_digit(text[1]));
        text += 2;
    }
    return rule->content_size > 0;
}

/* A CIDR network, an address, an address with a port, or a client's number. */
bool value_parse_client(char *text, struct sl_rule *rule)
{
    char *slash = strchr(text, '/');
    uint64_t bits = 0;
    bool has_port;

    if (value_parse_number(text, &rule->client_id)) {
        rule->client = SL_CLIENT_ID;
        return rule->client_id > 0;
    }
    if (slash) {
        *slash = '\0';
        if (!value_parse_number(slash + 1, &bits))
            return false;
    }
    if (!sl_address_parse(text, &rule->address, &has_port) || (slash && has_port) ||
        (rule->address.family != AF_INET && rule->address.family != AF_INET6))
        return false;
    rule->prefix = rule->address.family == AF_INET ? 32 : 128;
    if (bits > rule->prefix)
        return false;
    rule->client = has_port ? SL_CLIENT_ENDPOINT : SL_CLIENT_NETWORK;
    if (slash)
        rule->prefix = (uint8_t)bits;
    return true;
}
