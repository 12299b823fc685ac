/* Who counts as a client of a UDP service, from when to when. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

SERVING_TEST(a_silent_client_is_forgotten)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.udp_idle_ns = SL_NS_PER_MS;
    serve(SL_UDP_UPPER, &options);
    int fd = connect_datagram(NULL, &address);
    ask(fd, "a", "A");
    serving_wait_closed(&serving, 1);
    struct sl_closing closing = serving_closing(&serving, 1);
    assert_int_equal(closing.closed_by, SL_BY_SERVER);
    assert_int_equal(closing.reason, SL_CLOSE_FORGOTTEN);
    assert_int_equal(closing.counters.received_messages, 1);
    ask(fd, "b", "B");
    serving_wait_exchanges(&serving, 2);
    assert_int_equal(serving_exchange(&serving, 2)->exchange.client, 2);
    close(fd);
}

/* At least a batch of them is always remembered. */
SERVING_TEST(the_longest_silent_makes_room)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.max_udp_clients = 100;
    serve(SL_UDP_UPPER, &options);
    int fds[103];
    for (size_t i = 0; i < 100; i++) {
        fds[i] = connect_datagram(NULL, &address);
        ask(fds[i], "a", "A");
    }
    ask(fds[0], "b", "B"); /* now the second is the one seen longest ago */
    for (size_t i = 100; i < COUNT_OF(fds); i++) {
        fds[i] = connect_datagram(NULL, &address);
        ask(fds[i], "c", "C");
    }
    serving_wait_closed(&serving, 3);
    for (uint64_t id = 1; id <= COUNT_OF(fds); id++)
        assert_int_equal(serving_client(&serving, id).open, id < 2 || id > 4);
    assert_int_equal(serving_closing(&serving, 2).reason, SL_CLOSE_EVICTED);
    assert_int_equal(serving_closing(&serving, 2).closed_by, SL_BY_SERVER);
    assert_int_equal(serving_counters(&serving, 0).open_clients, 100);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

SERVING_TEST(an_operator_may_disconnect_a_client)
{
    serve(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address);
    ask(fd, "a", "A");
    serving_wait_exchanges(&serving, 1);
    sl_net_disconnect(serving.net, 77);
    sl_net_disconnect(serving.net, 1);
    serving_wait_closed(&serving, 1);
    assert_int_equal(serving_closing(&serving, 1).closed_by, SL_BY_OPERATOR);
    assert_int_equal(serving_closing(&serving, 1).reason, SL_CLOSE_DISCONNECTED);
    sl_net_disconnect(serving.net, 1);
    ask(fd, "b", "B");
    serving_wait_exchanges(&serving, 2);
    assert_int_equal(serving_exchange(&serving, 2)->exchange.client, 2);
    close(fd);
}

SERVING_TEST(a_stop_answers_datagrams_that_have_arrived)
{
    serve_later(SL_UDP_UPPER, NULL);
    int fd = connect_datagram(NULL, &address);
    char text[16];
    for (int i = 0; i < 150; i++) {
        snprintf(text, sizeof(text), "n%d", i);
        send_text(fd, text);
    }
    serving_start(&serving);
    serving_stop(&serving);
    for (int i = 0; i < 150; i++) {
        snprintf(text, sizeof(text), "N%d", i);
        expect_datagram(fd, text, strlen(text));
    }
    assert_int_equal(serving_closing(&serving, 1).reason, SL_CLOSE_SHUTDOWN);
    assert_int_equal(serving_closing(&serving, 1).closed_by, SL_BY_SERVER);
    assert_int_equal(serving_closing(&serving, 1).counters.sent_messages, 150);
    close(fd);
}

SERVING_TEST(workers_share_the_clients)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.workers = 3;
    serve(SL_UDP_UPPER, &options);
    int fds[90];
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = connect_datagram(NULL, &address);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            send_text(fds[i], "hello");
        for (size_t i = 0; i < COUNT_OF(fds); i++)
            expect_datagram(fds[i], "HELLO", 5);
    }
    serving_wait_exchanges(&serving, 5 * COUNT_OF(fds));
    assert_int_equal(serving_counters(&serving, 0).traffic.sent_messages, 5 * COUNT_OF(fds));
    assert_int_equal(serving_counters(&serving, 0).open_clients, COUNT_OF(fds));
    for (size_t worker = 0; worker < 3; worker++) {
        struct sl_shard *shard = sl_registry_shard(serving.registry, 2 * worker);
        sl_shard_lock(shard);
        assert_true(sl_shard_open_count(shard) > 0);
        sl_shard_unlock(shard);
    }
    serving_stop(&serving);
    for (uint64_t id = 1; id <= COUNT_OF(fds); id++)
        assert_int_equal(serving_client(&serving, id).counters.sent_messages, 5);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}
