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

/* Field by field: a compound literal would first clear what is then overwritten. */
static void fill(struct sl_record *record, const struct sl_event *event, uint32_t size,
                 uint64_t seq)
{
    record->size = size;
    record->kind = event->kind;
    record->service = event->service;
    record->outcome = event->outcome;
    record->line_end = event->line_end;
    record->seq = seq;
    record->client = event->client;
    record->received_at_ns = event->received_at_ns;
    record->replied_at_ns = event->replied_at_ns;
    record->received_size = event->received_size;
    record->sent_size = event->sent_size;
    record->received_stored = event->received_stored;
    record->sent_stored = event->sent_stored;
    record->peer = event->peer;
    record->local = event->local;
    record->listener = event->listener;
    memset(record->reserved2, 0, sizeof(record->reserved2));
    copy_bytes(record->payload, event->received, event->received_stored);
    copy_bytes(record->payload + event->received_stored, event->sent, event->sent_stored);
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
    uint32_t size =
        (uint32_t)sizeof(struct sl_record) + event->received_stored + event->sent_stored;

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
