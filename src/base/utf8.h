/* One UTF-8 sequence at a time, and eight ASCII bytes at a time. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SL_WORD_ONES  UINT64_C(0x0101010101010101) /* times b: the byte b eight times */
#define SL_WORD_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t sl_word_load(const uint8_t *in)
{
    uint64_t word;
    memcpy(&word, in, sizeof(word));
    return word;
}

static inline void sl_word_store(uint8_t *out, uint64_t word)
{
    memcpy(out, &word, sizeof(word));
}

static inline bool sl_word_is_ascii(uint64_t word)
{
    return (word & SL_WORD_HIGHS) == 0;
}

static inline bool sl_utf8_continues(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Length (1 to 4) of the valid sequence at `in`, 0 where there is none: the well-formed table of
 * RFC 3629 section 4. `size` is at least 1. */
static inline size_t sl_utf8_sequence(const uint8_t *in, size_t size)
{
    uint8_t lead = in[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4 || size < 2 || !sl_utf8_continues(in[1]))
        return 0;
    if (lead < 0xE0)
        return 2;
    if (size < 3 || !sl_utf8_continues(in[2]))
        return 0;
    if (lead < 0xF0) {
        bool overlong = lead == 0xE0 && in[1] < 0xA0;
        bool surrogate = lead == 0xED && in[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = lead == 0xF0 && in[1] < 0x90;
    bool too_large = lead == 0xF4 && in[1] > 0x8F;
    return size < 4 || !sl_utf8_continues(in[3]) || overlong || too_large ? 0 : 4;
}

/* The code point of a valid sequence of `length` bytes. */
static inline uint32_t sl_utf8_decode(const uint8_t *in, size_t length)
{
    static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = in[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (in[i] & 0x3F);
    return code;
}

#endif
