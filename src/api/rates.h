/* What each service carried second by second, for the last 15 minutes. */
#ifndef SOCKLENS_API_RATES_H
#define SOCKLENS_API_RATES_H

#include <pthread.h>
#include <stdint.h>

#include "socklens/exchange.h"
#include "socklens/json.h"
#include "socklens/registry.h"

#define SL_RATES_SECONDS 900

struct sl_rates {
    pthread_mutex_t lock;
    struct sl_counters ring[SL_SERVICE_COUNT][SL_RATES_SECONDS];
    uint64_t seconds; /* taken so far; the newest stands at (seconds - 1) % SL_RATES_SECONDS */
    int64_t end_s;    /* wall clock: end of the newest second; 0: nothing was looked at yet */
    struct sl_counters totals[SL_SERVICE_COUNT]; /* of the counters, then */
};

void sl_rates_init(struct sl_rates *rates);
void sl_rates_deinit(struct sl_rates *rates);

/* Takes the seconds that have ended by `wall_ns`. Looked at late, what came is spread evenly over
 * them; after a jump of the clock the history begins anew. Returns the nanoseconds to the end of
 * the second that is running. One thread at a time. */
int64_t sl_rates_sample(struct sl_rates *rates, struct sl_registry *registry, int64_t wall_ns);

/* Writes the document of /api/v1/rates: services that have a listener. Any thread. */
void sl_rates_json(struct sl_rates *rates, const struct sl_registry *registry,
                   struct sl_json *json);

#endif
