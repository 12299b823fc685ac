#include "unit.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "failing_memory.h"
#include "socklens/json.h"

static struct sl_buffer out;
static struct sl_json json;

static int start(void **state)
{
    (void)state;
    out = SL_BUFFER_INIT;
    sl_json_init(&json, &out);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    allow_allocations(-1);
    sl_buffer_deinit(&out);
    return 0;
}

TEST_WITH(puts_the_commas, start, stop)
{
    sl_json_open_object(&json);
    sl_json_key(&json, "empty");
    sl_json_open_array(&json);
    sl_json_close_array(&json);
    sl_json_key(&json, "items");
    sl_json_open_array(&json);
    sl_json_open_object(&json);
    sl_json_close_object(&json);
    sl_json_open_object(&json);
    sl_json_key(&json, "a");
    sl_json_uint(&json, 1);
    sl_json_key(&json, "b");
    sl_json_null(&json);
    sl_json_close_object(&json);
    sl_json_string(&json, "x");
    sl_json_open_array(&json);
    sl_json_bool(&json, true);
    sl_json_bool(&json, false);
    sl_json_close_array(&json);
    sl_json_close_array(&json);
    sl_json_key(&json, "last");
    sl_json_base64(&json, BYTES("abcd"));
    sl_json_close_object(&json);
    assert_false(json.failed);
    assert_took(&out,
                "{\"empty\":[],\"items\":[{},{\"a\":1,\"b\":null},\"x\",[true,false]],"
                "\"last\":\"YWJjZA==\"}");
}

TEST_WITH(writes_numbers, start, stop)
{
    sl_json_open_array(&json);
    sl_json_uint(&json, 0);
    sl_json_uint(&json, UINT64_MAX);
    sl_json_int(&json, INT64_MIN);
    sl_json_int(&json, -1);
    sl_json_int(&json, INT64_MAX);
    sl_json_close_array(&json);
    assert_took(&out, "[0,18446744073709551615,-9223372036854775808,-1,9223372036854775807]");
}

TEST_WITH(writes_times, start, stop)
{
    sl_json_time(&json, INT64_C(1767225600000001000));
    assert_took(&out, "\"2026-01-01T00:00:00.000001Z\"");
}

TEST_WITH(writes_times_of_one_second_and_others, start, stop)
{
    static const int64_t second = INT64_C(1767225600000000000);

    sl_json_open_array(&json);
    sl_json_time(&json, second + 999999999);
    sl_json_time(&json, second + 1000);
    sl_json_time(&json, second + SL_NS_PER_S);
    sl_json_time(&json, second + 123456789);
    sl_json_time(&json, -1);
    sl_json_time(&json, 0);
    sl_json_time(&json, 5000);
    sl_json_close_array(&json);
    assert_took(&out,
                "[\"2026-01-01T00:00:00.999999Z\",\"2026-01-01T00:00:00.000001Z\","
                "\"2026-01-01T00:00:01.000000Z\",\"2026-01-01T00:00:00.123456Z\","
                "\"1970-01-01T00:00:00.000000Z\",\"1970-01-01T00:00:00.000000Z\","
                "\"1970-01-01T00:00:00.000005Z\"]");
}

TEST_WITH(takes_pieces_as_they_stand, start, stop)
{
    sl_json_open_array(&json);
    for (uint64_t i = 1; i < 3; i++) {
        sl_json_lead(&json, "{\"a\":");
        sl_json_uint(&json, i);
        sl_json_lead(&json, "\"b\":true,\"c\":");
        sl_json_plain(&json, "plain", 5);
        sl_json_close_object(&json);
    }
    sl_json_close_array(&json);
    assert_took(&out,
                "[{\"a\":1,\"b\":true,\"c\":\"plain\"},{\"a\":2,\"b\":true,\"c\":\"plain\"}]");
}

TEST_WITH(escapes_strings, start, stop)
{
    static const char text[] = "a\"b\\c/\b\f\n\r\t\0\x1f\x7f straße \u2028\u2029 😀";
    sl_json_string_n(&json, text, sizeof(text) - 1);
    assert_took(&out,
                "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f straße \\u2028\\u2029 😀\"");
}

