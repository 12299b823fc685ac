#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

static struct sl_address address_of(int fd)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

static struct sl_address loopback(uint8_t last, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {127, 0, 0, last}};
}

static void assert_outcome(uint64_t seq, enum sl_outcome outcome)
{
    serving_wait_exchanges(&serving, seq);
    assert_int_equal(serving_exchange(&serving, seq)->exchange.outcome, outcome);
}

SERVING_TEST(an_exchange_is_recorded_with_both_sides)
{
    int64_t before = sl_clock_wall_ns();
    serve(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address);
    struct sl_address own = address_of(fd);
    ask(fd, "hello from client1", "HELLO FROM CLIENT1");

    serving_wait_exchanges(&serving, 1);
    const struct sl_record *record = serving_exchange(&serving, 1);
    assert_int_equal(record->exchange.service, SL_UDP_UPPER);
    assert_int_equal(record->exchange.outcome, SL_REPLIED);
    assert_int_equal(record->exchange.listener, 0);
    assert_int_equal(record->exchange.client, 1);
    assert_true(sl_address_equal(&record->exchange.peer, &own));
    assert_true(sl_address_equal(&record->exchange.local, &address));
    assert_true(record->exchange.received_at_ns >= before);
    assert_true(record->exchange.replied_at_ns >= record->exchange.received_at_ns);
    assert_true(sl_clock_wall_ns() >= record->exchange.replied_at_ns);
    assert_int_equal(record->exchange.received_size, 18);
    assert_int_equal(record->exchange.sent_size, 18);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored,
                       BYTES("hello from client1"));
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored,
                       BYTES("HELLO FROM CLIENT1"));

    struct sl_client_view view = serving_client(&serving, 1);
    assert_true(view.open);
    assert_int_equal(view.transport, SL_UDP);
    assert_true(sl_address_equal(&view.peer, &own));
    assert_int_equal(view.counters.received_messages, 1);
    assert_int_equal(view.counters.received_bytes, 18);
    assert_int_equal(view.counters.sent_messages, 1);
    assert_int_equal(view.counters.sent_bytes, 18);
    assert_int_equal(view.counters.refused, 0);
    assert_int_equal(view.tcp.valid, 0);
    close(fd);
}

SERVING_TEST(a_client_opens_before_its_first_exchange)
{
    serve(SL_UDP_UPPER, NULL);
    int one = connect_datagram(NULL, &address), two = connect_datagram(NULL, &address);
    ask(one, "a", "A");
    ask(two, "b", "B");
    ask(one, "c", "C");
    serving_wait_exchanges(&serving, 3);
    static const struct {
        enum sl_record_kind kind;
        uint64_t client;
    } expected[] = {{SL_RECORD_OPENED, 1},
                    {SL_RECORD_EXCHANGE, 1},
                    {SL_RECORD_OPENED, 2},
                    {SL_RECORD_EXCHANGE, 2},
                    {SL_RECORD_EXCHANGE, 1}};
    sl_cursor_seek(&serving.cursor, serving.journal, 1);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const struct sl_record *record;
        struct sl_gap gap;
        assert_int_equal(sl_cursor_next(&serving.cursor, &record, &gap), SL_READ_RECORD);
        assert_int_equal(record->kind, expected[i].kind);
        assert_int_equal(record->exchange.client, expected[i].client);
    }
    close(one);
    close(two);
}

SERVING_TEST(datagrams_of_every_size_are_answered)
{
    static const size_t sizes[] = {0, 1, 2, 1399, 1400, 1401, 1500, 9000, 65506, 65507, 0};
    serve(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address);
    uint8_t *lower = malloc(65507), *upper = malloc(65507);
    for (size_t i = 0; i < 65507; i++) {
        lower[i] = (uint8_t)('a' + i % 26);
        upper[i] = (uint8_t)('A' + i % 26);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        send_bytes(fd, lower, sizes[i]);
        expect_datagram(fd, upper, sizes[i]);
        serving_wait_exchanges(&serving, i + 1);
        const struct sl_record *record = serving_exchange(&serving, i + 1);
        assert_int_equal(record->exchange.outcome, SL_REPLIED);
        assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, lower,
                           sizes[i]);
        assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, upper, sizes[i]);
    }
    free(lower);
    free(upper);
    close(fd);
}

