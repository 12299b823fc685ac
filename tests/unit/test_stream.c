#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

static void assert_exchange(uint64_t seq, enum sl_outcome outcome, const char *received,
                            const char *sent)
{
    serving_wait_exchanges(&serving, seq);
    const struct sl_record *record = serving_exchange(&serving, seq);
    assert_int_equal(record->exchange.outcome, outcome);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, received,
                       strlen(received));
    assert_bytes_equal(sl_record_sent(record), record->exchange.sent_stored, sent, strlen(sent));
    assert_int_equal(record->exchange.received_size, strlen(received));
    assert_int_equal(record->exchange.sent_size, strlen(sent));
    assert_int_equal(record->exchange.replied_at_ns != 0, outcome == SL_REPLIED);
}

SERVING_TEST(a_conversation_is_recorded)
{
    int fd = open_chat();
    send_text(fd, "Hi");
    expect_text(fd, "Your data was 2 bytes");
    send_text(fd, "there, all of you");
    expect_text(fd, "Your data was 17 bytes");
    assert_exchange(1, SL_REPLIED, "Hi", "Your data was 2 bytes");
    assert_exchange(2, SL_REPLIED, "there, all of you", "Your data was 17 bytes");
    assert_int_equal(serving_exchange(&serving, 1)->exchange.client, 1);
    assert_int_equal(serving_exchange(&serving, 1)->exchange.service, SL_TCP_CHAT);
    assert_true(sl_address_equal(&serving_exchange(&serving, 1)->exchange.local, &address));
    struct sl_client_view view = serving_client(&serving, 1);
    assert_true(view.open);
    assert_int_equal(view.transport, SL_TCP);
    assert_int_equal(view.tcp.valid, 1);
    assert_int_equal(serving_counters(&serving, 0).open_clients, 1);

    close(fd);
    serving_wait_closed(&serving, 1);
    assert_closed(1, SL_BY_PEER, SL_CLOSE_EOF);
    view = serving_client(&serving, 1);
    assert_false(view.open);
    assert_int_equal(view.counters.received_messages, 2);
    assert_int_equal(view.counters.received_bytes, 19);
    assert_int_equal(view.counters.sent_messages, 2);
    assert_int_equal(view.counters.sent_bytes, 43);
    assert_int_equal(view.counters.refused, 0);
    assert_int_equal(serving_counters(&serving, 0).open_clients, 0);
    assert_int_equal(serving_counters(&serving, 0).connections, 1);
}

SERVING_TEST(lines_are_answered_with_lines)
{
    int fd = open_chat();
    send_text(fd, "Hi\nthere\r\n\nunfini");
    expect_text(fd, "Your data was 2 bytes\nYour data was 5 bytes\nYour data was 0 bytes\n");
    send_text(fd, "shed");
    send_text(fd, "\n");
    expect_text(fd, "Your data was 10 bytes\n");
    assert_exchange(1, SL_REPLIED, "Hi", "Your data was 2 bytes\n");
    assert_exchange(2, SL_REPLIED, "there", "Your data was 5 bytes\n");
    assert_exchange(3, SL_REPLIED, "", "Your data was 0 bytes\n");
    assert_exchange(4, SL_REPLIED, "unfinished", "Your data was 10 bytes\n");
    close(fd);
}

SERVING_TEST(a_long_line_is_counted_whole_and_stored_cut)
{
    int fd = open_chat();
    size_t size = 300000;
    char *line = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        line[i] = (char)('a' + i % 26);
    line[size] = '\n';
    send_text(fd, "first\n");
    expect_text(fd, "Your data was 5 bytes\n");
    send_bytes(fd, line, size + 1);
    expect_text(fd, "Your data was 300000 bytes\n");
    serving_wait_exchanges(&serving, 2);
    const struct sl_record *record = serving_exchange(&serving, 2);
    assert_int_equal(record->exchange.received_size, size);
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, line,
                       SL_STORED_SIZE_MAX);
    free(line);
    close(fd);
}

