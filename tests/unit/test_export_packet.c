/* The checksums are verified by the receiver's rule, written as simply as RFC 1071 says it. */
#include "export_fixture.h"

#include <netinet/in.h>

#include "export/packet.h"

static uint8_t payload[PACKET_DATAGRAM_MAX_V6];

static int fill_payload(void **state)
{
    uint64_t random = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)next_random(&random);
    return 0;
}

static uint32_t add(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

/* What a receiver sums up must be all ones. */
static void assert_checksum(const struct packet *packet, const uint8_t *transport,
                            size_t header_size, uint8_t protocol)
{
    size_t address_size = packet->from->family == AF_INET6 ? 16 : 4;
    uint32_t sum = add(0, packet->from->ip, address_size);

    sum = add(sum, packet->to->ip, address_size);
    sum += protocol;
    sum += (uint32_t)(header_size + packet->size);
    sum = add(sum, transport, header_size);
    sum = add(sum, packet->payload, packet->size);
    assert_int_equal(sum, 0xFFFF);
}

static struct packet packet_of(const struct sl_address *from, const struct sl_address *to,
                               size_t size)
{
    return (struct packet){
        .from = from, .to = to, .payload = payload, .stored = size, .size = size, .id = 0xBEEF};
}

TEST_GROUP(fill_payload, NULL)

TEST(builds_udp_over_ipv4)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 1472, PACKET_DATAGRAM_MAX_V4};
    struct sl_address from = V4(1600), to = V4(12000);
    uint8_t headers[PACKET_HEADERS_MAX];

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct packet packet = packet_of(&from, &to, sizes[i]);

        assert_int_equal(packet_udp_headers(&packet, headers), 28);
        assert_int_equal(headers[0], 0x45);
        assert_int_equal(big16(headers + 2), 28 + sizes[i]);
        assert_int_equal(big16(headers + 4), 0xBEEF);
        assert_int_equal(headers[8], 64);
        assert_int_equal(headers[9], IPPROTO_UDP);
        assert_memory_equal(headers + 12, ((uint8_t[]){127, 0, 0, 1, 127, 0, 0, 1}), 8);
        assert_int_equal(add(0, headers, 20), 0xFFFF);
        assert_int_equal(big16(headers + 20), 1600);
        assert_int_equal(big16(headers + 22), 12000);
        assert_int_equal(big16(headers + 24), 8 + sizes[i]);
        assert_checksum(&packet, headers + 20, 8, IPPROTO_UDP);
    }
}

TEST(builds_udp_over_ipv6)
{
    static const size_t sizes[] = {0, 1, 7, 65507, PACKET_DATAGRAM_MAX_V6};
    struct sl_address from = V6(1600), to = V6(12000);
    uint8_t headers[PACKET_HEADERS_MAX];

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct packet packet = packet_of(&from, &to, sizes[i]);

        assert_int_equal(packet_udp_headers(&packet, headers), 48);
        assert_int_equal(big32(headers), 0x60000000);
        assert_int_equal(big16(headers + 4), 8 + sizes[i]);
        assert_int_equal(headers[6], IPPROTO_UDP);
        assert_int_equal(headers[7], 64);
        assert_memory_equal(headers + 8, from.ip, 16);
        assert_memory_equal(headers + 24, to.ip, 16);
        assert_checksum(&packet, headers + 40, 8, IPPROTO_UDP);
    }
}

/* RFC 768: a checksum of zero means that there is none. */
TEST(never_says_that_udp_has_no_checksum)
{
    struct sl_address from = V4(0), to = V4(0);
    struct packet packet = packet_of(&from, &to, 2);
    uint8_t headers[PACKET_HEADERS_MAX], filler[2] = {0, 0};

    packet.payload = filler;
    packet_udp_headers(&packet, headers);
    memcpy(filler, headers + 26, 2); /* brings the sum to all ones, its complement to zero */
    packet_udp_headers(&packet, headers);
    assert_int_equal(big16(headers + 26), 0xFFFF);
    assert_checksum(&packet, headers + 20, 8, IPPROTO_UDP);
}

static void check_tcp(const struct sl_address *from, const struct sl_address *to, size_t ip_size)
{
    struct packet packet = packet_of(from, to, 333);
    uint8_t headers[PACKET_HEADERS_MAX];
    const uint8_t *tcp = headers + ip_size;

    packet.seq = 0xFFFFFFFE;
    packet.ack = 0x12345678;
    packet.flags = TCP_ACK | TCP_PSH;
    assert_int_equal(packet_tcp_headers(&packet, headers), ip_size + 20);
    assert_int_equal(big32(tcp + 4), 0xFFFFFFFE);
    assert_int_equal(big32(tcp + 8), 0x12345678);
    assert_int_equal(big16(tcp + 12), 0x5018);
    assert_checksum(&packet, tcp, 20, IPPROTO_TCP);
    packet = packet_of(from, to, 0);
    packet.flags = TCP_SYN;
    assert_int_equal(packet_tcp_headers(&packet, headers), ip_size + 28);
    assert_int_equal(big16(tcp + 12), 0x7002);
    assert_checksum(&packet, tcp, 28, IPPROTO_TCP);
}

TEST(builds_tcp)
{
    struct sl_address from4 = V4(40000), to4 = V4(1060), from6 = V6(40000), to6 = V6(1060);

    check_tcp(&from4, &to4, 20);
    check_tcp(&from6, &to6, 40);
}
