/* What came of the exchanges, and how long they took: sums that nothing takes away from. */
#ifndef SOCKLENS_TOTALS_H
#define SOCKLENS_TOTALS_H

#include <stdint.h>

#include "socklens/exchange.h"

/* Upper bounds of the durations' buckets, in nanoseconds, inclusive; behind them comes +Inf. */
#define SL_DURATION_BOUNDS 14
extern const int64_t sl_duration_bounds_ns[SL_DURATION_BOUNDS];

/* From receiving to replying. A clock that was set back between the two counts as 0. */
struct sl_durations {
    uint64_t buckets[SL_DURATION_BOUNDS + 1]; /* each alone, not cumulative */
    uint64_t sum_ns;
};

struct sl_totals {
    uint64_t outcomes[SL_SERVICE_COUNT][SL_OUTCOME_COUNT];
    struct sl_durations durations[SL_SERVICE_COUNT]; /* of exchanges that were replied to */
};

/* Adds an exchange. One thread at a time. */
void sl_totals_add(struct sl_totals *totals, const struct sl_event *event);

#endif
