/* A token bucket for each source address, as one time stamp an address (generic cell rate
 * algorithm, ITU-T I.371), in a set-associative table whose size is fixed. */
#include "socklens/rate_limit.h"

#include <errno.h>
#include <stdlib.h>

#include "socklens/clock.h"
#include "socklens/random.h"

#define SETS 4096u
#define WAYS 4u

struct sl_rate_limit_bucket {
    uint64_t tag;       /* of the address; 0: never used */
    int64_t full_at_ns; /* when the bucket is full again */
};

int sl_rate_limit_init(struct sl_rate_limit *rate, uint64_t per_second)
{
    *rate = (struct sl_rate_limit){0};
    if (per_second == 0)
        return 0;
    rate->interval_ns = SL_NS_PER_S / (int64_t)per_second;
    if (rate->interval_ns == 0)
        rate->interval_ns = 1;
    rate->hash_key = sl_random_key();
    rate->buckets = calloc(SETS * WAYS, sizeof(*rate->buckets));
    return rate->buckets ? 0 : -ENOMEM;
}

void sl_rate_limit_deinit(struct sl_rate_limit *rate)
{
    free(rate->buckets);
}

static struct sl_rate_limit_bucket *find(struct sl_rate_limit *rate, uint64_t hash)
{
    /* Not by the lowest bit, which is set in every tag. */
    struct sl_rate_limit_bucket *set = &rate->buckets[(hash >> 32) % SETS * WAYS];
    struct sl_rate_limit_bucket *fullest = set;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].tag == hash)
            return &set[i];
        if (set[i].full_at_ns < fullest->full_at_ns)
            fullest = &set[i];
    }
    *fullest = (struct sl_rate_limit_bucket){.tag = hash};
    return fullest;
}

bool sl_rate_limit_take(struct sl_rate_limit *rate, const struct sl_address *peer,
                        int64_t now_mono_ns, int64_t max_ns, int64_t *wait_ns)
{
    struct sl_address key;
    struct sl_rate_limit_bucket *bucket;
    int64_t full_at_ns, until_ns;

    *wait_ns = 0;
    if (rate->interval_ns == 0)
        return true;
    key = sl_address_limit_key(peer);
    bucket = find(rate, sl_address_hash(&key, rate->hash_key) | 1);
    full_at_ns = bucket->full_at_ns > now_mono_ns ? bucket->full_at_ns : now_mono_ns;
    full_at_ns += rate->interval_ns;
    until_ns = full_at_ns - SL_NS_PER_S;
    if (until_ns - now_mono_ns > max_ns)
        return false;
    bucket->full_at_ns = full_at_ns;
    if (until_ns > now_mono_ns)
        *wait_ns = until_ns - now_mono_ns;
    return true;
}

bool sl_rate_limit_admit(struct sl_rate_limit *rate, const struct sl_address *peer,
                         int64_t now_mono_ns)
{
    int64_t wait_ns;

    return sl_address_is_loopback(peer) || sl_rate_limit_take(rate, peer, now_mono_ns, 0, &wait_ns);
}
