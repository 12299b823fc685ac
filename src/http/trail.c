#include "http/client_json.h"
#include "http/trail_private.h"

/* The writer commits every few milliseconds; what is not there after this will not come. */
#define BEHIND_MAX_NS (500 * SL_NS_PER_MS)

/* What a step goes by. */
struct view {
    uint64_t oldest, newest;       /* of the journal */
    uint64_t store_from, store_to; /* of the store; to < from: nothing */
    bool recording;
};

void sl_trail_init(struct sl_trail *trail, struct sl_journal *journal,
                   const struct sl_registry *registry, struct sl_store *store)
{
    struct sl_journal_stats stats;

    sl_journal_stats(journal, &stats);
    *trail = (struct sl_trail){.journal = journal,
                               .registry = registry,
                               .store = store,
                               .first_seq = stats.newest_seq + 1,
                               .cleared_seq = store ? sl_store_cleared_seq(store) : 0};
    pthread_mutex_init(&trail->lock, NULL);
}

void sl_trail_deinit(struct sl_trail *trail)
{
    sl_store_reader_close(trail->reader);
    pthread_mutex_destroy(&trail->lock);
}

void sl_trail_clear(struct sl_trail *trail, uint64_t seq)
{
    uint64_t before = atomic_load(&trail->cleared_seq);

    while (before < seq && !atomic_compare_exchange_weak(&trail->cleared_seq, &before, seq))
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

static struct view look(struct sl_trail *trail)
{
    uint64_t floor = atomic_load(&trail->cleared_seq) + 1;
    struct view view = {.store_from = 1};
    struct sl_store_stats stored;
    struct sl_journal_stats stats;

    if (trail->store) { /* first: the seam may only move towards what was read here */
        sl_store_stats(trail->store, &stored);
        view.store_from = larger(stored.oldest_seq, floor);
        view.store_to = stored.newest_seq;
        view.recording = stored.state == SL_STORE_RECORDING;
    }
    sl_journal_stats(trail->journal, &stats);
    view.oldest = larger(stats.oldest_seq, floor);
    view.newest = stats.newest_seq;
    return view;
}

static bool has_stored(const struct view *view)
{
    return view->store_to >= view->store_from;
}

void sl_trail_bounds(struct sl_trail *trail, uint64_t *oldest, uint64_t *newest)
{
    struct view view = look(trail);

    *oldest = has_stored(&view) ? smaller(view.oldest, view.store_from) : view.oldest;
    *newest = view.newest;
}

/* --- what walks tell --- */

bool sl_trail_wants(const struct sl_trail_walk *walk, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    const struct sl_filter *filter = walk->filter;

    if (record->kind == SL_RECORD_EXCHANGE)
        return !filter || sl_filter_match(filter, record);
    return walk->lifecycle &&
           (!filter ||
            sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer));
}

bool sl_trail_tell_gap(struct sl_trail *trail, const struct sl_trail_walk *walk, uint64_t from,
                       uint64_t to)
{
    struct sl_gap gap = {from, to};
    bool cleared = from <= atomic_load(&trail->cleared_seq);

    return !walk->gap || walk->gap(walk->context, &gap, cleared ? "cleared" : "evicted");
}

/* --- in the journal --- */

/* A walk that came back counts how many comings and goings before its exchange it has passed. */
static void pass(struct sl_trail_walk *walk, const struct sl_record *record)
{
    if (record->kind == SL_RECORD_EXCHANGE)
        walk->place = (struct sl_store_place){.seq = record->seq + 1};
    else
        walk->place.lifecycle++;
}

/* True where `cursor` came too late: what it needs is in the store now, if anywhere. */
static bool has_left(struct sl_trail *trail, const struct sl_gap *gap)
{
    struct sl_journal_stats stats;

    if (!trail->store)
        return false;
    sl_journal_stats(trail->journal, &stats);
    return gap->from < stats.oldest_seq;
}

