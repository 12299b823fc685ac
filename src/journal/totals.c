/* Sums over all exchanges: outcomes, and a histogram of reply times. */
#include "socklens/totals.h"

#include "socklens/clock.h"

#define US(n) ((n)*SL_NS_PER_US)
#define MS(n) ((n)*SL_NS_PER_MS)

const int64_t sl_duration_bounds_ns[SL_DURATION_BOUNDS] = {
    US(5), US(10), US(25), US(50),  US(100), US(250),  US(500),
    MS(1), MS(5),  MS(25), MS(100), MS(500), MS(2500), MS(10000)};

static void add_duration(struct sl_durations *durations, int64_t took_ns)
{
    unsigned bucket = 0;

    if (took_ns < 0)
        took_ns = 0;
    while (bucket < SL_DURATION_BOUNDS && took_ns > sl_duration_bounds_ns[bucket])
        bucket++;
    durations->buckets[bucket]++;
    durations->sum_ns += (uint64_t)took_ns;
}

void sl_totals_add(struct sl_totals *totals, const struct sl_event *event)
{
    const struct sl_exchange *exchange = &event->exchange;

    totals->outcomes[exchange->service][exchange->outcome]++;
    if (exchange->outcome == SL_REPLIED)
        add_duration(&totals->durations[exchange->service],
                     exchange->replied_at_ns - exchange->received_at_ns);
}
