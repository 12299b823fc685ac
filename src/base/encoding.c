/* base64 and hex. */
#include <errno.h>
#include <string.h>

#include "socklens/text.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int sl_text_base64(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    size_t length = (size + 2) / 3 * 4;
    uint8_t *to = size > SIZE_MAX / 2 ? NULL : sl_buffer_reserve(out, length);
    if (!to)
        return -ENOMEM;
    for (size_t at = 0; at < size; at += 3, to += 4) {
        size_t left = size - at;
        uint32_t bits = (uint32_t)in[at] << 16 | (left > 1 ? (uint32_t)in[at + 1] << 8 : 0) |
                        (left > 2 ? in[at + 2] : 0);
        to[0] = (uint8_t)base64_alphabet[bits >> 18];
        to[1] = (uint8_t)base64_alphabet[bits >> 12 & 63];
        to[2] = (uint8_t)(left > 1 ? base64_alphabet[bits >> 6 & 63] : '=');
        to[3] = (uint8_t)(left > 2 ? base64_alphabet[bits & 63] : '=');
    }
    out->size += length;
    return 0;
}

/* 0 to 63, or -1. */
static int base64_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Length without padding; -1 where the padding or the length is impossible. */
static ptrdiff_t base64_letters(const char *text)
{
    size_t length = strlen(text);
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - padding - 1] == '=')
        padding++;
    if ((padding > 0 && length % 4 != 0) || (length - padding) % 4 == 1)
        return -1;
    return (ptrdiff_t)(length - padding);
}

int sl_text_from_base64(const char *text, struct sl_buffer *out)
{
    ptrdiff_t letters = base64_letters(text);
    if (letters < 0)
        return -EINVAL;
    uint8_t *to = sl_buffer_reserve(out, (size_t)letters);
    if (!to)
        return -ENOMEM;
    uint8_t *start = to;
    uint32_t bits = 0;
    unsigned held = 0;
    for (ptrdiff_t i = 0; i < letters; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (uint8_t)(bits >> held);
        }
    }
    /* Bits that belong to no byte are a sign of a cut or altered text (RFC 4648 section 3.5). */
    if ((bits & ((1u << held) - 1)) != 0)
        return -EINVAL;
    out->size += (size_t)(to - start);
    return 0;
}

int sl_text_hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F')
        return letter - 'A' + 10;
    return -1;
}

int sl_text_from_hex(const char *text, struct sl_buffer *out)
{
    uint8_t *to = sl_buffer_reserve(out, strlen(text) / 2);
    if (!to)
        return -ENOMEM;
    uint8_t *start = to;
    while (*text) {
        if (strchr(" \t\r\n:", *text)) {
            text++;
            continue;
        }
        int high = sl_text_hex_digit(text[0]);
        int low = high < 0 ? -1 : sl_text_hex_digit(text[1]);
        if (low < 0)
            return -EINVAL;
        *to++ = (uint8_t)(high << 4 | low);
        text += 2;
    }
    out->size += (size_t)(to - start);
    return 0;
}