/* False where the walk stops here, with *walked saying why. */
static bool step_forward(struct sl_trail *trail, struct sl_trail_walk *walk,
                         struct sl_cursor *cursor, uint32_t *skip, struct sl_budget *budget,
                         enum sl_walked *walked)
{
    const struct sl_record *record;
    struct sl_gap gap;
    bool more = true;

    switch (sl_cursor_next(cursor, &record, &gap)) {
    case SL_READ_END:
        *walked = SL_WALK_END;
        return false;
    case SL_READ_GAP:
        if (has_left(trail, &gap)) {
            *walked = SL_WALK_CUT;
            return false;
        }
        more = sl_trail_tell_gap(trail, walk, gap.from, gap.to);
        walk->place = (struct sl_store_place){.seq = gap.to + 1};
        break;
    case SL_READ_RECORD:
        if (record->kind != SL_RECORD_EXCHANGE && *skip > 0) {
            (*skip)--;
            return true;
        }
        sl_budget_note(budget, record->size);
        more = !sl_trail_wants(walk, record) ||
               walk->record(walk->context, record,
                            sl_listener_name(trail->registry, record->exchange.listener));
        pass(walk, record);
        break;
    }
    *skip = 0;
    *walked = SL_WALK_STOPPED;
    return more;
}

static enum sl_walked journal_forward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                      struct sl_budget *budget)
{
    enum sl_walked walked = SL_WALK_CUT;
    struct sl_cursor cursor = {0};
    uint32_t skip;

    if (walk->in_store) /* the store counts differently; the same one again is no harm */
        walk->place.lifecycle = 0;
    walk->in_store = false;
    skip = walk->place.lifecycle;
    sl_cursor_seek(&cursor, trail->journal, walk->place.seq);
    if (cursor.next_seq < walk->place.seq) /* beyond the end */
        walk->place = (struct sl_store_place){.seq = cursor.next_seq};
    while (sl_budget_take(budget) && step_forward(trail, walk, &cursor, &skip, budget, &walked))
        walked = SL_WALK_CUT;
    sl_cursor_close(&cursor);
    return walked;
}

/* Nothing stands before the place in the oldest block, though its numbers begin earlier. */
static void pass_hole(struct sl_trail *trail, struct sl_trail_walk *walk)
{
    struct sl_journal_stats stats;

    sl_journal_stats(trail->journal, &stats);
    walk->place.seq = smaller(walk->place.seq, stats.oldest_seq);
}

/* To the oldest record, or to the budget's end. */
static enum sl_walked journal_backward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                       struct sl_budget *budget)
{
    enum sl_read read = SL_READ_RECORD;
    const struct sl_record *record;
    struct sl_cursor cursor = {0};
    bool more = true;

    sl_cursor_seek(&cursor, trail->journal, walk->place.seq);
    walk->place.seq = cursor.next_seq;
    while (more && sl_budget_take(budget)) {
        read = sl_cursor_previous(&cursor, &record);
        if (read != SL_READ_RECORD)
            break;
        sl_budget_note(budget, record->size);
        more = !sl_trail_wants(walk, record) ||
               walk->record(walk->context, record,
                            sl_listener_name(trail->registry, record->exchange.listener));
        walk->place.seq = record->seq;
    }
    if (read == SL_READ_END)
        pass_hole(trail, walk);
    sl_cursor_close(&cursor);
    return more ? SL_WALK_CUT : SL_WALK_STOPPED;
}

/* --- over the seam --- */

/* Exchanges that left the journal while the writer has them in its hands are there in a moment. */
static bool may_still_come(const struct sl_trail *trail, struct sl_trail_walk *walk,
                           const struct view *view, uint64_t seq)
{
    int64_t now_ns = sl_clock_mono_ns();

    if (!trail->store || !view->recording || seq < trail->first_seq ||
        seq <= atomic_load(&trail->cleared_seq))
        return false;
    if (walk->behind_since_ns == 0)
        walk->behind_since_ns = now_ns;
    return now_ns - walk->behind_since_ns < BEHIND_MAX_NS;
}

