#include "store_room.h"

#include <ctype.h>

#include "socklens/filter.h"

#define FOUND_MAX 4096

/* What a search has given, as a line each. */
struct found {
    struct room *room;
    uint64_t seqs[FOUND_MAX];
    size_t count, stop_after;
    struct sl_record *last;
    char listener[128];
    struct sl_buffer text; /* "opened 1", "gap 3-4", "message 5" */
};

static bool take(void *context, const struct sl_record *record, const char *listener)
{
    static const char *const kinds[] = {"message", "opened", "closed"};
    struct found *found = context;

    assert_true(found->count < FOUND_MAX);
    found->seqs[found->count++] = record->seq;
    free(found->last);
    found->last = malloc(record->size);
    memcpy(found->last, record, record->size);
    strcpy(found->listener, listener);
    sl_buffer_printf(&found->text, "%s %u,", kinds[record->kind],
                     (unsigned)(record->kind == SL_RECORD_EXCHANGE ? record->seq : record->client));
    return found->count != found->stop_after;
}

static bool take_gap(void *context, const struct sl_gap *gap)
{
    struct found *found = context;

    sl_buffer_printf(&found->text, "gap %u-%u,", (unsigned)gap->from, (unsigned)gap->to);
    return true;
}

static void forget(struct found *found)
{
    free(found->last);
    sl_buffer_deinit(&found->text);
    *found = (struct found){0};
}

/* All steps of a search; the number of them. */
static int search_all(struct room *room, struct sl_store_search search, struct found *found)
{
    struct sl_store_place next;
    int steps = 0, result;

    search.visit = take;
    search.context = found;
    if (search.scan_max == 0)
        search.scan_max = 1000;
    do {
        result = sl_store_search(room_reader(room), &search, &next);
        assert_in_range(result, 0, 1);
        search.from = next;
        steps++;
    } while (result == 0 && steps < 100000);
    return steps;
}

static void a_record_comes_back_as_it_was(void **state)
{
    struct room *room = *state;
    struct sl_event event = room_event(9, "");
    struct found found = {0};
    const struct sl_record *record;

    room_begin(room);
    event.service = SL_TCP_CHAT;
    event.listener = 1;
    event.peer = (struct sl_address){.family = AF_INET6, .port = 77, .ip = {0x20, 1, [15] = 9}};
    event.local = room_listeners[1].address;
    event.received = (const uint8_t *)"a\0b\xff";
    event.received_stored = 4;
    event.received_size = 70000;
    event.sent = (const uint8_t *)"Your data";
    event.sent_stored = 9;
    event.sent_size = 9;
    event.received_at_ns = INT64_C(1700000000123456789);
    event.replied_at_ns = INT64_C(1700000000123456999);
    sl_journal_append(room->journal, &event, 1);
    room_wait(room, room_is_written);
    search_all(room, (struct sl_store_search){.from.seq = 1, .to = 1}, &found);
    assert_int_equal(found.count, 1);
    record = found.last;
    assert_int_equal(record->kind, SL_RECORD_EXCHANGE);
    assert_int_equal(record->service, SL_TCP_CHAT);
    assert_int_equal(record->outcome, SL_REPLIED);
    assert_int_equal(record->seq, 1);
    assert_int_equal(record->client, 9);
    assert_int_equal(record->received_at_ns, event.received_at_ns);
    assert_int_equal(record->replied_at_ns, event.replied_at_ns);
    assert_int_equal(record->received_size, 70000);
    assert_int_equal(record->sent_size, 9);
    assert_bytes_equal(sl_record_received(record), record->received_stored, BYTES("a\0b\xff"));
    assert_bytes_equal(sl_record_sent(record), record->sent_stored, BYTES("Your data"));
    assert_true(sl_address_equal(&record->peer, &event.peer));
    assert_true(sl_address_equal(&record->local, &event.local));
    assert_int_equal(record->listener, UINT16_MAX);
    assert_string_equal(found.listener, "[::1]:1060");
    forget(&found);
}