/* A Unix socket has all of a send at once, so that the server's reads end exactly where it does. */
SERVING_TEST(a_message_may_fill_every_read)
{
    static const size_t sizes[] = {65535, 65536, 65537, 131072};
    static uint8_t bytes[131072];
    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char folder[] = "/tmp/socklens-stream-XXXXXX", where[108], expected[64];
        assert_non_null(mkdtemp(folder));
        snprintf(where, sizeof(where), "unix:%s/chat", folder);
        serving = serving_new(NULL);
        serving_listen(&serving, SL_TCP_CHAT, where);
        int fd = connect_unix(where + strlen("unix:"));
        send_bytes(fd, bytes, sizes[i]);
        serving_start(&serving);
        snprintf(expected, sizeof(expected), "Your data was %zu bytes", sizes[i]);
        expect_text(fd, expected);
        close(fd);
        serve_end();
        assert_int_equal(rmdir(folder), 0);
    }
}

SERVING_TEST(upper_answers_one_message_and_closes)
{
    serve(SL_TCP_UPPER, NULL);
    int fd = connect_stream(&address);
    send_text(fd, "hello\nworld");
    expect_text(fd, "HELLO\n");
    expect_end(fd);
    close(fd);
    serving_wait_closed(&serving, 1);
    assert_exchange(1, SL_REPLIED, "hello\n", "HELLO\n");
    assert_exchange(2, SL_AFTER_CLOSE, "world", "");
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_ANSWERED);
}

SERVING_TEST(bytes_after_the_end_are_recorded)
{
    serve(SL_TCP_UPPER, NULL);
    int fd = connect_stream(&address);
    send_text(fd, "first");
    expect_text(fd, "FIRST");
    expect_end(fd);
    send_text(fd, "second");
    assert_exchange(2, SL_AFTER_CLOSE, "second", "");
    close(fd);
    serving_wait_closed(&serving, 1);
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_ANSWERED);
    assert_int_equal(serving_closing(&serving, 1).counters.unanswered, 1);
}

SERVING_TEST(exit_ends_the_chat)
{
    serve(SL_TCP_CHAT, NULL);
    int plain = connect_stream(&address), lines = connect_stream(&address);
    send_text(lines, "Hi\nExit\r\nmore\nand more");
    expect_text(lines, "Your data was 2 bytes\nDisconnect\n");
    expect_end(lines);
    send_text(plain, "Exit");
    expect_text(plain, "Disconnect");
    expect_end(plain);
    close(plain);
    serving_wait_closed(&serving, 1);
    send_text(lines, "still here\n");
    send_text(lines, "and there");
    close(lines);
    serving_wait_closed(&serving, 2);
    serving_wait_exchanges(&serving, 4);
    /* "Exit" without a line end has waited for the gap. */
    assert_exchange(1, SL_REPLIED, "Hi", "Your data was 2 bytes\n");
    assert_exchange(2, SL_REPLIED, "Exit", "Disconnect\n");
    assert_exchange(3, SL_REPLIED, "Exit", "Disconnect");
    assert_exchange(4, SL_AFTER_CLOSE, "more\nand morestill here\nand there", "");
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_EXIT);
    assert_closed(2, SL_BY_SERVER, SL_CLOSE_EXIT);
}

