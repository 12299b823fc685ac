/* Limits and idle times that change while the gateway runs. */
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

static void chat(int fd)
{
    send_text(fd, "Hi");
    expect_text(fd, "Your data was 2 bytes");
}

SERVING_TEST(changed_connection_limits_apply)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    serve(SL_TCP_CHAT, &options);
    int fds[4];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_stream(&address);
        chat(fds[i]);
    }
    static const struct {
        size_t all, per_address;
        bool admitted;
    } cases[] = {{4, 0, false}, {5, 0, true},  {0, 4, false},
                 {0, 5, true},  {2, 2, false}, {0, 0, true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        options.max_connections = cases[i].all;
        options.max_connections_per_address = cases[i].per_address;
        sl_net_adjust(serving.net, &options);
        int fd = connect_stream(&address);
        if (cases[i].admitted)
            chat(fd);
        else
            expect_end(fd);
        close(fd);
        for (size_t j = 0; j < COUNT_OF(fds); j++) /* who is over a limit stays */
            chat(fds[j]);
        struct sl_registry_totals totals;
        do {
            sl_registry_totals(serving.registry, &totals);
        } while (totals.open > COUNT_OF(fds));
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

SERVING_TEST(changed_idle_times_apply)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.tcp_idle_ns = options.udp_idle_ns = 0; /* for ever */
    serving = serving_new(&options);
    struct sl_address tcp = serving_listen(&serving, SL_TCP_CHAT, "127.0.0.1:0");
    struct sl_address udp = serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    serving_start(&serving);
    int stream = connect_stream(&tcp), datagram = connect_datagram(NULL, &udp);
    chat(stream);
    send_text(datagram, "hello");
    expect_datagram(datagram, "HELLO", 5);
    options.tcp_idle_ns = options.udp_idle_ns = SL_NS_PER_MS;
    sl_net_adjust(serving.net, &options);
    serving_wait_closed(&serving, 2);
    assert_int_equal(serving_closing(&serving, 1).reason, SL_CLOSE_IDLE_TIMEOUT);
    assert_int_equal(serving_closing(&serving, 2).reason, SL_CLOSE_FORGOTTEN);
    expect_end(stream);
    close(stream);
    close(datagram);
}

SERVING_TEST(changed_number_of_udp_clients_applies)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    serve(SL_UDP_UPPER, &options);
    int fds[70];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        if (i == COUNT_OF(fds) - 1) {
            options.max_udp_clients = 1; /* a batch of them is the least */
            sl_net_adjust(serving.net, &options);
        }
        fds[i] = connect_datagram(NULL, &address);
        for (int j = 0; j < 2; j++) {
            send_text(fds[i], "a");
            expect_datagram(fds[i], "A", 1);
        }
    }
    /* The worker may have been busy with the newcomer when it was told. */
    int late = connect_datagram(NULL, &address);
    send_text(late, "a");
    expect_datagram(late, "A", 1);
    serving_wait_closed(&serving, 1);
    assert_int_equal(serving_closing(&serving, 1).reason, SL_CLOSE_EVICTED);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    close(late);
}

SERVING_TEST(changed_rate_of_datagrams_applies)
{
    char where[SL_ADDRESS_TEXT_SIZE];
    if (!find_own_endpoint(where))
        skip();
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.udp_rate = 1;
    serve_later_at(where, SL_UDP_UPPER, &options);
    serving_start(&serving);
    int fd = connect_datagram(NULL, &address);
    uint64_t seq = 0;
    do { /* until it is refused */
        send_text(fd, "a");
        serving_wait_exchanges(&serving, ++seq);
    } while (serving_exchange(&serving, seq)->exchange.outcome == SL_REPLIED);
    options.udp_rate = 0;
    sl_net_adjust(serving.net, &options);
    do { /* until it is answered, long before a second has passed */
        send_text(fd, "a");
        serving_wait_exchanges(&serving, ++seq);
    } while (serving_exchange(&serving, seq)->exchange.outcome != SL_REPLIED);
    for (int i = 0; i < 20; i++) {
        send_text(fd, "a");
        serving_wait_exchanges(&serving, ++seq);
        assert_int_equal(serving_exchange(&serving, seq)->exchange.outcome, SL_REPLIED);
    }
    close(fd);
}
