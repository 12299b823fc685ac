#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "failing_memory.h"
#include "socklens/text.h"

/* A literal with its size, so that it can hold NUL bytes. */
struct bytes {
    const uint8_t *bytes;
    size_t size;
};

#define OF(literal)                                                                                \
    {                                                                                              \
        BYTES(literal)                                                                             \
    }

static const struct bytes valid[] = {
    OF(""),
    OF("plain ASCII, a bit longer than a word"),
    OF("\0 NUL \0"),
    OF("\x7f"),
    OF("\xc2\x80"),
    OF("\xdf\xbf"),
    OF("\xe0\xa0\x80"),
    OF("\xed\x9f\xbf"),
    OF("\xee\x80\x80"),
    OF("\xef\xbf\xbf"),
    OF("\xf0\x90\x80\x80"),
    OF("\xf4\x8f\xbf\xbf"),
    OF("straße Ωμέγα 漢字 😀 e\u0301"),
};

/* Each begins with a valid prefix of `prefix` bytes. */
static const struct {
    struct bytes text;
    size_t prefix;
} invalid[] = {
    {OF("\x80"), 0},
    {OF("\xbf"), 0},
    {OF("12345678\x80"), 8},
    {OF("1234567\x80"), 7},
    {OF("\xc0\x80"), 0},         /* overlong NUL */
    {OF("\xc1\xbf"), 0},         /* overlong */
    {OF("\xe0\x9f\xbf"), 0},     /* overlong */
    {OF("\xf0\x8f\xbf\xbf"), 0}, /* overlong */
    {OF("\xed\xa0\x80"), 0},     /* U+D800 */
    {OF("\xed\xbf\xbf"), 0},     /* U+DFFF */
    {OF("\xf4\x90\x80\x80"), 0}, /* U+110000 */
    {OF("\xf5\x80\x80\x80"), 0},
    {OF("\xff"), 0},
    {OF("\xfe"), 0},
    {OF("\xf8\x88\x80\x80\x80"), 0}, /* five bytes */
    {OF("ab\xc3"), 2},               /* cut */
    {OF("ab\xe2\x82"), 2},
    {OF("ab\xf0\x9f\x98"), 2},
    {OF("ab\xc3(x"), 2}, /* no continuation */
    {OF("ab\xe2\x82(x"), 2},
    {OF("ab\xf0\x9f\x98(x"), 2},
    {OF("ß\xc3\x9f\x9f"), 4}, /* one continuation too many */
};

TEST(knows_valid_utf8)
{
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        assert_true(sl_text_is_utf8(valid[i].bytes, valid[i].size));
        assert_int_equal(sl_text_utf8_prefix(valid[i].bytes, valid[i].size), valid[i].size);
    }
    assert_true(sl_text_is_utf8(NULL, 0));
}

TEST(knows_invalid_utf8)
{
    for (size_t i = 0; i < COUNT_OF(invalid); i++) {
        const struct bytes *text = &invalid[i].text;
        assert_false(sl_text_is_utf8(text->bytes, text->size));
        assert_int_equal(sl_text_utf8_prefix(text->bytes, text->size), invalid[i].prefix);
    }
}

/* Exact-size copies on the heap, so that a sanitizer sees a read past the end. */
TEST(never_reads_past_the_end)
{
    static const char text[] = "1234567 ß€😀 12345678 ß€😀";
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t size = 1; size < sizeof(text); size++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, text, size);
        sl_text_utf8_prefix(copy, size);
        assert_int_equal(sl_text_upper(copy, size, &out), 0);
        assert_int_equal(sl_text_escape(copy, size, &out), 0);
        assert_int_equal(sl_text_base64(copy, size, &out), 0);
        free(copy);
    }
    sl_buffer_deinit(&out);
}

static void assert_upper(const char *text, const char *expected)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    assert_int_equal(sl_text_upper((const uint8_t *)text, strlen(text), &out), 0);
    assert_took(&out, expected);
    sl_buffer_deinit(&out);
}

TEST(upper_case_is_full_unicode)
{
    assert_upper("", "");
    assert_upper("hello from client1", "HELLO FROM CLIENT1");
    assert_upper("straße", "STRASSE");
    assert_upper("ﬃ ŉ ǰ \u0390 ﬗ", "FFI ʼN J\u030c \u0399\u0308\u0301 ՄԽ");
    assert_upper("ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ");
    assert_upper("ᾳ ᾼ", "ΑΙ ΑΙ");
    assert_upper("i ı İ", "I I İ");
    assert_upper("漢字 😀 123", "漢字 😀 123");
    assert_upper("ა \u10d0", "Ა \u1c90");
    assert_upper("𐐨", "𐐀");
}

