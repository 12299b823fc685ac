/* Named sets of fault rules. */
#ifndef SOCKLENS_SCENARIO_H
#define SOCKLENS_SCENARIO_H

#include <stddef.h>

#include "socklens/fault.h"

#define SL_SCENARIO_RULES_MAX 3

struct sl_scenario {
    const char *name, *what;                      /* `what` is half a sentence */
    unsigned transports;                          /* SL_FAULT_ON_... that all of its rules fit */
    const char *rules[SL_SCENARIO_RULES_MAX + 1]; /* the last is NULL */
};

/* All of them, static. */
const struct sl_scenario *sl_scenarios(size_t *count);

/* NULL: there is none of that name. */
const struct sl_scenario *sl_scenario_find(const char *name);

#endif
