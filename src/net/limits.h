/* How many connections there are, in all and from each address. Shared by all stream workers. */
#ifndef SOCKLENS_NET_LIMITS_H
#define SOCKLENS_NET_LIMITS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"

struct sl_limit_entry;

struct sl_limits {
    pthread_mutex_t lock;
    size_t total, total_max;
    size_t per_address_max;
    uint64_t hash_key;
    struct sl_limit_entry **buckets;
    size_t bucket_count, entry_count;
};

enum sl_admission { SL_ADMITTED, SL_TOO_MANY, SL_TOO_MANY_FROM_ADDRESS };

int sl_limits_init(struct sl_limits *limits, size_t total_max, size_t per_address_max);
/* Any thread, any time. `per_address_max` 0: no limit. */
void sl_limits_adjust(struct sl_limits *limits, size_t total_max, size_t per_address_max);
void sl_limits_deinit(struct sl_limits *limits);

/* Counts a connection from `peer`, or says which limit is reached. Unix peers count in all only.
 * Where memory is short the address is not counted: a limit must not become an outage. */
enum sl_admission sl_limits_admit(struct sl_limits *limits, const struct sl_address *peer);

/* Takes one that was admitted back. */
void sl_limits_release(struct sl_limits *limits, const struct sl_address *peer);

#endif
