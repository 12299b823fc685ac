#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "socklens/address.h"

static struct sl_address ipv4(const char *ip, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, ip, &in.sin_addr), 1);
    return sl_address_from_sockaddr((struct sockaddr *)&in, sizeof(in));
}

static struct sl_address ipv6(const char *ip, uint16_t port, uint32_t scope)
{
    struct sockaddr_in6 in = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};
    assert_int_equal(inet_pton(AF_INET6, ip, &in.sin6_addr), 1);
    return sl_address_from_sockaddr((struct sockaddr *)&in, sizeof(in));
}

static struct sl_address unix_peer(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    return sl_address_from_sockaddr((struct sockaddr *)&un, sizeof(sa_family_t));
}

static void assert_forms(struct sl_address address, const char *text, const char *in_python)
{
    char got[SL_ADDRESS_TEXT_SIZE];
    assert_int_equal(sl_address_format(&address, got), strlen(text));
    assert_string_equal(got, text);
    assert_int_equal(sl_address_format_python(&address, got), strlen(in_python));
    assert_string_equal(got, in_python);
}

TEST(writes_addresses)
{
    assert_forms(ipv4("127.0.0.1", 12000), "127.0.0.1:12000", "('127.0.0.1', 12000)");
    assert_forms(ipv4("0.0.0.0", 0), "0.0.0.0:0", "('0.0.0.0', 0)");
    assert_forms(ipv4("255.255.255.255", 65535), "255.255.255.255:65535",
                 "('255.255.255.255', 65535)");
    assert_forms(ipv6("::1", 1060, 0), "[::1]:1060", "('::1', 1060, 0, 0)");
    assert_forms(unix_peer(), "unix:", "''");
    assert_forms(SL_ADDRESS_NONE, "none", "None");
}

TEST(link_local_addresses_name_their_interface)
{
    char name[IF_NAMESIZE];
    if (!if_indextoname(1, name))
        skip();
    char text[SL_ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof(text), "[fe80::1%%%s]:5", name);
    assert_forms(ipv6("fe80::1", 5, 1), text, "('fe80::1', 5, 0, 1)");
    assert_forms(ipv6("fe80::1", 5, 4000000000), "[fe80::1%4000000000]:5",
                 "('fe80::1', 5, 0, 4000000000)");
    assert_forms(ipv6("2001:db8::1", 5, 1), "[2001:db8::1]:5", "('2001:db8::1', 5, 0, 0)");
}

TEST(the_longest_address_fits)
{
    char text[SL_ADDRESS_TEXT_SIZE];
    struct sl_address address = ipv6("fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, 4294967295);
    assert_in_range(sl_address_format(&address, text), 1, SL_ADDRESS_TEXT_SIZE - 1);
    assert_in_range(sl_address_format_python(&address, text), 1, SL_ADDRESS_TEXT_SIZE - 1);
}

TEST(mapped_ipv4_is_ipv4)
{
    struct sl_address mapped = ipv6("::ffff:192.0.2.1", 7, 0);
    struct sl_address plain = ipv4("192.0.2.1", 7);
    assert_true(sl_address_equal(&mapped, &plain));
}

TEST(a_sockaddr_that_is_cut_is_no_address)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6};
    for (socklen_t size = 0; size < sizeof(in); size++) {
        struct sl_address address = sl_address_from_sockaddr((struct sockaddr *)&in, size);
        assert_int_equal(address.family, AF_UNSPEC);
    }
    in.sin6_family = AF_INET;
    struct sl_address address =
        sl_address_from_sockaddr((struct sockaddr *)&in, sizeof(struct sockaddr_in) - 1);
    assert_int_equal(address.family, AF_UNSPEC);
}

TEST(goes_to_a_sockaddr_and_back)
{
    struct sl_address addresses[] = {ipv4("10.1.2.3", 4), ipv6("2001:db8::5", 65535, 0),
                                     ipv6("fe80::5", 1, 3)};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct sockaddr_storage storage;
        socklen_t size = sl_address_to_sockaddr(&addresses[i], &storage);
        assert_true(size > 0);
        struct sl_address back = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
        assert_true(sl_address_equal(&back, &addresses[i]));
    }
    struct sockaddr_storage storage;
    struct sl_address none = SL_ADDRESS_NONE, peer = unix_peer();
    assert_int_equal(sl_address_to_sockaddr(&none, &storage), 0);
    assert_int_equal(sl_address_to_sockaddr(&peer, &storage), 0);
}

