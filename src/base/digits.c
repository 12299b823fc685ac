#include "base/digits.h"

#include <string.h>

size_t sl_digits_write(uint64_t value, char *out)
{
    char reversed[SL_DIGITS_MAX];
    size_t at = sizeof(reversed);
    do {
        reversed[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    size_t length = sizeof(reversed) - at;
    memcpy(out, reversed + at, length);
    return length;
}

void sl_digits_write_padded(uint64_t value, size_t count, char *out)
{
    while (count > 0) {
        out[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}
