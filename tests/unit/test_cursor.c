#include "unit.h"

#include <stdlib.h>

#include "socklens/journal.h"

#define RECORDS 400

/* A journal of about seven blocks and, beside it, what must stand in it: about every third record
 * says that a client came or went. `client` is the record's place. */
struct pair {
    struct sl_journal *journal;
    struct expected {
        uint8_t kind;
        uint64_t seq;
    } records[RECORDS];
    size_t count;
    uint64_t next_seq;
    uint64_t random;
};

static uint8_t payload[64000];

static void add_record(struct pair *pair, enum sl_record_kind kind)
{
    struct sl_event event = {
        .kind = (uint8_t)kind, .exchange.client = pair->count, .received = payload};
    if (kind == SL_RECORD_EXCHANGE)
        event.exchange.received_stored = (uint32_t)(next_random(&pair->random) % sizeof(payload));
    event.exchange.received_size = event.exchange.received_stored;
    sl_journal_append(pair->journal, &event, 1);
    pair->records[pair->count].kind = (uint8_t)kind;
    pair->records[pair->count++].seq = pair->next_seq;
    pair->next_seq += kind == SL_RECORD_EXCHANGE;
}

static void add_any_record(struct pair *pair)
{
    static const enum sl_record_kind kinds[] = {SL_RECORD_EXCHANGE, SL_RECORD_EXCHANGE,
                                                SL_RECORD_EXCHANGE, SL_RECORD_OPENED,
                                                SL_RECORD_CLOSED};
    add_record(pair, kinds[next_random(&pair->random) % COUNT_OF(kinds)]);
}

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    pair->journal = sl_journal_new(16 * SL_JOURNAL_BLOCK_SIZE, 1);
    pair->next_seq = 1;
    pair->random = 99;
    while (pair->count < RECORDS - 20)
        add_any_record(pair);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    sl_journal_free(pair->journal);
    free(pair);
    return 0;
}

/* Place of the first record that a seek to `seq` must find. */
static size_t place_of(const struct pair *pair, uint64_t seq)
{
    size_t place = 0;
    while (place < pair->count && pair->records[place].seq < seq)
        place++;
    return place;
}

static void assert_is(const struct pair *pair, size_t place, const struct sl_record *record)
{
    assert_int_equal(record->exchange.client, place);
    assert_int_equal(record->kind, pair->records[place].kind);
    assert_int_equal(record->seq, pair->records[place].seq);
}

static void assert_next(const struct pair *pair, struct sl_cursor *cursor, size_t place)
{
    const struct sl_record *record;
    struct sl_gap gap;
    enum sl_read read = sl_cursor_next(cursor, &record, &gap);
    assert_int_equal(read, place < pair->count ? SL_READ_RECORD : SL_READ_END);
    if (read == SL_READ_RECORD)
        assert_is(pair, place, record);
}

/* `place` is where the cursor stands: the record before it is expected. */
static void assert_previous(const struct pair *pair, struct sl_cursor *cursor, size_t place)
{
    const struct sl_record *record;
    enum sl_read read = sl_cursor_previous(cursor, &record);
    assert_int_equal(read, place > 0 ? SL_READ_RECORD : SL_READ_END);
    if (read == SL_READ_RECORD)
        assert_is(pair, place - 1, record);
}

TEST_WITH(every_seq_is_found_and_read_on_from, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    for (uint64_t seq = 0; seq <= pair->next_seq + 2; seq++) {
        sl_cursor_seek(&cursor, pair->journal, seq);
        uint64_t reached = seq < pair->next_seq ? seq : pair->next_seq;
        for (size_t place = place_of(pair, reached); place <= pair->count; place++)
            assert_next(pair, &cursor, place);
    }
    sl_cursor_close(&cursor);
}

TEST_WITH(every_seq_is_found_and_read_back_from, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    for (uint64_t seq = 1; seq <= pair->next_seq; seq++) {
        sl_cursor_seek(&cursor, pair->journal, seq);
        for (size_t place = place_of(pair, seq) + 1; place-- > 0;)
            assert_previous(pair, &cursor, place);
        assert_next(pair, &cursor, 0);
    }
    sl_cursor_close(&cursor);
}

TEST_WITH(a_step_back_undoes_a_step, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, pair->journal, 1);
    size_t place = 0;
    for (int step = 0; step < 20000; step++) {
        if (next_random(&pair->random) % 2) {
            assert_next(pair, &cursor, place);
            place += place < pair->count;
        } else {
            assert_previous(pair, &cursor, place);
            place -= place > 0;
        }
    }
    sl_cursor_close(&cursor);
}

