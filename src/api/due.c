/* What the waiters are asked in turn: has the journal grown, is a snapshot due? */
#include "api/due.h"

#include <errno.h>

int sl_due_init(struct sl_due_clock *clock, struct sl_journal *journal)
{
    *clock = (struct sl_due_clock){.journal = journal, .waker = sl_waker_new(journal)};
    return clock->waker ? 0 : -EMFILE;
}

void sl_due_deinit(struct sl_due_clock *clock)
{
    sl_waker_free(clock->waker);
    clock->waker = NULL;
}

int sl_due_fd(const struct sl_due_clock *clock)
{
    return clock->waker ? sl_waker_fd(clock->waker) : -1;
}

static uint64_t newest_seq(const struct sl_due_clock *clock)
{
    struct sl_journal_stats stats;

    sl_journal_stats(clock->journal, &stats);
    return stats.newest_seq;
}

static void earlier(int64_t *next_ns, int64_t at_ns)
{
    if (at_ns < *next_ns)
        *next_ns = at_ns;
}

/* Under load this looks at the journal once a tick and leaves its waker alone. */
static unsigned due_messages(struct sl_due_clock *clock, struct sl_due_look *look, int64_t now_ns)
{
    if (now_ns - clock->last_tick_ns < SL_TICK_NS) {
        earlier(&look->next_ns, clock->last_tick_ns + SL_TICK_NS);
        return 0;
    }
    if (newest_seq(clock) == clock->seen_seq && !clock->woken) {
        sl_waker_arm(clock->waker);
        look->watch = true;
        if (newest_seq(clock) == clock->seen_seq)
            return 0;
    }
    clock->woken = false;
    clock->seen_seq = newest_seq(clock);
    clock->last_tick_ns = now_ns;
    earlier(&look->next_ns, now_ns + SL_TICK_NS);
    return SL_DUE_MESSAGES;
}

/* Counters may be raised a moment after the journal grew, so a second look follows the last. */
static unsigned due_clients(struct sl_due_clock *clock, bool journal_grew, struct sl_due_look *look,
                            int64_t now_ns)
{
    int64_t at_ns = clock->last_clients_ns + SL_CLIENTS_NS;

    if (journal_grew)
        clock->clients_left = 2;
    if (clock->clients_left == 0)
        return 0;
    if (now_ns < at_ns) {
        earlier(&look->next_ns, at_ns);
        return 0;
    }
    clock->last_clients_ns = now_ns;
    if (--clock->clients_left > 0)
        earlier(&look->next_ns, now_ns + SL_CLIENTS_NS);
    return SL_DUE_CLIENTS;
}

static unsigned due_status(struct sl_due_clock *clock, struct sl_due_look *look, int64_t now_ns)
{
    if (now_ns - clock->last_status_ns < SL_STATUS_NS) {
        earlier(&look->next_ns, clock->last_status_ns + SL_STATUS_NS);
        return 0;
    }
    clock->last_status_ns = now_ns;
    earlier(&look->next_ns, now_ns + SL_STATUS_NS);
    return SL_DUE_STATUS;
}

unsigned sl_due_look(struct sl_due_clock *clock, struct sl_due_look *look, int64_t now_ns)
{
    unsigned kinds = 0;

    clock->woken |= look->woken;
    if (look->wants & (SL_DUE_MESSAGES | SL_DUE_CLIENTS))
        kinds |= due_messages(clock, look, now_ns);
    if (look->wants & SL_DUE_CLIENTS)
        kinds |= due_clients(clock, kinds & SL_DUE_MESSAGES, look, now_ns);
    if (look->wants & SL_DUE_STATUS)
        kinds |= due_status(clock, look, now_ns);
    return kinds;
}
