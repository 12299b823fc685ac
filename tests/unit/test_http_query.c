#include "unit.h"

#include "socklens/query.h"

static const char *const names[] = {"service", "limit", "text", NULL};

static struct sl_query query;
static struct sl_problem problem;

static unsigned parse(const char *text)
{
    sl_query_deinit(&query);
    problem = (struct sl_problem){0};
    return sl_query_parse(&query, text, names, &problem);
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    return 0;
}

static void takes_parameters(void **state)
{
    (void)state;
    assert_int_equal(parse("service=udp-upper&limit=5"), 0);
    assert_string_equal(sl_query_get(&query, "service"), "udp-upper");
    assert_string_equal(sl_query_get(&query, "limit"), "5");
    assert_null(sl_query_get(&query, "text"));
}

static void takes_none(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL), 0);
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse("&&"), 0);
    assert_int_equal(query.count, 0);
}

static void decodes(void **state)
{
    (void)state;
    assert_int_equal(parse("text=a+b%2Bc%26%3d%C3%9f"), 0);
    assert_string_equal(sl_query_get(&query, "text"), "a b+c&=ß");
    assert_int_equal(parse("tex%74=1"), 0);
    assert_string_equal(sl_query_get(&query, "text"), "1");
}

static void takes_a_name_without_value(void **state)
{
    (void)state;
    assert_int_equal(parse("text"), 0);
    assert_string_equal(sl_query_get(&query, "text"), "");
    assert_int_equal(parse("text=a=b"), 0);
    assert_string_equal(sl_query_get(&query, "text"), "a=b");
}

static void refuses_unknown_names_by_name(void **state)
{
    (void)state;
    assert_int_equal(parse("limt=5"), 400);
    assert_string_equal(problem.unknown, "limt");
    assert_string_equal(problem.allowed, "service, limit, text");
}

static void refuses_what_is_given_twice(void **state)
{
    (void)state;
    assert_int_equal(parse("limit=5&text=a&limit=6"), 400);
    assert_string_equal(problem.unknown, "limit");
}

static void refuses_broken_values(void **state)
{
    static const char *const broken[] = {"text=%",   "text=%4",  "text=%zz",       "text=%00",
                                         "text=%C3", "text=%ff", "text=%ED%A0%80", "text=a%0"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_int_equal(parse(broken[i]), 400);
        assert_string_equal(problem.unknown, "text");
    }
    assert_int_equal(parse("%ff=1"), 400);
}

static void reads_numbers(void **state)
{
    uint64_t limit = 100;

    (void)state;
    assert_int_equal(parse("limit=7"), 0);
    assert_int_equal(sl_query_uint(&query, "limit", 1, 1000, &limit, &problem), 0);
    assert_int_equal(limit, 7);
    assert_int_equal(sl_query_uint(&query, "text", 1, 1000, &limit, &problem), 0);
    assert_int_equal(limit, 7);
}

static void refuses_bad_numbers(void **state)
{
    static const char *const bad[] = {
        "limit=0",   "limit=1001", "limit=-1",   "limit=+1", "limit=1.5",
        "limit=0x1", "limit=",     "limit=%201", "limit=1a", "limit=18446744073709551617"};
    uint64_t limit = 100;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(parse(bad[i]), 0);
        assert_int_equal(sl_query_uint(&query, "limit", 1, 1000, &limit, &problem), 400);
        assert_string_equal(problem.param, "limit");
        assert_string_equal(problem.allowed, "1 to 1000");
    }
    assert_int_equal(limit, 100);
}

static void survives_random_bytes(void **state)
{
    uint64_t random = 17;
    char text[64];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t size = next_random(&random) % sizeof(text);

        for (size_t i = 0; i < size; i++)
            text[i] = "tex=&%+0cC9f\xff\x01"[next_random(&random) % 14];
        text[size > 0 ? size - 1 : 0] = '\0';
        parse(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_parameters),
        cmocka_unit_test(takes_none),
        cmocka_unit_test(decodes),
        cmocka_unit_test(takes_a_name_without_value),
        cmocka_unit_test(refuses_unknown_names_by_name),
        cmocka_unit_test(refuses_what_is_given_twice),
        cmocka_unit_test(refuses_broken_values),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(refuses_bad_numbers),
        cmocka_unit_test(survives_random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
