/* What came of the messages, and how long the services took: read off the journal by a follower, so
 * that no worker has to count it.
 *
 * Reading costs some ten nanoseconds a message, in the ticker's thread. Where a flood evicts
 * messages from the journal before they were seen, they are counted as such and stand in no other
 * number. */
#ifndef SOCKLENS_HTTP_TALLY_H
#define SOCKLENS_HTTP_TALLY_H

#include <pthread.h>
#include <stdint.h>

#include "socklens/journal.h"

/* Upper bounds of the duration's buckets, in nanoseconds; behind them comes +Inf. */
#define SL_TALLY_BUCKETS 14
extern const int64_t sl_tally_bounds_ns[SL_TALLY_BUCKETS];

struct sl_durations {
    uint64_t buckets[SL_TALLY_BUCKETS + 1]; /* each alone, not cumulative */
    uint64_t sum_ns;
};

struct sl_tally_counts {
    uint64_t outcomes[SL_SERVICE_COUNT][SL_OUTCOME_COUNT];
    struct sl_durations durations[SL_SERVICE_COUNT]; /* of messages that were replied to */
    uint64_t missed;                                 /* gone before they were seen */
};

struct sl_tally {
    pthread_mutex_t lock;
    struct sl_cursor cursor;
    struct sl_tally_counts counts;
};

/* Counts from the journal's next message onwards. */
void sl_tally_init(struct sl_tally *tally, struct sl_journal *journal);
void sl_tally_deinit(struct sl_tally *tally);

/* Reads on, for two milliseconds at most, and returns the nanoseconds after which it wants to be
 * called again. Any thread. */
int64_t sl_tally_follow(struct sl_tally *tally);

void sl_tally_get(struct sl_tally *tally, struct sl_tally_counts *counts);

#endif
