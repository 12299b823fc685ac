#include "unit.h"

#include "http/filter_params.h"

static const char *const names[] = {SL_FILTER_PARAMS, NULL};

static struct sl_query query;
static struct sl_filter filter;
static struct sl_problem problem;

static unsigned parse(const char *text)
{
    sl_query_deinit(&query);
    sl_filter_deinit(&filter);
    problem = (struct sl_problem){0};
    assert_int_equal(sl_query_parse(&query, text, names, &problem), 0);
    return sl_filter_from_query(&query, &filter, &problem);
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    sl_filter_deinit(&filter);
    return 0;
}

static void reads_names(void **state)
{
    (void)state;
    assert_int_equal(parse("service=udp-upper,tcp-chat&outcome=replied,peer_gone"), 0);
    assert_int_equal(filter.services, 1u << SL_UDP_UPPER | 1u << SL_TCP_CHAT);
    assert_int_equal(filter.outcomes, 1u << SL_REPLIED | 1u << SL_PEER_GONE);
}

static void reads_values(void **state)
{
    (void)state;
    assert_int_equal(parse("client=7&min_size=100&since=2026-01-01T00:00:00Z&until="
                           "2026-01-01T01:00:00%2B01:00&text=Hi&hex=48+69"),
                     0);
    assert_int_equal(filter.client, 7);
    assert_int_equal(filter.min_size, 100);
    assert_true(filter.since_ns == INT64_C(1767225600000000000));
    assert_true(filter.until_ns == filter.since_ns);
    assert_bytes_equal(filter.text.data, filter.text.size, "Hi", 2);
    assert_bytes_equal(filter.bytes.data, filter.bytes.size, "Hi", 2);
}

static void refuses_by_name(void **state)
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
        {"since=yesterday", "since"},
        {"until=2026-13-01T00:00:00Z", "until"},
        {"text=", "text"},
        {"hex=4", "hex"},
        {"hex=zz", "hex"},
        {"hex=", "hex"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].query), 400);
        assert_string_equal(problem.param, cases[i].param);
        assert_true(problem.allowed[0] != '\0');
    }
}

static void says_which_services_there_are(void **state)
{
    (void)state;
    assert_int_equal(parse("service=x"), 400);
    assert_string_equal(problem.allowed, "udp-upper, tcp-upper, tcp-chat");
}

static void refuses_a_list_that_goes_on_and_on(void **state)
{
    char text[1024] = "service=udp-upper";

    (void)state;
    while (strlen(text) < 1000)
        strcat(text, ",udp-upper");
    assert_int_equal(parse(text), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names),
        cmocka_unit_test(reads_values),
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(says_which_services_there_are),
        cmocka_unit_test(refuses_a_list_that_goes_on_and_on),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
