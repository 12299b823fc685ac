/* Decimal numbers for what is written for every message, where snprintf would dominate. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define SL_DIGITS_MAX 20 /* of UINT64_MAX */

/* Writes `value` without a NUL to `out` (room for SL_DIGITS_MAX) and returns the length. */
size_t sl_digits_write(uint64_t value, char *out);

/* Writes exactly `count` digits of `value` (its lowest), with leading zeros. */
void sl_digits_write_padded(uint64_t value, size_t count, char *out);

#endif