SERVING_TEST(peer_that_stays_after_exit_is_cut_off)
{
    serve(SL_TCP_CHAT, NULL);
    int silent = connect_stream(&address), noisy = connect_stream(&address);
    send_text(silent, "Exit\n");
    send_text(noisy, "Exit\n");
    expect_text(silent, "Disconnect\n");
    expect_text(noisy, "Disconnect\n");
    static char bytes[65536];
    while (send(noisy, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
        ;
    assert_true(errno == ECONNRESET || errno == EPIPE);
    serving_wait_closed(&serving, 1);
    assert_closed(2, SL_BY_SERVER, SL_CLOSE_EXIT);
    assert_in_range(serving_closing(&serving, 2).counters.received_bytes, 1 << 20, 2 << 20);
    serving_wait_closed(&serving, 2); /* after two seconds */
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_EXIT);
    close(silent);
    close(noisy);
}

SERVING_TEST(the_end_of_the_stream_ends_a_line)
{
    int fd = open_chat();
    send_text(fd, "whole\nhalf");
    expect_text(fd, "Your data was 5 bytes\n");
    shutdown(fd, SHUT_WR);
    expect_text(fd, "Your data was 4 bytes\n");
    expect_end(fd);
    close(fd);
    serving_wait_closed(&serving, 1);
    assert_exchange(2, SL_REPLIED, "half", "Your data was 4 bytes\n");
    assert_closed(1, SL_BY_PEER, SL_CLOSE_EOF);
}

/* printf hello | nc -N: message and end may come in one packet. */
SERVING_TEST(half_closed_peer_is_still_answered)
{
    static const struct {
        enum sl_service_id service;
        const char *text, *reply;
    } cases[] = {{SL_TCP_UPPER, "hello", "HELLO"},
                 {SL_TCP_CHAT, "Hi", "Your data was 2 bytes"},
                 {SL_TCP_CHAT, "a\nb", "Your data was 1 bytes\nYour data was 1 bytes\n"},
                 {SL_TCP_CHAT, "Exit\n", "Disconnect\n"},
                 {SL_TCP_CHAT, "", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        serve_later(cases[i].service, NULL);
        int fd = connect_stream(&address);
        if (cases[i].text[0])
            send_text(fd, cases[i].text);
        shutdown(fd, SHUT_WR);
        serving_start(&serving);
        expect_text(fd, cases[i].reply);
        expect_end(fd);
        close(fd);
        serving_wait_closed(&serving, 1);
    }
}

SERVING_TEST(a_reset_leaves_a_line_unfinished)
{
    int fd = open_chat();
    send_text(fd, "whole\nhalf");
    expect_text(fd, "Your data was 5 bytes\n");
    reset_connection(fd);
    serving_wait_closed(&serving, 1);
    assert_exchange(1, SL_REPLIED, "whole", "Your data was 5 bytes\n");
    assert_exchange(2, SL_UNFINISHED, "half", "");
    assert_closed(1, SL_BY_PEER, SL_CLOSE_RESET);
    struct sl_counters counters = serving_closing(&serving, 1).counters;
    assert_int_equal(counters.received_messages, 2);
    assert_int_equal(counters.received_bytes, 10); /* with the line feed */
    assert_int_equal(counters.sent_messages, 1);
    assert_int_equal(counters.unanswered, 1);
}

SERVING_TEST(idle_connection_is_closed_after_its_timeout)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.tcp_idle_ns = 100 * SL_NS_PER_MS;
    options.tcp_gap_ns = 60 * SL_NS_PER_S; /* else a worker that is late ends it first */
    serve(SL_TCP_CHAT, &options);
    int fd = connect_stream(&address);
    send_text(fd, "line\nunfinished");
    expect_text(fd, "Your data was 4 bytes\n");
    expect_end(fd);
    serving_wait_closed(&serving, 1);
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_IDLE_TIMEOUT);
    assert_exchange(2, SL_UNFINISHED, "unfinished", "");
    struct sl_client_view view = serving_client(&serving, 1);
    assert_true(view.closed_at_ns - view.last_seen_at_ns >= 90 * SL_NS_PER_MS);
    close(fd);
}

SERVING_TEST(an_operator_may_disconnect_one_client)
{
    serve(SL_TCP_CHAT, NULL);
    int one = connect_stream(&address), two = connect_stream(&address);
    send_text(one, "1\n");
    expect_text(one, "Your data was 1 bytes\n");
    send_text(two, "two");
    expect_text(two, "Your data was 3 bytes");
    serving_wait_exchanges(&serving, 2);
    sl_net_disconnect(serving.net, 1);
    sl_net_disconnect(serving.net, 99);
    expect_end(one);
    serving_wait_closed(&serving, 1);
    assert_closed(1, SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED);
    send_text(two, "still here");
    expect_text(two, "Your data was 10 bytes");
    assert_true(serving_client(&serving, 2).open);
    close(one);
    close(two);
}