static enum sl_walked pass_gap(struct sl_trail *trail, struct sl_trail_walk *walk, uint64_t to)
{
    bool more = sl_trail_tell_gap(trail, walk, walk->place.seq, to);

    walk->place = (struct sl_store_place){.seq = to + 1};
    walk->behind_since_ns = 0;
    return more ? SL_WALK_CUT : SL_WALK_STOPPED;
}

static enum sl_walked walk_forward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                   struct sl_budget *budget)
{
    struct view view = look(trail);
    uint64_t place = walk->place.seq;

    if (place == view.oldest && walk->lifecycle && walk->in_store)
        return sl_trail_store_seam(trail, walk, budget);
    if (place >= view.oldest)
        return journal_forward(trail, walk, budget);
    if (has_stored(&view) && place < view.store_from)
        return pass_gap(trail, walk, smaller(view.store_from, view.oldest) - 1);
    if (!has_stored(&view) || place > view.store_to) {
        if (may_still_come(trail, walk, &view, view.oldest - 1))
            return SL_WALK_BEHIND;
        return pass_gap(trail, walk, view.oldest - 1);
    }
    walk->behind_since_ns = 0;
    /* With the seam's first exchange, because who came or went before it may stand in a block that
     * the journal has let go. */
    return sl_trail_store_forward(trail, walk, view.store_from, smaller(view.store_to, view.oldest),
                                  smaller(view.store_to, view.oldest - 1), budget);
}

static enum sl_walked walk_backward(struct sl_trail *trail, struct sl_trail_walk *walk,
                                    struct sl_budget *budget)
{
    struct view view = look(trail);
    uint64_t place = smaller(walk->place.seq, view.newest + 1);

    if (place > view.oldest)
        return journal_backward(trail, walk, budget);
    if (!has_stored(&view) || place <= view.store_from)
        return SL_WALK_END;
    walk->place.seq = place;
    if (place - 1 > view.store_to) {
        if (may_still_come(trail, walk, &view, place - 1))
            return SL_WALK_BEHIND;
        walk->behind_since_ns = 0;
        walk->place.seq = view.store_to + 1;
        return sl_trail_tell_gap(trail, walk, view.store_to + 1, place - 1) ? SL_WALK_CUT
                                                                            : SL_WALK_STOPPED;
    }
    walk->behind_since_ns = 0;
    return sl_trail_store_backward(trail, walk, view.store_from, budget);
}

enum sl_walked sl_trail_walk(struct sl_trail *trail, struct sl_trail_walk *walk,
                             struct sl_budget *budget)
{
    enum sl_walked walked;

    if (!walk->backward && walk->place.seq == 0) /* numbers begin at 1 */
        walk->place.seq = 1;
    do {
        walked =
            walk->backward ? walk_backward(trail, walk, budget) : walk_forward(trail, walk, budget);
    } while (walked == SL_WALK_CUT && budget->records > 0 && sl_clock_mono_ns() < budget->until_ns);
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

enum sl_found sl_trail_get(struct sl_trail *trail, uint64_t seq,
                           void (*visit)(void *context, const struct sl_record *record,
                                         const char *listener),
                           void *context)
{
    struct wanted wanted = {seq, SL_FOUND_NOTHING, visit, context};
    struct sl_trail_walk walk = {
        .place = {.seq = seq}, .record = take_wanted, .gap = miss_wanted, .context = &wanted};
    struct view view = look(trail);
    enum sl_walked walked = SL_WALK_END;

    if (seq > 0 && seq <= view.newest) {
        do {
            struct sl_budget budget = sl_trail_budget(trail);

            walked = sl_trail_walk(trail, &walk, &budget);
        } while (walked == SL_WALK_CUT);
    }
    return walked == SL_WALK_BEHIND ? SL_FOUND_BEHIND : wanted.found;
}
