/* Where a walk is in the journal it reads there; what is older it reads from the store, and each
 * step looks anew where the seam between the two is. A step holds the journal's block or the
 * store's transaction only while it runs.
 *
 * Retention takes the oldest rows away while a walk looks at them. It does so from one end only, so
 * backwards there is nothing to be seen of it. Forwards, a walk near that end looks at every row
 * itself, whatever its filter, and tells the numbers that it misses. */
#include "socklens/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The writer commits every few milliseconds; what is not there after this will not come. */
#define BEHIND_MAX_NS (500 * SL_NS_PER_MS)

/* Rows a search visits in one go. */
#define ROWS_MIN 64u
#define ROWS_MAX 4096u
#define ROWS_NS  (SL_NS_PER_MS / 2)

/* How near to the store's oldest row retention may overtake a step: many times what it deletes
 * meanwhile. */
#define TAIL_ROWS 65536u

/* What a step goes by. */
struct view {
    uint64_t oldest, newest;       /* of the journal */
    uint64_t store_from, store_to; /* of the store; to < from: nothing */
    bool recording;
};

void sl_history_init(struct sl_history *history, struct sl_journal *journal,
                     const struct sl_registry *registry, struct sl_store *store)
{
    struct sl_journal_stats stats;

    sl_journal_stats(journal, &stats);
    *history = (struct sl_history){.journal = journal,
                                   .registry = registry,
                                   .store = store,
                                   .first_seq = stats.newest_seq + 1,
                                   .cleared_seq = store ? sl_store_cleared_seq(store) : 0};
    pthread_mutex_init(&history->lock, NULL);
}

void sl_history_init_file(struct sl_history *history, struct sl_store_reader *reader)
{
    *history = (struct sl_history){.reader = reader, .first_seq = UINT64_MAX, .run = ""};
    pthread_mutex_init(&history->lock, NULL);
}

void sl_history_deinit(struct sl_history *history)
{
    if (history->journal)
        sl_store_reader_close(history->reader);
    pthread_mutex_destroy(&history->lock);
}

void sl_history_clear(struct sl_history *history, uint64_t seq)
{
    uint64_t before = atomic_load(&history->cleared_seq);

    while (before < seq && !atomic_compare_exchange_weak(&history->cleared_seq, &before, seq))
        ;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Of a file alone: the journal is empty, and begins behind it. */
static struct view look_at_file(struct sl_history *history)
{
    struct view view = {.store_from = 1};

    if (!sl_store_bounds(history->reader, &view.store_from, &view.store_to))
        view.store_to = 0;
    atomic_store(&history->cleared_seq, sl_store_cleared(history->reader));
    view.newest = larger(view.store_to, atomic_load(&history->cleared_seq));
    view.oldest = view.newest + 1;
    return view;
}

static struct view look(struct sl_history *history)
{
    uint64_t floor = atomic_load(&history->cleared_seq) + 1;
    struct view view = {.store_from = 1};
    struct sl_store_stats stored;
    struct sl_journal_stats stats;

    if (!history->journal)
        return look_at_file(history);
    if (history->store) { /* first: the seam may only move towards what was read here */
        sl_store_stats(history->store, &stored);
        view.store_from = larger(stored.oldest_seq, floor);
        view.store_to = stored.newest_seq;
        view.recording = stored.state == SL_STORE_RECORDING;
    }
    sl_journal_stats(history->journal, &stats);
    view.oldest = larger(stats.oldest_seq, floor);
    view.newest = stats.newest_seq;
    return view;
}

static bool has_stored(const struct view *view)
{
    return view->store_to >= view->store_from;
}

void sl_history_bounds(struct sl_history *history, uint64_t *oldest, uint64_t *newest)
{
    struct view view = look(history);

    *oldest = has_stored(&view) ? smaller(view.oldest, view.store_from) : view.oldest;
    *newest = view.newest;
}

/* --- what walks tell --- */

static bool history_wants(const struct sl_history_walk *walk, const struct sl_record *record)
{
    if (record->kind != SL_RECORD_EXCHANGE && !walk->lifecycle)
        return false;
    return !walk->filter || sl_filter_match(walk->filter, record);
}

static bool history_tell_gap(struct sl_history *history, const struct sl_history_walk *walk,
                             uint64_t from, uint64_t to)
{
    struct sl_gap gap = {from, to};
    bool cleared = from <= atomic_load(&history->cleared_seq);

    return !walk->gap || walk->gap(walk->context, &gap, cleared ? "cleared" : "evicted");
}

/* --- in the store --- */

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
    step->stopped = !history_tell_gap(step->history, step->walk, step->next_seq, until_seq - 1);
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
    if (!step->by_row || history_wants(step->walk, record))
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
    step->stopped = !history_tell_gap(step->history, step->walk, gap->from, gap->to);
    return !step->stopped;
}

