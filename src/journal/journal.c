/* The writing side.
 *
 * All of it happens under one lock, held for the copying of one batch (about a microsecond for 64
 * small exchanges). Readers do not take it to read: a block's records are published by its
 * `committed` counter, and a block that a reader references is neither changed below that counter
 * nor reused. So a slow reader costs memory (its one block), never a worker's time. */
#include "journal/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(BLOCK_DATA_SIZE % 8 == 0, "the slot table must stay aligned");
_Static_assert(sizeof(struct sl_record) % 8 == 0, "records follow one another aligned");
_Static_assert(sizeof(struct sl_record) == 120, "what each message takes beside its bytes");
_Static_assert(sizeof(struct sl_record) + 2 * SL_STORED_SIZE_MAX + SL_NOTE_MAX + 64 <
                   BLOCK_DATA_SIZE,
               "the largest record must fit into an empty block");

/* --- blocks: a record is written first and its count published after it, with release order --- */

static struct sl_block *block_new(void)
{
    struct sl_block *block = malloc(SL_JOURNAL_BLOCK_SIZE);

    if (block)
        atomic_init(&block->refs, 0);
    return block;
}

static void block_begin(struct sl_block *block, uint64_t number, uint64_t first_seq)
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
    record->reserved = 0;
    record->note_size = event->note_size;
    record->seq = seq;
    record->exchange = *exchange;
    copy_bytes(record->payload, event->received, exchange->received_stored);
    copy_bytes(record->payload + exchange->received_stored, event->sent, exchange->sent_stored);
    copy_bytes(record->payload + exchange->received_stored + exchange->sent_stored,
               (const uint8_t *)event->note, event->note_size);
}

/* The next record will be written to memory that no cache holds: let it come meanwhile. */
static void prefetch(const struct sl_block *block)
{
    const uint8_t *next = block->data + block->used;

    for (unsigned line = 0; line < 4; line++)
        __builtin_prefetch(next + line * 64, 1);
}

