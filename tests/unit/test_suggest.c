#include "unit.h"

#include "socklens/suggest.h"

TEST(counts_edits)
{
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

TEST(gives_up_on_long_names)
{
    char longest[64], longer[65];

    memset(longest, 'a', sizeof(longest));
    longest[63] = '\0';
    memset(longer, 'a', sizeof(longer));
    longer[64] = '\0';
    assert_int_equal(sl_edit_distance(longest, longest), 0);
    assert_int_equal(sl_edit_distance(longer, longest), SIZE_MAX);
    assert_false(sl_is_near(longer, SIZE_MAX));
}

TEST(only_a_near_word_is_suggested)
{
    assert_true(sl_is_near("udp-uper", 1));
    assert_true(sl_is_near("workres", 2));
    assert_true(sl_is_near("htp", 1));
    assert_false(sl_is_near("help", 2));
    assert_false(sl_is_near("x", 1));
    assert_false(sl_is_near("", 0 + 1));
}
