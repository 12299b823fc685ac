#include "store/address_text.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

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

struct sl_address sl_address_text_parse(const char *text)
{
    struct sl_address address = SL_ADDRESS_NONE;
    char copy[SL_ADDRESS_TEXT_SIZE];
    char *host = copy, *colon;
    size_t size = strlen(text);

    if (strcmp(text, "unix:") == 0)
        return (struct sl_address){.family = AF_UNIX};
    if (size >= sizeof(copy))
        return SL_ADDRESS_NONE;
    memcpy(copy, text, size + 1);
    colon = strrchr(copy, ':');
    if (!colon)
        return SL_ADDRESS_NONE;
    *colon = '\0';
    if (*host == '[' && colon > host + 1) {
        colon[-1] = '\0';
        host++;
    }
    if (!parse_host(host, &address))
        return SL_ADDRESS_NONE;
    address.port = (uint16_t)strtoul(colon + 1, NULL, 10);
    return address;
}
