#include "unit.h"

#include "socklens/clock.h"
#include "socklens/journal.h"

static struct sl_event exchange(enum sl_outcome outcome, int64_t took_ns)
{
    return (struct sl_event){.kind = SL_RECORD_EXCHANGE,
                             .exchange.service = SL_TCP_CHAT,
                             .exchange.outcome = (uint8_t)outcome,
                             .exchange.received_at_ns = SL_NS_PER_S,
                             .exchange.replied_at_ns = SL_NS_PER_S + took_ns};
}

TEST(counts_outcomes_and_durations)
{
    struct sl_event events[] = {
        exchange(SL_REPLIED, sl_duration_bounds_ns[0]),
        exchange(SL_REPLIED, sl_duration_bounds_ns[0] + 1),
        exchange(SL_REPLIED, -5), /* the clock was set back */
        exchange(SL_REPLIED, INT64_C(3600) * SL_NS_PER_S),
        exchange(SL_PEER_GONE, 7),
    };
    struct sl_totals totals = {0};
    const struct sl_durations *durations = &totals.durations[SL_TCP_CHAT];

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        sl_totals_add(&totals, &events[i]);
    assert_int_equal(totals.outcomes[SL_TCP_CHAT][SL_REPLIED], 4);
    assert_int_equal(totals.outcomes[SL_TCP_CHAT][SL_PEER_GONE], 1);
    assert_int_equal(totals.outcomes[SL_UDP_UPPER][SL_REPLIED], 0);
    assert_int_equal(durations->buckets[0], 2);
    assert_int_equal(durations->buckets[1], 1);
    assert_int_equal(durations->buckets[SL_DURATION_BOUNDS], 1);
    assert_int_equal(durations->sum_ns, 2 * sl_duration_bounds_ns[0] + 1 + 3600 * SL_NS_PER_S);
}

TEST(bounds_ascend)
{
    for (size_t i = 1; i < SL_DURATION_BOUNDS; i++)
        assert_true(sl_duration_bounds_ns[i] > sl_duration_bounds_ns[i - 1]);
}

/* Clients that come and go are no exchanges; what is evicted or cleared stays counted. */
TEST(the_journal_keeps_the_totals)
{
    static uint8_t big[60000];
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_event event = exchange(SL_REPLIED, 1);
    struct sl_event opened = {.kind = SL_RECORD_OPENED, .exchange.service = SL_TCP_CHAT};
    struct sl_journal_stats stats;
    struct sl_totals totals;
    uint64_t seq;

    event.received = big;
    event.exchange.received_stored = sizeof(big);
    for (unsigned i = 0; i < 200; i++) {
        sl_journal_append(journal, &event, 1);
        sl_journal_append(journal, &opened, 1);
    }
    sl_journal_stats(journal, &stats);
    assert_true(stats.evicted > 0);
    assert_int_equal(sl_journal_clear(journal, &seq), 0);
    sl_journal_totals(journal, &totals);
    assert_int_equal(totals.outcomes[SL_TCP_CHAT][SL_REPLIED], 200);
    assert_int_equal(totals.durations[SL_TCP_CHAT].buckets[0], 200);
    sl_journal_free(journal);
}
