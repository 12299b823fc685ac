/* Upper case has no context: neither SpecialCasing.txt's language-independent rules nor Python's
 * str.upper() look at a neighbour (only lower case does, for the final sigma). So text may be taken
 * apart anywhere between characters: ASCII goes eight bytes at a time here, each run of other
 * characters goes to libunistring, which writes into our buffer without allocating. */
#include "socklens/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

/* The most that a character grows: U+0390, two bytes, becomes three of two bytes. */
#define UPPER_GROWTH 3

#define WORD_ONES  UINT64_C(0x0101010101010101) /* times b: the byte b eight times */
#define WORD_HIGHS UINT64_C(0x8080808080808080)

/* Eight ASCII bytes: the sums set a byte's top bit from 'a' on and from 'z' + 1 on, so their
 * difference marks the letters; 0x80 >> 2 is the 0x20 between the cases. */
static uint64_t upper_word(uint64_t word)
{
    uint64_t from_a = word + WORD_ONES * (0x80 - 'a');
    uint64_t past_z = word + WORD_ONES * (0x80 - 'z' - 1);
    return word ^ (((from_a ^ past_z) & WORD_HIGHS) >> 2);
}

/* Up to the first byte that is not ASCII; how many it were. */
static size_t upper_ascii(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, in + at, sizeof(word));
        if ((word & WORD_HIGHS) != 0)
            break;
        word = upper_word(word);
        memcpy(out + at, &word, sizeof(word));
    }
    for (; at < size && in[at] < 0x80; at++)
        out[at] = (uint8_t)(in[at] >= 'a' && in[at] <= 'z' ? in[at] - 0x20 : in[at]);
    return at;
}

/* Length of the valid characters at `in` that are not ASCII. */
static size_t foreign_run(const uint8_t *in, size_t size)
{
    size_t at = 0;
    while (at < size && in[at] >= 0x80) {
        ucs4_t code;
        int length = u8_mbtoucr(&code, in + at, size - at);
        if (length < 0)
            break;
        at += (size_t)length;
    }
    return at;
}

/* `out` has room for the longest result, so libunistring uses it. */
static int upper_foreign(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    uint8_t *to = out->data + out->size;
    size_t length = out->capacity - out->size;
    uint8_t *result = u8_toupper(in, size, "", NULL, to, &length);
    if (!result)
        return -ENOMEM;
    if (result == to) {
        out->size += length;
        return 0;
    }
    int status = sl_buffer_append(out, result, length);
    free(result);
    return status;
}

static int upper_mixed(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    size_t most;
    if (__builtin_mul_overflow(size, (size_t)UPPER_GROWTH, &most) || !sl_buffer_reserve(out, most))
        return -ENOMEM;
    while (size > 0) {
        size_t run = foreign_run(in, size);
        if (run > 0) {
            int status = upper_foreign(in, run, out);
            if (status < 0)
                return status;
        } else if (in[0] >= 0x80) {
            out->data[out->size++] = in[0];
            run = 1;
        } else {
            run = upper_ascii(in, size, out->data + out->size);
            out->size += run;
        }
        in += run;
        size -= run;
    }
    return 0;
}

int sl_text_upper(const uint8_t *in, size_t size, struct sl_buffer *out)
{
    size_t before = out->size;
    uint8_t *to = sl_buffer_reserve(out, size);
    if (!to)
        return -ENOMEM;
    size_t ascii = upper_ascii(in, size, to);
    out->size += ascii;
    if (ascii == size)
        return 0;
    int status = upper_mixed(in + ascii, size - ascii, out);
    if (status < 0)
        out->size = before;
    return status;
}
