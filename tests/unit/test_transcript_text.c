#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/transcript_text.h"

/* A journal, some listeners, and what the transcript makes of them. */
struct room {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_cursor cursor;
    struct sl_buffer out;
    struct sl_transcript_chats chats;
    uint16_t udp, upper, chat, chat6, chat_unix;
};

static struct sl_address address4(uint8_t last, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {127, 0, 0, last}};
}

static struct sl_address address6(uint16_t port)
{
    return (struct sl_address){.family = AF_INET6, .port = port, .ip = {[15] = 1}};
}

static uint16_t add(struct room *room, enum sl_service_id service, enum sl_transport transport,
                    struct sl_address address, const char *name)
{
    struct sl_listener_info info = {
        .service = (uint8_t)service, .transport = (uint8_t)transport, .address = address};

    strcpy(info.name, name);
    return (uint16_t)sl_registry_add_listener(room->registry, &info);
}

static int set_up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    room->journal = sl_journal_new(0, 1);
    room->registry = sl_registry_new(
        &(struct sl_registry_options){.shards = 2, .closed_max = 1, .first_client = 1});
    room->udp = add(room, SL_UDP_UPPER, SL_UDP, address4(1, 12000), "127.0.0.1:12000");
    room->upper = add(room, SL_TCP_UPPER, SL_TCP, address4(1, 12000), "127.0.0.1:12000");
    room->chat = add(room, SL_TCP_CHAT, SL_TCP, address4(0, 1060), "127.0.0.0:1060");
    room->chat6 = add(room, SL_TCP_CHAT, SL_TCP, address6(1060), "[::1]:1060");
    room->chat_unix =
        add(room, SL_TCP_CHAT, SL_UNIX, (struct sl_address){.family = AF_UNIX}, "unix:/run/chat");
    sl_cursor_seek(&room->cursor, room->journal, 1);
    *state = room;
    return 0;
}

static int tear_down(void **state)
{
    struct room *room = *state;

    sl_cursor_close(&room->cursor);
    sl_journal_free(room->journal);
    sl_registry_free(room->registry);
    sl_buffer_deinit(&room->out);
    sl_transcript_chats_deinit(&room->chats);
    free(room);
    return 0;
}

/* What the transcript says of the event. */
static void assert_says(struct room *room, const struct sl_event *event, const char *expected)
{
    const struct sl_record *record;
    struct sl_gap gap;

    sl_journal_append(room->journal, event, 1);
    assert_int_equal(sl_cursor_next(&room->cursor, &record, &gap), SL_READ_RECORD);
    assert_int_equal(sl_transcript_record(&room->out, &room->chats, room->registry, record), 0);
    assert_took(&room->out, expected);
}

static struct sl_event message(enum sl_service_id service, uint16_t listener,
                               struct sl_address peer, const char *text)
{
    return (struct sl_event){.kind = SL_RECORD_EXCHANGE,
                             .exchange.service = (uint8_t)service,
                             .exchange.listener = listener,
                             .exchange.client = 1,
                             .exchange.peer = peer,
                             .exchange.local = address4(1, 1060),
                             .exchange.received_at_ns = 1,
                             .exchange.replied_at_ns = 2,
                             .received = (const uint8_t *)text,
                             .exchange.received_stored = (uint32_t)strlen(text),
                             .exchange.received_size = strlen(text),
                             .sent = (const uint8_t *)"reply",
                             .exchange.sent_stored = 5,
                             .exchange.sent_size = 5};
}

static struct sl_event opened(enum sl_service_id service, uint16_t listener, struct sl_address peer)
{
    struct sl_event event = message(service, listener, peer, "");

    event.kind = SL_RECORD_OPENED;
    event.exchange.sent_stored = 0;
    return event;
}

static struct sl_event closed(enum sl_service_id service, uint16_t listener, struct sl_address peer,
                              const struct sl_closing *closing)
{
    struct sl_event event = opened(service, listener, peer);

    event.kind = SL_RECORD_CLOSED;
    event.received = (const uint8_t *)closing;
    event.exchange.received_stored = sizeof(*closing);
    event.exchange.received_size = sizeof(*closing);
    return event;
}

TEST_WITH(begins_as_each_server_of_the_course, set_up, tear_down)
{
    struct room *room = *state;

    assert_int_equal(sl_transcript_start(&room->out, room->registry), 0);
    assert_took(&room->out,
                "The server is ready to receive\n"
                "The server is ready to receive\n"
                "Listening at ('127.0.0.0', 1060)\n"
                "Listening at ('::1', 1060, 0, 0)\n"
                "Listening at '/run/chat'\n");
}

