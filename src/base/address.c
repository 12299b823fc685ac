/* Socket addresses in 24 bytes, their text forms and their hash.
 *
 * Whoever sends datagrams chooses their addresses, and could choose ones whose plain hashes
 * collide; so the hash is SipHash-1-3 with a random key (Aumasson and Bernstein, 2012). */
#include "socklens/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/digits.h"

static bool has_scope(const struct in6_addr *ip)
{
    return IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MC_LINKLOCAL(ip) ||
           IN6_IS_ADDR_MC_NODELOCAL(ip);
}

static struct sl_address from_ipv4(const struct sockaddr_in *in)
{
    struct sl_address address = SL_ADDRESS_NONE;
    address.family = AF_INET;
    address.port = ntohs(in->sin_port);
    memcpy(address.ip, &in->sin_addr, 4);
    return address;
}

static struct sl_address from_ipv6(const struct sockaddr_in6 *in)
{
    struct sl_address address = SL_ADDRESS_NONE;
    address.port = ntohs(in->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
        address.family = AF_INET;
        memcpy(address.ip, in->sin6_addr.s6_addr + 12, 4);
        return address;
    }
    address.family = AF_INET6;
    address.scope_id = has_scope(&in->sin6_addr) ? in->sin6_scope_id : 0;
    memcpy(address.ip, &in->sin6_addr, 16);
    return address;
}

struct sl_address sl_address_from_sockaddr(const struct sockaddr *sockaddr, socklen_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } copy = {0}; /* the caller's bytes need not be aligned, nor as many as their family has */
    if (size < sizeof(sa_family_t))
        return SL_ADDRESS_NONE;
    memcpy(&copy, sockaddr, size < sizeof(copy) ? size : sizeof(copy));
    if (copy.any.sa_family == AF_INET && size >= sizeof(copy.ipv4))
        return from_ipv4(&copy.ipv4);
    if (copy.any.sa_family == AF_INET6 && size >= sizeof(copy.ipv6))
        return from_ipv6(&copy.ipv6);
    if (copy.any.sa_family == AF_UNIX)
        return (struct sl_address){.family = AF_UNIX};
    return SL_ADDRESS_NONE;
}

socklen_t sl_address_to_sockaddr(const struct sl_address *address, struct sockaddr_storage *out)
{
    if (address->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&in.sin_addr, address->ip, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    if (address->family == AF_INET6) {
        struct sockaddr_in6 in = {.sin6_family = AF_INET6,
                                  .sin6_port = htons(address->port),
                                  .sin6_scope_id = address->scope_id};
        memcpy(&in.sin6_addr, address->ip, 16);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    return 0;
}

/* None of the writers below ends its text with a NUL; the public functions do. */

static size_t put_text(const char *from, char *to)
{
    size_t length = strlen(from);
    memcpy(to, from, length);
    return length;
}

static size_t put_ipv4(const uint8_t *ip, char *to)
{
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            to[at++] = '.';
        at += sl_digits_write(ip[i], to + at);
    }
    return at;
}

static size_t put_scope(uint32_t scope_id, char *to)
{
    if (scope_id == 0)
        return 0;
    char name[IF_NAMESIZE];
    to[0] = '%';
    if (if_indextoname(scope_id, name))
        return 1 + put_text(name, to + 1);
    return 1 + sl_digits_write(scope_id, to + 1);
}

static size_t put_ipv6(const struct sl_address *address, char *to)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address->ip, text, sizeof(text));
    return put_text(text, to);
}

static size_t put_host(const struct sl_address *address, char *to)
{
    if (address->family == AF_INET)
        return put_ipv4(address->ip, to);
    if (address->family == AF_INET6) {
        size_t at = put_ipv6(address, to);
        return at + put_scope(address->scope_id, to + at);
    }
    return put_text(address->family == AF_UNIX ? "unix:" : "none", to);
}

static bool is_ip(const struct sl_address *address)
{
    return address->family == AF_INET || address->family == AF_INET6;
}

size_t sl_address_format_host(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE])
{
    size_t at = put_host(address, text);

    text[at] = '\0';
    return at;
}