/* "ŉ" has two bytes, its upper case "ʼN" three. */
SERVING_TEST(a_reply_that_fits_no_datagram_is_recorded)
{
    serve(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address);
    struct sl_buffer text = {0};
    for (int i = 0; i < 21836; i++)
        assert_int_equal(sl_buffer_append_text(&text, "ŉ"), 0);
    send_bytes(fd, text.data, text.size); /* 65,508 bytes in upper case */
    assert_outcome(1, SL_REPLY_TOO_LARGE);
    const struct sl_record *record = serving_exchange(&serving, 1);
    assert_int_equal(record->exchange.received_size, text.size);
    assert_int_equal(record->exchange.sent_size + record->exchange.sent_stored, 0);
    assert_int_equal(record->exchange.replied_at_ns, 0);
    assert_int_equal(serving_client(&serving, 1).counters.unanswered, 1);

    text.data[text.size - 2] = 'x';
    send_bytes(fd, text.data, text.size - 1); /* 65,506 */
    assert_outcome(2, SL_REPLIED);
    assert_int_equal(serving_exchange(&serving, 2)->exchange.sent_size, 65506);
    static uint8_t got[65536];
    assert_int_equal(recv(fd, got, sizeof(got), 0), 65506);
    assert_int_equal(got[65505], 'X');
    sl_buffer_deinit(&text);
    close(fd);
}

SERVING_TEST(a_wildcard_answers_from_the_address_asked)
{
    serving = serving_new(NULL);
    uint16_t port = serving_listen(&serving, SL_UDP_UPPER, "0.0.0.0:0").port;
    serving_start(&serving);
    struct sl_address from = loopback(9, 0);
    for (uint8_t last = 1; last <= 5; last++) {
        /* A connected socket hears its peer alone. */
        struct sl_address to = loopback(last, port);
        int fd = connect_datagram(&from, &to);
        ask(fd, "who?", "WHO?");
        serving_wait_exchanges(&serving, last);
        assert_true(sl_address_equal(&serving_exchange(&serving, last)->exchange.local, &to));
        struct sl_client_view view = serving_client(&serving, last);
        assert_true(sl_address_equal(&view.local, &to));
        from = address_of(fd); /* the same client to all of them */
        close(fd);
    }
}

SERVING_TEST(ipv6_is_served_too)
{
    struct sl_address to = {.family = AF_INET6, .ip = {[15] = 1}};
    static const char *const where[] = {"[::1]:0", "[::]:0"};
    for (size_t i = 0; i < COUNT_OF(where); i++) {
        serving = serving_new(NULL);
        to.port = serving_listen(&serving, SL_UDP_UPPER, where[i]).port;
        serving_start(&serving);
        int fd = connect_datagram(NULL, &to);
        ask(fd, "six", "SIX");
        serving_wait_exchanges(&serving, 1);
        assert_true(sl_address_equal(&serving_exchange(&serving, 1)->exchange.local, &to));
        close(fd);
        serve_end();
    }
}

/* Two gateways that answer each other would never stop. */
SERVING_TEST(refused_datagram_is_recorded)
{
    serve_later(SL_UDP_UPPER, NULL);
    struct sl_address second = serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    serving_start(&serving);
    struct sl_address own = loopback(7, second.port);
    int loop = connect_datagram(&own, &address);
    int honest = connect_datagram(NULL, &address);
    send_text(loop, "echo");
    assert_outcome(1, SL_REFUSED_OWN_LISTENER);
    ask(honest, "hello", "HELLO");

    assert_bytes_equal(sl_record_received(serving_exchange(&serving, 1)), 4, "echo", 4);
    assert_int_equal(serving_exchange(&serving, 1)->exchange.replied_at_ns, 0);
    char byte;
    assert_int_equal(recv(loop, &byte, 1, MSG_DONTWAIT), -1);
    serving_wait_exchanges(&serving, 2);
    struct sl_listener_counters counters = serving_counters(&serving, 0);
    assert_int_equal(counters.traffic.received_messages, 2);
    assert_int_equal(counters.traffic.received_bytes, 9);
    assert_int_equal(counters.traffic.sent_messages, 1);
    assert_int_equal(counters.traffic.sent_bytes, 5);
    assert_int_equal(counters.traffic.refused, 1);
    assert_int_equal(counters.open_clients, 2);
    close(loop);
    close(honest);
}

