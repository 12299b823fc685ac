/* Runs the tests of one file: see TEST in unit.h. */
#include "unit.h"

#define TESTS_MAX 64

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static CMFixtureFunction group_set_up, group_tear_down;

void unit_add(const struct CMUnitTest *test)
{
    assert_true(test_count < TESTS_MAX);
    tests[test_count++] = *test;
}

void unit_set_group(CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
    group_set_up = set_up;
    group_tear_down = tear_down;
}

int main(void)
{
    return _cmocka_run_group_tests("tests", tests, test_count, group_set_up, group_tear_down);
}
