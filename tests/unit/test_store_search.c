#include "store_found.h"

ROOM_TEST(a_record_comes_back_as_it_was)
{
    struct room *room = *state;
    struct sl_event event = room_event(9, "");
    struct found found = {0};
    const struct sl_record *record;

    room_begin(room);
    event.exchange.service = SL_TCP_CHAT;
    event.exchange.listener = 1;
    event.exchange.peer =
        (struct sl_address){.family = AF_INET6, .port = 77, .ip = {0x20, 1, [15] = 9}};
    event.exchange.local = room_listeners[1].address;
    event.received = (const uint8_t *)"a\0b\xff";
    event.exchange.received_stored = 4;
    event.exchange.received_size = 70000;
    event.sent = (const uint8_t *)"Your data";
    event.exchange.sent_stored = 9;
    event.exchange.sent_size = 9;
    event.exchange.received_at_ns = INT64_C(1700000000123456789);
    event.exchange.replied_at_ns = INT64_C(1700000000123456999);
    sl_journal_append(room->journal, &event, 1);
    room_wait(room, room_is_written);
    search_all(room, (struct sl_store_search){.from.seq = 1, .to = 1}, &found);
    assert_int_equal(found.count, 1);
    record = found.last;
    assert_int_equal(record->kind, SL_RECORD_EXCHANGE);
    assert_int_equal(record->exchange.service, SL_TCP_CHAT);
    assert_int_equal(record->exchange.outcome, SL_REPLIED);
    assert_int_equal(record->seq, 1);
    assert_int_equal(record->exchange.client, 9);
    assert_int_equal(record->exchange.received_at_ns, event.exchange.received_at_ns);
    assert_int_equal(record->exchange.replied_at_ns, event.exchange.replied_at_ns);
    assert_int_equal(record->exchange.received_size, 70000);
    assert_int_equal(record->exchange.sent_size, 9);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored,
                       BYTES("a\0b\xff"));
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, BYTES("Your data"));
    assert_true(sl_address_equal(&record->exchange.peer, &event.exchange.peer));
    assert_true(sl_address_equal(&record->exchange.local, &event.exchange.local));
    assert_int_equal(record->exchange.listener, UINT16_MAX);
    assert_string_equal(found.listener, "[::1]:1060");
    forget(&found);
}

/* A client that was known under other addresses, none at all, a Unix peer, the largest payloads. */
ROOM_TEST(unusual_addresses_and_sizes_come_back)
{
    struct room *room = *state;
    struct found found = {0};
    struct sl_event events[4];
    uint8_t *large = malloc(SL_STORED_SIZE_MAX);

    memset(large, 'x', SL_STORED_SIZE_MAX);
    room_begin(room);
    events[0] = room_event(1, "known");
    events[1] = room_event(1, "moved");
    events[1].exchange.peer.port = 9;
    events[2] = room_event(0, "none");
    events[3] = room_event(2, "");
    events[3].exchange.peer = events[3].exchange.local = (struct sl_address){.family = AF_UNIX};
    events[3].received = events[3].sent = large;
    events[3].exchange.received_stored = events[3].exchange.sent_stored = SL_STORED_SIZE_MAX;
    sl_journal_append(room->journal, events, 4);
    room_wait(room, room_is_written);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        search_all(room, (struct sl_store_search){.from.seq = i + 1, .to = i + 1}, &found);
        assert_true(sl_address_equal(&found.last->exchange.peer, &events[i].exchange.peer));
        assert_true(sl_address_equal(&found.last->exchange.local, &events[i].exchange.local));
        assert_bytes_equal(sl_record_sent(found.last), found.last->exchange.sent_stored,
                           events[i].sent, events[i].exchange.sent_stored);
    }
    free(large);
    forget(&found);
}

ROOM_TEST(both_directions_give_every_row_once)
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

ROOM_TEST(the_ends_of_the_range_may_lie_outside)
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

ROOM_TEST(a_visitor_can_stop_and_go_on)
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
ROOM_TEST(a_step_ends_after_so_many_rows)
{
    struct room *room = *state;
    struct sl_filter filter = {.size = {.min = 1000}};
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
    event.exchange.service = service;
    event.exchange.listener = service == SL_TCP_CHAT;
    event.exchange.received_at_ns = sl_clock_wall_ns();
    closing.opened_at_ns = event.exchange.received_at_ns;
    event.received = kind == SL_RECORD_CLOSED ? (const uint8_t *)&closing : NULL;
    event.exchange.received_stored = kind == SL_RECORD_CLOSED ? sizeof(closing) : 0;
    event.exchange.received_size = event.exchange.received_stored;
    sl_journal_append(room->journal, &event, 1);
}

ROOM_TEST(client_events_stand_in_their_places)
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
        assert_int_equal(found.last->exchange.received_stored, sizeof(closing));
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

ROOM_TEST(a_gap_is_explicit_in_both_directions)
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

ROOM_TEST(the_views_read_well)
{
    struct room *room = *state;
    struct sl_event event = room_event(3, "hello");
    char *text;

    room_begin(room);
    event.exchange.received_at_ns = INT64_C(1700000000123456789);
    event.exchange.replied_at_ns = event.exchange.received_at_ns + 9500;
    sl_journal_append(room->journal, &event, 1);
    event.received = (const uint8_t *)"\xff\x01\x02\x03\x04";
    event.exchange.outcome = SL_REFUSED_RATE_LIMIT;
    event.exchange.replied_at_ns = 0;
    event.exchange.sent_stored = 0;
    event.exchange.sent_size = 0;
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
