/* Decimal numbers without snprintf, which took most of the time of a page of messages. */
#include "base/digits.h"

const char sl_digit_pairs[201] =
    "00010203040506070809"
    "10111213141516171819"
    "20212223242526272829"
    "30313233343536373839"
    "40414243444546474849"
    "50515253545556575859"
    "60616263646566676869"
    "70717273747576777879"
    "80818283848586878889"
    "90919293949596979899";

static size_t count_digits(uint64_t value)
{
    size_t count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t sl_digits_write(uint64_t value, char *out)
{
    if (value < 10) { /* most counters and many parts of addresses */
        *out = (char)('0' + value);
        return 1;
    }
    if (value < 100) { /* sizes, and most others */
        sl_digits_write_pair((unsigned)value, out);
        return 2;
    }
    if (value < 1000) {
        *out = (char)('0' + value / 100);
        sl_digits_write_pair((unsigned)(value % 100), out + 1);
        return 3;
    }
    size_t count = count_digits(value);
    char *at = out + count;
    for (; value >= 10; value /= 100) {
        at -= 2;
        sl_digits_write_pair((unsigned)(value % 100), at);
    }
    if (at > out)
        *out = (char)('0' + value);
    return count;
}
