#include "history/history_private.h"

/* The writer commits every few milliseconds; what is not there after this will not come. */
#define BEHIND_MAX_NS (500 * SL_NS_PER_MS)

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

void sl_history_deinit(struct sl_history *history)
{
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

static struct view look(struct sl_history *history)
{
    uint64_t floor = atomic_load(&history->cleared_seq) + 1;
    struct view view = {.store_from = 1};
    struct sl_store_stats stored;
    struct sl_journal_stats stats;

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

bool sl_history_wants(const struct sl_history_walk *walk, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    const struct sl_filter *filter = walk->filter;

    if (record->kind == SL_RECORD_EXCHANGE)
        return !filter || sl_filter_match(filter, record);
    return walk->lifecycle &&
           (!filter ||
            sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer));
}

bool sl_history_tell_gap(struct sl_history *history, const struct sl_history_walk *walk,
                         uint64_t from, uint64_t to)
{
    struct sl_gap gap = {from, to};
    bool cleared = from <= atomic_load(&history->cleared_seq);

    return !walk->gap || walk->gap(walk->context, &gap, cleared ? "cleared" : "evicted");
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
        more = sl_history_tell_gap(history, walk, gap.from, gap.to);
        walk->place = (struct sl_store_place){.seq = gap.to + 1};
        break;
    case SL_READ_RECORD:
        if (record->kind != SL_RECORD_EXCHANGE && *skip > 0) {
            (*skip)--;
            return true;
        }
        sl_budget_note(budget, record->size);
        more =
            !sl_history_wants(walk, record) ||
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
            !sl_history_wants(walk, record) ||
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
    bool more = sl_history_tell_gap(history, walk, walk->place.seq, to);

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
        return sl_history_store_seam(history, walk, budget);
    if (place >= view.oldest)
        return journal_forward(history, walk, budget);
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
    return sl_history_store_forward(history, walk, view.store_from,
                                    smaller(view.store_to, view.oldest),
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
        return sl_history_tell_gap(history, walk, view.store_to + 1, place - 1)
                   ? SL_HISTORY_CUT
                   : SL_HISTORY_STOPPED;
    }
    walk->behind_since_ns = 0;
    return sl_history_store_backward(history, walk, view.store_from, budget);
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