TEST_WITH(prints_a_chat_as_the_course_does, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_address peer = address4(1, 49694);
    struct sl_closing closing = {.closed_by = SL_BY_SERVER, .reason = SL_CLOSE_EXIT};
    struct sl_event event = opened(SL_TCP_CHAT, room->chat, peer);

    assert_says(room, &event,
                "The server now is connected to: ('127.0.0.1', 49694)\n"
                "Socket connects between ('127.0.0.1', 1060) and ('127.0.0.1', 49694)\n");
    event = message(SL_TCP_CHAT, room->chat, peer, "Hi");
    assert_says(room, &event, "Received Message from Client: Hi\n");
    event = message(SL_TCP_CHAT, room->chat, peer, "Exit");
    assert_says(room, &event, "Received Message from Client: Exit\n");
    event = closed(SL_TCP_CHAT, room->chat, peer, &closing);
    assert_says(room, &event,
                "Reply sent, Server socket closed\n"
                "Listening at ('127.0.0.0', 1060)\n");
}

TEST_WITH(prints_datagrams_as_the_course_does, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_event event =
        message(SL_UDP_UPPER, room->udp, address4(1, 1600), "hello from client1");

    assert_says(room, &event,
                "This message:  hello from client1\n"
                "is received from: ('127.0.0.1', 1600)\n");
    event = message(SL_UDP_UPPER, room->udp, address6(1700), "");
    assert_says(room, &event,
                "This message:  \n"
                "is received from: ('::1', 1700, 0, 0)\n");
}

TEST_WITH(is_silent_where_the_course_is, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_closing closing = {.reason = SL_CLOSE_ANSWERED};
    struct sl_event event = opened(SL_TCP_UPPER, room->upper, address4(1, 5));

    assert_says(room, &event, "");
    event = message(SL_TCP_UPPER, room->upper, address4(1, 5), "hello");
    assert_says(room, &event, "");
    event = closed(SL_TCP_UPPER, room->upper, address4(1, 5), &closing);
    assert_says(room, &event, "");
    event = opened(SL_UDP_UPPER, room->udp, address4(1, 5));
    assert_says(room, &event, "");
    closing.reason = SL_CLOSE_FORGOTTEN;
    event = closed(SL_UDP_UPPER, room->udp, address4(1, 5), &closing);
    assert_says(room, &event, "");
}