/* A client that was known under other addresses, none at all, a Unix peer, the largest payloads. */
static void unusual_addresses_and_sizes_come_back(void **state)
{
    struct room *room = *state;
    struct found found = {0};
    struct sl_event events[4];
    uint8_t *large = malloc(SL_STORED_SIZE_MAX);

    memset(large, 'x', SL_STORED_SIZE_MAX);
    room_begin(room);
    events[0] = room_event(1, "known");
    events[1] = room_event(1, "moved");
    events[1].peer.port = 9;
    events[2] = room_event(0, "none");
    events[3] = room_event(2, "");
    events[3].peer = events[3].local = (struct sl_address){.family = AF_UNIX};
    events[3].received = events[3].sent = large;
    events[3].received_stored = events[3].sent_stored = SL_STORED_SIZE_MAX;
    sl_journal_append(room->journal, events, 4);
    room_wait(room, room_is_written);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        search_all(room, (struct sl_store_search){.from.seq = i + 1, .to = i + 1}, &found);
        assert_true(sl_address_equal(&found.last->peer, &events[i].peer));
        assert_true(sl_address_equal(&found.last->local, &events[i].local));
        assert_bytes_equal(sl_record_sent(found.last), found.last->sent_stored, events[i].sent,
                           events[i].sent_stored);
    }
    free(large);
    forget(&found);
}

static void both_directions_give_every_row_once(void **state)
{
    struct room *room = *state;
    struct found found = {0};

    room_begin(room);
    room_append_many(room, 2500);
    room_wait(room, room_is_written);
    for (size_t scan_max = 1; scan_max < 5000; scan_max *= 7) {
        search_all(room, (struct sl_store_search){.from.seq = 3, .to = 2400, .scan_max = scan_max},
                   &found);
        assert_int_equal(found.count, 2398);
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(found.seqs[i], i + 3);
        forget(&found);
        search_all(room, (struct sl_store_search){.from.seq = 2400, .to = 3, .scan_max = scan_max},
                   &found);
        assert_int_equal(found.count, 2398);
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(found.seqs[i], 2400 - i);
        forget(&found);
    }
}

static void the_ends_of_the_range_may_lie_outside(void **state)
{
    struct room *room = *state;
    struct found found = {0};

    room_begin(room);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
    search_all(room, (struct sl_store_search){.from.seq = 0, .to = UINT64_MAX}, &found);
    assert_int_equal(found.count, 10);
    forget(&found);
    search_all(room, (struct sl_store_search){.from.seq = UINT64_MAX, .to = 0}, &found);
    assert_int_equal(found.count, 10);
    assert_int_equal(found.seqs[0], 10);
    forget(&found);
    search_all(room, (struct sl_store_search){.from.seq = 11, .to = 20}, &found);
    assert_int_equal(found.count, 0);
    forget(&found);
}

static void a_visitor_can_stop_and_go_on(void **state)
{
    struct room *room = *state;
    struct found found = {.stop_after = 3};
    struct sl_store_search search = {.from.seq = 1, .to = 10, .scan_max = 100, .visit = take};
    struct sl_store_place next;

    search.context = &found;
    room_begin(room);
    room_append_many(room, 10);
    room_wait(room, room_is_written);
    assert_int_equal(sl_store_search(room_reader(room), &search, &next), 0);
    assert_int_equal(next.seq, 4);
    search.from = next;
    assert_int_equal(sl_store_search(room_reader(room), &search, &next), 1);
    assert_int_equal(next.seq, 11);
    assert_int_equal(found.count, 10);
    forget(&found);
}

/* What a step costs is bounded by what it looks at, found or not. */
static void a_step_ends_after_so_many_rows(void **state)
{
    struct room *room = *state;
    struct sl_filter filter = {.min_size = 1000};
    struct found found = {0};

    room_begin(room);
    room_append_many(room, 1000);
    room_wait(room, room_is_written);
    assert_int_equal(search_all(room,
                                (struct sl_store_search){
                                    .filter = &filter, .from.seq = 1, .to = 1000, .scan_max = 100},
                                &found),
                     10);
    assert_int_equal(found.count, 0);
    forget(&found);
}

static void append_lifecycle(struct room *room, enum sl_record_kind kind, uint64_t client,
                             uint8_t service)
{
    struct sl_event event = room_event(client, "");
    struct sl_closing closing = {.closed_by = SL_BY_PEER, .reason = SL_CLOSE_RESET};

    event.kind = (uint8_t)kind;
    event.service = service;
    event.listener = service == SL_TCP_CHAT;
    event.received_at_ns = sl_clock_wall_ns();
    closing.opened_at_ns = event.received_at_ns;
    event.received = kind == SL_RECORD_CLOSED ? (const uint8_t *)&closing : NULL;
    event.received_stored = kind == SL_RECORD_CLOSED ? sizeof(closing) : 0;
    event.received_size = event.received_stored;
    sl_journal_append(room->journal, &event, 1);
}

