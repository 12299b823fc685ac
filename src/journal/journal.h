/* Inside the journal: what its writer, cursors and wakers share. */
#ifndef SOCKLENS_JOURNAL_JOURNAL_H
#define SOCKLENS_JOURNAL_JOURNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "socklens/journal.h"

#define WAKERS_MAX 8
#define SPARES_MAX 4

/* A block of records: a slotted page. Records grow from the front; from the back grows a table of
 * their offsets, so that a block reads backwards and is searched by bisection too. */
struct sl_block {
    _Atomic uint32_t refs;
    _Atomic uint32_t committed; /* records that readers may look at */
    uint32_t used;              /* bytes of records, writer only */
    uint64_t number;            /* blocks are numbered on from 0 */
    uint64_t first_seq;         /* of the first exchange that can stand in it */
    uint64_t next_seq;          /* of the exchange after its last; final when sealed, writer only */
    struct sl_block *next_spare;
    _Alignas(8) uint8_t data[];
};

#define BLOCK_DATA_SIZE (SL_JOURNAL_BLOCK_SIZE - sizeof(struct sl_block))

static inline uint32_t *sl_block_slots_end(const struct sl_block *block)
{
    return (uint32_t *)((uintptr_t)block->data + BLOCK_DATA_SIZE);
}

static inline const struct sl_record *sl_block_record(const struct sl_block *block, uint32_t index)
{
    uint32_t offset = sl_block_slots_end(block)[-1 - (ptrdiff_t)index];
    return (const struct sl_record *)(const void *)(block->data + offset);
}

/* Index of the first of `count` records whose seq is >= `seq`; `count` where there is none. */
uint32_t sl_block_search(const struct sl_block *block, uint32_t count, uint64_t seq);

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
