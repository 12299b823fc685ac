/* Recognises mistakes in received bytes that look right to their sender: a NUL from send(strlen
 * + 1), UTF-16, a byte order mark, a length in front (Java's writeUTF), a lone CR. */
#include "socklens/hints.h"

#include <stdbool.h>
#include <string.h>

#define BIT(hint)       (1u << (hint))
#define UTF16_SIZE_MIN  4u
#define UTF16_LOOKED_AT 64u /* bytes that have to look like it */
#define CONTROL_END     0x20u

static const char *const names[SL_HINT_COUNT] = {
    [SL_HINT_ENDS_IN_NUL] = "ends_in_nul",
    [SL_HINT_UTF16] = "utf16",
    [SL_HINT_BYTE_ORDER_MARK] = "byte_order_mark",
    [SL_HINT_TRAILING_BLANK] = "trailing_blank",
    [SL_HINT_LONE_CR] = "lone_cr",
    [SL_HINT_LENGTH_PREFIX] = "length_prefix",
};

const char *sl_hint_name(enum sl_hint hint)
{
    return names[hint];
}

static bool begins_with(const uint8_t *bytes, size_t size, const char *mark)
{
    return size >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0;
}

/* Letters of ASCII in UTF-16, whichever byte comes first. */
static bool has_zeros_between(const uint8_t *bytes, size_t size)
{
    size_t zeros = bytes[0] == 0 ? 0 : 1; /* where they stand: at even or at odd places */

    if (size > UTF16_LOOKED_AT)
        size = UTF16_LOOKED_AT;
    for (size_t i = 0; i < size; i++) {
        if ((bytes[i] == 0) != (i % 2 == zeros))
            return false;
    }
    return size >= UTF16_SIZE_MIN;
}

static bool has_lone_cr(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = bytes + size;

    for (const uint8_t *at = bytes; (at = memchr(at, '\r', (size_t)(end - at))); at++) {
        if (at + 1 == end || at[1] != '\n')
            return true;
    }
    return false;
}

/* One byte, or two or four in either order; none that begins as text would. */
static bool has_length_prefix(const uint8_t *bytes, size_t stored, uint64_t size, size_t end_size)
{
    uint64_t big = 0, little = 0;

    for (size_t i = 0; i < 4 && i < stored; i++) {
        uint64_t follow = size - (i + 1);
        bool control = i == 0 ? bytes[0] < '\t' : bytes[0] == 0 || bytes[i] == 0;

        big = big << 8 | bytes[i];
        little |= (uint64_t)bytes[i] << 8 * i;
        if (i != 2 && control && follow > 0 &&
            (big == follow || little == follow || big == follow + end_size ||
             little == follow + end_size))
            return true;
    }
    return false;
}

/* The first bytes of a binary header, or of a mark; text begins otherwise. */
static unsigned hints_at_begin(const uint8_t *bytes, size_t stored, uint64_t size, size_t end_size)
{
    unsigned hints = 0;
    bool marked16 =
        begins_with(bytes, stored, "\xff\xfe") || begins_with(bytes, stored, "\xfe\xff");

    if (marked16 || begins_with(bytes, stored, "\xef\xbb\xbf"))
        hints |= BIT(SL_HINT_BYTE_ORDER_MARK);
    if (marked16 || has_zeros_between(bytes, stored))
        hints |= BIT(SL_HINT_UTF16);
    else if (has_length_prefix(bytes, stored, size, end_size))
        hints |= BIT(SL_HINT_LENGTH_PREFIX);
    return hints;
}

static bool may_begin_so(const uint8_t *bytes, size_t stored)
{
    if (bytes[0] < CONTROL_END || bytes[0] >= 0xef)
        return true;
    for (size_t i = 1; i < 4 && i < stored; i++) {
        if (bytes[i] < '\t')
            return true;
    }
    return false;
}

unsigned sl_hints(const uint8_t *bytes, size_t stored, uint64_t size, enum sl_line_end line_end)
{
    size_t end = stored, end_size = strlen(sl_line_end_bytes(line_end));
    unsigned hints = 0;

    if (stored == 0)
        return 0;
    if (may_begin_so(bytes, stored))
        hints = hints_at_begin(bytes, stored, size, end_size);
    if (has_lone_cr(bytes, stored))
        hints |= BIT(SL_HINT_LONE_CR);
    if (stored < size) /* its end is not known */
        return hints;
    if (end > 0 && line_end == SL_LINE_END_NONE && bytes[end - 1] == '\n')
        end -= 1 + (end > 1 && bytes[end - 2] == '\r');
    if (end > 0 && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
        hints |= BIT(SL_HINT_TRAILING_BLANK);
    if (end > 0 && bytes[end - 1] == '\0' && !(hints & BIT(SL_HINT_UTF16)))
        hints |= BIT(SL_HINT_ENDS_IN_NUL);
    return hints;
}
