/* Headers of IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768) and TCP (RFC 9293), with checksums. */
#include "export/packet.h"

#include <netinet/in.h>
#include <string.h>

#define HOP_LIMIT       64
#define IPV4_SIZE       20
#define IPV6_SIZE       40
#define UDP_SIZE        8
#define TCP_SIZE        20
#define SYN_OPTIONS     8
#define DONT_FRAGMENT   0x4000u
#define WINDOW          65535u /* scaled: 8 MiB, more than is ever unacknowledged */
#define WINDOW_SCALE    7
#define OPTION_MSS      2
#define OPTION_NOP      1
#define OPTION_WINDOW   3
#define UDP_NO_CHECKSUM 0

static uint8_t *put16(uint8_t *to, size_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return to + 2;
}

static uint8_t *put32(uint8_t *to, uint32_t value)
{
    return put16(put16(to, value >> 16), value & 0xFFFF);
}

/* RFC 1071: the sum of 16-bit words, in any byte order as long as it is one, so it is taken four
 * bytes at a time in that of the machine. */
static uint64_t sum(uint64_t sum_before, const uint8_t *bytes, size_t size)
{
    uint64_t total = sum_before;

    for (; size >= 4; bytes += 4, size -= 4) {
        uint32_t word;

        memcpy(&word, bytes, sizeof(word));
        total += word;
    }
    if (size > 0) {
        uint32_t word = 0;

        memcpy(&word, bytes, size);
        total += word;
    }
    return total;
}

/* Writes the checksum to where it belongs. */
static void finish_checksum(uint64_t total, uint8_t *to, bool is_udp)
{
    uint16_t checksum;

    while (total >> 16)
        total = (total & 0xFFFF) + (total >> 16);
    checksum = (uint16_t)~total;
    if (is_udp && checksum == UDP_NO_CHECKSUM)
        checksum = 0xFFFF;
    memcpy(to, &checksum, sizeof(checksum));
}

static size_t address_size(const struct packet *packet)
{
    return packet->from->family == AF_INET6 ? 16 : 4;
}

/* RFC 793 and RFC 8200 section 8.1: the sum is that of the same numbers in either layout. */
static uint64_t pseudo_header(const struct packet *packet, uint8_t protocol, size_t size)
{
    uint8_t rest[8] = {0};
    uint64_t total;

    put32(rest, (uint32_t)size);
    rest[7] = protocol;
    total = sum(0, packet->from->ip, address_size(packet));
    total = sum(total, packet->to->ip, address_size(packet));
    return sum(total, rest, sizeof(rest));
}

static size_t ipv4_header(const struct packet *packet, uint8_t protocol, size_t size, uint8_t *to)
{
    uint8_t *at = to;

    *at++ = 0x45;
    *at++ = 0;
    at = put16(at, IPV4_SIZE + size);
    at = put16(at, packet->id);
    at = put16(at, protocol == IPPROTO_TCP ? DONT_FRAGMENT : 0);
    *at++ = HOP_LIMIT;
    *at++ = protocol;
    at = put16(at, 0);
    memcpy(at, packet->from->ip, 4);
    memcpy(at + 4, packet->to->ip, 4);
    finish_checksum(sum(0, to, IPV4_SIZE), to + 10, false);
    return IPV4_SIZE;
}

static size_t ipv6_header(const struct packet *packet, uint8_t protocol, size_t size, uint8_t *to)
{
    uint8_t *at = put32(to, 0x60000000);

    at = put16(at, size);
    *at++ = protocol;
    *at++ = HOP_LIMIT;
    memcpy(at, packet->from->ip, 16);
    memcpy(at + 16, packet->to->ip, 16);
    return IPV6_SIZE;
}

/* `size` bytes follow the header. */
static size_t ip_header(const struct packet *packet, uint8_t protocol, size_t size, uint8_t *to)
{
    if (packet->from->family == AF_INET6)
        return ipv6_header(packet, protocol, size, to);
    return ipv4_header(packet, protocol, size, to);
}

size_t packet_udp_headers(const struct packet *packet, uint8_t headers[PACKET_HEADERS_MAX])
{
    size_t size = UDP_SIZE + packet->size;
    size_t begin = ip_header(packet, IPPROTO_UDP, size, headers);
    uint8_t *udp = headers + begin;
    uint64_t total;

    put16(udp, packet->from->port);
    put16(udp + 2, packet->to->port);
    put16(udp + 4, size);
    put16(udp + 6, 0);
    total = sum(pseudo_header(packet, IPPROTO_UDP, size), udp, UDP_SIZE);
    finish_checksum(sum(total, packet->payload, packet->stored), udp + 6, true);
    return begin + UDP_SIZE;
}

static void put_syn_options(uint8_t *to)
{
    *to++ = OPTION_MSS;
    *to++ = 4;
    to = put16(to, PACKET_SEGMENT_MAX);
    *to++ = OPTION_NOP;
    *to++ = OPTION_WINDOW;
    *to++ = 3;
    *to = WINDOW_SCALE;
}

size_t packet_tcp_headers(const struct packet *packet, uint8_t headers[PACKET_HEADERS_MAX])
{
    size_t options = packet->flags & TCP_SYN ? SYN_OPTIONS : 0;
    size_t size = TCP_SIZE + options + packet->size;
    size_t begin = ip_header(packet, IPPROTO_TCP, size, headers);
    uint8_t *tcp = headers + begin;
    uint64_t total;

    put16(tcp, packet->from->port);
    put16(tcp + 2, packet->to->port);
    put32(tcp + 4, packet->seq);
    put32(tcp + 8, packet->ack);
    tcp[12] = (uint8_t)((TCP_SIZE + options) / 4 << 4);
    tcp[13] = (uint8_t)packet->flags;
    put16(tcp + 14, WINDOW);
    put32(tcp + 16, 0); /* checksum; urgent pointer */
    if (options > 0)
        put_syn_options(tcp + TCP_SIZE);
    total = sum(pseudo_header(packet, IPPROTO_TCP, size), tcp, TCP_SIZE + options);
    finish_checksum(sum(total, packet->payload, packet->stored), tcp + 16, false);
    return begin + TCP_SIZE + options;
}
