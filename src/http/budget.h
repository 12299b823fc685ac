/* How much one step may scan before others have their turn. */
#ifndef SOCKLENS_HTTP_BUDGET_H
#define SOCKLENS_HTTP_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/clock.h"

#define SL_BUDGET_RECORDS 20000
#define SL_BUDGET_NS      (2 * SL_NS_PER_MS)

struct sl_budget {
    unsigned records;
    int64_t until_ns;
};

static inline struct sl_budget sl_budget_begin(void)
{
    return (struct sl_budget){.records = SL_BUDGET_RECORDS,
                              .until_ns = sl_clock_mono_ns() + SL_BUDGET_NS};
}

/* Takes one record out of it; false where nothing is left. The clock is asked every 64 records. */
static inline bool sl_budget_take(struct sl_budget *budget)
{
    if (budget->records == 0)
        return false;
    budget->records--;
    return budget->records % 64 != 0 || sl_clock_mono_ns() < budget->until_ns;
}

#endif