TEST(only_the_letters_of_ascii_change)
{
    uint8_t in[128], expected[128];
    for (unsigned i = 0; i < 128; i++) {
        in[i] = (uint8_t)i;
        expected[i] = (uint8_t)(i >= 'a' && i <= 'z' ? i - 32 : i);
    }
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t from = 0; from < 16; from++) { /* at every place of a word */
        assert_int_equal(sl_text_upper(in + from, 128 - from, &out), 0);
        assert_bytes_equal(out.data, out.size, expected + from, 128 - from);
        out.size = 0;
    }
    sl_buffer_deinit(&out);
}

TEST(invalid_bytes_pass_and_valid_runs_are_upper_cased)
{
    assert_upper(
        "ab\xff"
        "cd",
        "AB\xff"
        "CD");
    assert_upper("\xc3\xc3\xa4\xa4", "\xc3\xc3\x84\xa4");
    assert_upper("\xed\xa0\x80ß\xf0\x9f", "\xed\xa0\x80SS\xf0\x9f");
    assert_upper(
        "ä\x80"
        "abcdefghij\xe2\x82",
        "Ä\x80"
        "ABCDEFGHIJ\xe2\x82");
    for (unsigned byte = 0x80; byte < 0x100; byte++)
        assert_upper((char[]){(char)byte, 0}, (char[]){(char)byte, 0});
}

TEST(upper_appends)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    sl_buffer_append_text(&out, "before ");
    assert_int_equal(sl_text_upper(BYTES("aß"), &out), 0);
    assert_took(&out, "before ASS");
    sl_buffer_deinit(&out);
}

TEST(upper_takes_the_largest_datagram)
{
    enum { CHARACTERS = 65536 / 2 };
    struct sl_buffer in = SL_BUFFER_INIT, out = SL_BUFFER_INIT;
    for (size_t i = 0; i < CHARACTERS; i++)
        sl_buffer_append_text(&in, "\u0390");
    assert_int_equal(sl_text_upper(in.data, in.size, &out), 0);
    assert_int_equal(out.size, 3 * in.size);
    for (size_t i = 0; i < CHARACTERS; i++)
        assert_memory_equal(out.data + 6 * i, "\u0399\u0308\u0301", 6);
    sl_buffer_deinit(&in);
    sl_buffer_deinit(&out);
}

/* Room is asked for twice: for as many bytes as came, and for growth where not all is ASCII. */
TEST(without_memory_upper_appends_nothing)
{
    uint8_t in[1000];
    memset(in, 'a', sizeof(in));
    memcpy(in + 900, "ß", 2);
    for (int allowed = 0; allowed <= 2; allowed++) {
        struct sl_buffer out = SL_BUFFER_INIT;
        sl_buffer_append_text(&out, "x");
        allow_allocations(allowed);
        int status = sl_text_upper(in, sizeof(in), &out);
        allow_allocations(-1);
        assert_int_equal(status, allowed < 2 ? -ENOMEM : 0);
        assert_int_equal(out.size, allowed < 2 ? 1 : 1001);
        sl_buffer_deinit(&out);
    }
}

static void assert_escaped(const uint8_t *text, size_t size, const char *expected)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    assert_int_equal(sl_text_escape(text, size, &out), 0);
    assert_took(&out, expected);
    sl_buffer_deinit(&out);
}

TEST(escapes_what_drives_a_terminal)
{
    assert_escaped(BYTES("plain \"text\" straße 漢字 😀"), "plain \"text\" straße 漢字 😀");
    assert_escaped(BYTES("\n\r\t\\"), "\\n\\r\\t\\\\");
    assert_escaped(BYTES("\0\x07\x1b[31m\x1f\x7f"), "\\x00\\x07\\x1b[31m\\x1f\\x7f");
    assert_escaped(BYTES("\xc2\x80\xc2\x9b\xc2\x9f\u00a0"), "\\u{0080}\\u{009b}\\u{009f}\u00a0");
    assert_escaped(BYTES("\u061c\u200d\u200e\u200f"), "\\u{061c}\u200d\\u{200e}\\u{200f}");
    assert_escaped(BYTES("\u2028\u2029\u202a\u202e\u202f"),
                   "\\u{2028}\\u{2029}\\u{202a}\\u{202e}\u202f");
    assert_escaped(BYTES("\u2066\u2069\u206a"), "\\u{2066}\\u{2069}\u206a");
    assert_escaped(BYTES("a\xff\xc3(\xed\xa0\x80"), "a\\xff\\xc3(\\xed\\xa0\\x80");
    assert_escaped(NULL, 0, "");
}

