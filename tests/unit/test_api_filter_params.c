#include "unit.h"

#include "api/filter_params.h"
#include "socklens/clock.h"

static const struct sl_param params[] = {SL_FILTER_PARAMS{.name = NULL}};

static struct sl_query query;
static struct sl_filter filter;
static struct sl_problem problem;

static unsigned parse(const char *text)
{
    sl_query_deinit(&query);
    sl_filter_deinit(&filter);
    problem = (struct sl_problem){0};
    assert_int_equal(sl_query_parse(&query, text, params, &problem), 0);
    return sl_query_read(&query, &filter, &problem);
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    sl_filter_deinit(&filter);
    return 0;
}

TEST_GROUP(NULL, teardown)

TEST(reads_names)
{
    assert_int_equal(parse("service=udp-upper,tcp-chat&outcome=replied,peer_gone"), 0);
    assert_int_equal(filter.services, 1u << SL_UDP_UPPER | 1u << SL_TCP_CHAT);
    assert_int_equal(filter.outcomes, 1u << SL_REPLIED | 1u << SL_PEER_GONE);
}

TEST(reads_values)
{
    assert_int_equal(parse("client=7&min_size=100&since=2026-01-01T00:00:00Z&until="
                           "2026-01-01T01:00:00%2B01:00&text=Hi&hex=48+69"),
                     0);
    assert_int_equal(filter.only.clients[0], 7);
    assert_int_equal(filter.size.min, 100);
    assert_true(filter.since_ns == INT64_C(1767225600000000000));
    assert_true(filter.until_ns == filter.since_ns);
    assert_bytes_equal(filter.text.data, filter.text.size, "Hi", 2);
    assert_bytes_equal(filter.bytes.data, filter.bytes.size, "Hi", 2);
}

TEST(wrong_parameter_is_refused_by_name)
{
    static const struct {
        const char *query, *param;
    } cases[] = {
        {"service=udp", "service"},
        {"service=", "service"},
        {"service=udp-upper,", "service"},
        {"outcome=ok", "outcome"},
        {"client=0", "client"},
        {"client=x", "client"},
        {"min_size=-1", "min_size"},
        {"client=1,", "client"},
        {"client_not=127.0.0.1", "client_not"},
        {"service_not=udp", "service_not"},
        {"outcome_not=ok", "outcome_not"},
        {"fault=slice", "fault"},
        {"fault=down", "fault"},
        {"fault=loss,", "fault"},
        {"fault_not=lost", "fault_not"},
        {"outcome=replied&outcome=ok", "outcome"},
        {"address=localhost", "address"},
        {"address=127.0.0.1:", "address"},
        {"address=127.0.0.1:65536", "address"},
        {"address_not=[::1", "address_not"},
        {"port=0", "port"},
        {"port=65536", "port"},
        {"port_not=x", "port_not"},
        {"max_size=1x", "max_size"},
        {"min_received=k", "min_received"},
        {"max_received=-1", "max_received"},
        {"min_sent=1.5k", "min_sent"},
        {"max_sent=", "max_sent"},
        {"since=5", "since"},
        {"since=-5m", "since"},
        {"until=Now", "until"},
        {"since=yesterday", "since"},
        {"until=2026-13-01T00:00:00Z", "until"},
        {"text=", "text"},
        {"hex=4", "hex"},
        {"hex=zz", "hex"},
        {"hex=", "hex"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].query), 400);
        assert_string_equal(problem.param, cases[i].param);
        assert_true(problem.allowed[0] != '\0');
    }
}

TEST(reads_lists_in_one_or_several)
{
    static const char *const same[] = {
        "outcome=replied,peer_gone,unfinished&client=3,4,5&port=16,17",
        "outcome=replied&client=3&port=16&outcome=peer_gone,unfinished&client=4,5&port=17",
    };

    for (size_t i = 0; i < COUNT_OF(same); i++) {
        assert_int_equal(parse(same[i]), 0);
        assert_int_equal(filter.outcomes,
                         1u << SL_REPLIED | 1u << SL_PEER_GONE | 1u << SL_UNFINISHED);
        assert_int_equal(filter.only.client_count, 3);
        assert_int_equal(filter.only.clients[2], 5);
        assert_int_equal(filter.only.port_count, 2);
        assert_int_equal(filter.only.ports[1], 17);
    }
}

TEST(leaves_out_what_is_not_wanted)
{
    assert_int_equal(parse("service_not=udp-upper&outcome=replied,peer_gone&outcome_not=replied"),
                     0);
    assert_int_equal(filter.services, 0);
    assert_int_equal(filter.services_not, 1u << SL_UDP_UPPER);
    assert_int_equal(sl_filter_bits(filter.outcomes, filter.outcomes_not), 1u << SL_PEER_GONE);
    assert_int_equal(parse("client_not=7&address_not=10.0.0.1,[fe80::1]:5&port_not=9"), 0);
    assert_int_equal(filter.without.clients[0], 7);
    assert_int_equal(filter.without.address_count, 2);
    assert_false(filter.without.addresses[0].by_port);
    assert_int_equal(filter.without.addresses[1].ip.port, 5);
    assert_int_equal(filter.without.ports[0], 9);
}

TEST(reads_sizes_and_relative_times)
{
    int64_t now_ns = sl_clock_wall_ns(), hour_ns = 3600 * SL_NS_PER_S;

    assert_int_equal(
        parse("min_size=1k&max_size=2M&max_received=0&min_sent=7&since=1h30m&until=now"), 0);
    assert_int_equal(filter.size.min, 1024);
    assert_int_equal(filter.size.over, (2 << 20) + 1);
    assert_int_equal(filter.received.over, 1);
    assert_int_equal(filter.sent.min, 7);
    assert_int_equal(filter.sent.over, 0);
    assert_true(filter.until_ns >= now_ns && filter.until_ns < now_ns + hour_ns);
    assert_true(filter.since_ns >= now_ns - hour_ns * 3 / 2);
    assert_true(filter.since_ns < now_ns - hour_ns / 2);
}

TEST(list_parameter_has_a_limit)
{
    char text[128] = "client_not=1";

    for (int i = 1; i < SL_FILTER_LIST_MAX; i++)
        strcat(text, ",1");
    assert_int_equal(parse(text), 0);
    strcat(text, ",1");
    assert_int_equal(parse(text), 400);
    assert_string_equal(problem.param, "client_not");
}

TEST(reads_faults)
{
    assert_int_equal(parse("fault=loss,rate&fault_not=none&fault_not=any"), 0);
    assert_int_equal(filter.faults, 1u << 0 | 1u << 6);
    assert_int_equal(filter.faults_not, SL_FILTER_NO_FAULT | UINT16_MAX);
    assert_int_equal(parse("fault=x"), 400);
    assert_string_equal(problem.allowed,
                        "any, none, loss, duplicate, corrupt, truncate, delay, "
                        "reorder, rate");
}

TEST(says_which_services_there_are)
{
    assert_int_equal(parse("service=x"), 400);
    assert_string_equal(problem.allowed, "udp-upper, tcp-upper, tcp-chat");
}