static void comings_and_goings_stand_in_their_places(void **state)
{
    struct room *room = *state;
    struct sl_filter chat = {.services = 1u << SL_TCP_CHAT};
    struct found found = {0};
    struct sl_closing closing;

    room_begin(room);
    append_lifecycle(room, SL_RECORD_OPENED, 1, SL_UDP_UPPER);
    room_append(room, "one");
    append_lifecycle(room, SL_RECORD_OPENED, 2, SL_TCP_CHAT);
    append_lifecycle(room, SL_RECORD_CLOSED, 2, SL_TCP_CHAT);
    append_lifecycle(room, SL_RECORD_OPENED, 3, SL_TCP_CHAT);
    room_append(room, "two");
    append_lifecycle(room, SL_RECORD_CLOSED, 1, SL_UDP_UPPER);
    append_lifecycle(room, SL_RECORD_CLOSED, 3, SL_TCP_CHAT);
    room_append(room, "three");
    append_lifecycle(room, SL_RECORD_OPENED, 4, SL_UDP_UPPER);
    sl_store_stop(room->store);
    for (size_t scan_max = 1; scan_max < 12; scan_max++) {
        struct sl_store_search search = {
            .from.seq = 1, .to = 4, .lifecycle = true, .scan_max = scan_max};

        search_all(room, search, &found);
        assert_took(&found.text,
                    "opened 1,message 1,opened 2,closed 2,opened 3,message 2,"
                    "closed 1,closed 3,message 3,opened 4,");
        forget(&found);
        search.filter = &chat;
        search.to = 3;
        search_all(room, search, &found);
        assert_took(&found.text, "opened 2,closed 2,opened 3,closed 3,");
        memcpy(&closing, sl_record_received(found.last), sizeof(closing));
        assert_int_equal(found.last->received_stored, sizeof(closing));
        assert_int_equal(closing.closed_by, SL_BY_PEER);
        assert_int_equal(closing.reason, SL_CLOSE_RESET);
        assert_string_equal(found.listener, "[::1]:1060");
        forget(&found);
    }
}

/* While the writer cannot write, more comes than the journal holds. */
static struct sl_gap make_gap(struct room *room)
{
    char *large = malloc(60001);
    sqlite3 *other;

    memset(large, 'x', 60000);
    large[60000] = '\0';
    room_append_many(room, 3);
    room_wait(room, room_is_written);
    assert_int_equal(sqlite3_open(room->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 100; i++)
        room_append(room, large);
    sqlite3_close(other);
    sl_store_stop(room->store);
    free(large);
    return (struct sl_gap){(uint64_t)room_number(room, "SELECT from_seq FROM gaps"),
                           (uint64_t)room_number(room, "SELECT to_seq FROM gaps")};
}

static void a_gap_is_explicit_in_both_directions(void **state)
{
    struct room *room = *state;
    struct found found = {0};
    char expected[128];
    struct sl_gap gap;
    unsigned from, to;

    room_begin(room);
    gap = make_gap(room);
    from = (unsigned)gap.from;
    to = (unsigned)gap.to;
    assert_in_range(from, 4, 103);
    assert_in_range(to, from + 1, 103);
    assert_int_equal(room_stats(room).gaps, 1);
    assert_int_equal(room_stats(room).lost, to - from + 1);
    assert_int_equal(room_stats(room).messages, 103 - (to - from + 1));
    snprintf(expected, sizeof(expected), "message %u,gap %u-%u,message %u,", from - 1, from, to,
             to + 1);
    search_all(room, (struct sl_store_search){.from.seq = from - 1, .to = to + 1, .gap = take_gap},
               &found);
    assert_took(&found.text, expected);
    forget(&found);
    snprintf(expected, sizeof(expected), "message %u,gap %u-%u,", to + 1, from + 1, to);
    search_all(room, (struct sl_store_search){.from.seq = to + 1, .to = from + 1, .gap = take_gap},
               &found);
    assert_took(&found.text, expected);
    forget(&found);
    room_end(room);
    room_begin(room);
    assert_int_equal(room_stats(room).messages, 103 - (to - from + 1));
    assert_int_equal(sl_store_next_seq(room->store), 104);
}

/* --- the same question, asked of the journal and of the store --- */

static struct sl_event random_event(uint64_t *random, uint8_t *bytes)
{
    static const char alphabet[] = "aAbB\xc3\xa9\xff";
    struct sl_event event = room_event(next_random(random) % 5, "");