/* With the lock. NULL where the file cannot be read (now). */
static struct sl_store_reader *reader_of(struct sl_history *history)
{
    struct sl_error error;

    if (!history->store)
        return history->reader;
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
    if (result < 0)
        history->failure = result;
    if (result == -EBADMSG && history->store)
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

/* From the walk's place to `to`, within the budget: CUT or STOPPED. The store begins about at
 * `store_from`, and what cannot be read is missing up to `missing_to`. */
static enum sl_history_step walk_store_forward(struct sl_history *history,
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
    if (result < 0 && !history->journal)
        return SL_HISTORY_END;
    if (result < 0)
        step.stopped =
            next.seq <= missing_to && !history_tell_gap(history, walk, next.seq, missing_to);
    else if (result == 1 && step.by_row)
        miss_rows(&step, missing_to + 1);
    if (result < 0)
        next = (struct sl_store_place){.seq = missing_to + 1};
    else if (step.stopped_seq)
        next = (struct sl_store_place){.seq = step.stopped_seq};
    walk->place = next;
    return step.stopped ? SL_HISTORY_STOPPED : SL_HISTORY_CUT;
}

/* Who came or went before the exchange at the walk's place, where the journal begins: the store may
 * know of some, of this run or the one before, that the journal does not. */
static enum sl_history_step walk_store_seam(struct sl_history *history,
                                            struct sl_history_walk *walk, struct sl_budget *budget)
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

static enum sl_history_step walk_store_backward(struct sl_history *history,
                                                struct sl_history_walk *walk, uint64_t to,
                                                struct sl_budget *budget)
{
    struct stored_step step = {.history = history, .walk = walk, .budget = budget};
    struct sl_store_place next = {.seq = walk->place.seq - 1};
    int result = walk_stored(&step, next, to, &next);

    if (result < 0) {
        step.stopped = next.seq >= to && !history_tell_gap(history, walk, to, next.seq);
        next.seq = to - 1;
    }
    if (walk->place.seq - 1 == to) /* one number alone reads forwards */
        next.seq = to - 1;
    walk->place.seq = next.seq + 1;
    return step.stopped ? SL_HISTORY_STOPPED : SL_HISTORY_CUT;
}

/* --- in the journal --- */

/* A walk that came back counts how many comings and goings before its exchange it has passed. */
static void pass(struct sl_history_walk *walk, const struct sl_record *record)
{
    if (record->kind == SL_RECORD_EXCHANGE)
        walk->place = (struct sl_store_place){.seq = record->seq + 1};
    else
        walk->place.lifecycle++;
}

/* True where `cursor` came too late: what it needs is in the store now, if anywhere. */
static bool has_left(struct sl_history *history, const struct sl_gap *gap)
{
    struct sl_journal_stats stats;

    if (!history->store)
        return false;
    sl_journal_stats(history->journal, &stats);
    return gap->from < stats.oldest_seq;
}

/* False where the walk stops here, with *walked saying why. */
static bool step_forward(struct sl_history *history, struct sl_history_walk *walk,
                         struct sl_cursor *cursor, uint32_t *skip, struct sl_budget *budget,
                         enum sl_history_step *walked)
{
    const struct sl_record *record;
    struct sl_gap gap;
    bool more = true;

