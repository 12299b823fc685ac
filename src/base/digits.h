/* Decimal numbers for what is written for every message, where snprintf would dominate. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SL_DIGITS_MAX 20 /* of UINT64_MAX */

extern const char sl_digit_pairs[201]; /* "00" to "99" */

/* Two digits, of a value below 100. */
static inline void sl_digits_write_pair(unsigned value, char *out)
{
    memcpy(out, sl_digit_pairs + 2 * value, 2);
}

/* Writes `value` without a NUL to `out` (room for SL_DIGITS_MAX) and returns the length. */
size_t sl_digits_write(uint64_t value, char *out);

#endif
