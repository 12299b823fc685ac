/* Decimal numbers without snprintf, which took most of the time of a page of messages. */
#include "base/digits.h"

size_t sl_digits_write(uint64_t value, char *out)
{
    char reversed[SL_DIGITS_MAX];
    size_t count = 0;

    do
        reversed[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}