    switch (sl_cursor_next(cursor, &record, &gap)) {
    case SL_READ_END:
        *walked = SL_HISTORY_END;
        return false;
    case SL_READ_GAP:
        if (has_left(history, &gap)) {
            *walked = SL_HISTORY_CUT;
            return false;
        }
        more = history_tell_gap(history, walk, gap.from, gap.to);
        walk->place = (struct sl_store_place){.seq = gap.to + 1};
        break;
    case SL_READ_RECORD:
        if (record->kind != SL_RECORD_EXCHANGE && *skip > 0) {
            (*skip)--;
            return true;
        }
        sl_budget_note(budget, record->size);
        more =
            !history_wants(walk, record) ||
            walk->record(walk->context, record,
                         sl_registry_listener_name(history->registry, record->exchange.listener));
        pass(walk, record);
        break;
    }
    *skip = 0;
    *walked = SL_HISTORY_STOPPED;
    return more;
}

static enum sl_history_step journal_forward(struct sl_history *history,
                                            struct sl_history_walk *walk, struct sl_budget *budget)
{
    enum sl_history_step walked = SL_HISTORY_CUT;
    struct sl_cursor cursor = {0};
    uint32_t skip;

    if (walk->in_store) /* the store counts differently; the same one again is no harm */
        walk->place.lifecycle = 0;
    walk->in_store = false;
    skip = walk->place.lifecycle;
    sl_cursor_seek(&cursor, history->journal, walk->place.seq);
    if (cursor.next_seq < walk->place.seq) /* beyond the end */
        walk->place = (struct sl_store_place){.seq = cursor.next_seq};
    while (sl_budget_take(budget) && step_forward(history, walk, &cursor, &skip, budget, &walked))
        walked = SL_HISTORY_CUT;
    sl_cursor_close(&cursor);
    return walked;
}

/* Nothing stands before the place in the oldest block, though its numbers begin earlier. */
static void pass_hole(struct sl_history *history, struct sl_history_walk *walk)
{
    struct sl_journal_stats stats;

    sl_journal_stats(history->journal, &stats);
    walk->place.seq = smaller(walk->place.seq, stats.oldest_seq);
}

/* To the oldest record, or to the budget's end. */
static enum sl_history_step journal_backward(struct sl_history *history,
                                             struct sl_history_walk *walk, struct sl_budget *budget)
{
    enum sl_read read = SL_READ_RECORD;
    const struct sl_record *record;
    struct sl_cursor cursor = {0};
    bool more = true;

    sl_cursor_seek(&cursor, history->journal, walk->place.seq);
    walk->place.seq = cursor.next_seq;
    while (more && sl_budget_take(budget)) {
        read = sl_cursor_previous(&cursor, &record);
        if (read != SL_READ_RECORD)
            break;
        sl_budget_note(budget, record->size);
        more =
            !history_wants(walk, record) ||
            walk->record(walk->context, record,
                         sl_registry_listener_name(history->registry, record->exchange.listener));
        walk->place.seq = record->seq;
    }
    if (read == SL_READ_END)
        pass_hole(history, walk);
    sl_cursor_close(&cursor);
    return more ? SL_HISTORY_CUT : SL_HISTORY_STOPPED;
}

/* --- over the seam --- */

/* Exchanges that left the journal while the writer has them in its hands are there in a moment. */
static bool may_still_come(const struct sl_history *history, struct sl_history_walk *walk,
                           const struct view *view, uint64_t seq)
{
    int64_t now_ns = sl_clock_mono_ns();

    if (!history->store || !view->recording || seq < history->first_seq ||
        seq <= atomic_load(&history->cleared_seq))
        return false;
    if (walk->behind_since_ns == 0)
        walk->behind_since_ns = now_ns;
    return now_ns - walk->behind_since_ns < BEHIND_MAX_NS;
}

static enum sl_history_step pass_gap(struct sl_history *history, struct sl_history_walk *walk,
                                     uint64_t to)
{
    bool more = history_tell_gap(history, walk, walk->place.seq, to);

    walk->place = (struct sl_store_place){.seq = to + 1};
    walk->behind_since_ns = 0;
    return more ? SL_HISTORY_CUT : SL_HISTORY_STOPPED;
}

static enum sl_history_step walk_forward(struct sl_history *history, struct sl_history_walk *walk,
                                         struct sl_budget *budget)
{
    struct view view = look(history);
    uint64_t place = walk->place.seq;

