/* IP packets as they would have been on the wire: IPv4 (RFC 791) or IPv6 (RFC 8200) with UDP (RFC
 * 768) or TCP (RFC 9293), by the family of the addresses. */
#ifndef EXPORT_PACKET_H
#define EXPORT_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"

#define PACKET_HEADERS_MAX     68    /* IPv6, TCP, options of a SYN */
#define PACKET_DATAGRAM_MAX_V4 65507 /* 65,535 less both headers */
#define PACKET_DATAGRAM_MAX_V6 65527 /* the IPv6 header does not count */
#define PACKET_SEGMENT_MAX     65495 /* 65,535 less both headers of TCP over IPv4 */

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

struct packet {
    const struct sl_address *from, *to; /* of one family: AF_INET or AF_INET6 */
    uint16_t id;                        /* IPv4 identification */
    const uint8_t *payload;
    size_t stored; /* bytes at `payload`; those up to `size` are unknown */
    size_t size;   /* within the limits above */
    uint32_t seq, ack;
    unsigned flags; /* TCP_...; a SYN carries options for its segment size and window scale */
};

/* Writes all headers to `headers` and returns their size. The checksums are right where the whole
 * payload is stored. */
size_t packet_udp_headers(const struct packet *packet, uint8_t headers[PACKET_HEADERS_MAX]);
size_t packet_tcp_headers(const struct packet *packet, uint8_t headers[PACKET_HEADERS_MAX]);

#endif
