#include "unit.h"

#include <stdlib.h>

#include "socklens/hints.h"

#define HINT(hint) (1u << (SL_HINT_##hint))

static unsigned hints_of(const void *bytes, size_t size, enum sl_line_end line_end)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as large, so that a sanitizer sees more */
    memcpy(copy, bytes, size);
    unsigned hints = sl_hints(copy, size, size, line_end);
    free(copy);
    return hints;
}

#define ASSERT_HINTS(text, line_end, expected)                                                     \
    assert_int_equal(hints_of(text, sizeof(text) - 1, line_end), expected)

TEST(each_mistake_has_its_hint)
{
    ASSERT_HINTS("Exit\0", SL_LINE_END_NONE, HINT(ENDS_IN_NUL));
    ASSERT_HINTS("Exit\0", SL_LINE_END_LF, HINT(ENDS_IN_NUL));
    ASSERT_HINTS("E\0x\0i\0t\0", SL_LINE_END_NONE, HINT(UTF16));
    ASSERT_HINTS("\0E\0x\0i\0t", SL_LINE_END_NONE, HINT(UTF16));
    ASSERT_HINTS("\0E\0x\0i\0t\0", SL_LINE_END_LF, HINT(UTF16));
    ASSERT_HINTS("\xff\xfe\x45\0x\0", SL_LINE_END_NONE, HINT(UTF16) | HINT(BYTE_ORDER_MARK));
    ASSERT_HINTS("\xef\xbb\xbf\x45xit", SL_LINE_END_LF, HINT(BYTE_ORDER_MARK));
    ASSERT_HINTS("Exit ", SL_LINE_END_LF, HINT(TRAILING_BLANK));
    ASSERT_HINTS("Exit\t", SL_LINE_END_NONE, HINT(TRAILING_BLANK));
    ASSERT_HINTS("Exit \r\n", SL_LINE_END_NONE, HINT(TRAILING_BLANK));
    ASSERT_HINTS("Exit\r", SL_LINE_END_NONE, HINT(LONE_CR));
    ASSERT_HINTS("a\rb", SL_LINE_END_CRLF, HINT(LONE_CR));
    ASSERT_HINTS("\0\4Exit", SL_LINE_END_NONE, HINT(LENGTH_PREFIX));
    ASSERT_HINTS("\4\0Exit", SL_LINE_END_NONE, HINT(LENGTH_PREFIX));
    ASSERT_HINTS("\0\0\0\4Exit", SL_LINE_END_NONE, HINT(LENGTH_PREFIX));
    ASSERT_HINTS("\4\0\0\0Exit", SL_LINE_END_NONE, HINT(LENGTH_PREFIX));
    ASSERT_HINTS("\0\5Exit", SL_LINE_END_LF, HINT(LENGTH_PREFIX));
    ASSERT_HINTS("\4Exit", SL_LINE_END_NONE, HINT(LENGTH_PREFIX));
}

TEST(ordinary_text_has_none)
{
    static const char *const texts[] = {
        "",       "a",       "Hi",        "Exit", "Hello there", "straße",     "日本語",
        "a\r\nb", "hello\n", "hello\r\n", "\n",   "\r\n",        "tab\tin it", "two  blanks",
    };
    char longer[1000];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(hints_of(texts[i], strlen(texts[i]), SL_LINE_END_NONE), 0);
        if (!strchr(texts[i], '\n'))
            assert_int_equal(hints_of(texts[i], strlen(texts[i]), SL_LINE_END_CRLF), 0);
    }
    memset(longer, 'A', sizeof(longer)); /* 'A' is 65: no prefix in a text of 66 */
    for (size_t size = 0; size < sizeof(longer); size++)
        assert_int_equal(hints_of(longer, size, SL_LINE_END_LF), 0);
}

TEST(what_was_cut_has_no_end)
{
    assert_int_equal(sl_hints((const uint8_t *)"Exit ", 5, 9, SL_LINE_END_NONE), 0);
    assert_int_equal(sl_hints((const uint8_t *)"\0\7Exit", 6, 9, SL_LINE_END_NONE),
                     HINT(LENGTH_PREFIX));
}

TEST(each_has_a_name)
{
    for (unsigned i = 0; i < SL_HINT_COUNT; i++)
        assert_non_null(sl_hint_name(i));
    assert_string_equal(sl_hint_name(SL_HINT_ENDS_IN_NUL), "ends_in_nul");
}
