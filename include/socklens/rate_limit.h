/* A token bucket for every source address, in fixed memory.
 *
 * It is the generic cell rate algorithm (ITU-T I.371): one time per address, at which its bucket
 * will be full again. A bucket that is full needs no memory, so when all places of a set are taken
 * the fullest one gives way. One thread's own: no lock. */
#ifndef SOCKLENS_RATE_LIMIT_H
#define SOCKLENS_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/address.h"

struct sl_rate_limit_bucket;

struct sl_rate_limit {
    int64_t interval_ns; /* between two tokens at the full rate; 0: no limit */
    uint64_t hash_key;
    struct sl_rate_limit_bucket *buckets;
};

/* `per_second` tokens, and as many at once after a second of silence; 0: no limit. 0 or -ENOMEM.
 */
int sl_rate_limit_init(struct sl_rate_limit *rate, uint64_t per_second);
void sl_rate_limit_deinit(struct sl_rate_limit *rate);

/* Takes a token of `peer`'s bucket, from its future where it is empty: `wait_ns` gets how long that
 * is away, 0 for one that is there. False, and nothing taken, where it is more than `max_ns`. */
bool sl_rate_limit_take(struct sl_rate_limit *rate, const struct sl_address *peer,
                        int64_t now_mono_ns, int64_t max_ns, int64_t *wait_ns);

/* Takes one that is there; false where there is none. Loopback has no limit. */
bool sl_rate_limit_admit(struct sl_rate_limit *rate, const struct sl_address *peer,
                         int64_t now_mono_ns);

#endif
