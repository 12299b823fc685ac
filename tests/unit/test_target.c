#include "unit.h"

#include <errno.h>
#include <string.h>

#include "socklens/target.h"

static struct sl_address address_of(const char *ip, uint16_t port)
{
    struct sl_address address = SL_ADDRESS_NONE;

    bool has_port;

    assert_true(sl_address_parse(ip, &address, &has_port));
    address.port = port;
    return address;
}

static bool covers(const char *text, const char *ip, uint16_t port)
{
    struct sl_address address = address_of(ip, port);
    struct sl_target target;
    struct sl_error error;

    assert_int_equal(sl_target_parse(text, &target, &error), 0);
    return sl_target_covers(&target, &address);
}

TEST(covers_networks_and_ports)
{
    assert_true(covers("192.0.2.0/24:9000-9010", "192.0.2.255", 9000));
    assert_true(covers("192.0.2.0/24:9000-9010", "192.0.2.1", 9010));
    assert_false(covers("192.0.2.0/24:9000-9010", "192.0.2.1", 8999));
    assert_false(covers("192.0.2.0/24:9000-9010", "192.0.2.1", 9011));
    assert_false(covers("192.0.2.0/24:9000", "192.0.3.1", 9000));
    assert_true(covers("192.0.2.7:9", "192.0.2.7", 9));
    assert_false(covers("192.0.2.7:9", "192.0.2.6", 9));
    assert_true(covers("192.0.2.128/25:9", "192.0.2.200", 9));
    assert_false(covers("192.0.2.128/25:9", "192.0.2.100", 9));
    assert_true(covers("[2001:db8::]/33:53", "2001:db8:7fff::1", 53));
    assert_false(covers("[2001:db8::]/33:53", "2001:db8:8000::1", 53));
    assert_true(covers("[::1]:53", "::1", 53));
    assert_false(covers("0.0.0.0/0:53", "::1", 53));
}

TEST(never_covers_what_reaches_many)
{
    assert_true(covers("0.0.0.0/0:1-65535", "192.0.2.1", 9));
    assert_false(covers("0.0.0.0/0:1-65535", "192.0.2.1", 0));
    assert_false(covers("0.0.0.0/0:1-65535", "255.255.255.255", 9));
    assert_false(covers("0.0.0.0/0:1-65535", "0.0.0.0", 9));
    assert_false(covers("0.0.0.0/0:1-65535", "224.0.0.1", 9));
    assert_false(covers("0.0.0.0/0:1-65535", "239.255.255.255", 9));
    assert_false(covers("0.0.0.0/0:1-65535", "169.254.1.1", 9));
    assert_false(covers("[::]/0:1-65535", "ff02::1", 9));
    assert_false(covers("[::]/0:1-65535", "fe80::1", 9));
    assert_false(covers("[::]/0:1-65535", "febf::1", 9));
    assert_false(covers("[::]/0:1-65535", "::", 9));
    assert_false(covers("[::]/0:1-65535", "::ffff:192.0.2.1", 9));
}

TEST(covers_link_local_where_it_is_named)
{
    assert_true(covers("[fe80::]/10:9", "fe80::1%lo", 9));
    assert_true(covers("[fe80::/10]:9", "fe80::1%lo", 9));
    assert_true(covers("[fe80::1%lo]:9", "fe80::1%lo", 9));
    assert_true(covers("[fe80::%lo]/64:9", "fe80::1%lo", 9));
    assert_true(covers("[fe80::%lo/64]:9", "fe80::1%lo", 9));
    assert_false(covers("[fe80::%lo/64]:9", "fe80::1%4000", 9));
    assert_false(covers("[fe80::/9]:9", "fe80::1%lo", 9));
    assert_true(covers("169.254.0.0/16:9", "169.254.1.1", 9));
    assert_false(covers("169.0.0.0/8:9", "169.254.1.1", 9));
}

TEST(text_that_is_no_target_is_refused)
{
    static const char *const texts[] = {
        "",
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2:9",
        "192.0.2.1/33:9",
        "192.0.2.1/:9",
        "192.0.2.1/-1:9",
        "name:9",
        "192.0.2.1:65536",
        "192.0.2.1:10-9",
        "192.0.2.1:9-",
        "::1:9",
        "[::1]/129:9",
        "[::1:9",
        "[192.0.2.1]:9",
        "[::1]9",
        "192.0.2.1:9 ",
        "192.0.2.1:9-10-11",
        " 192.0.2.1:9",
        "192.0.2.1:",
        "192.0.2.1/8/8:9",
        "192.0.2.1:-9",
        "192.0.2.1:99999999999999999999",
        "[::1]:9x",
        "192.0.2.1:9-1x",
        "192.0.2.1/2 4:9",
        "[::1%lo]:9",
        "[::1/64]/64:9",
        "[::1/]:9",
        "[fe80::1%]:9",
        "[fe80::1%nosuch]:9",
    };
    struct sl_target target;
    struct sl_error error;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (sl_target_parse(texts[i], &target, &error) != -EINVAL)
            fail_msg("took \"%s\"", texts[i]);
    }
}
