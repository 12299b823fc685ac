#include "unit.h"

#include "net/udp_checks.h"

static uint8_t own_ports[65536 / 8];

static struct sl_address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {a, b, c, d}};
}

static struct sl_address ipv6(uint8_t first, uint8_t last, uint16_t port)
{
    return (struct sl_address){.family = AF_INET6, .port = port, .ip = {first, [15] = last}};
}

static enum sl_outcome decide(struct sl_address peer, struct sl_address local)
{
    return sl_udp_check(&peer, &local, own_ports);
}

static struct sl_address here(void)
{
    return ipv4(192, 0, 2, 1, 12000);
}

TEST(hosts_are_answered)
{
    const struct sl_address peers[] = {
        ipv4(127, 0, 0, 1, 40000),   ipv4(10, 0, 0, 1, 1024),   ipv4(192, 0, 2, 255, 65535),
        ipv4(223, 255, 255, 254, 1), ipv4(240, 0, 0, 1, 40000), ipv6(0, 1, 40000),
        ipv6(0x20, 1, 40000),        ipv6(0xfe, 1, 40000),
    };
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        assert_int_equal(decide(peers[i], here()), SL_REPLIED);
    assert_int_equal(decide(ipv6(0x20, 1, 40000), ipv6(0x20, 2, 12000)), SL_REPLIED);
}

TEST(addresses_of_many_hosts_or_none_are_not_answered)
{
    const struct sl_address many[] = {
        ipv4(0, 0, 0, 0, 40000),
        ipv4(0, 1, 2, 3, 40000),
        ipv4(224, 0, 0, 1, 40000),
        ipv4(239, 255, 255, 250, 40000),
        ipv4(255, 255, 255, 255, 40000),
        ipv6(0, 0, 40000),
        ipv6(0xff, 1, 40000),
        SL_ADDRESS_NONE,
    };
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        assert_int_equal(decide(many[i], here()), SL_REFUSED_NOT_UNICAST);
        assert_int_equal(decide(ipv4(10, 0, 0, 1, 40000), many[i]), SL_REFUSED_NOT_UNICAST);
    }
}

/* A remote one may be forged; a loopback address cannot be. */
TEST(remote_ports_that_answer_anything_are_not_answered)
{
    static const uint16_t reflecting[] = {0,   7,   13,  17,  19,  37,   53,   69,   111,
                                          123, 137, 161, 389, 520, 1900, 5353, 11211};
    for (uint32_t port = 0; port < 65536; port++) {
        bool refused = false;
        assert_int_equal(decide(ipv4(127, 1, 2, 3, (uint16_t)port), here()),
                         port == 0 ? SL_REFUSED_REFLECTING_PORT : SL_REPLIED);
        assert_int_equal(decide(ipv6(0, 1, (uint16_t)port), ipv6(0, 1, 12000)),
                         port == 0 ? SL_REFUSED_REFLECTING_PORT : SL_REPLIED);
        for (size_t i = 0; i < COUNT_OF(reflecting); i++)
            refused = refused || reflecting[i] == port;
        assert_int_equal(decide(ipv4(10, 0, 0, 1, (uint16_t)port), here()),
                         refused ? SL_REFUSED_REFLECTING_PORT : SL_REPLIED);
    }
}

TEST(our_own_ports_are_not_answered)
{
    static const uint16_t own[] = {1, 8, 12000, 65535};
    for (size_t i = 0; i < COUNT_OF(own); i++)
        own_ports[own[i] / 8] |= (uint8_t)(1u << own[i] % 8);
    for (uint32_t port = 0; port < 65536; port++) {
        bool refused = port == 1 || port == 8 || port == 12000 || port == 65535;
        enum sl_outcome outcome = decide(ipv6(0x20, 1, (uint16_t)port), ipv6(0x20, 2, 12000));
        assert_int_equal(outcome == SL_REFUSED_OWN_LISTENER, refused);
    }
    memset(own_ports, 0, sizeof(own_ports));
}

TEST(the_first_reason_is_given)
{
    own_ports[53 / 8] |= 1u << 53 % 8;
    assert_int_equal(decide(ipv4(10, 0, 0, 1, 53), here()), SL_REFUSED_OWN_LISTENER);
    assert_int_equal(decide(ipv4(224, 0, 0, 1, 53), here()), SL_REFUSED_NOT_UNICAST);
    memset(own_ports, 0, sizeof(own_ports));
}
