#include "unit.h"

#include <errno.h>

#include "socklens/error.h"

TEST(says_what_and_returns_the_code)
{
    struct sl_error error;
    assert_int_equal(sl_error_set(&error, -EINVAL, "%s: %d", "limit", 7), -EINVAL);
    assert_string_equal(error.text, "limit: 7");
}

TEST(cuts_what_is_too_long)
{
    struct sl_error error;
    sl_error_set(&error, -EINVAL, "%2000d", 7);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

TEST(place_is_named_first)
{
    struct sl_error error;
    sl_error_set(&error, -EINVAL, "no such host");
    sl_error_prefix(&error, "http");
    assert_string_equal(error.text, "http: no such host");
    sl_error_set(&error, -EINVAL, "%2000d", 7);
    sl_error_prefix(&error, "http");
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}
