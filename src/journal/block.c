/* A block of records, read without a lock while it is appended to: a record is written first and
 * its count published after it, with release order. */
#include "journal/block.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(BLOCK_DATA_SIZE % 8 == 0, "the slot table must stay aligned");
_Static_assert(sizeof(struct sl_record) % 8 == 0, "records follow one another aligned");
_Static_assert(sizeof(struct sl_record) + 2 * SL_STORED_SIZE_MAX + 64 < BLOCK_DATA_SIZE,
               "the largest record must fit into an empty block");

struct sl_block *sl_block_new(void)
{
    struct sl_block *block = malloc(SL_JOURNAL_BLOCK_SIZE);

    if (block)
        atomic_init(&block->refs, 0);
    return block;
}

void sl_block_begin(struct sl_block *block, uint64_t number, uint64_t first_seq)
{
    atomic_store_explicit(&block->refs, 1, memory_order_relaxed);
    atomic_store_explicit(&block->committed, 0, memory_order_relaxed);
    block->used = 0;
    block->number = number;
    block->first_seq = first_seq;
    block->next_seq = first_seq;
    block->next_spare = NULL;
}

static void copy_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size > 0) /* memcpy(3) must not be given NULL even for nothing */
        memcpy(to, from, size);
}

static void fill(struct sl_record *record, const struct sl_event *event, uint32_t size,
                 uint64_t seq)
{
    const struct sl_exchange *exchange = &event->exchange;

    record->size = size;
    record->kind = event->kind;
    memset(record->reserved, 0, sizeof(record->reserved));
    record->seq = seq;
    record->exchange = *exchange;
    copy_bytes(record->payload, event->received, exchange->received_stored);
    copy_bytes(record->payload + exchange->received_stored, event->sent, exchange->sent_stored);
}

/* The next record will be written to memory that no cache holds: let it come meanwhile. */
static void prefetch(const struct sl_block *block)
{
    const uint8_t *next = block->data + block->used;

    for (unsigned line = 0; line < 4; line++)
        __builtin_prefetch(next + line * 64, 1);
}

bool sl_block_append(struct sl_block *block, const struct sl_event *event, uint64_t seq)
{
    uint32_t index = atomic_load_explicit(&block->committed, memory_order_relaxed);
    uint32_t size = (uint32_t)sizeof(struct sl_record) + event->exchange.received_stored +
                    event->exchange.sent_stored;

    size = (size + 7u) & ~7u;
    if (block->used + size + (index + 1) * sizeof(uint32_t) > BLOCK_DATA_SIZE)
        return false;
    fill((struct sl_record *)(void *)(block->data + block->used), event, size, seq);
    sl_block_slots_end(block)[-1 - (ptrdiff_t)index] = block->used;
    block->used += size;
    block->next_seq = event->kind == SL_RECORD_EXCHANGE ? seq + 1 : seq;
    /* What readers see of the record is ordered before its count. */
    atomic_store_explicit(&block->committed, index + 1, memory_order_release);
    prefetch(block);
    return true;
}

uint32_t sl_block_search(const struct sl_block *block, uint32_t count, uint64_t seq)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sl_block_record(block, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
