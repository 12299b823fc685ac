#include "unit.h"

#include "socklens/suggest.h"

static void counts_edits(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"udp-upper", "udp_upper", 0},
        {"udp-uper", "udp-upper", 1},
        {"workres", "workers", 2},
        {"kitten", "sitting", 3},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(sl_edit_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void gives_up_on_long_names(void **state)
{
    (void)state;
    char longest[64], longer[65];

    memset(longest, 'a', sizeof(longest));
    longest[63] = '\0';
    memset(longer, 'a', sizeof(longer));
    longer[64] = '\0';
    assert_int_equal(sl_edit_distance(longest, longest), 0);
    assert_int_equal(sl_edit_distance(longer, longest), SIZE_MAX);
    assert_false(sl_is_near(longer, SIZE_MAX));
}

static void asks_only_for_what_is_near(void **state)
{
    (void)state;
    assert_true(sl_is_near("udp-uper", 1));
    assert_true(sl_is_near("workres", 2));
    assert_true(sl_is_near("htp", 1));
    assert_false(sl_is_near("help", 2));
    assert_false(sl_is_near("x", 1));
    assert_false(sl_is_near("", 0 + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_edits),
        cmocka_unit_test(gives_up_on_long_names),
        cmocka_unit_test(asks_only_for_what_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
