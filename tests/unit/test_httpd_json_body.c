#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "socklens/json_body.h"

static struct sl_member members[3];
static struct sl_problem problem;

static unsigned parse_bytes(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1); /* what lies behind must not be read */
    unsigned status;

    sl_members_deinit(members, COUNT_OF(members));
    members[0] = (struct sl_member){.name = "text"};
    members[1] = (struct sl_member){.name = "to"};
    members[2] = (struct sl_member){.name = "port", .type = SL_MEMBER_NUMBER, .max = 65535};
    problem = (struct sl_problem){0};
    memcpy(copy, bytes, size);
    copy[size] = 'x';
    status = sl_members_parse(members, COUNT_OF(members), copy, size, &problem);
    free(copy);
    return status;
}

static unsigned parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int teardown(void **state)
{
    (void)state;
    sl_members_deinit(members, COUNT_OF(members));
    return 0;
}

TEST_GROUP(NULL, teardown)

TEST(reads_members)
{
    assert_int_equal(parse(" {\"text\":\"stra\\u00dfe \\\"\\\\u0000\\\"\", \"port\": 17} \r\n"), 0);
    assert_true(members[0].present);
    assert_string_equal(members[0].text, "straße \"\\u0000\"");
    assert_false(members[1].present);
    assert_true(members[2].present);
    assert_int_equal(members[2].number, 17);
    assert_int_equal(parse("{}"), 0);
}

TEST(wrong_member_is_refused_by_name)
{
    assert_int_equal(parse("{\"txt\":\"a\"}"), 400);
    assert_string_equal(problem.unknown, "txt");
    assert_string_equal(problem.allowed, "text, to, port");
    assert_int_equal(parse("{\"text\":\"a\",\"text\":\"b\"}"), 400);
    assert_string_equal(problem.param, "text");
    assert_int_equal(parse("{\"text\":5}"), 400);
    assert_string_equal(problem.param, "text");
    assert_int_equal(parse("{\"text\":null}"), 400);
}

/* Numbers and blanks that strtod() and cJSON take, and JSON does not know. */
TEST(refuses_what_only_c_takes_for_numbers)
{
    static const char *const bodies[] = {
        "{\"port\":007}",    "{\"port\":00}",   "{\"port\":1.}",    "{\"port\":1.e1}",
        "{\"port\":.5}",     "{\"port\":+1}",   "{\"port\":-}",     "{\"port\":-01}",
        "{\"port\":1e}",     "{\"port\":1e+}",  "{\"port\":0x1}",   "{\"port\":1-2}",
        "{\"port\":1.2.3}",  "{\"port\":--1}",  "{\"port\":1e1.5}", "{\"port\":\f17}",
        "{\"port\":\00117}", "{\"port\":17\v}",
    };

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct sl_member member = {.name = "port", .type = SL_MEMBER_NUMBER, .max = 65535};

        assert_int_equal(sl_members_parse(&member, 1, bodies[i], strlen(bodies[i]), &problem), 400);
        sl_members_deinit(&member, 1);
    }
}

TEST(takes_every_form_of_a_number)
{
    static const char *const bodies[] = {"{\"port\":17}", "{\"port\":17.0}", "{\"port\":1.7e1}",
                                         "{\"port\":170E-1}", "{ \"port\" :\t0.17e+2\r\n}"};

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct sl_member member = {.name = "port", .type = SL_MEMBER_NUMBER, .max = 65535};

        assert_int_equal(sl_members_parse(&member, 1, bodies[i], strlen(bodies[i]), &problem), 0);
        assert_int_equal(member.number, 17);
    }
}

TEST(refuses_bad_numbers)
{
    static const char *const numbers[] = {"-1", "65536", "1.5", "1e99", "true", "\"1\"", "null"};
    char text[64];

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        snprintf(text, sizeof(text), "{\"port\":%s}", numbers[i]);
        assert_int_equal(parse(text), 400);
        assert_string_equal(problem.param, "port");
        assert_string_equal(problem.allowed, "0 to 65535");
    }
}

TEST(refuses_what_is_not_an_object)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "[]",
                                        "5",
                                        "null",
                                        "\"text\"",
                                        "{",
                                        "{\"text\":\"a\"",
                                        "{\"text\":\"a\"} x",
                                        "{\"text\":\"a\"}{}",
                                        "{\"text\":\"a\",}",
                                        "{'text':'a'}",
                                        "{\"text\":{}}",
                                        "{\"text\":[\"a\"]}",
                                        "{\"text\":\"a\nb\"}",
                                        "{\"text\":\"a\\u0000b\"}",
                                        "{\"text\":\"\\ud800\"}",
                                        "{\"text\":\"\xff\"}",
                                        "{\"te\\u0000xt\":\"a\"}"};

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(parse(texts[i]), 400);
    assert_int_equal(parse_bytes("{}\0", 3), 400);
    assert_int_equal(parse_bytes("{\"text\":\"a\0b\"}", 14), 400);
}

TEST(survives_deep_nesting)
{
    char text[4096];

    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(parse(text), 400);
}

TEST(survives_random_bytes)
{
    static const char alphabet[] = "{}[]\"\\u0:,texpor1 -e.\xc3\x9f";
    uint64_t random = 5;
    char text[48];

    for (int round = 0; round < 20000; round++) {
        size_t size = next_random(&random) % sizeof(text);

        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[next_random(&random) % (sizeof(alphabet) - 1)];
        parse_bytes(text, size);
    }
}
