/* base64 and hex. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "socklens/text.h"

/* A 1 in each byte of `values`, which are below 64, that is at least `limit`. */
static uint64_t at_least(uint64_t values, unsigned limit)
{
    return (values + SL_WORD_ONES * (128 - limit)) >> 7 & SL_WORD_ONES;
}

/* Eight values below 64 to their letters, without looking any up: they are five runs, in each of
 * which a letter is at the same distance from its value. No sum leaves its byte. */
static uint64_t letters_of(uint64_t values)
{
    uint64_t up = SL_WORD_ONES * 'A' + at_least(values, 26) * ('a' - 26 - 'A') +
                  at_least(values, 63) * ('/' - 63 - ('+' - 62));
    uint64_t down = at_least(values, 52) * ('a' - 26 - ('0' - 52)) +
                    at_least(values, 62) * ('0' - 52 - ('+' - 62));
    return values + up - down;
}

/* Six bytes in the low 48 bits become eight letters. */
static void write_groups(uint64_t bits, uint8_t *out)
{
    uint64_t values = (bits >> 24) << 32 | (bits & 0xFFFFFF);                    /* 24 bits */
    values = (values & 0x00FFF00000FFF000) << 4 | (values & 0x00000FFF00000FFF); /* 12 */
    values = (values & 0x0FC00FC00FC00FC0) << 2 | (values & 0x003F003F003F003F); /* 6 */
    values = htobe64(letters_of(values));
    memcpy(out, &values, sizeof(values));
}

/* Fewer than eight bytes at the end of `in`, which has `size`, in the high bits. */
static uint64_t load_end(const uint8_t *in, size_t size, size_t count)
{
    uint64_t word = 0;
    if (size >= sizeof(word))
        return be64toh(sl_word_load(in + size - sizeof(word))) << (64 - 8 * count);
    memcpy(&word, in + size - count, count);
    return be64toh(word);
}

int sl_text_base64(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    if (size > SIZE_MAX / 2)
        return -ENOMEM;
    size_t length = (size + 2) / 3 * 4;
    uint8_t *to = sl_buffer_reserve(out, length + 8); /* letters are written by eight */
    if (!to)
        return -ENOMEM;
    uint8_t *end = to + length;
    size_t at = 0;
    for (; size - at >= 8; at += 6, to += 8) /* eight are loaded, six are taken */
        write_groups(be64toh(sl_word_load(in + at)) >> 16, to);
    if (at < size) {
        uint64_t word = load_end(in, size, size - at);
        write_groups(word >> 16, to);
        if (size - at > 6)
            write_groups((word << 48) >> 16, to + 8);
    }
    if (size % 3 != 0)
        end[-1] = '=';
    if (size % 3 == 1)
        end[-2] = '=';
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

static int hex_value(char letter)
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
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0)
            return -EINVAL;
        *to++ = (uint8_t)(high << 4 | low);
        text += 2;
    }
    out->size += (size_t)(to - start);
    return 0;
}
