#include "unit.h"

#include <ctype.h>

#include "store/payload.h"

static bool is_upper_byte_by_byte(const uint8_t *bytes, const uint8_t *other, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == 0 || bytes[i] > 127 || toupper(bytes[i]) != other[i])
            return false;
    return true;
}

/* Every byte at every place of texts of every length, beside its upper case and beside itself. */
TEST(every_byte_at_every_place_comes_back)
{
    uint8_t bytes[80], other[80];

    for (size_t size = 1; size <= sizeof(bytes); size++)
        for (size_t place = 0; place < size; place++)
            for (unsigned byte = 0; byte < 256; byte++)
                for (int same = 0; same < 2; same++) {
                    memset(bytes, 'z', size);
                    memset(other, 'Z', size);
                    bytes[place] = (uint8_t)byte;
                    other[place] = (uint8_t)(same ? byte : (unsigned)toupper((int)byte));
                    assert_int_equal(sl_payload_is_upper(bytes, other, size),
                                     is_upper_byte_by_byte(bytes, other, size));
                }
}

TEST(empty_payload_is_its_own_upper_case)
{
    assert_true(sl_payload_is_upper((const uint8_t *)"", (const uint8_t *)"", 0));
}

TEST(upper_is_what_was_compared)
{
    uint8_t bytes[127], upper[127];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1);
    sl_payload_upper(bytes, upper, sizeof(bytes));
    assert_true(sl_payload_is_upper(bytes, upper, sizeof(bytes)));
}
