/* A block of records: a slotted page. Records grow from the front; from the back grows a table of
 * their offsets, so that a block reads backwards and is searched by bisection too. */
#ifndef SOCKLENS_JOURNAL_BLOCK_H
#define SOCKLENS_JOURNAL_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "socklens/journal.h"

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

struct sl_block *sl_block_new(void);
void sl_block_begin(struct sl_block *block, uint64_t number, uint64_t first_seq);

/* False where the record does not fit any more. */
bool sl_block_append(struct sl_block *block, const struct sl_event *event, uint64_t seq);

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

#endif
