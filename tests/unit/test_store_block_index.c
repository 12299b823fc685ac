/* Searches pass over blocks that cannot match, and miss nothing by it. */
#include "store_room.h"

#include "socklens/filter.h"

#define PHASE  5000u /* messages of one kind; more than a block */
#define PHASES 8u
#define ALL    (PHASE * PHASES)

/* What was written, by seq - 1. */
static struct sl_event written[ALL];

/* A phase has its own clients and times, which go back in every other one; a service, an outcome
 * and a size that some others have too. */
static struct sl_event event_of(unsigned i, uint64_t *random)
{
    static const char bytes[64];
    unsigned phase = i / PHASE;
    struct sl_event event = room_event(1 + phase * 1000, "");

    if (phase < 3)
        event.exchange.client += next_random(random) % 20;
    else if (phase == 3)
        event.exchange.client += i % PHASE % 1000; /* too many for a list */
    else if (phase == 4)
        event.exchange.client = 0;
    event.exchange.received_at_ns =
        1000 + (int64_t)(phase ^ 1) * 1000 + (int64_t)(next_random(random) % 900);
    event.exchange.service = phase % 3 == 2 ? SL_TCP_CHAT : SL_UDP_UPPER;
    event.exchange.listener = event.exchange.service == SL_TCP_CHAT;
    event.exchange.outcome = phase == 5 ? SL_SEND_FAILED : SL_REPLIED;
    event.received = event.sent = (const uint8_t *)bytes;
    event.exchange.received_stored = (uint32_t)(phase * 8);
    event.exchange.received_size = event.exchange.received_stored;
    return event;
}

static void append_phases(struct room *room, unsigned from, unsigned to, uint64_t *random)
{
    for (unsigned i = from * PHASE; i < to * PHASE; i++) {
        written[i] = event_of(i, random);
        sl_journal_append(room->journal, &written[i], 1);
    }
    room_wait(room, room_is_written);
}

/* In three runs, one of which was killed in the middle of a block. */
static void fill(struct room *room)
{
    uint64_t random = 3;

    room->journal_size = 32 << 20;
    room_begin(room);
    append_phases(room, 0, 3, &random);
    room_end(room);
    room_begin(room);
    append_phases(room, 3, 6, &random);
    room_kill(room);
    room_begin(room);
    append_phases(room, 6, PHASES, &random);
}

static bool matches(const struct sl_filter *filter, const struct sl_event *event)
{
    const struct sl_exchange *exchange = &event->exchange;

    return (!filter->services || filter->services & 1u << exchange->service) &&
           !(filter->services_not & 1u << exchange->service) &&
           (!filter->outcomes || filter->outcomes & 1u << exchange->outcome) &&
           !(filter->outcomes_not & 1u << exchange->outcome) &&
           (!filter->only.client_count || filter->only.clients[0] == exchange->client) &&
           (!filter->since_ns || exchange->received_at_ns >= filter->since_ns) &&
           (!filter->until_ns || exchange->received_at_ns < filter->until_ns) &&
           (exchange->received_size >= filter->size.min || exchange->sent_size >= filter->size.min);
}

struct found {
    uint64_t *seqs;
    size_t count, steps;
};

static bool take(void *context, const struct sl_record *record, const char *listener)
{
    struct found *found = context;

    (void)listener;
    assert_true(found->count < ALL);
    found->seqs[found->count++] = record->seq;
    return true;
}

static void search_all(struct room *room, struct sl_store_search search, struct found *found)
{
    struct sl_store_place next;
    int result;

    found->count = found->steps = 0;
    search.visit = take;
    search.context = found;
    do {
        result = sl_store_search(room_reader(room), &search, &next);
        assert_in_range(result, 0, 1);
        search.from = next;
        found->steps++;
    } while (result == 0);
}

static struct sl_filter random_filter(uint64_t *random)
{
    struct sl_filter filter = {0};
    uint64_t which = next_random(random);

