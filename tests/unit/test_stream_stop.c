#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

/* Whoever has connected is a client, though the worker has not seen it yet. */
SERVING_TEST(a_stop_answers_all_connections_that_have_arrived)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
        options.workers = workers;
        serve_end();
        serving = serving_new(&options);
        struct sl_address chat = serving_listen(&serving, SL_TCP_CHAT, "127.0.0.1:0");
        struct sl_address upper = serving_listen(&serving, SL_TCP_UPPER, "127.0.0.1:0");
        int chatting[100], once[20];
        for (size_t i = 0; i < COUNT_OF(chatting); i++) {
            chatting[i] = connect_stream(&chat);
            send_text(chatting[i], "Hi\nand");
            shutdown(chatting[i], SHUT_WR);
        }
        for (size_t i = 0; i < COUNT_OF(once); i++) {
            once[i] = connect_stream(&upper);
            send_text(once[i], "hello");
            shutdown(once[i], SHUT_WR);
        }
        serving_start(&serving);
        serving_stop(&serving);
        for (size_t i = 0; i < COUNT_OF(chatting); i++) {
            expect_text(chatting[i], "Your data was 2 bytes\n");
            close(chatting[i]);
        }
        for (size_t i = 0; i < COUNT_OF(once); i++) {
            expect_text(once[i], "HELLO");
            expect_end(once[i]);
            close(once[i]);
        }
        assert_int_equal(serving_counters(&serving, 0).connections, COUNT_OF(chatting));
        assert_int_equal(serving_counters(&serving, 0).open_clients, 0);
    }
}

/* A Unix socket has taken all of it when send(2) returns. */
SERVING_TEST(a_stop_answers_every_line_that_has_arrived)
{
    char folder[] = "/tmp/socklens-stop-XXXXXX", where[108];
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof(where), "unix:%s/chat", folder);
    serving = serving_new(NULL);
    serving_listen(&serving, SL_TCP_CHAT, where);
    int fd = connect_unix(where + strlen("unix:"));
    struct sl_buffer text = {0}, expected = {0};
    for (int i = 0; i < 1300; i++) {
        sl_buffer_printf(&text, "%0100d\n", i);
        sl_buffer_append_text(&expected, "Your data was 100 bytes\n");
    }
    send_bytes(fd, text.data, text.size);
    serving_start(&serving);
    serving_stop(&serving);
    expect_bytes(fd, expected.data, expected.size);
    expect_end(fd);
    close(fd);
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    sl_buffer_deinit(&text);
    sl_buffer_deinit(&expected);
    serve_end();
    assert_int_equal(rmdir(folder), 0);
}

static void *stop(void *argument)
{
    serving_stop(argument);
    return NULL;
}

SERVING_TEST(a_stop_closes_every_connection)
{
    serve(SL_TCP_CHAT, NULL);
    int fds[20];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_stream(&address);
        send_text(fds[i], "line\nrest");
        expect_text(fds[i], "Your data was 4 bytes\n");
    }
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop, &serving), 0);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        expect_end(fds[i]);
        close(fds[i]);
    }
    pthread_join(stopper, NULL);
    for (uint64_t id = 1; id <= COUNT_OF(fds); id++)
        assert_closed(id, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    /* Two exchanges each: the line, and what was left of the next. */
    struct sl_journal_stats stats;
    sl_journal_stats(serving.journal, &stats);
    assert_int_equal(stats.newest_seq, 2 * COUNT_OF(fds));
    assert_int_equal(serving_counters(&serving, 0).traffic.unanswered, COUNT_OF(fds));
}

SERVING_TEST(a_stop_does_not_wait_for_peers_that_stay)
{
    serve(SL_TCP_CHAT, NULL);
    int stays = connect_stream(&address), left = connect_stream(&address);
    send_text(stays, "Hi");
    expect_text(stays, "Your data was 2 bytes");
    send_text(left, "Exit\n");
    expect_text(left, "Disconnect\n");
    serving_stop(&serving); /* returns, though nobody has closed */
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_closed(2, SL_BY_SERVER, SL_CLOSE_EXIT);
    expect_end(stays);
    close(stays);
    close(left);
}

SERVING_TEST(a_stop_without_time_closes_at_once)
{
    int fd = open_chat();
    send_text(fd, "Hi");
    expect_text(fd, "Your data was 2 bytes");
    sl_net_stop(serving.net, 0);
    assert_closed(1, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_int_equal(serving_counters(&serving, 0).open_clients, 0);
    close(fd);
}

SERVING_TEST(a_stopped_server_refuses_connections)
{
    serve(SL_TCP_CHAT, NULL);
    serving_stop(&serving);
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&address, &storage);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&storage, size), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}
