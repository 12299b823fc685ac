/* Decimal numbers for what is written for every message, where snprintf would dominate. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define SL_DIGITS_MAX 20 /* of UINT64_MAX */

/* Two digits, of a value below 100. */
static inline void sl_digits_write_pair(unsigned value, char *out)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

/* Writes `value` without a NUL to `out` (room for SL_DIGITS_MAX) and returns the length. */
size_t sl_digits_write(uint64_t value, char *out);

#endif
