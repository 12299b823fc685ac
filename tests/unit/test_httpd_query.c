#include "unit.h"

#include "socklens/query.h"

static struct asked {
    unsigned service, kinds;
    uint64_t limit;
    int64_t wait_ns;
    const char *text, *run;
} asked;

#define PARAM(member, kind_, ...)                                                                  \
    {                                                                                              \
        .name = #member, .kind = SL_PARAM_##kind_, .offset = offsetof(struct asked, member),       \
        __VA_ARGS__                                                                                \
    }

static const struct sl_param params[] = {
    PARAM(service, WORD, .words = "udp-upper, tcp-upper", .fallback = "tcp-upper"),
    PARAM(limit, UINT, .min = 1, .max = 1000, .fallback = "100"),
    PARAM(text, TEXT),
    PARAM(kinds, WORDS, .list = true, .words = "a, bc, d", .what = "kind of thing"),
    PARAM(wait_ns, DURATION, .max = 60, .allowed = "0 to 60s"),
    PARAM(run, HEX, .min = 2, .max = 4),
    {.name = NULL},
};

static struct sl_query query;
static struct sl_problem problem;

static unsigned parse(const char *text)
{
    unsigned status;

    sl_query_deinit(&query);
    problem = (struct sl_problem){0};
    asked = (struct asked){.wait_ns = -1};
    status = sl_query_parse(&query, text, params, &problem);
    return status ? status : sl_query_read(&query, &asked, &problem);
}

static int teardown(void **state)
{
    (void)state;
    sl_query_deinit(&query);
    return 0;
}

TEST_GROUP(NULL, teardown)

TEST(takes_parameters)
{
    assert_int_equal(parse("service=udp-upper&limit=5&wait_ns=1.5s&run=0af&kinds=d,a"), 0);
    assert_int_equal(asked.service, 0);
    assert_int_equal(asked.limit, 5);
    assert_null(asked.text);
    assert_true(asked.wait_ns == INT64_C(1500000000));
    assert_string_equal(asked.run, "0af");
    assert_int_equal(asked.kinds, 1 << 2 | 1 << 0);
    assert_int_equal(parse("kinds=a&kinds=bc,a"), 0);
    assert_int_equal(asked.kinds, 1 << 1 | 1 << 0);
}

TEST(falls_back_on_what_is_declared)
{
    assert_int_equal(parse("text=x"), 0);
    assert_int_equal(asked.service, 1);
    assert_int_equal(asked.limit, 100);
    assert_int_equal(asked.wait_ns, -1);
}

TEST(query_without_parameters_is_taken)
{
    assert_int_equal(parse(NULL), 0);
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse("&&"), 0);
    assert_int_equal(query.count, 0);
}

TEST(percent_encoding_is_decoded)
{
    assert_int_equal(parse("text=a+b%2Bc%26%3d%C3%9f"), 0);
    assert_string_equal(asked.text, "a b+c&=ß");
    assert_int_equal(parse("tex%74=1"), 0);
    assert_string_equal(asked.text, "1");
}

TEST(takes_a_name_without_value)
{
    assert_int_equal(parse("text"), 0);
    assert_string_equal(asked.text, "");
    assert_int_equal(parse("text=a=b"), 0);
    assert_string_equal(asked.text, "a=b");
}

TEST(refuses_unknown_names_by_name)
{
    assert_int_equal(parse("limt=5"), 400);
    assert_string_equal(problem.unknown, "limt");
    assert_string_equal(problem.allowed, "service, limit, text, kinds, wait_ns, run");
}

TEST(refuses_what_is_given_twice)
{
    assert_int_equal(parse("limit=5&text=a&limit=6"), 400);
    assert_string_equal(problem.param, "limit");
}

TEST(refuses_broken_values)
{
    static const char *const broken[] = {"text=%",   "text=%4",  "text=%zz",       "text=%00",
                                         "text=%C3", "text=%ff", "text=%ED%A0%80", "text=a%0"};

    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_int_equal(parse(broken[i]), 400);
        assert_string_equal(problem.param, "text");
    }
    assert_int_equal(parse("%ff=1"), 400);
}

TEST(refuses_by_declaration)
{
    static const struct {
        const char *query, *allowed, *detail;
    } cases[] = {
        {"limit=0", "1 to 1000", "limit must be 1 to 1000, not \"0\""},
        {"limit=1001", "1 to 1000", "limit must be 1 to 1000, not \"1001\""},
        {"limit=-1", "1 to 1000", "limit must be 1 to 1000, not \"-1\""},
        {"limit=1.5", "1 to 1000", "limit must be 1 to 1000, not \"1.5\""},
        {"limit=", "1 to 1000", "limit must be 1 to 1000, not \"\""},
        {"limit=18446744073709551617", "1 to 1000",
         "limit must be 1 to 1000, not \"18446744073709551617\""},
        {"service=udp", "udp-upper, tcp-upper", "there is no service \"udp\""},
        {"service=", "udp-upper, tcp-upper", "there is no service \"\""},
        {"service=udp-upper,", "udp-upper, tcp-upper", "there is no service \"udp-upper,\""},
        {"kinds=a,b", "a, bc, d", "there is no kind of thing \"b\""},
        {"kinds=a,", "a, bc, d", "there is no kind of thing \"\""},
        {"wait_ns=61s", "0 to 60s", "wait_ns must be a duration of at most 60s, not \"61s\""},
        {"wait_ns=5", "0 to 60s", "wait_ns must be a duration of at most 60s, not \"5\""},
        {"run=0", "", "\"0\" is not a run"},
        {"run=01234", "", "\"01234\" is not a run"},
        {"run=0F", "", "\"0F\" is not a run"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].query), 400);
        assert_memory_equal(problem.param, cases[i].query, strlen(problem.param));
        assert_string_equal(problem.allowed, cases[i].allowed);
        assert_string_equal(problem.detail, cases[i].detail);
    }
}

TEST(demands_what_is_required)
{
    static const struct sl_param plain[] = {PARAM(service, WORD, .words = "x, y", .required = true),
                                            {.name = NULL}};
    static const struct sl_param said[] = {
        PARAM(service, WORD, .words = "x", .required = true, .wrong = "say x"), {.name = NULL}};

    sl_query_deinit(&query);
    assert_int_equal(sl_query_parse(&query, "", plain, &problem), 0);
    assert_int_equal(sl_query_read(&query, &asked, &problem), 400);
    assert_string_equal(problem.detail, "service is missing");
    assert_string_equal(problem.allowed, "x, y");
    for (int i = 0; i < 2; i++) {
        sl_query_deinit(&query);
        assert_int_equal(sl_query_parse(&query, i == 0 ? "" : "service=y", said, &problem), 0);
        assert_int_equal(sl_query_read(&query, &asked, &problem), 400);
        assert_string_equal(problem.detail, "say x");
    }
}

TEST(survives_random_bytes)
{
    uint64_t random = 17;
    char text[64];

    for (int round = 0; round < 20000; round++) {
        size_t size = next_random(&random) % sizeof(text);

        for (size_t i = 0; i < size; i++)
            text[i] = "tex=&%+0cC9f\xff\x01"[next_random(&random) % 14];
        text[size > 0 ? size - 1 : 0] = '\0';
        parse(text);
    }
}