TEST(writes_base64)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79"},
        {"\xfb\xef\xbe", "++++"},
    };
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const uint8_t *bytes = (const uint8_t *)cases[i][0];
        assert_int_equal(sl_text_base64(bytes, strlen(cases[i][0]), &out), 0);
        assert_took(&out, cases[i][1]);
    }
    sl_buffer_deinit(&out);
}

TEST(base64_goes_there_and_back)
{
    uint64_t random = 1;
    struct sl_buffer text = SL_BUFFER_INIT, back = SL_BUFFER_INIT;
    for (size_t size = 0; size < 300; size++) {
        uint8_t bytes[300];
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)next_random(&random);
        assert_int_equal(sl_text_base64(bytes, size, &text), 0);
        sl_buffer_append(&text, "", 1);
        assert_int_equal(sl_text_from_base64((const char *)text.data, &back), 0);
        assert_bytes_equal(back.data, back.size, bytes, size);
        text.size = back.size = 0;
    }
    sl_buffer_deinit(&text);
    sl_buffer_deinit(&back);
}

TEST(base64_has_every_letter)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct sl_buffer bytes = SL_BUFFER_INIT, text = SL_BUFFER_INIT;

    assert_int_equal(sl_text_from_base64(letters, &bytes), 0);
    assert_int_equal(sl_text_base64(bytes.data, bytes.size, &text), 0);
    assert_took(&text, letters);
    sl_buffer_deinit(&bytes);
    sl_buffer_deinit(&text);
}

TEST(reads_base64_without_padding)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    assert_int_equal(sl_text_from_base64("Zg", &out), 0);
    assert_int_equal(sl_text_from_base64("Zm8", &out), 0);
    assert_took(&out, "ffo");
    sl_buffer_deinit(&out);
}

TEST(refuses_malformed_base64)
{
    static const char *const cases[] = {
        "Z",     "Zg=",    "Zg===", "Zm8==",    "Zm9v=", "=",  "==",   "====", "Z===",
        "Zm 9v", "Zm9v\n", "Zm-_",  "Zg==Zg==", "Z=g=",  "Zh", "Zm9=", "ü",    "Zm9vZ",
    };
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (sl_text_from_base64(cases[i], &out) != -EINVAL)
            fail_msg("'%s' was taken for base64", cases[i]);
        assert_int_equal(out.size, 0);
    }
    sl_buffer_deinit(&out);
}

TEST(reads_hex)
{
    static const char *const cases[] = {
        "48656c6c6f", "48 65 6C 6C 6F", "48:65:6c:6c:6f", " 48\t65\n6c 6c:6f ", "48656C 6c6F",
    };
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sl_text_from_hex(cases[i], &out), 0);
        assert_took(&out, "Hello");
    }
    assert_int_equal(sl_text_from_hex("", &out), 0);
    assert_int_equal(sl_text_from_hex("00ff", &out), 0);
    assert_bytes_equal(out.data, out.size, "\0\xff", 2);
    sl_buffer_deinit(&out);
}

TEST(refuses_malformed_hex)
{
    static const char *const cases[] = {
        "4", "486", "4 8", "4:8", "0x48", "4g", "g4", "48,65", "48-65", "ü", "48 6",
    };
    struct sl_buffer out = SL_BUFFER_INIT;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (sl_text_from_hex(cases[i], &out) != -EINVAL)
            fail_msg("'%s' was taken for hex", cases[i]);
        assert_int_equal(out.size, 0);
    }
    sl_buffer_deinit(&out);
}

TEST(sizes_that_overflow_are_refused)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    assert_int_equal(sl_text_escape(NULL, SIZE_MAX / 2, &out), -ENOMEM);
    assert_int_equal(sl_text_base64(NULL, SIZE_MAX - 1, &out), -ENOMEM);
    assert_int_equal(out.size, 0);
    sl_buffer_deinit(&out);
}

TEST(reads_the_largest_number)
{
    uint64_t number;

    assert_true(sl_parse_uint("18446744073709551615", &number));
    assert_true(number == UINT64_MAX);
    assert_false(sl_parse_uint("18446744073709551616", &number));
    assert_false(sl_parse_uint("", &number));
}

TEST(takes_a_list_apart)
{
    static const char *const parts[] = {"one", "", "thr", ""};
    const char *rest = "one,,three,";
    char part[4];

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_true(sl_text_part(&rest, part, sizeof(part)));
        assert_string_equal(part, parts[i]);
    }
    assert_false(sl_text_part(&rest, part, sizeof(part)));
}

TEST(quotes_are_escaped_and_cut)
{
    static const char text[] = "12345678901234567890123456789012345678901234567890123456789012ü";

    assert_string_equal(sl_quote("a\nb").text, "a\\nb");
    assert_string_equal(sl_quote(text).text,
                        "1234567890123456789012345678901234567890123456789012"
                        "3456789012ü...");
}