    if (place == view.oldest && walk->lifecycle && walk->in_store)
        return walk_store_seam(history, walk, budget);
    if (place >= view.oldest)
        return history->journal ? journal_forward(history, walk, budget) : SL_HISTORY_END;
    if (has_stored(&view) && place < view.store_from)
        return pass_gap(history, walk, smaller(view.store_from, view.oldest) - 1);
    if (!has_stored(&view) || place > view.store_to) {
        if (may_still_come(history, walk, &view, view.oldest - 1))
            return SL_HISTORY_BEHIND;
        return pass_gap(history, walk, view.oldest - 1);
    }
    walk->behind_since_ns = 0;
    /* With the seam's first exchange, because who came or went before it may stand in a block that
     * the journal has let go. */
    return walk_store_forward(history, walk, view.store_from, smaller(view.store_to, view.oldest),
                              smaller(view.store_to, view.oldest - 1), budget);
}

static enum sl_history_step walk_backward(struct sl_history *history, struct sl_history_walk *walk,
                                          struct sl_budget *budget)
{
    struct view view = look(history);
    uint64_t place = smaller(walk->place.seq, view.newest + 1);

    if (place > view.oldest)
        return journal_backward(history, walk, budget);
    if (!has_stored(&view) || place <= view.store_from)
        return SL_HISTORY_END;
    walk->place.seq = place;
    if (place - 1 > view.store_to) {
        if (may_still_come(history, walk, &view, place - 1))
            return SL_HISTORY_BEHIND;
        walk->behind_since_ns = 0;
        walk->place.seq = view.store_to + 1;
        return history_tell_gap(history, walk, view.store_to + 1, place - 1) ? SL_HISTORY_CUT
                                                                             : SL_HISTORY_STOPPED;
    }
    walk->behind_since_ns = 0;
    return walk_store_backward(history, walk, view.store_from, budget);
}

enum sl_history_step sl_history_read(struct sl_history *history, struct sl_history_walk *walk,
                                     struct sl_budget *budget)
{
    enum sl_history_step walked;

    if (!walk->backward && walk->place.seq == 0) /* numbers begin at 1 */
        walk->place.seq = 1;
    do {
        walked = walk->backward ? walk_backward(history, walk, budget)
                                : walk_forward(history, walk, budget);
    } while (walked == SL_HISTORY_CUT && budget->records > 0 &&
             sl_clock_mono_ns() < budget->until_ns);
    return walked;
}

/* --- one --- */

struct wanted {
    uint64_t seq;
    enum sl_found found;
    void (*visit)(void *context, const struct sl_record *record, const char *listener);
    void *context;
};

static bool take_wanted(void *context, const struct sl_record *record, const char *listener)
{
    struct wanted *wanted = context;

    wanted->found = SL_FOUND_GONE;
    if (record->seq == wanted->seq) {
        wanted->found = SL_FOUND;
        wanted->visit(wanted->context, record, listener);
    }
    return false;
}

static bool miss_wanted(void *context, const struct sl_gap *gap, const char *reason)
{
    struct wanted *wanted = context;

    (void)gap;
    (void)reason;
    wanted->found = SL_FOUND_GONE;
    return false;
}

enum sl_found sl_history_get(struct sl_history *history, uint64_t seq,
                             void (*visit)(void *context, const struct sl_record *record,
                                           const char *listener),
                             void *context)
{
    struct wanted wanted = {seq, SL_FOUND_NOTHING, visit, context};
    struct sl_history_walk walk = {
        .place = {.seq = seq}, .record = take_wanted, .gap = miss_wanted, .context = &wanted};
    struct view view = look(history);
    enum sl_history_step walked = SL_HISTORY_END;

    if (seq > 0 && seq <= view.newest) {
        do {
            struct sl_budget budget = sl_history_budget(history);

            walked = sl_history_read(history, &walk, &budget);
        } while (walked == SL_HISTORY_CUT);
    }
    return walked == SL_HISTORY_BEHIND ? SL_FOUND_BEHIND : wanted.found;
}

/* --- who was there, and when --- */

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
