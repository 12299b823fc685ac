#include "config_fixture.h"

#include "settings/bind_hosts.h"

TEST(names_an_address_it_cannot_read)
{
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--tcp-chat=1.2.3.4:99999", NULL}, NULL),
                     -EINVAL);
    assert_int_equal(one.errors.count, 1);
    assert_int_equal(sl_buffer_append(&one.errors.lines, "", 1), 0);
    assert_non_null(strstr((const char *)one.errors.lines.data, "--tcp-chat: "));
    assert_non_null(strstr((const char *)one.errors.lines.data, "99999"));
    unload(&one);
}

TEST(replaces_the_default_listeners)
{
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat",       "[::1]:7",    "--tcp-chat=unix:/run/a b,c",
                                     "--udp-upper=none", "--bind=::1", NULL};

    assert_int_equal(load(&one, arguments, NULL), 0);
    assert_int_equal(one.config.services[SL_TCP_CHAT].count, 2);
    assert_endpoint(&one.config.services[SL_TCP_CHAT], 0, "::1", 7);
    assert_string_equal(one.config.services[SL_TCP_CHAT].items[1].unix_path, "/run/a b,c");
    assert_true(one.config.services[SL_UDP_UPPER].off);
    assert_int_equal(one.config.services[SL_UDP_UPPER].count, 0);
    /* --bind is for defaults too. */
    assert_endpoint(&one.config.services[SL_TCP_UPPER], 0, "::1", 12000);
    unload(&one);
}

TEST(binds_every_host_that_is_given)
{
    const char *const arguments[] = {"--bind=127.0.0.1", "--bind=[::1]",       "--tcp-chat=:7",
                                     "--tcp-upper=*:8",  "--udp-upper=[::]:9", NULL};
    const struct sl_endpoint_list *list;
    struct load one = {0};

    assert_int_equal(load(&one, arguments, NULL), 0);
    list = &one.config.services[SL_TCP_CHAT];
    assert_int_equal(list->count, 2);
    assert_endpoint(list, 0, "127.0.0.1", 7);
    assert_endpoint(list, 1, "::1", 7);
    assert_true(list->items[1].follows);
    assert_endpoint(&one.config.services[SL_TCP_UPPER], 0, "0.0.0.0", 8);
    assert_int_equal(one.config.services[SL_UDP_UPPER].count, 1);
    unload(&one);
}

TEST(refuses_hosts_that_hold_each_other)
{
    static const char *const cases[][4] = {
        {"--bind=*", "--bind=::1", NULL,
         "bind: \"*\" is every address of both families: nothing can stand beside it\n"},
        {"--bind=127.0.0.1", "--bind=0.0.0.0", NULL,
         "bind: 0.0.0.0 includes all other IPv4 addresses\n"},
        {"--bind=::", "--bind=::1", NULL, "bind: :: includes all other IPv6 addresses\n"},
    };
    const char *const both[] = {"--bind=0.0.0.0", "--bind=::", NULL};
    struct load good = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct load one = {0};
        assert_int_equal(load(&one, cases[i], NULL), -EINVAL);
        assert_took(&one.errors.lines, cases[i][3]);
        unload(&one);
    }
    assert_int_equal(load(&good, both, NULL), 0);
    unload(&good);
}

TEST(finds_the_loopback_address_of_its_own_name)
{
    struct load one = {0};
    char address[16];

    write_file(&one,
               BYTES("127.0.0.1 localhost other\n::1 host\n192.0.2.1 host\n\n# 127.0.9.9 host\n"
                     "127.0.1.1\thost.example host # its own\n"));
    assert_true(sl_own_loopback(one.path, "host", address));
    assert_string_equal(address, "127.0.1.1");
    assert_false(sl_own_loopback(one.path, "other", address));
    assert_false(sl_own_loopback(one.path, "its", address));
    assert_false(sl_own_loopback("/nowhere", "host", address));
    unload(&one);
}

TEST(refuses_none_beside_an_address)
{
    const char *const orders[][3] = {{"--http=none", "--http=:1", NULL},
                                     {"--http=:1", "--http=none", NULL}};

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct load one = {0};
        assert_int_equal(load(&one, orders[i], NULL), -EINVAL);
        assert_took(&one.errors.lines, "--http: \"none\" cannot be combined with an address\n");
        unload(&one);
    }
}

TEST(lets_two_listeners_have_port_zero)
{
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat=:0", "--tcp-chat=:0", "--tcp-upper=:0",
                                     "--http=:0", NULL};

    assert_int_equal(load(&one, arguments, NULL), 0);
    unload(&one);
}

TEST(refuses_an_address_given_twice)
{
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat=:7", "--tcp-chat=127.0.0.1:7", NULL};

    assert_int_equal(load(&one, arguments, NULL), -EINVAL);
    assert_took(&one.errors.lines, "tcp-chat: address already given for tcp-chat\n");
    unload(&one);
}
