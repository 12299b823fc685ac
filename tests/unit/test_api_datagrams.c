#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_datagrams.h"

static struct sl_registry *registry;
static struct sl_datagram datagram;
static struct sl_problem problem;

static void add_listener(uint8_t service, uint8_t transport, const char *ip, uint16_t port)
{
    struct sl_listener_info info = {.service = service, .transport = transport};

    info.address.family = strchr(ip, ':') ? AF_INET6 : AF_INET;
    info.address.port = port;
    assert_int_equal(inet_pton(info.address.family, ip, info.address.ip), 1);
    sl_address_format(&info.address, info.name);
    assert_true(sl_registry_add_listener(registry, &info) >= 0);
}

/* 192.0.2.0/24:9000-9010 */
static struct sl_target target = {.network = {.family = AF_INET, .ip = {192, 0, 2}},
                                  .prefix = 24,
                                  .first_port = 9000,
                                  .last_port = 9010};
static const struct sl_targets targets = {&target, 1};

static int setup(void **state)
{
    struct sl_registry_options options = {.shards = 2, .closed_max = 4, .first_client = 1};

    (void)state;
    registry = sl_registry_new(&options);
    assert_non_null(registry);
    add_listener(SL_TCP_UPPER, SL_TCP, "127.0.0.1", 12001);
    add_listener(SL_UDP_UPPER, SL_UDP, "127.0.0.1", 12000);
    add_listener(SL_UDP_UPPER, SL_UDP, "0.0.0.0", 12002);
    add_listener(SL_UDP_UPPER, SL_UDP, "::1", 12003);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_datagram_deinit(&datagram);
    sl_registry_free(registry);
    return 0;
}

static unsigned parse(const char *body)
{
    sl_datagram_deinit(&datagram);
    problem = (struct sl_problem){0};
    return sl_datagram_parse(&datagram, body, strlen(body), registry, &targets, &problem);
}

static void assert_to(const char *expected)
{
    char text[SL_ADDRESS_TEXT_SIZE];

    sl_address_format(&datagram.to, text);
    assert_string_equal(text, expected);
}

TEST_GROUP(setup, teardown)

TEST(service_name_is_a_target)
{
    assert_int_equal(parse("{\"listener\":\"udp-upper\",\"text\":\"hi\"}"), 0);
    assert_to("127.0.0.1:12000");
    assert_bytes_equal(datagram.payload.data, datagram.payload.size, "hi", 2);
    assert_int_equal(datagram.from_port, 0);
    assert_true(datagram.timeout_ns == INT64_C(1000000000));
}

TEST(own_address_is_a_target)
{
    assert_int_equal(parse("{\"to\":\"127.0.0.1:12000\",\"hex\":\"00ff\",\"from_port\":1600,"
                           "\"timeout_ms\":5}"),
                     0);
    assert_bytes_equal(datagram.payload.data, datagram.payload.size, "\0\xff", 2);
    assert_int_equal(datagram.from_port, 1600);
    assert_true(datagram.timeout_ns == INT64_C(5000000));
    assert_int_equal(parse("{\"to\":\"[::1]:12003\",\"base64\":\"aGk=\"}"), 0);
    assert_to("[::1]:12003");
}

TEST(wildcard_listener_is_reached_over_loopback)
{
    assert_int_equal(parse("{\"to\":\"0.0.0.0:12002\",\"text\":\"\"}"), 0);
    assert_to("127.0.0.1:12002");
    assert_int_equal(parse("{\"to\":\"127.0.0.1:12002\",\"text\":\"\"}"), 0);
}

TEST(other_targets_are_refused)
{
    static const char *const others[] = {"127.0.0.1:12001", "127.0.0.1:53", "192.0.2.1:12000",
                                         "255.255.255.255:12000", "224.0.0.1:12002"};
    char body[128];

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        snprintf(body, sizeof(body), "{\"to\":\"%s\",\"text\":\"x\"}", others[i]);
        assert_int_equal(parse(body), 403);
        assert_string_equal(problem.param, "to");
        assert_non_null(strstr(problem.allowed, "--allow-target"));
    }
}

TEST(refuses_bad_bodies_by_name)
{
    static const struct {
        const char *body, *param;
    } cases[] = {
        {"{\"text\":\"x\"}", "to"},
        {"{\"listener\":\"udp-upper\",\"to\":\"127.0.0.1:12000\",\"text\":\"x\"}", "to"},
        {"{\"listener\":\"tcp-upper\",\"text\":\"x\"}", "listener"},
        {"{\"to\":\"localhost:12000\",\"text\":\"x\"}", "to"},
        {"{\"to\":\"127.0.0.1\",\"text\":\"x\"}", "to"},
        {"{\"to\":\"127.0.0.1:99999\",\"text\":\"x\"}", "to"},
        {"{\"listener\":\"udp-upper\"}", "text"},
        {"{\"listener\":\"udp-upper\",\"text\":\"x\",\"hex\":\"00\"}", "hex"},
        {"{\"listener\":\"udp-upper\",\"base64\":\"a!\"}", "base64"},
        {"{\"listener\":\"udp-upper\",\"hex\":\"0\"}", "hex"},
        {"{\"listener\":\"udp-upper\",\"text\":\"x\",\"timeout_ms\":0}", "timeout_ms"},
        {"{\"listener\":\"udp-upper\",\"text\":\"x\",\"from_port\":65536}", "from_port"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].body), 400);
        assert_string_equal(problem.param, cases[i].param);
    }
}

TEST(knows_how_much_a_datagram_carries)
{
    char *body = malloc(70000);
    size_t prefix = (size_t)sprintf(body, "{\"listener\":\"udp-upper\",\"text\":\"");

    memset(body + prefix, 'a', SL_DATAGRAM_MAX);
    strcpy(body + prefix + SL_DATAGRAM_MAX, "\"}");
    assert_int_equal(parse(body), 0);
    assert_int_equal(datagram.payload.size, SL_DATAGRAM_MAX);
    strcpy(body + prefix + SL_DATAGRAM_MAX, "a\"}");
    assert_int_equal(parse(body), 413);
    assert_string_equal(problem.param, "text");
    free(body);
}

TEST(allowed_network_is_a_target)
{
    char body[2048], text[SL_DATAGRAM_FOREIGN_MAX + 2];

    assert_int_equal(parse("{\"to\":\"127.0.0.1:12000\",\"text\":\"x\"}"), 0);
    assert_false(datagram.foreign);
    assert_int_equal(parse("{\"to\":\"192.0.2.9:9000\",\"text\":\"x\"}"), 0);
    assert_true(datagram.foreign);
    assert_to("192.0.2.9:9000");
    assert_int_equal(parse("{\"to\":\"192.0.2.9:9011\",\"text\":\"x\"}"), 403);
    assert_int_equal(parse("{\"to\":\"192.0.3.9:9000\",\"text\":\"x\"}"), 403);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(body, sizeof(body), "{\"to\":\"192.0.2.9:9000\",\"text\":\"%s\"}", text);
    assert_int_equal(parse(body), 413);
    snprintf(body, sizeof(body), "{\"to\":\"127.0.0.1:12000\",\"text\":\"%s\"}", text);
    assert_int_equal(parse(body), 0);
}
