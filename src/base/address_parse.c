/* Numeric addresses back from their text: the other way round of sl_address_format. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/address.h"

static uint32_t parse_scope(const char *name)
{
    unsigned index = if_nametoindex(name);

    return index ? index : (uint32_t)strtoul(name, NULL, 10);
}

/* `host` is the text without port and brackets; it is changed. */
static bool parse_host(char *host, struct sl_address *address)
{
    char *scope = strchr(host, '%');

    if (inet_pton(AF_INET, host, address->ip) == 1) {
        address->family = AF_INET;
        return true;
    }
    if (scope)
        *scope = '\0';
    if (inet_pton(AF_INET6, host, address->ip) != 1)
        return false;
    address->family = AF_INET6;
    address->scope_id = scope ? parse_scope(scope + 1) : 0;
    return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    size_t size = strspn(text, "0123456789");

    if (size == 0 || size > 5 || text[size])
        return false;
    value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* Cuts `text` into host and port, which is NULL where there is none. False where the brackets are
 * not right. */
static bool split(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

    *host = text;
    *port = NULL;
    if (*text == '[') {
        *host = text + 1;
        if (!bracket || (bracket[1] && colon != bracket + 1))
            return false;
        if (bracket[1])
            *port = bracket + 2;
        *bracket = '\0';
    } else if (colon && strchr(text, ':') == colon) {
        *colon = '\0';
        *port = colon + 1;
    }
    return true;
}

bool sl_address_parse(const char *text, struct sl_address *address, bool *has_port)
{
    struct sl_address parsed = SL_ADDRESS_NONE;
    char copy[SL_ADDRESS_TEXT_SIZE], *host, *port = NULL;
    size_t size = strlen(text);

    if (size >= sizeof(copy))
        return false;
    memcpy(copy, text, size + 1);
    if (strcmp(text, "unix:") == 0)
        parsed.family = AF_UNIX;
    else if (!split(copy, &host, &port) || !parse_host(host, &parsed) ||
             (port && !parse_port(port, &parsed.port)))
        return false;
    *address = parsed;
    *has_port = port != NULL;
    return true;
}