TEST_WITH(says_why_a_client_went, set_up, tear_down)
{
    struct room *room = *state;
    static const struct {
        enum sl_close_reason reason;
        const char *line;
    } cases[] = {
        {SL_CLOSE_EOF, "Client ('127.0.0.1', 5) closed without Exit"},
        {SL_CLOSE_RESET, "Client ('127.0.0.1', 5) broke the connection"},
        {SL_CLOSE_IDLE_TIMEOUT, "Client ('127.0.0.1', 5) was silent too long"},
        {SL_CLOSE_DISCONNECTED, "Client ('127.0.0.1', 5) was disconnected by the operator"},
        {SL_CLOSE_ERROR, "Client ('127.0.0.1', 5) was disconnected, the server is out of memory"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_closing closing = {.reason = (uint8_t)cases[i].reason};
        struct sl_event event = closed(SL_TCP_CHAT, room->chat, address4(1, 5), &closing);
        char expected[256];

        snprintf(expected, sizeof(expected),
                 "%s, Server socket closed\nListening at ('127.0.0.0', 1060)\n", cases[i].line);
        assert_says(room, &event, expected);
    }
}

TEST_WITH(does_not_listen_again_when_it_stops, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_closing closing = {.reason = SL_CLOSE_SHUTDOWN};
    struct sl_event event = closed(SL_TCP_CHAT, room->chat, address4(1, 5), &closing);

    assert_says(room, &event,
                "Client ('127.0.0.1', 5) was disconnected as the server stops, Server socket "
                "closed\n");
}

TEST_WITH(says_why_no_reply_was_sent, set_up, tear_down)
{
    struct room *room = *state;

    for (int outcome = SL_REPLIED + 1; outcome < SL_OUTCOME_COUNT; outcome++) {
        struct sl_event event = message(SL_UDP_UPPER, room->udp, address4(1, 7), "x");
        const struct sl_record *record;
        struct sl_gap gap;

        event.exchange.outcome = (uint8_t)outcome;
        sl_journal_append(room->journal, &event, 1);
        assert_int_equal(sl_cursor_next(&room->cursor, &record, &gap), SL_READ_RECORD);
        assert_int_equal(sl_transcript_record(&room->out, &room->chats, room->registry, record), 0);
        assert_int_equal(sl_buffer_append(&room->out, "", 1), 0);
        assert_non_null(strstr((const char *)room->out.data,
                               "is received from: ('127.0.0.1', 7)\nNo reply sent: "));
        room->out.size = 0;
    }
    struct sl_event event = message(SL_TCP_CHAT, room->chat, address4(1, 7), "late");
    event.exchange.outcome = SL_AFTER_CLOSE;
    assert_says(room, &event,
                "Received Message from Client: late\n"
                "No reply sent: the conversation had ended\n");
}

TEST_WITH(escapes_what_could_drive_a_terminal, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_event event =
        message(SL_TCP_CHAT, room->chat, address4(1, 5), "a\nListening\x1b[2J\\ \xc3\xa9\xff");

    assert_says(room, &event,
                "Received Message from Client: a\\nListening\\x1b[2J\\\\ \xc3\xa9\\xff\n");
}

TEST_WITH(says_that_a_message_was_cut, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_event event = message(SL_TCP_CHAT, room->chat, address4(1, 5), "long");

    event.exchange.received_size = 70000;
    assert_says(room, &event, "Received Message from Client: long [the first 4 of 70000 bytes]\n");
}

TEST_WITH(names_unix_sockets_by_their_path, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_event event =
        opened(SL_TCP_CHAT, room->chat_unix, (struct sl_address){.family = AF_UNIX});

    event.exchange.local = (struct sl_address){.family = AF_UNIX};
    assert_says(room, &event,
                "The server now is connected to: ''\n"
                "Socket connects between '/run/chat' and ''\n");
}

TEST_WITH(says_how_much_it_missed, set_up, tear_down)
{
    struct room *room = *state;

    assert_int_equal(sl_transcript_gap(&room->out, &room->chats, room->registry,
                                       &(struct sl_gap){.from = 5, .to = 14}),
                     0);
    assert_took(&room->out, "[messages not shown, as they came too fast: 10]\n");
}

TEST_WITH(names_who_speaks_while_several_chat, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_address none = {.family = AF_UNIX};
    struct sl_closing closing = {.reason = SL_CLOSE_EXIT};
    struct sl_event first = opened(SL_TCP_CHAT, room->chat, address4(1, 5));
    struct sl_event second = opened(SL_TCP_CHAT, room->chat_unix, none);

    second.exchange.client = 2;
    second.exchange.local = none;
    assert_says(room, &first,
                "The server now is connected to: ('127.0.0.1', 5)\n"
                "Socket connects between ('127.0.0.1', 1060) and ('127.0.0.1', 5)\n");
    assert_says(room, &second,
                "Client 2: The server now is connected to: ''\n"
                "Client 2: Socket connects between '/run/chat' and ''\n");
    first = message(SL_TCP_CHAT, room->chat, address4(1, 5), "Hi");
    first.exchange.outcome = SL_PEER_GONE;
    assert_says(room, &first,
                "('127.0.0.1', 5): Received Message from Client: Hi\n"
                "('127.0.0.1', 5): No reply sent: the client has gone\n");
    second.kind = SL_RECORD_EXCHANGE;
    assert_says(room, &second, "Client 2: Received Message from Client: \n");
    first = closed(SL_TCP_CHAT, room->chat, address4(1, 5), &closing);
    assert_says(room, &first,
                "('127.0.0.1', 5): Reply sent, Server socket closed\n"
                "Listening at ('127.0.0.0', 1060)\n");
    assert_says(room, &second, "Received Message from Client: \n");
    second = closed(SL_TCP_CHAT, room->chat_unix, none, &closing);
    second.exchange.client = 2;
    assert_says(room, &second, "Reply sent, Server socket closed\nListening at '/run/chat'\n");
}

/* The records that said who came and went may be those that are missing. */
TEST_WITH(asks_the_registry_after_a_gap, set_up, tear_down)
{
    struct room *room = *state;
    struct sl_address peer = address4(1, 6), local = address4(1, 1060);
    struct sl_time now = {0};
    struct sl_shard *shard = sl_registry_shard(room->registry, 0);
    struct sl_event event = opened(SL_TCP_CHAT, room->chat, address4(1, 5));

    event.exchange.client = 77; /* whose end is in the gap */
    assert_says(room, &event,
                "The server now is connected to: ('127.0.0.1', 5)\n"
                "Socket connects between ('127.0.0.1', 1060) and ('127.0.0.1', 5)\n");
    sl_shard_lock(shard);
    struct sl_client *client = sl_shard_open(shard, room->chat, &peer, &local, -1, &now);
    event = message(SL_TCP_CHAT, room->chat, peer, "Hi");
    event.exchange.client = sl_client_id(client);
    sl_shard_unlock(shard);
    assert_int_equal(sl_transcript_gap(&room->out, &room->chats, room->registry,
                                       &(struct sl_gap){.from = 5, .to = 14}),
                     0);
    assert_took(&room->out, "[messages not shown, as they came too fast: 10]\n");
    assert_says(room, &event, "Received Message from Client: Hi\n");
}
