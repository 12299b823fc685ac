#include "unit.h"

#include "export/flows.h"

static struct flows *flows;

static int setup(void **state)
{
    (void)state;
    flows = flows_new();
    assert_non_null(flows);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flows_free(flows);
    return 0;
}

TEST_WITH(finds_each_client_again, setup, teardown)
{
    for (uint64_t client = 1; client <= 40000; client++)
        flows_add(flows, client, 0)->seq[SIDE_PEER] = (uint32_t)client;
    for (uint64_t client = 1; client <= 40000; client++) {
        struct flow *flow = flows_find(flows, client);

        assert_non_null(flow);
        assert_int_equal(flow->seq[SIDE_PEER], client);
    }
    assert_null(flows_find(flows, 40001));
}

TEST_WITH(remembers_who_has_ended, setup, teardown)
{
    assert_false(flows_has_ended(flows, 0));
    for (uint64_t client = 1; client <= 100; client++) {
        flows_remove(flows, flows_add(flows, client, 0));
        assert_null(flows_find(flows, client));
    }
    for (uint64_t client = 1; client <= 100; client++)
        assert_true(flows_has_ended(flows, client));
    assert_false(flows_has_ended(flows, 101));
}

TEST_WITH(forgets_the_one_quiet_longest, setup, teardown)
{
    for (uint64_t client = 1; client <= FLOWS_MAX; client++)
        assert_non_null(flows_add(flows, client, 0));
    assert_non_null(flows_find(flows, 1));
    assert_non_null(flows_add(flows, FLOWS_MAX + 1, 0));
    assert_non_null(flows_find(flows, 1));
    assert_null(flows_find(flows, 2));
    assert_non_null(flows_find(flows, 3));
    assert_false(flows_has_ended(flows, 2));
}

/* A forgotten connection that speaks again must not seem to repeat itself. */
TEST_WITH(begins_elsewhere_each_time, setup, teardown)
{
    struct flow first;

    first = *flows_add(flows, 1, 10);
    flows_remove(flows, flows_find(flows, 1));
    assert_int_not_equal(flows_add(flows, 1, 11)->seq[SIDE_PEER], first.seq[SIDE_PEER]);
    assert_int_not_equal(flows_add(flows, 2, 10)->seq[SIDE_PEER], first.seq[SIDE_PEER]);
    assert_int_not_equal(first.seq[SIDE_PEER], first.seq[SIDE_SERVER]);
}