/* Whatever the other end is: here each reply is sent back as it came, several of them at once. */
SERVING_TEST(a_peer_that_echoes_is_answered_for_a_while)
{
    serve(SL_UDP_UPPER, NULL);
    int echo = connect_datagram(NULL, &address), honest = connect_datagram(NULL, &address);
    struct pollfd readable = {.fd = echo, .events = POLLIN};
    size_t echoed = 0;
    char bytes[100];
    ssize_t size;
    send_text(echo, "one");
    send_text(echo, "two");
    send_text(echo, "");
    while (poll(&readable, 1, 2000) > 0 && (size = recv(echo, bytes, sizeof(bytes), 0)) >= 0) {
        send_bytes(echo, bytes, (size_t)size);
        echoed++;
        assert_true(echoed < 10000);
    }
    assert_true(echoed > 100);
    serving_wait_exchanges(&serving, 3 + echoed);
    assert_int_equal(serving_client(&serving, 1).counters.refused, 3);
    assert_int_equal(serving_exchange(&serving, 3 + echoed)->exchange.outcome, SL_REFUSED_LOOP);
    for (int i = 0; i < 100; i++)
        ask(honest, "ONE", "ONE");
    ask(echo, "ONE", "ONE");
    close(echo);
    close(honest);
}

/* A wildcard hears what is meant for every host; answering it would have all of them answer. */
SERVING_TEST(broadcast_datagram_is_not_answered)
{
    serve_later_at("0.0.0.0:0", SL_UDP_UPPER, NULL);
    serving_start(&serving);
    struct sl_address all = {.family = AF_INET, .port = address.port, .ip = {127, 255, 255, 255}};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&all, &storage);
    assert_int_equal(sendto(fd, "all", 3, 0, (struct sockaddr *)&storage, size), 3);
    assert_outcome(1, SL_REFUSED_NOT_UNICAST);
    const struct sl_record *record = serving_exchange(&serving, 1);
    assert_int_equal(record->exchange.local.ip[0], 255);
    assert_int_equal(record->exchange.sent_size, 0);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    close(fd);
}

SERVING_TEST(sender_over_its_rate_is_not_answered)
{
    char where[SL_ADDRESS_TEXT_SIZE];
    if (!find_own_endpoint(where))
        skip();
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.udp_rate = 5;
    serve_later_at(where, SL_UDP_UPPER, &options);
    int fd = connect_datagram(NULL, &address);
    for (int i = 0; i < 50; i++)
        send_text(fd, "flood");
    serving_start(&serving);
    serving_wait_exchanges(&serving, 50);
    uint64_t answered = 0, refused = 0;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        enum sl_outcome outcome = serving_exchange(&serving, seq)->exchange.outcome;
        answered += outcome == SL_REPLIED;
        refused += outcome == SL_REFUSED_RATE_LIMIT;
    }
    assert_int_equal(answered + refused, 50);
    assert_in_range(answered, 5, 10); /* one more every 200 ms */
    for (uint64_t i = 0; i < answered; i++)
        expect_datagram(fd, "FLOOD", 5);
    struct sl_client_view view = serving_client(&serving, 1);
    assert_int_equal(view.counters.received_messages, 50);
    assert_int_equal(view.counters.sent_messages, answered);
    assert_int_equal(view.counters.refused, refused);
    close(fd);
}

/* shutdown(2) needs a connected socket, so the server's gets connected to its client. */
SERVING_TEST(reply_refused_by_the_kernel_is_recorded)
{
    serve_later(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address), server = serving_listener_fd(&serving, false);
    struct sl_address own = address_of(fd);
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&own, &storage);
    assert_int_equal(connect(server, (struct sockaddr *)&storage, size), 0);
    assert_int_equal(shutdown(server, SHUT_WR), 0);
    static const char *const texts[] = {"one", "two", "longer", "", "x"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        send_text(fd, texts[i]);
    serving_start(&serving);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_outcome(i + 1, SL_SEND_FAILED);
        assert_int_equal(serving_exchange(&serving, i + 1)->exchange.received_size,
                         strlen(texts[i]));
        assert_int_equal(serving_exchange(&serving, i + 1)->exchange.sent_size, 0);
    }
    assert_int_equal(serving_client(&serving, 1).counters.unanswered, COUNT_OF(texts));
    assert_int_equal(serving_client(&serving, 1).counters.sent_messages, 0);
    close(fd);
}

SERVING_TEST(datagrams_dropped_by_the_kernel_are_counted)
{
    serve_later(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address), small = 1;
    static char bytes[1000];
    setsockopt(serving_listener_fd(&serving, false), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 100; i++)
        send_bytes(fd, bytes, sizeof(bytes));
    serving_start(&serving);
    uint64_t received, dropped;
    int64_t until = sl_clock_mono_ns() + SERVING_WAIT_MS * SL_NS_PER_MS;
    do {
        received = serving_counters(&serving, 0).traffic.received_messages;
        dropped = serving_counters(&serving, 0).kernel_drops;
        usleep(1000);
    } while (received + dropped < 100 && sl_clock_mono_ns() < until);
    assert_int_equal(received + dropped, 100);
    assert_in_range(received, 1, 50);
    close(fd);
}
