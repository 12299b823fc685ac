/* When event streams and waiting requests have something to look at: new exchanges, changes among
 * the clients, the next status.
 *
 * Looks are at least SL_TICK_NS apart, which is what coalesces events. A journal at rest is watched
 * by its waker, and then no timer runs for it. */
#ifndef SOCKLENS_API_DUE_H
#define SOCKLENS_API_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/clock.h"
#include "socklens/journal.h"
#include "socklens/waiters.h"

#define SL_TICK_NS    (25 * SL_NS_PER_MS)
#define SL_CLIENTS_NS (500 * SL_NS_PER_MS)
#define SL_STATUS_NS  SL_NS_PER_S

enum sl_due_kind {
    SL_DUE_MESSAGES = 1 << 0, /* the journal has more exchanges */
    SL_DUE_CLIENTS = 1 << 1,  /* there is a new snapshot of clients that changed */
    SL_DUE_STATUS = 1 << 2,   /* there is a new snapshot of the status */
};

/* One thread's. */
struct sl_due_clock {
    struct sl_journal *journal;
    struct sl_waker *waker;
    uint64_t seen_seq;
    int64_t last_tick_ns, last_clients_ns, last_status_ns;
    unsigned clients_left; /* looks at the clients that are still to come */
    bool woken; /* by the journal: something was appended, if only a client's coming or going */
};

/* 0 or -EMFILE: the journal has no waker left, or the process no descriptor. */
int sl_due_init(struct sl_due_clock *clock, struct sl_journal *journal);
void sl_due_deinit(struct sl_due_clock *clock);

/* Readable once there is more, after a look that asks to watch it. */
int sl_due_fd(const struct sl_due_clock *clock);

/* The kinds that are due; see struct sl_due_look. */
unsigned sl_due_look(struct sl_due_clock *clock, struct sl_due_look *look, int64_t now_ns);

#endif