/* False where the record does not fit any more. */
static bool block_append(struct sl_block *block, const struct sl_event *event, uint64_t seq)
{
    uint32_t index = atomic_load_explicit(&block->committed, memory_order_relaxed);
    uint32_t size = (uint32_t)sizeof(struct sl_record) + event->exchange.received_stored +
                    event->exchange.sent_stored + event->note_size;

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

/* --- the journal --- */

static uint64_t last_number(const struct sl_journal *journal)
{
    return atomic_load_explicit(&journal->last_number, memory_order_relaxed);
}

struct sl_block *sl_journal_block(const struct sl_journal *journal, uint64_t number)
{
    if (number < journal->first_number || number > last_number(journal))
        return NULL;
    return journal->ring[number % journal->blocks_max];
}

void sl_journal_unref(struct sl_journal *journal, struct sl_block *block)
{
    if (atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (journal->spare_count >= SPARES_MAX) {
        free(block);
        return;
    }
    block->next_spare = journal->spares;
    journal->spares = block;
    journal->spare_count++;
}

static struct sl_block *take_block(struct sl_journal *journal)
{
    struct sl_block *block = journal->spares;

    if (!block)
        return block_new();
    journal->spares = block->next_spare;
    journal->spare_count--;
    return block;
}

static void evict_oldest(struct sl_journal *journal)
{
    struct sl_block *block = journal->ring[journal->first_number % journal->blocks_max];

    journal->evicted += block->next_seq - block->first_seq;
    journal->first_number++;
    sl_journal_unref(journal, block);
}

/* Seals the newest block and begins another. Null where there is no memory and readers hold on to
 * everything that could be reused: then the record is lost, and its number shows as a gap. */
static struct sl_block *roll(struct sl_journal *journal, uint64_t first_seq)
{
    uint64_t number = last_number(journal) + 1;
    struct sl_block *block;

    if (number - journal->first_number >= journal->blocks_max)
        evict_oldest(journal);
    block = take_block(journal);
    while (!block && journal->first_number < number - 1) {
        evict_oldest(journal);
        block = take_block(journal);
    }
    if (!block)
        return NULL;
    block_begin(block, number, first_seq);
    journal->ring[number % journal->blocks_max] = block;
    atomic_store_explicit(&journal->last_number, number, memory_order_release);
    return block;
}

struct sl_journal *sl_journal_new(size_t capacity_bytes, uint64_t first_seq)
{
    struct sl_journal *journal = calloc(1, sizeof(*journal));
    struct sl_block *block = block_new();

    if (!journal || !block)
        goto fail;
    journal->blocks_max = (capacity_bytes + SL_JOURNAL_BLOCK_SIZE - 1) / SL_JOURNAL_BLOCK_SIZE;
    if (journal->blocks_max < SL_JOURNAL_BLOCKS_MIN)
        journal->blocks_max = SL_JOURNAL_BLOCKS_MIN;
    journal->ring = calloc(journal->blocks_max, sizeof(struct sl_block *));
    if (!journal->ring)
        goto fail;
    pthread_mutex_init(&journal->lock, NULL);
    journal->next_seq = first_seq;
    block_begin(block, 0, first_seq);
    journal->ring[0] = block;
    return journal;

fail:
    free(block);
    free(journal);
    return NULL;
}

void sl_journal_free(struct sl_journal *journal)
{
    if (!journal)
        return;
    for (uint64_t n = journal->first_number; n <= last_number(journal); n++)
        free(journal->ring[n % journal->blocks_max]);
    while (journal->spares) {
        struct sl_block *block = journal->spares;

        journal->spares = block->next_spare;
        free(block);
    }
    pthread_mutex_destroy(&journal->lock);
    free(journal->ring);
    free(journal);
}

static void wake_readers(struct sl_journal *journal)
{
    for (size_t i = 0; i < WAKERS_MAX; i++) {
        struct sl_waker *waker = journal->wakers[i];

        if (waker && waker->armed) {
            waker->armed = false;
            /* Under the lock, so that the waker cannot go meanwhile; once per arming, so rare. */
            eventfd_write(waker->fd, 1);
        }
    }
}

static void append_one(struct sl_journal *journal, const struct sl_event *event)
{
    struct sl_block *block = sl_journal_block(journal, last_number(journal));
    uint64_t seq = journal->next_seq;

    if (event->kind == SL_RECORD_EXCHANGE) {
        journal->next_seq = seq + 1;
        sl_totals_add(&journal->totals, event);
    }
    if (block_append(block, event, seq))
        return;
    block = roll(journal, seq);
    if (block)
        block_append(block, event, seq);
}

uint64_t sl_journal_append(struct sl_journal *journal, const struct sl_event *events, size_t count)
{
    uint64_t first;

    pthread_mutex_lock(&journal->lock);
    first = journal->next_seq;
    for (size_t i = 0; i < count; i++)
        append_one(journal, &events[i]);
    if (count > 0)
        wake_readers(journal);
    pthread_mutex_unlock(&journal->lock);
    return first;
}

int sl_journal_clear(struct sl_journal *journal, uint64_t *seq)
{
    uint64_t evicted;
    bool cleared;

    pthread_mutex_lock(&journal->lock);
    evicted = journal->evicted;
    cleared = roll(journal, journal->next_seq) != NULL;
    while (cleared && journal->first_number < last_number(journal))
        evict_oldest(journal);
    journal->cleared += journal->evicted - evicted;
    journal->evicted = evicted;
    if (cleared)
        *seq = journal->next_seq - 1;
    pthread_mutex_unlock(&journal->lock);
    return cleared ? 0 : -ENOMEM;
}

void sl_journal_stats(struct sl_journal *journal, struct sl_journal_stats *stats)
{
    uint64_t last;

    pthread_mutex_lock(&journal->lock);
    last = last_number(journal);
    stats->oldest_seq = sl_journal_block(journal, journal->first_number)->first_seq;
    stats->newest_seq = journal->next_seq - 1;
    stats->evicted = journal->evicted;
    stats->cleared = journal->cleared;
    stats->used_bytes = (size_t)(last - journal->first_number) * SL_JOURNAL_BLOCK_SIZE +
                        sl_journal_block(journal, last)->used;
    stats->capacity_bytes = journal->blocks_max * SL_JOURNAL_BLOCK_SIZE;
    pthread_mutex_unlock(&journal->lock);
}

void sl_journal_totals(struct sl_journal *journal, struct sl_totals *totals)
{
    pthread_mutex_lock(&journal->lock);
    *totals = journal->totals;
    pthread_mutex_unlock(&journal->lock);
}

struct sl_waker *sl_waker_new(struct sl_journal *journal)
{
    struct sl_waker *waker = calloc(1, sizeof(*waker));
    size_t place = 0;

    if (!waker)
        return NULL;
    waker->journal = journal;
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_lock(&journal->lock);
    while (place < WAKERS_MAX && journal->wakers[place])
        place++;
    if (waker->fd >= 0 && place < WAKERS_MAX)
        journal->wakers[place] = waker;
    pthread_mutex_unlock(&journal->lock);
    if (waker->fd >= 0 && place < WAKERS_MAX)
        return waker;
    if (waker->fd >= 0)
        close(waker->fd);
    free(waker);
    return NULL;
}

void sl_waker_free(struct sl_waker *waker)
{
    if (!waker)
        return;
    pthread_mutex_lock(&waker->journal->lock);
    for (size_t i = 0; i < WAKERS_MAX; i++) {
        if (waker->journal->wakers[i] == waker)
            waker->journal->wakers[i] = NULL;
    }
    pthread_mutex_unlock(&waker->journal->lock);
    close(waker->fd);
    free(waker);
}

int sl_waker_fd(const struct sl_waker *waker)
{
    return waker->fd;
}

void sl_waker_arm(struct sl_waker *waker)
{
    eventfd_t ignored;

    pthread_mutex_lock(&waker->journal->lock);
    eventfd_read(waker->fd, &ignored);
    waker->armed = true;
    pthread_mutex_unlock(&waker->journal->lock);
}