TEST_WITH(every_ascii_byte_at_every_place_survives, start, stop)
{
    for (size_t place = 0; place < 20; place++) {
        for (unsigned byte = 1; byte < 0x80; byte++) {
            char text[] = "12345678901234567890";
            text[place] = (char)byte;
            out.size = 0;
            sl_json_init(&json, &out);
            sl_json_string(&json, text);
            cJSON *parsed = cJSON_ParseWithLength((const char *)out.data, out.size);
            assert_non_null(parsed);
            assert_string_equal(cJSON_GetStringValue(parsed), text);
            cJSON_Delete(parsed);
            if (byte < 0x20 || byte == 0x7F)
                assert_null(memchr(out.data, (int)byte, out.size));
        }
    }
}

TEST_WITH(the_neighbours_of_the_separators_stay, start, stop)
{
    sl_json_string(&json, "\u2027\u202a\u2068\u3028\u20a8");
    assert_took(&out, "\"\u2027\u202a\u2068\u3028\u20a8\"");
}

TEST_WITH(strings_that_are_not_utf8_get_replacement_characters, start, stop)
{
    sl_json_string(&json, "a\xff\xc3(\xe2\x80");
    assert_took(&out, "\"a\\ufffd\\ufffd(\\ufffd\\ufffd\"");
}

TEST_WITH(a_payload_that_is_not_utf8_is_null, start, stop)
{
    sl_json_open_array(&json);
    sl_json_text_or_null(&json, BYTES("text straße \n"));
    sl_json_text_or_null(&json, BYTES("a long one that ends badly \n \xc3"));
    sl_json_text_or_null(&json, BYTES("\xed\xa0\x80"));
    sl_json_text_or_null(&json, NULL, 0);
    sl_json_close_array(&json);
    assert_took(&out, "[\"text straße \\n\",null,null,\"\"]");
}

TEST_WITH(a_refused_first_value_gets_no_comma, start, stop)
{
    sl_json_open_array(&json);
    sl_json_text_or_null(&json, BYTES("\xff"));
    sl_json_text_or_null(&json, BYTES("\xff"));
    sl_json_close_array(&json);
    assert_took(&out, "[null,null]");
}

/* Random bytes: text or null exactly as a second reading of the same bytes says. */
TEST_WITH(random_payloads_come_back, start, stop)
{
    static const char *const pieces[] = {"a",    "hello you", "\"",   "\\",          "\n",
                                         "\x01", "ß",         "€",    "😀",           "\u2028",
                                         "\x7f", "\xc3",      "\x80", "\xed\xa0\x80"};
    uint64_t random = 7;
    for (unsigned round = 0; round < 20000; round++) {
        char text[256] = "";
        /* the last three are not UTF-8: one text in three may have them */
        size_t choice = COUNT_OF(pieces) - (round % 3 == 0 ? 0 : 3);
        bool valid = true;
        for (uint64_t count = next_random(&random) % 16; count > 0; count--) {
            size_t piece = next_random(&random) % choice;
            valid = valid && piece < COUNT_OF(pieces) - 3;
            strcat(text, pieces[piece]);
        }
        /* "\xc3\x80" is a character after all */
        if (!valid && strstr(text, "\xc3\x80"))
            continue;
        out.size = 0;
        sl_json_init(&json, &out);
        sl_json_text_or_null(&json, (const uint8_t *)text, strlen(text));
        cJSON *parsed = cJSON_ParseWithLength((const char *)out.data, out.size);
        assert_non_null(parsed);
        assert_int_equal(cJSON_IsString(parsed), valid);
        if (valid)
            assert_string_equal(cJSON_GetStringValue(parsed), text);
        cJSON_Delete(parsed);
    }
}

TEST_WITH(the_largest_payload_of_escapes_fits, start, stop)
{
    enum { SIZE = 65536 };
    uint8_t *bytes = calloc(1, SIZE);
    sl_json_text_or_null(&json, bytes, SIZE);
    assert_false(json.failed);
    assert_int_equal(out.size, 6 * SIZE + 2);
    assert_memory_equal(out.data + out.size - 7, "\\u0000\"", 7);
    free(bytes);
}

TEST_WITH(missing_memory_is_remembered, start, stop)
{
    for (int allowed = 0; allowed < 4; allowed++) {
        sl_buffer_deinit(&out);
        sl_json_init(&json, &out);
        allow_allocations(allowed);
        sl_json_open_array(&json);
        sl_json_string(&json,
                       "a string that is longer than the smallest buffer of all, which has 64");
        sl_json_text_or_null(&json, (const uint8_t[200]){0}, 200);
        sl_json_base64(&json, (const uint8_t[2000]){0}, 2000);
        sl_json_key(&json, "key");
        sl_json_null(&json);
        sl_json_close_array(&json);
        allow_allocations(-1);
        assert_true(json.failed);
    }
}
