/* The reading side. Only the step from one block to the next takes the journal's lock.
 *
 * `next_seq` is what makes holes visible: wherever a record's number is beyond it, what lies
 * between is reported as a gap, whatever the reason it is missing. */
#include "journal/journal.h"

static void drop_block(struct sl_cursor *cursor)
{
    if (cursor->block)
        sl_journal_unref(cursor->journal, cursor->block);
    cursor->block = NULL;
}

static void place_at(struct sl_cursor *cursor, struct sl_block *block, uint32_t index)
{
    sl_block_ref(block);
    drop_block(cursor);
    cursor->block = block;
    cursor->index = index;
}

static uint32_t committed(const struct sl_block *block)
{
    return atomic_load_explicit(&block->committed, memory_order_acquire);
}

/* The first block that ends at or after `seq`: records between two exchanges carry the number of
 * the later one and may stand at the end of the block before it. */
static struct sl_block *find_block(const struct sl_journal *journal, uint64_t seq)
{
    uint64_t low = journal->first_number;
    uint64_t high = atomic_load_explicit(&journal->last_number, memory_order_relaxed);

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (sl_journal_block(journal, middle)->next_seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return sl_journal_block(journal, low);
}

void sl_cursor_seek(struct sl_cursor *cursor, struct sl_journal *journal, uint64_t seq)
{
    struct sl_block *block;

    cursor->journal = journal;
    pthread_mutex_lock(&journal->lock);
    if (seq == 0) /* numbers begin at 1: nothing is missing before */
        seq = 1;
    if (seq > journal->next_seq)
        seq = journal->next_seq;
    block = find_block(journal, seq);
    place_at(cursor, block, sl_block_search(block, committed(block), seq));
    cursor->next_seq = seq;
    pthread_mutex_unlock(&journal->lock);
}

void sl_cursor_park(struct sl_cursor *cursor)
{
    if (!cursor->block)
        return;
    pthread_mutex_lock(&cursor->journal->lock);
    drop_block(cursor);
    pthread_mutex_unlock(&cursor->journal->lock);
}

void sl_cursor_close(struct sl_cursor *cursor)
{
    sl_cursor_park(cursor);
    *cursor = (struct sl_cursor){0};
}

/* To the block after the current one, or the oldest left. False where there is none. */
static bool step_forward(struct sl_cursor *cursor)
{
    struct sl_journal *journal = cursor->journal;
    uint64_t number = cursor->block->number + 1;
    struct sl_block *block;

    if (atomic_load_explicit(&journal->last_number, memory_order_acquire) < number)
        return false;
    pthread_mutex_lock(&journal->lock);
    if (number < journal->first_number)
        number = journal->first_number;
    block = sl_journal_block(journal, number);
    place_at(cursor, block, 0);
    pthread_mutex_unlock(&journal->lock);
    return true;
}

static bool step_back(struct sl_cursor *cursor)
{
    struct sl_journal *journal = cursor->journal;
    struct sl_block *block = NULL;

    pthread_mutex_lock(&journal->lock);
    if (cursor->block->number > 0)
        block = sl_journal_block(journal, cursor->block->number - 1);
    if (block)
        place_at(cursor, block, committed(block));
    pthread_mutex_unlock(&journal->lock);
    return block != NULL;
}

static void unpark(struct sl_cursor *cursor)
{
    if (!cursor->block)
        sl_cursor_seek(cursor, cursor->journal, cursor->next_seq);
}

/* True where a record lies ahead in this block or a later one. */
static bool find_ahead(struct sl_cursor *cursor)
{
    while (cursor->index >= committed(cursor->block)) {
        struct sl_block *block = cursor->block;
        uint64_t newest = atomic_load_explicit(&cursor->journal->last_number, memory_order_acquire);

        if (newest == block->number)
            return false;
        /* It is sealed; what was committed between the two loads above is visible only now. */
        if (cursor->index < committed(block))
            return true;
        if (!step_forward(cursor))
            return false;
    }
    return true;
}

enum sl_read sl_cursor_next(struct sl_cursor *cursor, const struct sl_record **record,
                            struct sl_gap *gap)
{
    const struct sl_record *found;

    unpark(cursor);
    if (!find_ahead(cursor))
        return SL_READ_END;
    found = sl_block_record(cursor->block, cursor->index);
    if (found->seq > cursor->next_seq) {
        *gap = (struct sl_gap){.from = cursor->next_seq, .to = found->seq - 1};
        cursor->next_seq = found->seq;
        return SL_READ_GAP;
    }
    cursor->index++;
    if (found->kind == SL_RECORD_EXCHANGE)
        cursor->next_seq = found->seq + 1;
    *record = found;
    return SL_READ_RECORD;
}

enum sl_read sl_cursor_previous(struct sl_cursor *cursor, const struct sl_record **record)
{
    unpark(cursor);
    while (cursor->index == 0) {
        if (!step_back(cursor))
            return SL_READ_END;
    }
    cursor->index--;
    *record = sl_block_record(cursor->block, cursor->index);
    cursor->next_seq = (*record)->seq;
    return SL_READ_RECORD;
}
