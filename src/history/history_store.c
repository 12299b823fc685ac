/* The store's part of a walk.
 *
 * Retention takes the oldest rows away while a walk looks at them. It does so from one end only, so
 * backwards there is nothing to be seen of it. Forwards, a walk near that end looks at every row
 * itself, whatever its filter, and tells the numbers that it misses. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "history/history_private.h"

/* Rows a search visits in one go. */
#define ROWS_MIN 64u
#define ROWS_MAX 4096u
#define ROWS_NS  (SL_NS_PER_MS / 2)

/* How near to the store's oldest row retention may overtake a step: many times what it deletes
 * meanwhile. */
#define TAIL_ROWS 65536u

struct stored_step {
    struct sl_history *history;
    struct sl_history_walk *walk;
    struct sl_budget *budget;
    bool by_row;          /* looks at every row */
    bool seam;            /* stops before an exchange */
    uint64_t next_seq;    /* by row: of the next one, if nothing is missing */
    uint64_t stopped_seq; /* by row: stopped by what is missing before this one; else 0 */
    bool stopped;
};

/* False where it stops. */
static bool miss_rows(struct stored_step *step, uint64_t until_seq)
{
    if (step->next_seq >= until_seq)
        return true;
    step->stopped = !sl_history_tell_gap(step->history, step->walk, step->next_seq, until_seq - 1);
    step->next_seq = until_seq;
    if (step->stopped)
        step->stopped_seq = until_seq;
    return !step->stopped;
}

static bool visit_stored(void *context, const struct sl_record *record, const char *listener)
{
    struct stored_step *step = context;

    if (step->seam && record->kind == SL_RECORD_EXCHANGE)
        return false;
    if (step->by_row && record->kind == SL_RECORD_EXCHANGE) {
        if (!miss_rows(step, record->seq))
            return false;
        step->next_seq = record->seq + 1;
    }
    if (!step->by_row || sl_history_wants(step->walk, record))
        step->stopped = !step->walk->record(step->walk->context, record, listener);
    return !step->stopped && sl_clock_mono_ns() < step->budget->until_ns;
}

static bool gap_stored(void *context, const struct sl_gap *gap)
{
    struct stored_step *step = context;

    if (step->seam)
        return false;
    if (step->by_row) {
        if (!miss_rows(step, gap->from))
            return false;
        step->next_seq = gap->to + 1;
    }
    step->stopped = !sl_history_tell_gap(step->history, step->walk, gap->from, gap->to);
    return !step->stopped;
}

/* With the lock. NULL where the file cannot be read (now). */
static struct sl_store_reader *reader_of(struct sl_history *history)
{
    struct sl_error error;

    if (!sl_store_is_current(history->store))
        return NULL;
    if (!history->reader)
        history->reader = sl_store_reader_open(sl_store_path(history->store), &error);
    return history->reader;
}

static int search_stored(struct sl_history *history, const struct sl_store_search *search,
                         struct sl_store_place *next)
{
    struct sl_store_reader *reader;
    int result = -EIO;

    pthread_mutex_lock(&history->lock);
    reader = reader_of(history);
    if (reader)
        result = sl_store_search(reader, search, next);
    pthread_mutex_unlock(&history->lock);
    if (result == -EBADMSG)
        sl_store_report_damage(history->store);
    return result;
}

/* Takes fewer rows at once where they take long. */
static size_t next_rows(size_t rows, int64_t took_ns)
{
    if (took_ns > ROWS_NS)
        return rows > 2 * ROWS_MIN ? rows / 2 : ROWS_MIN;
    return rows < ROWS_MAX && took_ns < ROWS_NS / 2 ? rows * 2 : rows;
}

static bool spend(struct sl_budget *budget, size_t rows, int64_t now_ns)
{
    budget->records = budget->records > rows ? budget->records - (unsigned)rows : 0;
    return budget->records > 0 && now_ns < budget->until_ns;
}

/* From `from` to `to`. 1 where that was reached, 0 where the budget was, or a negative errno. */
static int walk_stored(struct stored_step *step, struct sl_store_place from, uint64_t to,
                       struct sl_store_place *next)
{
    struct sl_store_search search = {.filter = step->by_row ? NULL : step->walk->filter,
                                     .from = from,
                                     .to = to,
                                     .scan_max = ROWS_MIN,
                                     .until_ns = step->budget->until_ns,
                                     .lifecycle = step->walk->lifecycle,
                                     .visit = visit_stored,
                                     .gap = gap_stored,
                                     .context = step};
    int64_t began_ns = sl_clock_mono_ns(), now_ns;

