/* The log as one: the journal, and behind it the store with what has left memory.
 *
 * A walk is a place and two callbacks; it goes on from its place in steps within a budget, so
 * nobody is kept waiting, and holds neither a block nor a transaction in between. Where it is in
 * the journal it reads there; what is older it reads from the store; each step looks anew where the
 * seam is, so that it may move under a walk. What neither has is told as a gap.
 *
 * The store is read by the thread that walks, a few dozen to a few thousand rows at a time, as many
 * as take less than a millisecond: a read that has to wait for a disk takes that disk's time. */
#ifndef SOCKLENS_HISTORY_H
#define SOCKLENS_HISTORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "socklens/budget.h"
#include "socklens/filter.h"
#include "socklens/journal.h"
#include "socklens/registry.h"
#include "socklens/store.h"

struct sl_history {
    struct sl_journal *journal; /* NULL: a file is all there is */
    const struct sl_registry *registry;
    struct sl_store *store; /* NULL: the journal is all there is */
    uint64_t first_seq;     /* of this run */
    const char *run;        /* its identity, 32 hex digits. Set by who knows */
    _Atomic uint64_t cleared_seq;
    const size_t *contenders; /* how many steps take turns; NULL: the only one. Set by who knows */
    pthread_mutex_t lock;     /* of the reader */
    struct sl_store_reader *reader;
    int failure; /* of the last search in the store that failed, a negative errno; 0: none */
};

/* For one step on it. The HTTP thread. */
static inline struct sl_budget sl_history_budget(const struct sl_history *history)
{
    return sl_budget_begin(history->contenders ? *history->contenders : 0);
}

/* `store` may be NULL. What it is given must outlive it. Before the first exchange of this run. */
void sl_history_init(struct sl_history *history, struct sl_journal *journal,
                     const struct sl_registry *registry, struct sl_store *store);

/* The log in a file, whether or not a server is at work on it. `reader` stays the
 * caller's. A walk that cannot read on ends, and `failure` says why. */
void sl_history_init_file(struct sl_history *history, struct sl_store_reader *reader);

void sl_history_deinit(struct sl_history *history);

/* *oldest is *newest + 1 where nothing is there. Any thread. */
void sl_history_bounds(struct sl_history *history, uint64_t *oldest, uint64_t *newest);

/* Nothing up to and with `seq` is shown any more; a gap there is called "cleared". */
void sl_history_clear(struct sl_history *history, uint64_t seq);

struct sl_history_walk {
    const struct sl_filter *filter; /* NULL: all */
    bool backward;
    bool lifecycle; /* forwards: also comings and goings of clients that the filter allows */
    /* Forwards: what is looked at next. Backwards: everything below is left; UINT64_MAX: all. */
    struct sl_store_place place;
    /* False stops behind the record or gap that it has got. `gap` NULL: passed over. */
    bool (*record)(void *context, const struct sl_record *record, const char *listener);
    bool (*gap)(void *context, const struct sl_gap *gap, const char *reason);
    void *context;
    int64_t behind_since_ns; /* the walk's own; 0 at first */
    bool in_store;           /* likewise */
};

enum sl_history_step {
    SL_HISTORY_CUT,     /* the budget is used up: call again */
    SL_HISTORY_STOPPED, /* by a callback */
    SL_HISTORY_END,     /* nothing more (now) */
    SL_HISTORY_BEHIND,  /* what comes next is just being written: call again in SL_HISTORY_RETRY_NS
                         */
};

#define SL_HISTORY_RETRY_NS (20 * SL_NS_PER_MS)

enum sl_history_step sl_history_read(struct sl_history *history, struct sl_history_walk *walk,
                                     struct sl_budget *budget);

enum sl_found { SL_FOUND, SL_FOUND_GONE, SL_FOUND_NOTHING, SL_FOUND_BEHIND };

/* Shows one exchange to `visit`. GONE: it was there once; NOTHING: not yet. */
enum sl_found sl_history_get(struct sl_history *history, uint64_t seq,
                             void (*visit)(void *context, const struct sl_record *record,
                                           const char *listener),
                             void *context);

/* A client that the registry has forgotten. */
bool sl_history_client(struct sl_history *history, uint64_t id, struct sl_client_view *view,
                       char *listener, size_t listener_size);

/* The run that has recorded `seq`, or will if there is no such exchange yet; "" where nothing says
 * so. */
void sl_history_run_of(struct sl_history *history, uint64_t seq, char run[SL_RUN_SIZE]);

/* Whether numbers up to and with `seq`, as a run has shown them whose identity begins with `run`,
 * mean the same exchanges here. */
bool sl_history_has_run(struct sl_history *history, const char *run, uint64_t seq);

#endif
