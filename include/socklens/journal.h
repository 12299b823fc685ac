/* The journal: everything that happened, in order, in bounded memory.
 *
 * Workers append batches under one short lock; readers hold a reference to a block and read what
 * is committed in it without a lock. Blocks are immutable once full. When the cap is reached the
 * oldest block goes; a reader that still needs it is told by an explicit gap. */
#ifndef SOCKLENS_JOURNAL_H
#define SOCKLENS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/totals.h"

struct sl_journal;
struct sl_block;

#define SL_JOURNAL_BLOCK_SIZE ((size_t)1 << 20)
#define SL_JOURNAL_BLOCKS_MIN 4

/* `capacity_bytes` is rounded up to whole blocks (1 MiB), at least four. The first exchange gets
 * `first_seq` (1 for a new log). NULL where there is no memory. */
struct sl_journal *sl_journal_new(size_t capacity_bytes, uint64_t first_seq);

/* All cursors must be closed before. NULL is fine. */
void sl_journal_free(struct sl_journal *journal);

/* Appends a batch in order and returns the sequence number of its first exchange (or, with none in
 * it, the next one). Any thread. Cannot fail: where memory is short the oldest block is reused. */
uint64_t sl_journal_append(struct sl_journal *journal, const struct sl_event *events, size_t count);

/* Lets go of everything up to the newest record, whose exchange's number it returns in *seq; the
 * next one gets the number after it. Readers are told by a gap, as of what is evicted; one that is
 * within the newest block reads it to its end. 0 or -ENOMEM with nothing done. Any thread. */
int sl_journal_clear(struct sl_journal *journal, uint64_t *seq);

struct sl_journal_stats {
    uint64_t oldest_seq; /* of the oldest exchange still held; newest_seq + 1 where none is */
    uint64_t newest_seq; /* first_seq - 1 where nothing was ever appended */
    uint64_t evicted;    /* exchanges that left with their block to make room */
    uint64_t cleared;    /* exchanges that sl_journal_clear let go */
    size_t used_bytes, capacity_bytes;
};

void sl_journal_stats(struct sl_journal *journal, struct sl_journal_stats *stats);

/* Of everything that was ever appended, what is evicted or cleared by now included. */
void sl_journal_totals(struct sl_journal *journal, struct sl_totals *totals);

/* A place between two records. Zero-initialise, then seek. One thread at a time. */
struct sl_cursor {
    struct sl_journal *journal;
    struct sl_block *block; /* referenced; NULL before the first seek */
    uint32_t index;         /* the record after the place */
    uint64_t next_seq;      /* of the exchange after the place */
};

/* Places the cursor before the first record whose seq is >= `seq`; lifecycle records that precede
 * that exchange come with it. Where `seq` is already evicted, the place is before the oldest
 * record and the next read reports the gap. seq > newest: the end. */
void sl_cursor_seek(struct sl_cursor *cursor, struct sl_journal *journal, uint64_t seq);

void sl_cursor_close(struct sl_cursor *cursor);

/* Lets go of the block but keeps the place: for a reader that will sleep, so that a thousand slow
 * ones do not keep a thousand evicted blocks alive. A parked cursor reads on from the exchange it
 * stands before; lifecycle records there may be read twice. */
void sl_cursor_park(struct sl_cursor *cursor);

enum sl_read { SL_READ_END, SL_READ_RECORD, SL_READ_GAP };

struct sl_gap {
    uint64_t from, to; /* inclusive sequence numbers that are gone */
};

/* Reads onwards (or backwards) over one record. SL_READ_RECORD: *record is valid until the next
 * call on this cursor. SL_READ_GAP: *gap says what was evicted, and the cursor stands behind it.
 * SL_READ_END: nothing (more) there; a later call may find more. Backwards, the evicted past is
 * simply the end. */
enum sl_read sl_cursor_next(struct sl_cursor *cursor, const struct sl_record **record,
                            struct sl_gap *gap);
enum sl_read sl_cursor_previous(struct sl_cursor *cursor, const struct sl_record **record);

/* Wakes a reader that sleeps. A follower reads to the end, arms its waker, reads once more, and
 * then polls `fd` (an eventfd, owned by the journal): the first append after arming makes it
 * readable. Under load a follower that sleeps ~10 ms before it looks costs a worker nothing. */
struct sl_waker;

struct sl_waker *sl_waker_new(struct sl_journal *journal); /* NULL: no descriptor or too many (8) */
void sl_waker_free(struct sl_waker *waker);
int sl_waker_fd(const struct sl_waker *waker);
void sl_waker_arm(struct sl_waker *waker); /* and clears what is pending on the fd */

#endif