    if (which & 1)
        filter.services = 1u << (next_random(random) % 2 ? SL_TCP_CHAT : SL_UDP_UPPER);
    if (which & 2)
        filter.outcomes = 1u << (next_random(random) % 2 ? SL_SEND_FAILED : SL_REPLIED);
    if (which & 4)
        filter.only = (struct sl_filter_peers){
            .client_count = 1,
            .clients = {1 + next_random(random) % 9 * 1000 + next_random(random) % 30}};
    if (which & 256)
        filter.services_not = 1u << SL_UDP_UPPER;
    if (which & 512)
        filter.outcomes_not = 1u << (next_random(random) % 2 ? SL_SEND_FAILED : SL_REPLIED);
    if (which & 8)
        filter.since_ns = (int64_t)(next_random(random) % (PHASES * 1000 + 2000));
    if (which & 16)
        filter.until_ns = (int64_t)(next_random(random) % (PHASES * 1000 + 2000));
    if (which & 32)
        filter.size.min = next_random(random) % 70;
    return filter;
}

static void check(struct room *room, const struct sl_filter *filter, bool backward,
                  uint64_t *random, struct found *found)
{
    uint64_t from = 1 + next_random(random) % ALL, to = 1 + next_random(random) % ALL;
    uint64_t low = from < to ? from : to, high = from < to ? to : from;
    size_t count = 0;

    search_all(room,
               (struct sl_store_search){.filter = filter,
                                        .from.seq = backward ? high : low,
                                        .to = backward ? low : high,
                                        .scan_max = 100 + next_random(random) % 9000},
               found);
    for (uint64_t i = 0; i <= high - low; i++) {
        uint64_t seq = backward ? high - i : low + i;

        if (!matches(filter, &written[seq - 1]))
            continue;
        assert_true(count < found->count);
        assert_int_equal(found->seqs[count++], seq);
    }
    assert_int_equal(found->count, count);
}

ROOM_TEST(index_misses_no_match)
{
    struct room *room = *state;
    struct found found = {.seqs = calloc(ALL, sizeof(uint64_t))};
    uint64_t random = 11;

    fill(room);
    for (int i = 0; i < 200; i++) {
        struct sl_filter filter = random_filter(&random);

        check(room, &filter, i % 2, &random, &found);
    }
    free(found.seqs);
}

ROOM_TEST(index_passes_over_blocks_without_match)
{
    static const struct sl_filter filters[] = {
        {.only.client_count = 1, .only.clients[0] = 1007},
        {.only.client_count = 1, .only.clients[0] = 3500},
        {.since_ns = 3000, .until_ns = 3100},
        {.outcomes = 1u << SL_SEND_FAILED},
        {.size = {.min = 56}},
    };
    struct room *room = *state;
    struct found found = {.seqs = calloc(ALL, sizeof(uint64_t))};

    fill(room);
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        struct sl_store_search search = {
            .filter = &filters[i], .from.seq = 1, .to = ALL, .scan_max = 100};

        search_all(room, search, &found);
        assert_true(found.count > 0);
        /* its own phase, the blocks that reach into it, and what a killed run has left */
        assert_in_range(found.steps, 1, (PHASE + 4 * 4096) / 100);
        search.from.seq = ALL;
        search.to = 1;
        search_all(room, search, &found);
        assert_in_range(found.steps, 1, (PHASE + 4 * 4096) / 100);
    }
    free(found.seqs);
}

static bool is_short(struct room *room)
{
    return room_stats(room).messages == 1000 &&
           room_number(room, "SELECT count(*) FROM spans") <= 1;
}

ROOM_TEST(blocks_go_with_their_messages)
{
    struct room *room = *state;

    room_begin(room);
    room_append_many(room, 20000);
    room_wait(room, room_is_written);
    assert_int_equal(room_number(room, "SELECT count(*) FROM spans"), 4);
    assert_int_equal(room_number(room, "SELECT max(last_seq) FROM spans"), 4 * 4096);
    sl_store_clear(room->store, 19000);
    room_wait(room, is_short);
    room_end(room);
    assert_int_equal(room_number(room, "SELECT max(last_seq) FROM spans"), 20000);
}
