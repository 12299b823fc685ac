/* A hash table of addresses with a count each, under one lock: it is taken once when a connection
 * opens and once when it closes. An address without connections has no entry,
 * so a table of a fixed size that drops entries, as echo.c and rate_limit.c have, would not do. */
#include "net/limits.h"

#include <errno.h>
#include <stdlib.h>

#include "socklens/random.h"

struct sl_limit_entry {
    struct sl_limit_entry *next;
    struct sl_address key;
    uint32_t count;
};

#define BUCKETS_MIN 64u

int sl_limits_init(struct sl_limits *limits, size_t total_max, size_t per_address_max)
{
    *limits = (struct sl_limits){.total_max = total_max,
                                 .per_address_max = per_address_max ? per_address_max : SIZE_MAX};
    limits->hash_key = sl_random_key();
    limits->bucket_count = BUCKETS_MIN;
    limits->buckets = calloc(limits->bucket_count, sizeof(struct sl_limit_entry *));
    pthread_mutex_init(&limits->lock, NULL);
    return limits->buckets ? 0 : -ENOMEM;
}

void sl_limits_deinit(struct sl_limits *limits)
{
    for (size_t i = 0; limits->buckets && i < limits->bucket_count; i++) {
        while (limits->buckets[i]) {
            struct sl_limit_entry *entry = limits->buckets[i];

            limits->buckets[i] = entry->next;
            free(entry);
        }
    }
    free(limits->buckets);
    pthread_mutex_destroy(&limits->lock);
}

/* The link that points to the entry of `key`, or the end of its chain. */
static struct sl_limit_entry **limits_find(const struct sl_limits *limits,
                                           const struct sl_address *key)
{
    uint64_t hash = sl_address_hash(key, limits->hash_key);
    struct sl_limit_entry **link = &limits->buckets[hash & (limits->bucket_count - 1)];

    while (*link && !sl_address_equal(&(*link)->key, key))
        link = &(*link)->next;
    return link;
}

static void limits_grow(struct sl_limits *limits)
{
    struct sl_limits bigger = *limits;

    bigger.bucket_count *= 2;
    bigger.buckets = calloc(bigger.bucket_count, sizeof(struct sl_limit_entry *));
    if (!bigger.buckets)
        return; /* then the chains get longer */
    for (size_t i = 0; i < limits->bucket_count; i++) {
        while (limits->buckets[i]) {
            struct sl_limit_entry *entry = limits->buckets[i];
            struct sl_limit_entry **link = limits_find(&bigger, &entry->key);

            limits->buckets[i] = entry->next;
            entry->next = *link;
            *link = entry;
        }
    }
    free(limits->buckets);
    limits->buckets = bigger.buckets;
    limits->bucket_count = bigger.bucket_count;
}

/* False where the address has as many as it may. */
static bool limits_count_address(struct sl_limits *limits, const struct sl_address *peer)
{
    struct sl_address key = sl_address_limit_key(peer);
    struct sl_limit_entry **link = limits_find(limits, &key);
    struct sl_limit_entry *entry = *link;

    if (!entry) {
        entry = malloc(sizeof(*entry));
        if (!entry)
            return true;
        *entry = (struct sl_limit_entry){.key = key};
        *link = entry;
        if (++limits->entry_count > limits->bucket_count)
            limits_grow(limits);
    }
    if (entry->count >= limits->per_address_max)
        return false;
    entry->count++;
    return true;
}

void sl_limits_adjust(struct sl_limits *limits, size_t total_max, size_t per_address_max)
{
    pthread_mutex_lock(&limits->lock);
    limits->total_max = total_max;
    limits->per_address_max = per_address_max ? per_address_max : SIZE_MAX;
    pthread_mutex_unlock(&limits->lock);
}

/* Also where there is no limit: one may be set later. */
static bool counts_by_address(const struct sl_address *peer)
{
    return peer->family != AF_UNIX;
}

enum sl_admission sl_limits_admit(struct sl_limits *limits, const struct sl_address *peer)
{
    enum sl_admission admission = SL_ADMITTED;

    pthread_mutex_lock(&limits->lock);
    if (limits->total >= limits->total_max)
        admission = SL_TOO_MANY;
    else if (counts_by_address(peer) && !limits_count_address(limits, peer))
        admission = SL_TOO_MANY_FROM_ADDRESS;
    if (admission == SL_ADMITTED)
        limits->total++;
    pthread_mutex_unlock(&limits->lock);
    return admission;
}

static void limits_uncount_address(struct sl_limits *limits, const struct sl_address *peer)
{
    struct sl_address key = sl_address_limit_key(peer);
    struct sl_limit_entry **link = limits_find(limits, &key);
    struct sl_limit_entry *entry = *link;

    if (!entry || --entry->count > 0)
        return;
    *link = entry->next;
    free(entry);
    limits->entry_count--;
}

void sl_limits_release(struct sl_limits *limits, const struct sl_address *peer)
{
    pthread_mutex_lock(&limits->lock);
    limits->total--;
    if (counts_by_address(peer))
        limits_uncount_address(limits, peer);
    pthread_mutex_unlock(&limits->lock);
}
