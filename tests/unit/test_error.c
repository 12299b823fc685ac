#include "unit.h"

#include <errno.h>

#include "socklens/error.h"

static void says_what_and_returns_the_code(void **state)
{
    (void)state;
    struct sl_error error;
    assert_int_equal(sl_error_set(&error, -EINVAL, "%s: %d", "limit", 7), -EINVAL);
    assert_string_equal(error.text, "limit: 7");
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    struct sl_error error;
    sl_error_set(&error, -EINVAL, "%2000d", 7);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

static void names_the_place_first(void **state)
{
    (void)state;
    struct sl_error error;
    sl_error_set(&error, -EINVAL, "no such host");
    sl_error_prefix(&error, "http");
    assert_string_equal(error.text, "http: no such host");
    sl_error_set(&error, -EINVAL, "%2000d", 7);
    sl_error_prefix(&error, "http");
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_and_returns_the_code),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(names_the_place_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