TEST(knows_what_kind_an_address_is)
{
    const struct {
        struct sl_address address;
        bool loopback, wildcard, unicast;
    } cases[] = {
        {ipv4("127.0.0.1", 1), true, false, true},
        {ipv4("127.255.0.9", 1), true, false, true},
        {ipv4("128.0.0.1", 1), false, false, true},
        {ipv4("0.0.0.0", 1), false, true, false},
        {ipv4("0.1.2.3", 1), false, false, false},
        {ipv4("224.0.0.1", 1), false, false, false},
        {ipv4("239.255.255.255", 1), false, false, false},
        {ipv4("255.255.255.255", 1), false, false, false},
        {ipv4("192.0.2.1", 1), false, false, true},
        {ipv6("::1", 1, 0), true, false, true},
        {ipv6("::", 1, 0), false, true, false},
        {ipv6("ff02::1", 1, 1), false, false, false},
        {ipv6("2001:db8::1", 1, 0), false, false, true},
        {ipv6("100::1", 1, 0), false, false, true},
        {ipv6("::ffff:127.0.0.1", 1, 0), true, false, true},
        {unix_peer(), true, false, true},
        {SL_ADDRESS_NONE, false, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sl_address_is_loopback(&cases[i].address), cases[i].loopback);
        assert_int_equal(sl_address_is_wildcard(&cases[i].address), cases[i].wildcard);
        assert_int_equal(sl_address_is_unicast(&cases[i].address), cases[i].unicast);
    }
}

TEST(equal_is_address_port_and_scope)
{
    struct sl_address a = ipv6("fe80::1", 5, 1), same = ipv6("fe80::1", 5, 1);
    struct sl_address other_port = ipv6("fe80::1", 6, 1), other_scope = ipv6("fe80::1", 5, 2);
    assert_true(sl_address_equal(&a, &same));
    assert_false(sl_address_equal(&a, &other_port));
    assert_false(sl_address_equal(&a, &other_scope));
}

/* Ports are what a peer chooses most easily: 65,536 of them over 4,096 places must spread as
 * balls thrown at random do (16 each, and hardly ever more than 50). */
TEST(the_hash_spreads_ports)
{
    enum { PLACES = 4096 };
    static unsigned low[PLACES], high[PLACES];
    for (unsigned port = 0; port < 65536; port++) {
        struct sl_address address = ipv4("127.0.0.1", (uint16_t)port);
        uint64_t hash = sl_address_hash(&address, 42);
        low[hash % PLACES]++;
        high[hash >> 52]++;
    }
    for (size_t i = 0; i < PLACES; i++) {
        assert_in_range(low[i], 0, 50);
        assert_in_range(high[i], 0, 50);
    }
}

TEST(the_hash_depends_on_every_bit_and_on_the_key)
{
    struct sl_address address = ipv6("2001:db8::1", 5, 0);
    uint64_t hash = sl_address_hash(&address, 1);
    assert_int_equal(sl_address_hash(&address, 1), hash);
    assert_int_not_equal(sl_address_hash(&address, 2), hash);
    for (size_t bit = 0; bit < 8 * sizeof(address); bit++) {
        struct sl_address changed = address;
        ((uint8_t *)&changed)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        uint64_t difference = sl_address_hash(&changed, 1) ^ hash;
        assert_in_range(__builtin_popcountll(difference), 12, 52);
    }
}

TEST(limits_count_ipv6_by_its_network)
{
    struct sl_address a = ipv6("2001:db8:1:2::1", 5, 0), b = ipv6("2001:db8:1:2:ffff::9", 6, 0);
    struct sl_address other = ipv6("2001:db8:1:3::1", 5, 0);
    a = sl_address_limit_key(&a);
    b = sl_address_limit_key(&b);
    other = sl_address_limit_key(&other);
    assert_true(sl_address_equal(&a, &b));
    assert_false(sl_address_equal(&a, &other));
    struct sl_address c = ipv4("192.0.2.1", 5), d = ipv4("192.0.2.1", 6), e = ipv4("192.0.2.2", 5);
    c = sl_address_limit_key(&c);
    d = sl_address_limit_key(&d);
    e = sl_address_limit_key(&e);
    assert_true(sl_address_equal(&c, &d));
    assert_false(sl_address_equal(&c, &e));
}

