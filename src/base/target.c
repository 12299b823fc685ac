/* Networks with ports, as --allow-target names them, and whether they cover an address. A link-
 * local target is covered by a link-local network only, since the same address exists on each
 * interface (RFC 4007). */
#include "socklens/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Cuts `text` in place: "[2001:db8::]/32:53" or "[2001:db8::/32]:53" to address, prefix (or NULL)
 * and ports. */
static bool cut(char *text, char **address, char **prefix, char **ports)
{
    char *end, *slash;

    *address = text;
    *prefix = NULL;
    if (*text == '[') {
        *address = text + 1;
        end = strchr(text, ']');
        if (!end)
            return false;
        *end++ = '\0';
        slash = strchr(*address, '/');
        if (slash) {
            *slash = '\0';
            *prefix = slash + 1;
        }
    } else {
        end = text + strcspn(text, "/:");
    }
    if (*end == '/') {
        if (*prefix)
            return false;
        *end++ = '\0';
        *prefix = end;
        end += strcspn(end, ":");
    }
    if (*end != ':')
        return false;
    *end = '\0';
    *ports = end + 1;
    return true;
}

static bool read_number(const char *text, char end, unsigned long max, const char **rest,
                        unsigned *number)
{
    char *stop;
    unsigned long value;

    if (*text < '0' || *text > '9')
        return false;
    value = strtoul(text, &stop, 10);
    *number = (unsigned)value;
    *rest = stop + (*stop != '\0');
    return value <= max && (*stop == '\0' || *stop == end);
}

static bool read_ports(const char *text, struct sl_target *target)
{
    unsigned first, last;
    const char *rest;

    if (!read_number(text, '-', UINT16_MAX, &rest, &first))
        return false;
    last = first;
    if (strchr(text, '-') && !read_number(rest, '\0', UINT16_MAX, &rest, &last))
        return false;
    target->first_port = (uint16_t)first;
    target->last_port = (uint16_t)last;
    return first > 0 && first <= last;
}

static bool read_network(const char *address, const char *prefix, bool brackets,
                         struct sl_target *target)
{
    unsigned bits = brackets ? 128 : 32;
    const char *rest, *zone = strchr(address, '%');
    bool has_port;

    target->prefix = bits;
    return sl_address_parse(address, &target->network, &has_port) && !has_port &&
           target->network.family == (brackets ? AF_INET6 : AF_INET) &&
           (!zone || (target->network.scope_id && sl_address_is_link_local(&target->network))) &&
           (!prefix || read_number(prefix, '\0', bits, &rest, &target->prefix));
}

int sl_target_parse(const char *text, struct sl_target *target, struct sl_error *error)
{
    char copy[96], *address, *prefix, *ports;
    struct sl_target parsed = {.network = SL_ADDRESS_NONE};

    if (strlen(text) < sizeof(copy)) {
        memcpy(copy, text, strlen(text) + 1);
        if (cut(copy, &address, &prefix, &ports) &&
            read_network(address, prefix, *text == '[', &parsed) && read_ports(ports, &parsed)) {
            *target = parsed;
            return 0;
        }
    }
    if (strchr(text, '%'))
        return sl_error_set(error, -EINVAL,
                            "\"%s\" is not a link-local network with ports and an interface of "
                            "this machine, as in [fe80::1%%eth0]:53",
                            text);
    return sl_error_set(error, -EINVAL,
                        "\"%s\" is not a network with ports, as in 192.0.2.0/24:9000-9010 or "
                        "[2001:db8::1]:53",
                        text);
}

/* Link-local addresses are for targets that lie in their range as a whole: a wide network like
 * 0.0.0.0/0 is not meant to include what an operator's machine alone reaches, as a cloud's
 * metadata service at 169.254.169.254. */
static bool permits_link_local(const struct sl_target *target, const struct sl_address *address)
{
    unsigned bits = target->network.family == AF_INET ? 16 : 10;

    return sl_address_is_link_local(&target->network) && target->prefix >= bits &&
           (target->network.scope_id == 0 || target->network.scope_id == address->scope_id);
}

static bool is_mapped(const struct sl_address *address)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    return address->family == AF_INET6 && memcmp(address->ip, prefix, sizeof(prefix)) == 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    return memcmp(a, b, bytes) == 0 && (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

bool sl_target_covers(const struct sl_target *target, const struct sl_address *address)
{
    return address->family == target->network.family && address->port >= target->first_port &&
           address->port <= target->last_port && sl_address_is_unicast(address) &&
           (!sl_address_is_link_local(address) || permits_link_local(target, address)) &&
           !is_mapped(address) && same_bits(target->network.ip, address->ip, target->prefix);
}

bool sl_targets_cover(const struct sl_targets *targets, const struct sl_address *address)
{
    for (size_t i = 0; i < targets->count; i++) {
        if (sl_target_covers(&targets->items[i], address))
            return true;
    }
    return false;
}