    event.service = next_random(random) % 2 ? SL_UDP_UPPER : SL_TCP_CHAT;
    event.listener = event.service == SL_TCP_CHAT;
    event.outcome = (uint8_t)(next_random(random) % SL_OUTCOME_COUNT);
    event.received_at_ns = (int64_t)(1 + next_random(random) % 1000);
    event.received_stored = (uint32_t)(next_random(random) % 6);
    event.sent_stored = event.outcome == SL_REPLIED ? (uint32_t)(next_random(random) % 6) : 0;
    event.received_size = event.received_stored + next_random(random) % 3;
    event.sent_size = event.sent_stored;
    event.replied_at_ns = event.outcome == SL_REPLIED ? event.received_at_ns + 5 : 0;
    event.received = bytes;
    event.sent = bytes + event.received_stored;
    for (uint32_t i = 0; i < event.received_stored + event.sent_stored; i++)
        bytes[i] = (uint8_t)alphabet[next_random(random) % (sizeof(alphabet))];
    if (event.sent_stored == event.received_stored && next_random(random) % 4)
        for (uint32_t i = 0; i < event.sent_stored; i++)
            bytes[event.received_stored + i] = (uint8_t)toupper(bytes[i]);
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
    if (which & 4)
        filter.client = next_random(random) % 5;
    if (which & 8)
        filter.since_ns = (int64_t)(next_random(random) % 1000);
    if (which & 16)
        filter.until_ns = (int64_t)(next_random(random) % 1000);
    if (which & 32)
        filter.min_size = next_random(random) % 7;
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

static void every_record_is_the_same_as_in_the_journal(void **state)
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
        found.last->listener = record->listener;
        assert_int_equal(found.last->size, record->size);
        assert_memory_equal(found.last, record,
                            sizeof(*record) + record->received_stored + record->sent_stored);
        forget(&found);
    }
    sl_cursor_close(&cursor);
}

static void a_filter_means_the_same_as_in_the_journal(void **state)
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

/* --- for people --- */

static char *read_text(const struct room *room, const char *sql)
{
    sqlite3_stmt *statement;
    char *text;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    text = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return text;
}

static void the_views_read_well(void **state)
{
    struct room *room = *state;
    struct sl_event event = room_event(3, "hello");
    char *text;

    room_begin(room);
    event.received_at_ns = INT64_C(1700000000123456789);
    event.replied_at_ns = event.received_at_ns + 9500;
    sl_journal_append(room->journal, &event, 1);
    event.received = (const uint8_t *)"\xff\x01\x02\x03\x04";
    event.outcome = SL_REFUSED_RATE_LIMIT;
    event.replied_at_ns = 0;
    event.sent_stored = 0;
    event.sent_size = 0;
    sl_journal_append(room->journal, &event, 1);
    append_lifecycle(room, SL_RECORD_CLOSED, 3, SL_UDP_UPPER);
    sl_store_stop(room->store);
    text = read_text(room,
                     "SELECT concat FROM (SELECT seq || ' ' || received_at || ' ' || "
                     "replied_at || ' ' || service_us || ' ' || service || ' ' || listener "
                     "|| ' ' || client || ' ' || address || ' ' || local_address || ' ' || "
                     "outcome || ' ' || received_text || ' ' || sent_text AS concat, "
                     "received_hex FROM log WHERE seq = 1) WHERE received_hex IS NULL");
    assert_string_equal(text,
                        "1 2023-11-14T22:13:20.123456Z 2023-11-14T22:13:20.123466Z 9 "
                        "udp-upper 127.0.0.1:12000 3 127.0.0.1:1603 127.0.0.1:12000 replied "
                        "hello hello");
    free(text);
    text = read_text(room,
                     "SELECT outcome || ' ' || received_hex FROM log WHERE seq = 2 AND "
                     "received_text IS NULL AND replied_at IS NULL AND sent_text IS NULL "
                     "AND sent_hex IS NULL");
    assert_string_equal(text, "refused_rate_limit FF01020304");
    free(text);
    text = read_text(room,
                     "SELECT service || ' ' || transport || ' ' || closed_by || ' ' || "
                     "close_reason FROM client_log");
    assert_string_equal(text, "udp-upper udp peer reset");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(a_record_comes_back_as_it_was),
        ROOM_TEST(unusual_addresses_and_sizes_come_back),
        ROOM_TEST(both_directions_give_every_row_once),
        ROOM_TEST(the_ends_of_the_range_may_lie_outside),
        ROOM_TEST(a_visitor_can_stop_and_go_on),
        ROOM_TEST(a_step_ends_after_so_many_rows),
        ROOM_TEST(comings_and_goings_stand_in_their_places),
        ROOM_TEST(a_gap_is_explicit_in_both_directions),
        ROOM_TEST(every_record_is_the_same_as_in_the_journal),
        ROOM_TEST(a_filter_means_the_same_as_in_the_journal),
        ROOM_TEST(the_views_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