TEST(reads_endpoints)
{
    static const struct {
        const char *text, *host, *unix_path;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:12000", "127.0.0.1", "", 12000},
        {"localhost:0", "localhost", "", 0},
        {":65535", "", "", 65535},
        {"12000", "", "", 12000},
        {"0", "", "", 0},
        {"[::1]:12000", "::1", "", 12000},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", "", 1},
        {"[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", "", 1},
        {"bücher.example:80", "bücher.example", "", 80},
        {"host:00080", "host", "", 80},
        {"unix:/run/socklens.sock", "", "/run/socklens.sock", 0},
        {"unix:a:b", "", "a:b", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_endpoint endpoint;
        struct sl_error error;
        if (sl_endpoint_parse(cases[i].text, &endpoint, &error) != 0)
            fail_msg("%s", error.text);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_string_equal(endpoint.unix_path, cases[i].unix_path);
        assert_int_equal(endpoint.port, cases[i].port);
    }
}

#define FORMS "HOST:PORT, :PORT, PORT, [IPV6]:PORT or unix:PATH"

TEST(errors_name_what_is_wrong_and_what_would_be_right)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "an empty address: write " FORMS},
        {"localhost", "'localhost' has no port: write " FORMS},
        {"65536", "'65536' is not a port: give a number from 0 to 65535"},
        {"12000x", "'12000x' has no port: write " FORMS},
        {"a:12000x", "'12000x' is not a port: give a number from 0 to 65535"},
        {"a:65536", "'65536' is not a port: give a number from 0 to 65535"},
        {"a:18446744073709551617",
         "'18446744073709551617' is not a port: give a number from 0 to 65535"},
        {"a:", "'' is not a port: give a number from 0 to 65535"},
        {"a:-1", "'-1' is not a port: give a number from 0 to 65535"},
        {"a: 1", "' 1' is not a port: give a number from 0 to 65535"},
        {"::1:12000",
         "'::1:12000' has more than one colon: write an IPv6 address in brackets, as "
         "in [::1]:12000"},
        {"::1",
         "'::1' has more than one colon: write an IPv6 address in brackets, as in "
         "[::1]:12000"},
        {"[::1]", "'[::1]' has no port: write [::1]:PORT"},
        {"[::1]12000", "'[::1]12000' has no port: write [::1]:PORT"},
        {"[::1:12000", "'[::1:12000' has no ']': write [::1]:PORT"},
        {"[localhost]:1", "'localhost' is not an IPv6 address: only those stand in brackets"},
        {"[]:1", "'' is not an IPv6 address: only those stand in brackets"},
        {"[127.0.0.1]:1", "'127.0.0.1' is not an IPv6 address: only those stand in brackets"},
        {"http://localhost:8080", "'http://localhost:8080' is a URL: write " FORMS},
        {"a b:1", "'a b' is not a host name or address: write " FORMS},
        {"a/b:1", "'a/b' is not a host name or address: write " FORMS},
        {"me@host:1", "'me@host' is not a host name or address: write " FORMS},
        {"unix:", "'unix:' has no path: write unix:/run/socket"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_endpoint endpoint = {.port = 7};
        struct sl_error error;
        assert_int_equal(sl_endpoint_parse(cases[i].text, &endpoint, &error), -EINVAL);
        assert_string_equal(error.text, cases[i].error);
        assert_int_equal(endpoint.port, 7);
    }
}

TEST(endpoint_of_wrong_length_is_refused)
{
    struct sl_endpoint endpoint;
    struct sl_error error;
    char text[600] = "unix:";
    memset(text + 5, 'p', 107);
    assert_int_equal(sl_endpoint_parse(text, &endpoint, &error), 0);
    assert_int_equal(strlen(endpoint.unix_path), 107);
    text[5 + 107] = 'p';
    assert_int_equal(sl_endpoint_parse(text, &endpoint, &error), -EINVAL);
    assert_non_null(strstr(error.text, "has 108 bytes"));

    memset(text, 'h', 255);
    strcpy(text + 255, ":1");
    assert_int_equal(sl_endpoint_parse(text, &endpoint, &error), 0);
    memset(text, 'h', 256);
    strcpy(text + 256, ":1");
    assert_int_equal(sl_endpoint_parse(text, &endpoint, &error), -EINVAL);
    assert_non_null(strstr(error.text, "has 256 bytes"));
    memset(text, ':', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(sl_endpoint_parse(text, &endpoint, &error), -EINVAL);
}

TEST(resolves_numeric_addresses)
{
    struct sl_address addresses[4];
    struct sl_error error;
    char text[SL_ADDRESS_TEXT_SIZE];
    assert_int_equal(sl_endpoint_resolve("127.0.0.1", 12000, SOCK_STREAM, addresses, 4, &error), 1);
    sl_address_format(&addresses[0], text);
    assert_string_equal(text, "127.0.0.1:12000");
    assert_int_equal(sl_endpoint_resolve("::1", 0, SOCK_DGRAM, addresses, 4, &error), 1);
    sl_address_format(&addresses[0], text);
    assert_string_equal(text, "[::1]:0");
}

TEST(says_what_cannot_be_resolved)
{
    struct sl_address address;
    struct sl_error error;
    assert_true(sl_endpoint_resolve("no such host", 1, SOCK_STREAM, &address, 1, &error) < 0);
    assert_memory_equal(error.text, "cannot resolve 'no such host': ", 31);
    assert_int_equal(sl_endpoint_resolve("", 1, SOCK_STREAM, &address, 1, &error), -EINVAL);
}