TEST_WITH(a_seek_beyond_the_newest_waits_at_the_end, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    add_record(pair, SL_RECORD_EXCHANGE);
    sl_cursor_seek(&cursor, pair->journal, UINT64_MAX);
    assert_next(pair, &cursor, pair->count);
    add_record(pair, SL_RECORD_CLOSED);
    add_record(pair, SL_RECORD_EXCHANGE);
    assert_next(pair, &cursor, pair->count - 2);
    assert_next(pair, &cursor, pair->count - 1);
    assert_next(pair, &cursor, pair->count);
    sl_cursor_close(&cursor);
}

/* Lifecycle records before the exchange may come twice, the exchanges never. */
TEST_WITH(a_parked_cursor_reads_on_from_its_exchange, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    for (size_t place = 0; place < pair->count; place++) {
        sl_cursor_seek(&cursor, pair->journal, 1);
        for (size_t i = 0; i < place; i++)
            assert_next(pair, &cursor, i);
        sl_cursor_park(&cursor);
        sl_cursor_park(&cursor);
        assert_next(pair, &cursor, place_of(pair, pair->records[place].seq));

        sl_cursor_seek(&cursor, pair->journal, pair->records[place].seq);
        sl_cursor_park(&cursor);
        assert_previous(pair, &cursor, place_of(pair, pair->records[place].seq));
    }
    sl_cursor_close(&cursor);
}

static void evict_everything(struct pair *pair)
{
    struct sl_event event = {.kind = SL_RECORD_EXCHANGE,
                             .received = payload,
                             .exchange.received_stored = sizeof(payload),
                             .exchange.received_size = sizeof(payload)};
    for (int i = 0; i < 16 * 17; i++)
        sl_journal_append(pair->journal, &event, 1);
}

TEST_WITH(a_parked_cursor_learns_what_it_missed, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor forward = {0}, backward = {0};
    sl_cursor_seek(&forward, pair->journal, 7);
    sl_cursor_park(&forward);
    sl_cursor_seek(&backward, pair->journal, 7);
    sl_cursor_park(&backward);
    evict_everything(pair);

    struct sl_journal_stats stats;
    sl_journal_stats(pair->journal, &stats);
    assert_true(stats.oldest_seq > pair->next_seq);
    const struct sl_record *record;
    struct sl_gap gap;
    assert_int_equal(sl_cursor_next(&forward, &record, &gap), SL_READ_GAP);
    assert_int_equal(gap.from, 7);
    assert_int_equal(gap.to, stats.oldest_seq - 1);
    assert_int_equal(sl_cursor_next(&forward, &record, &gap), SL_READ_RECORD);
    assert_int_equal(record->seq, stats.oldest_seq);
    assert_int_equal(sl_cursor_previous(&backward, &record), SL_READ_END);
    sl_cursor_close(&forward);
    sl_cursor_close(&backward);
}

/* The block that is being read stays; what lay before it is gone, and that is the end. */
TEST_WITH(the_evicted_past_is_the_end, set_up, tear_down)
{
    struct pair *pair = *state;
    struct sl_cursor cursor = {0};
    sl_cursor_seek(&cursor, pair->journal, pair->next_seq);
    evict_everything(pair);
    size_t place = place_of(pair, pair->next_seq), first = place;
    const struct sl_record *record;
    while (sl_cursor_previous(&cursor, &record) == SL_READ_RECORD)
        assert_is(pair, --place, record);
    assert_in_range(place, 1, first - 1);

    struct sl_gap gap;
    uint64_t seq = pair->records[place].seq;
    enum sl_read read;
    while ((read = sl_cursor_next(&cursor, &record, &gap)) == SL_READ_RECORD)
        seq = record->seq;
    assert_int_equal(read, SL_READ_GAP);
    assert_int_equal(gap.from, seq + 1);
    sl_cursor_close(&cursor);
}

TEST(an_empty_journal_is_all_end)
{
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct sl_cursor cursor = {0};
    const struct sl_record *record;
    struct sl_gap gap;
    for (uint64_t seq = 0; seq < 3; seq++) {
        sl_cursor_seek(&cursor, journal, seq);
        assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_END);
        assert_int_equal(sl_cursor_previous(&cursor, &record), SL_READ_END);
    }
    struct sl_event event = {.kind = SL_RECORD_EXCHANGE};
    sl_journal_append(journal, &event, 1);
    assert_int_equal(sl_cursor_next(&cursor, &record, &gap), SL_READ_RECORD);
    assert_int_equal(record->seq, 1);
    sl_cursor_close(&cursor);
    sl_cursor_close(&cursor);
    sl_journal_free(journal);
}
