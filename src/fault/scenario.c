/* Scenarios: named sets of rules, as a course or a test would ask for them. They are text in the
 * language of rules, so a person sees what they do and can change it. */
#include "socklens/scenario.h"

#include <string.h>

static const struct sl_scenario scenarios[] = {
    {"kurose-pinger",
     "the UDP pinger lab: 4 of 11 replies are lost",
     SL_FAULT_ON_DATAGRAMS,
     {"loss 4/11"}},
    {"rdt-2.1", "bits flip in both directions", SL_FAULT_ON_DATAGRAMS, {"corrupt 10% on both"}},
    {"rdt-3.0",
     "loss and flipped bits in both directions",
     SL_FAULT_ON_DATAGRAMS,
     {"loss 20% on both", "corrupt 10% on both"}},
    {"go-back-n",
     "loss, reordering and a varying delay",
     SL_FAULT_ON_DATAGRAMS,
     {"loss 10%", "reorder 5%", "delay 50ms jitter 20ms"}},
    {"lost-ack", "every third reply is lost", SL_FAULT_ON_DATAGRAMS, {"loss every 3"}},
    {"lost-request",
     "every third message is lost before it is answered",
     SL_FAULT_ON_DATAGRAMS,
     {"loss every 3 on received"}},
    {"bad-wifi",
     "losses in bursts, and a varying delay",
     SL_FAULT_ON_DATAGRAMS,
     {"loss burst 2% 4", "delay 15ms jitter 10ms"}},
    {"3g",
     "a slow mobile network",
     SL_FAULT_ON_DATAGRAMS,
     {"delay 250ms", "rate 750kbit/s", "loss 1.5%"}},
    {"satellite", "a long way", SL_FAULT_ON_DATAGRAMS, {"delay 300ms"}},
};

const struct sl_scenario *sl_scenarios(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(*scenarios);
    return scenarios;
}

const struct sl_scenario *sl_scenario_find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    }
    return NULL;
}
