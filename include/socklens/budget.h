/* How much one step may scan before others have their turn. All that have more to do take turns, so
 * the more there are, the less each gets: who comes in between does not wait for long. */
#ifndef SOCKLENS_BUDGET_H
#define SOCKLENS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/clock.h"

#define SL_BUDGET_RECORDS 20000
#define SL_BUDGET_NS_MIN  (SL_NS_PER_MS / 10)
#define SL_BUDGET_NS_ALL  (SL_NS_PER_MS / 2) /* about so much for one turn of all */

/* The clock is asked after so much. */
#define SL_BUDGET_CLOCK_RECORDS 16
#define SL_BUDGET_CLOCK_BYTES   ((size_t)64 << 10)

struct sl_budget {
    unsigned records;
    size_t bytes; /* since the clock was asked */
    int64_t until_ns;
};

static inline struct sl_budget sl_budget_begin(size_t contenders)
{
    int64_t share_ns = SL_BUDGET_NS_ALL / (int64_t)(contenders + 1);

    if (share_ns < SL_BUDGET_NS_MIN)
        share_ns = SL_BUDGET_NS_MIN;
    return (struct sl_budget){.records = SL_BUDGET_RECORDS,
                              .until_ns = sl_clock_mono_ns() + share_ns};
}

/* Takes one record out of it; false where nothing is left. */
static inline bool sl_budget_take(struct sl_budget *budget)
{
    if (budget->records == 0)
        return false;
    budget->records--;
    if (budget->records % SL_BUDGET_CLOCK_RECORDS != 0 && budget->bytes < SL_BUDGET_CLOCK_BYTES)
        return true;
    budget->bytes = 0;
    return sl_clock_mono_ns() < budget->until_ns;
}

/* So many bytes were looked at. */
static inline void sl_budget_note(struct sl_budget *budget, size_t bytes)
{
    budget->bytes += bytes;
}

#endif
