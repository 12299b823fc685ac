#include "http/tally.h"

#include "http/budget.h"
#include "socklens/clock.h"

#define AT_REST_NS (SL_NS_PER_S / 2)
#define BUSY_NS    (50 * SL_NS_PER_MS)
#define BEHIND_NS  (5 * SL_NS_PER_MS)

#define US(n) ((n)*INT64_C(1000))
#define MS(n) ((n)*SL_NS_PER_MS)

const int64_t sl_tally_bounds_ns[SL_TALLY_BUCKETS] = {US(5),   US(10),  US(25),   US(50),   US(100),
                                                      US(250), US(500), MS(1),    MS(5),    MS(25),
                                                      MS(100), MS(500), MS(2500), MS(10000)};

void sl_tally_init(struct sl_tally *tally, struct sl_journal *journal)
{
    *tally = (struct sl_tally){0};
    pthread_mutex_init(&tally->lock, NULL);
    sl_cursor_seek_end(&tally->cursor, journal);
}

void sl_tally_deinit(struct sl_tally *tally)
{
    sl_cursor_close(&tally->cursor);
    pthread_mutex_destroy(&tally->lock);
}

/* A wall clock that was set back between the two times makes nothing negative. */
static void add_duration(struct sl_durations *durations, const struct sl_record *record)
{
    int64_t took_ns = record->replied_at_ns - record->received_at_ns;
    unsigned bucket = 0;

    if (took_ns < 0)
        took_ns = 0;
    while (bucket < SL_TALLY_BUCKETS && took_ns > sl_tally_bounds_ns[bucket])
        bucket++;
    durations->buckets[bucket]++;
    durations->sum_ns += (uint64_t)took_ns;
}

static void add(struct sl_tally_counts *counts, const struct sl_record *record)
{
    if (record->kind != SL_RECORD_EXCHANGE)
        return;
    counts->outcomes[record->service][record->outcome]++;
    if (record->outcome == SL_REPLIED)
        add_duration(&counts->durations[record->service], record);
}

/* Under the lock. */
static int64_t read_on(struct sl_tally *tally)
{
    struct sl_budget budget = sl_budget_begin();
    const struct sl_record *record;
    int64_t again_ns = AT_REST_NS;
    struct sl_gap gap;

    while (sl_budget_take(&budget)) {
        switch (sl_cursor_next(&tally->cursor, &record, &gap)) {
        case SL_READ_END:
            return again_ns;
        case SL_READ_RECORD:
            add(&tally->counts, record);
            break;
        case SL_READ_GAP:
            tally->counts.missed += gap.to - gap.from + 1;
            break;
        }
        again_ns = BUSY_NS;
    }
    return BEHIND_NS;
}

int64_t sl_tally_follow(struct sl_tally *tally)
{
    int64_t again_ns;

    pthread_mutex_lock(&tally->lock);
    again_ns = read_on(tally);
    pthread_mutex_unlock(&tally->lock);
    return again_ns;
}

void sl_tally_get(struct sl_tally *tally, struct sl_tally_counts *counts)
{
    pthread_mutex_lock(&tally->lock);
    *counts = tally->counts;
    pthread_mutex_unlock(&tally->lock);
}
