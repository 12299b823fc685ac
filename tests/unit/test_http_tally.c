#include "http_fixture.h"

#include "http/tally.h"

static struct sl_tally_counts follow(struct sl_tally *tally)
{
    struct sl_tally_counts counts;

    sl_tally_follow(tally);
    sl_tally_get(tally, &counts);
    return counts;
}

static void append(struct fixture *fixture, enum sl_outcome outcome, int64_t took_ns)
{
    struct sl_event event = {.kind = SL_RECORD_EXCHANGE,
                             .service = SL_TCP_CHAT,
                             .outcome = (uint8_t)outcome,
                             .received_at_ns = SL_NS_PER_S,
                             .replied_at_ns = SL_NS_PER_S + took_ns};

    sl_journal_append(fixture->journal, &event, 1);
}

static void counts_outcomes_and_durations(void **state)
{
    struct fixture fixture = fixture_new();
    struct sl_tally_counts counts;
    struct sl_tally tally;

    (void)state;
    append(&fixture, SL_REPLIED, 1); /* before it looked: not counted */
    sl_tally_init(&tally, fixture.journal);
    append(&fixture, SL_REPLIED, sl_tally_bounds_ns[0]);
    append(&fixture, SL_REPLIED, sl_tally_bounds_ns[0] + 1);
    append(&fixture, SL_REPLIED, -5);
    append(&fixture, SL_REPLIED, INT64_C(3600) * SL_NS_PER_S);
    append(&fixture, SL_PEER_GONE, 7);
    counts = follow(&tally);
    assert_int_equal(counts.outcomes[SL_TCP_CHAT][SL_REPLIED], 4);
    assert_int_equal(counts.outcomes[SL_TCP_CHAT][SL_PEER_GONE], 1);
    assert_int_equal(counts.outcomes[SL_UDP_UPPER][SL_REPLIED], 0);
    assert_int_equal(counts.durations[SL_TCP_CHAT].buckets[0], 2);
    assert_int_equal(counts.durations[SL_TCP_CHAT].buckets[1], 1);
    assert_int_equal(counts.durations[SL_TCP_CHAT].buckets[SL_TALLY_BUCKETS], 1);
    assert_int_equal(counts.durations[SL_TCP_CHAT].sum_ns,
                     2 * sl_tally_bounds_ns[0] + 1 + 3600 * SL_NS_PER_S);
    assert_int_equal(counts.missed, 0);
    sl_tally_deinit(&tally);
    fixture_free(&fixture);
}

/* What the journal evicts before it was seen is told, and nothing is counted twice. */
static void tells_what_it_missed(void **state)
{
    struct fixture fixture = fixture_new();
    struct sl_tally_counts counts;
    struct sl_tally tally;
    uint64_t seen = 0;

    (void)state;
    sl_tally_init(&tally, fixture.journal);
    fixture_fill(&fixture, 500, 16384);
    counts = follow(&tally);
    for (unsigned outcome = 0; outcome < SL_OUTCOME_COUNT; outcome++)
        seen += counts.outcomes[SL_UDP_UPPER][outcome];
    assert_true(counts.missed > 0);
    assert_int_equal(seen + counts.missed, 500);
    assert_int_equal(follow(&tally).missed, counts.missed);
    sl_tally_deinit(&tally);
    fixture_free(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_outcomes_and_durations),
        cmocka_unit_test(tells_what_it_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
