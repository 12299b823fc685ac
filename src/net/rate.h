/* A token bucket for every source address, in fixed memory.
 *
 * It is the generic cell rate algorithm (ITU-T I.371): one time per address, at which its bucket
 * will be full again. A bucket that is full needs no memory, so when all places of a set are taken
 * the fullest one gives way. One worker's own: no lock. */
#ifndef NET_RATE_H
#define NET_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/address.h"

struct sl_rate_bucket;

struct sl_rate {
    int64_t interval_ns; /* between two datagrams at the full rate; 0: no limit */
    uint64_t hash_key;
    struct sl_rate_bucket *buckets;
};

/* `per_second` datagrams, and as many at once after a second of silence; 0: no limit. 0 or -ENOMEM.
 */
int sl_rate_init(struct sl_rate *rate, uint64_t per_second);
void sl_rate_deinit(struct sl_rate *rate);

/* Takes a token of `peer`'s bucket; false where it is empty. Loopback has no limit. */
bool sl_rate_admit(struct sl_rate *rate, const struct sl_address *peer, int64_t now_mono_ns);

#endif
