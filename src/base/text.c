/* Text that a stranger has sent: UTF-8 validity (RFC 3629), and forms that drive no terminal. */
#include "socklens/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "base/escape.h"

size_t sl_text_utf8_prefix(const uint8_t *in, size_t size)
{
    const uint8_t *wrong = u8_check(in, size);

    return wrong ? (size_t)(wrong - in) : size;
}

bool sl_text_is_utf8(const uint8_t *in, size_t size)
{
    return sl_text_utf8_prefix(in, size) == size;
}

static const char hex_digits[] = "0123456789abcdef";

static size_t write_hex_byte(uint8_t byte, uint8_t *out)
{
    out[0] = '\\';
    out[1] = 'x';
    out[2] = (uint8_t)hex_digits[byte >> 4];
    out[3] = (uint8_t)hex_digits[byte & 15];
    return 4;
}

static size_t write_code_point(uint32_t code, uint8_t *out)
{
    memcpy(out, "\\u{0000}", 8);
    for (size_t i = 6; i >= 3; i--) {
        out[i] = (uint8_t)hex_digits[code & 15];
        code >>= 4;
    }
    return 8;
}

static size_t write_ascii(uint8_t byte, uint8_t *out)
{
    char letter;
    switch (byte) {
    case '\n':
        letter = 'n';
        break;
    case '\r':
        letter = 'r';
        break;
    case '\t':
        letter = 't';
        break;
    case '\\':
        letter = '\\';
        break;
    default:
        if (byte < 0x20 || byte == 0x7F)
            return write_hex_byte(byte, out);
        out[0] = byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = (uint8_t)letter;
    return 2;
}

/* C1, the Bidi_Control characters of Unicode's PropList.txt, and both separators. */
static bool drives_a_terminal(uint32_t code)
{
    return code < 0xA0 || code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

size_t sl_escape_write(const uint8_t *in, size_t size, uint8_t *out)
{
    uint8_t *to = out;
    for (size_t at = 0; at < size;) {
        ucs4_t code;
        int length = u8_mbtoucr(&code, in + at, size - at);
        if (length < 0) {
            to += write_hex_byte(in[at], to);
            length = 1;
        } else if (length == 1) {
            to += write_ascii(in[at], to);
        } else if (drives_a_terminal(code)) {
            to += write_code_point(code, to);
        } else {
            memcpy(to, in + at, (size_t)length);
            to += length;
        }
        at += (size_t)length;
    }
    return (size_t)(to - out);
}

int sl_text_escape(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    size_t most;
    if (__builtin_mul_overflow(size, (size_t)SL_ESCAPE_GROWTH, &most))
        return -ENOMEM;
    uint8_t *to = sl_buffer_reserve(out, most);
    if (!to)
        return -ENOMEM;
    out->size += sl_escape_write(in, size, to);
    return 0;
}

bool sl_parse_uint_n(const char *text, size_t size, uint64_t *value)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number))
            return false;
    }
    if (size > 0)
        *value = number;
    return size > 0;
}

bool sl_parse_uint(const char *text, uint64_t *value)
{
    return sl_parse_uint_n(text, strlen(text), value);
}

bool sl_text_part(const char **rest, char *part, size_t size)
{
    size_t length;

    if (!*rest)
        return false;
    length = strcspn(*rest, ",");
    snprintf(part, size, "%.*s", (int)(length < size ? length : size), *rest);
    *rest = (*rest)[length] == ',' ? *rest + length + 1 : NULL;
    return true;
}

void sl_text_trim(char *text)
{
    text[sl_text_utf8_prefix((const uint8_t *)text, strlen(text))] = '\0';
}

struct sl_quote sl_quote(const char *text)
{
    struct sl_quote quote = {0};
    struct sl_buffer escaped = SL_BUFFER_INIT;
    size_t size = strnlen(text, 64);

    if (sl_text_escape((const uint8_t *)text, size, &escaped) == 0)
        snprintf(quote.text, sizeof(quote.text), "%.*s%s",
                 (int)(escaped.size < 64 ? escaped.size : 64), (const char *)escaped.data,
                 size == 64 || escaped.size > 64 ? "..." : "");
    sl_buffer_deinit(&escaped);
    sl_text_trim(quote.text);
    return quote;
}