    for (;;) {
        int result = search_stored(step->history, &search, next);

        if (result != 0 || step->stopped)
            return result;
        now_ns = sl_clock_mono_ns();
        if (!spend(step->budget, search.scan_max, now_ns))
            return 0;
        search.scan_max = next_rows(search.scan_max, now_ns - began_ns);
        search.from = *next;
        began_ns = now_ns;
    }
}

enum sl_history_step sl_history_store_forward(struct sl_history *history,
                                              struct sl_history_walk *walk, uint64_t store_from,
                                              uint64_t to, uint64_t missing_to,
                                              struct sl_budget *budget)
{
    struct stored_step step = {.history = history,
                               .walk = walk,
                               .budget = budget,
                               .by_row = walk->place.seq < store_from + TAIL_ROWS,
                               .next_seq = walk->place.seq};
    struct sl_store_place next = walk->place;
    int result;

    if (!walk->in_store)
        next.lifecycle = 0;
    walk->in_store = true;
    result = walk_stored(&step, next, to, &next);
    if (result < 0)
        step.stopped =
            next.seq <= missing_to && !sl_history_tell_gap(history, walk, next.seq, missing_to);
    else if (result == 1 && step.by_row)
        miss_rows(&step, missing_to + 1);
    if (result < 0)
        next = (struct sl_store_place){.seq = missing_to + 1};
    else if (step.stopped_seq)
        next = (struct sl_store_place){.seq = step.stopped_seq};
    walk->place = next;
    return step.stopped ? SL_HISTORY_STOPPED : SL_HISTORY_CUT;
}

enum sl_history_step sl_history_store_seam(struct sl_history *history, struct sl_history_walk *walk,
                                           struct sl_budget *budget)
{
    struct stored_step step = {.history = history, .walk = walk, .budget = budget, .seam = true};
    struct sl_store_place next = walk->place;
    int result = walk_stored(&step, next, next.seq, &next);

    if (result == 0 && next.seq == walk->place.seq) {
        walk->place = next;
    } else {
        walk->place.lifecycle = 0;
        walk->in_store = false;
    }
    return step.stopped ? SL_HISTORY_STOPPED : SL_HISTORY_CUT;
}

enum sl_history_step sl_history_store_backward(struct sl_history *history,
                                               struct sl_history_walk *walk, uint64_t to,
                                               struct sl_budget *budget)
{
    struct stored_step step = {.history = history, .walk = walk, .budget = budget};
    struct sl_store_place next = {.seq = walk->place.seq - 1};
    int result = walk_stored(&step, next, to, &next);

    if (result < 0) {
        step.stopped = next.seq >= to && !sl_history_tell_gap(history, walk, to, next.seq);
        next.seq = to - 1;
    }
    if (walk->place.seq - 1 == to) /* one number alone reads forwards */
        next.seq = to - 1;
    walk->place.seq = next.seq + 1;
    return step.stopped ? SL_HISTORY_STOPPED : SL_HISTORY_CUT;
}

bool sl_history_client(struct sl_history *history, uint64_t id, struct sl_client_view *view,
                       char *listener, size_t listener_size)
{
    struct sl_store_reader *reader;
    bool found;

    if (!history->store)
        return false;
    pthread_mutex_lock(&history->lock);
    reader = reader_of(history);
    found = reader && sl_store_client(reader, id, view, listener, listener_size);
    pthread_mutex_unlock(&history->lock);
    return found;
}

void sl_history_run_of(struct sl_history *history, uint64_t seq, char run[SL_RUN_SIZE])
{
    struct sl_store_reader *reader;

    *run = '\0';
    if (seq >= history->first_seq) {
        snprintf(run, SL_RUN_SIZE, "%s", history->run);
        return;
    }
    if (!history->store)
        return;
    pthread_mutex_lock(&history->lock);
    reader = reader_of(history);
    if (!reader || !sl_store_run_of(reader, seq, run))
        *run = '\0';
    pthread_mutex_unlock(&history->lock);
}

bool sl_history_has_run(struct sl_history *history, const char *run, uint64_t seq)
{
    struct sl_store_reader *reader;
    uint64_t oldest, newest;
    bool found;

    if (strncmp(history->run, run, strlen(run)) == 0) {
        sl_history_bounds(history, &oldest, &newest);
        return seq <= newest;
    }
    if (!history->store)
        return false;
    pthread_mutex_lock(&history->lock);
    reader = reader_of(history);
    found = reader && sl_store_has_run(reader, run, seq);
    pthread_mutex_unlock(&history->lock);
    return found;
}