SERVING_TEST(connections_are_limited)
{
    static const struct {
        size_t all, per_address;
    } cases[] = {{3, 100}, {100, 3}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
        options.max_connections = cases[i].all;
        options.max_connections_per_address = cases[i].per_address;
        serve(SL_TCP_CHAT, &options);
        int fds[3];
        for (size_t j = 0; j < COUNT_OF(fds); j++) {
            fds[j] = connect_stream(&address);
            send_text(fds[j], "Hi");
            expect_text(fds[j], "Your data was 2 bytes");
        }
        for (int j = 0; j < 5; j++) {
            int refused = connect_stream(&address);
            expect_end(refused);
            close(refused);
        }
        struct sl_listener_counters counters = serving_counters(&serving, 0);
        assert_int_equal(counters.connections, 3);
        assert_int_equal(counters.rejected_connections, 5);
        assert_int_equal(counters.open_clients, 3);
        close(fds[0]);
        serving_wait_closed(&serving, 1);
        int fd = connect_stream(&address);
        send_text(fd, "Hi");
        expect_text(fd, "Your data was 2 bytes");
        close(fd);
        close(fds[1]);
        close(fds[2]);
    }
}

/* The worker stands still at its shard's lock while both events arrive, so epoll reports them
 * together: the new connection first, then the lingering one that is closed for it. Serving the
 * closed one would touch freed memory, which the address sanitizer reports. */
SERVING_TEST(a_lingering_connection_gives_way_with_an_event_pending)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.max_connections = 2;
    serve(SL_TCP_CHAT, &options);
    struct sl_shard *shard = sl_registry_shard(serving.registry, 1);
    int lingering = connect_stream(&address), busy = connect_stream(&address);
    send_text(lingering, "Exit\n");
    expect_text(lingering, "Disconnect\n");
    expect_end(lingering);
    send_text(busy, "Hi\n");
    serving_wait_exchanges(&serving, 2); /* for neither is the lock needed any more */

    sl_shard_lock(shard);
    send_text(busy, "Hello\n");
    expect_text(busy, "Your data was 2 bytes\nYour data was 5 bytes\n"); /* then it is needed */
    int new = connect_stream(&address);
    send_text(lingering, "more");
    sl_shard_unlock(shard);

    send_text(new, "Hi\n");
    expect_text(new, "Your data was 2 bytes\n");
    serving_wait_closed(&serving, 1);
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_EXIT);
    close(lingering);
    close(busy);
    close(new);
}

/* Whoever cannot be served for want of a descriptor is told so, and the others go on. */
SERVING_TEST(without_descriptors_peers_are_turned_away)
{
    serve_later(SL_TCP_CHAT, NULL);
    int fds[6];
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = connect_stream(&address);
    struct rlimit limit, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)dup(0) + 3; /* the worker's spare one and two connections */
    close((int)low.rlim_cur - 3);
    setrlimit(RLIMIT_NOFILE, &low);
    serving_start(&serving);
    for (size_t i = 0; i < 2; i++) {
        send_text(fds[i], "Hi");
        expect_text(fds[i], "Your data was 2 bytes");
    }
    for (size_t i = 2; i < COUNT_OF(fds); i++)
        expect_end(fds[i]);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(serving_counters(&serving, 0).rejected_connections, COUNT_OF(fds) - 2);
    int fd = connect_stream(&address);
    send_text(fd, "Hi");
    expect_text(fd, "Your data was 2 bytes");
    close(fd);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

SERVING_TEST(workers_share_the_connections)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.workers = 3;
    serve(SL_TCP_CHAT, &options);
    int fds[60];
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = connect_stream(&address);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            send_text(fds[i], "hello\n");
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            expect_text(fds[i], "Your data was 5 bytes\n");
    }
    for (size_t worker = 0; worker < 3; worker++) {
        struct sl_shard *shard = sl_registry_shard(serving.registry, 2 * worker + 1);
        sl_shard_lock(shard);
        assert_true(sl_shard_open_count(shard) > 0);
        sl_shard_unlock(shard);
    }
    for (uint64_t id = 1; id <= COUNT_OF(fds); id += 2)
        sl_net_disconnect(serving.net, id);
    serving_wait_closed(&serving, COUNT_OF(fds) / 2);
    serving_wait_exchanges(&serving, 5 * COUNT_OF(fds));
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    serving_wait_closed(&serving, COUNT_OF(fds));
    for (uint64_t id = 1; id <= COUNT_OF(fds); id++)
        assert_int_equal(serving_client(&serving, id).counters.sent_messages, 5);
}
