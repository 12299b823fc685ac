/* Inside the journal: what its writer, cursors and wakers share. */
#ifndef SOCKLENS_JOURNAL_JOURNAL_H
#define SOCKLENS_JOURNAL_JOURNAL_H

#include <pthread.h>

#include "journal/block.h"

#define WAKERS_MAX 8
#define SPARES_MAX 4

struct sl_journal {
    pthread_mutex_t lock;
    struct sl_block **ring; /* block `number` stands at number % blocks_max */
    size_t blocks_max;
    uint64_t first_number;        /* of the oldest block held */
    _Atomic uint64_t last_number; /* of the newest; it is where records are appended */
    uint64_t next_seq;
    uint64_t evicted, cleared;
    struct sl_totals totals;
    struct sl_block *spares; /* unused blocks, so that a full journal allocates nothing */
    size_t spare_count;
    struct sl_waker *wakers[WAKERS_MAX];
};

struct sl_waker {
    struct sl_journal *journal;
    int fd;
    bool armed; /* under the journal's lock */
};

/* These need the journal's lock. */
struct sl_block *sl_journal_block(const struct sl_journal *journal, uint64_t number);
void sl_journal_unref(struct sl_journal *journal, struct sl_block *block);

static inline struct sl_block *sl_block_ref(struct sl_block *block)
{
    atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    return block;
}

#endif
