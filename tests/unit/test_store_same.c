/* The same question, asked of the journal and of the store. */
#include "store_found.h"

#include <ctype.h>

#include "socklens/filter.h"

static struct sl_event random_event(uint64_t *random, uint8_t *bytes)
{
    static const char alphabet[] = "aAbB\xc3\xa9\xff";
    struct sl_event event = room_event(next_random(random) % 5, "");

    event.exchange.service = next_random(random) % 2 ? SL_UDP_UPPER : SL_TCP_CHAT;
    event.exchange.listener = event.exchange.service == SL_TCP_CHAT;
    event.exchange.outcome = (uint8_t)(next_random(random) % SL_OUTCOME_COUNT);
    event.exchange.line_end = (uint8_t)(next_random(random) % SL_LINE_END_COUNT);
    event.exchange.received_at_ns = (int64_t)(1 + next_random(random) % 1000);
    event.exchange.received_stored = (uint32_t)(next_random(random) % 6);
    event.exchange.sent_stored =
        event.exchange.outcome == SL_REPLIED ? (uint32_t)(next_random(random) % 6) : 0;
    event.exchange.received_size = event.exchange.received_stored + next_random(random) % 3;
    event.exchange.sent_size = event.exchange.sent_stored;
    event.exchange.replied_at_ns =
        event.exchange.outcome == SL_REPLIED ? event.exchange.received_at_ns + 5 : 0;
    event.received = bytes;
    event.sent = bytes + event.exchange.received_stored;
    for (uint32_t i = 0; i < event.exchange.received_stored + event.exchange.sent_stored; i++)
        bytes[i] = (uint8_t)alphabet[next_random(random) % (sizeof(alphabet))];
    if (event.exchange.sent_stored == event.exchange.received_stored && next_random(random) % 4)
        for (uint32_t i = 0; i < event.exchange.sent_stored; i++)
            bytes[event.exchange.received_stored + i] = (uint8_t)toupper(bytes[i]);
    return event;
}

static struct sl_filter random_filter(uint64_t *random)
{
    static const char *const needles[] = {"a", "ab", "B", "\xc3", "\xff", "Ba"};
    struct sl_filter filter = {0};
    uint64_t which = next_random(random);

    if (which & 1)
        filter.services = 1u << SL_TCP_CHAT;
    if (which & 2)
        filter.outcomes = (uint32_t)next_random(random) % 64;
    if (which & 256)
        filter.services_not = 1u << SL_UDP_UPPER;
    if (which & 512)
        filter.outcomes_not = (uint32_t)next_random(random) % 64;
    if (which & 4)
        filter.only =
            (struct sl_filter_peers){.client_count = 1, .clients = {next_random(random) % 5}};
    if (which & 8)
        filter.since_ns = (int64_t)(next_random(random) % 1000);
    if (which & 16)
        filter.until_ns = (int64_t)(next_random(random) % 1000);
    if (which & 32)
        filter.size.min = next_random(random) % 7;
    if (which & 64)
        sl_buffer_append_text(&filter.text, needles[next_random(random) % COUNT_OF(needles)]);
    if (which & 128)
        sl_buffer_append_text(&filter.bytes, needles[next_random(random) % COUNT_OF(needles)]);
    return filter;
}

static size_t ask_journal(struct room *room, const struct sl_filter *filter, uint64_t *seqs)
{
    struct sl_cursor cursor = {0};
    const struct sl_record *record;
    struct sl_gap gap;
    size_t count = 0;

    sl_cursor_seek(&cursor, room->journal, 1);
    while (sl_cursor_next(&cursor, &record, &gap) == SL_READ_RECORD)
        if (sl_filter_match(filter, record))
            seqs[count++] = record->seq;
    sl_cursor_close(&cursor);
    return count;
}

static void append_random(struct room *room, uint64_t *random)
{
    uint8_t bytes[16];

    for (int i = 0; i < 2000; i++) {
        struct sl_event event = random_event(random, bytes);
        sl_journal_append(room->journal, &event, 1);
    }
    room_wait(room, room_is_written);
}

ROOM_TEST(every_record_is_the_same_as_in_the_journal)
{
    struct room *room = *state;
    struct sl_cursor cursor = {0};
    struct found found = {0};
    const struct sl_record *record;
    struct sl_gap gap;
    uint64_t random = 7;

    room_begin(room);
    append_random(room, &random);
    sl_cursor_seek(&cursor, room->journal, 1);
    while (sl_cursor_next(&cursor, &record, &gap) == SL_READ_RECORD) {
        search_all(room, (struct sl_store_search){.from.seq = record->seq, .to = record->seq},
                   &found);
        assert_int_equal(found.count, 1);
        found.last->exchange.listener = record->exchange.listener;
        assert_int_equal(found.last->size, record->size);
        assert_memory_equal(found.last, record,
                            sizeof(*record) + record->exchange.received_stored +
                                record->exchange.sent_stored);
        forget(&found);
    }
    sl_cursor_close(&cursor);
}

ROOM_TEST(a_filter_means_the_same_as_in_the_journal)
{
    struct room *room = *state;
    uint64_t random = 42, *seqs = calloc(FOUND_MAX, sizeof(*seqs));

    room_begin(room);
    append_random(room, &random);
    for (int i = 0; i < 300; i++) {
        struct sl_filter filter = random_filter(&random);
        struct found found = {0};
        size_t count = ask_journal(room, &filter, seqs);

        search_all(room,
                   (struct sl_store_search){.filter = &filter,
                                            .from.seq = 1,
                                            .to = 2000,
                                            .scan_max = 1 + next_random(&random) % 3000},
                   &found);
        assert_int_equal(found.count, count);
        assert_memory_equal(found.seqs, seqs, count * sizeof(*seqs));
        forget(&found);
        sl_filter_deinit(&filter);
    }
    free(seqs);
}