size_t sl_address_format(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE])
{
    bool brackets = address->family == AF_INET6;
    size_t at = 0;
    if (brackets)
        text[at++] = '[';
    at += put_host(address, text + at);
    if (brackets)
        text[at++] = ']';
    if (is_ip(address)) {
        text[at++] = ':';
        at += sl_digits_write(address->port, text + at);
    }
    text[at] = '\0';
    return at;
}

size_t sl_address_format_python(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE])
{
    size_t at = 0;
    if (!is_ip(address)) {
        at = put_text(address->family == AF_UNIX ? "''" : "None", text);
        text[at] = '\0';
        return at;
    }
    at += put_text("('", text);
    bool ipv4 = address->family == AF_INET;
    at += ipv4 ? put_ipv4(address->ip, text + at) : put_ipv6(address, text + at);
    at += put_text("', ", text + at);
    at += sl_digits_write(address->port, text + at);
    if (!ipv4) { /* flow label and scope */
        at += put_text(", 0, ", text + at);
        at += sl_digits_write(address->scope_id, text + at);
    }
    at += put_text(")", text + at);
    text[at] = '\0';
    return at;
}

bool sl_address_equal(const struct sl_address *a, const struct sl_address *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool all_zero(const uint8_t *ip, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ip[i] != 0)
            return false;
    }
    return true;
}

bool sl_address_is_loopback(const struct sl_address *address)
{
    switch (address->family) {
    case AF_INET:
        return address->ip[0] == 127;
    case AF_INET6:
        return all_zero(address->ip, 15) && address->ip[15] == 1;
    default:
        return address->family == AF_UNIX;
    }
}

bool sl_address_is_link_local(const struct sl_address *address)
{
    if (address->family == AF_INET)
        return address->ip[0] == 169 && address->ip[1] == 254;
    return address->family == AF_INET6 && address->ip[0] == 0xFE && (address->ip[1] & 0xC0) == 0x80;
}

bool sl_address_is_wildcard(const struct sl_address *address)
{
    return (address->family == AF_INET && all_zero(address->ip, 4)) ||
           (address->family == AF_INET6 && all_zero(address->ip, 16));
}

static bool is_unicast_ipv4(const uint8_t *ip)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    bool this_network = ip[0] == 0;
    bool multicast = (ip[0] & 0xF0) == 224;
    return !this_network && !multicast && memcmp(ip, broadcast, 4) != 0;
}

bool sl_address_is_unicast(const struct sl_address *address)
{
    switch (address->family) {
    case AF_INET:
        return is_unicast_ipv4(address->ip);
    case AF_INET6:
        return address->ip[0] != 0xFF && !all_zero(address->ip, 16);
    default:
        return address->family == AF_UNIX;
    }
}

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"): peers choose ports and,
 * over IPv6, half of the address, so a mixer without a secret would let them fill one chain of a
 * table. One round a word and three at the end is what other hash tables take for that. */
struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint64_t sl_address_hash(const struct sl_address *address, uint64_t key)
{
    uint64_t words[3];
    _Static_assert(sizeof(words) == sizeof(*address), "every byte of an address is hashed");
    memcpy(words, address, sizeof(words));
    /* SipHash has 128 bits of key; the second half follows from the first. */
    uint64_t key2 = rotate(key, 32) * UINT64_C(0x9E3779B97F4A7C15);
    struct sip s = {
        .v0 = key ^ UINT64_C(0x736F6D6570736575),
        .v1 = key2 ^ UINT64_C(0x646F72616E646F6D),
        .v2 = key ^ UINT64_C(0x6C7967656E657261),
        .v3 = key2 ^ UINT64_C(0x7465646279746573),
    };
    for (size_t i = 0; i < 3; i++)
        sip_word(&s, words[i]);
    sip_word(&s, (uint64_t)sizeof(words) << 56);
    s.v2 ^= 0xFF;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct sl_address sl_address_limit_key(const struct sl_address *address)
{
    struct sl_address key = *address;
    key.port = 0;
    if (key.family == AF_INET6)
        memset(key.ip + 8, 0, 8);
    return key;
}
