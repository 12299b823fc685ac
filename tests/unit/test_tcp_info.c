#include "unit.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/registry.h"

/* A connection over 127.0.0.1: both ends. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(where);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&where, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
}

static void talk(const int ends[2])
{
    char bytes[1000] = {0};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(send(ends[0], bytes, sizeof(bytes), 0), sizeof(bytes));
        assert_int_equal(recv(ends[1], bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
        assert_int_equal(send(ends[1], bytes, sizeof(bytes), 0), sizeof(bytes));
        assert_int_equal(recv(ends[0], bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
    }
}

static struct tcp_info ask_kernel(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info;
}

TEST(tcp_info_is_what_the_kernel_says)
{
    int ends[2];
    connect_pair(ends);
    talk(ends);
    struct sl_tcp_info info;
    struct tcp_info before, after;
    do { /* a late acknowledgement may come between */
        before = ask_kernel(ends[1]);
        memset(&info, 0xff, sizeof(info));
        sl_tcp_info_read(ends[1], &info);
        after = ask_kernel(ends[1]);
    } while (before.tcpi_rtt != after.tcpi_rtt || before.tcpi_rttvar != after.tcpi_rttvar ||
             before.tcpi_snd_cwnd != after.tcpi_snd_cwnd);
    assert_int_equal(info.valid, 1);
    assert_int_equal(info.state, TCP_ESTABLISHED);
    assert_int_equal(info.rtt_us, after.tcpi_rtt);
    assert_int_equal(info.rttvar_us, after.tcpi_rttvar);
    assert_int_equal(info.snd_mss, after.tcpi_snd_mss);
    assert_int_equal(info.rcv_mss, after.tcpi_rcv_mss);
    assert_int_equal(info.snd_cwnd, after.tcpi_snd_cwnd);
    assert_int_equal(info.retransmits, 0);
    assert_int_equal(info.lost, 0);
    assert_true(info.rtt_us > 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(udp_client_has_no_tcp_info)
{
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), fds[2];
    assert_int_equal(pipe(fds), 0);
    int closed = fds[1];
    close(fds[1]);
    int cases[] = {-1, udp, fds[0], closed};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sl_tcp_info info = {.valid = 1, .rtt_us = 5};
        sl_tcp_info_read(cases[i], &info);
        assert_int_equal(info.valid, 0);
        assert_int_equal(info.rtt_us, 0);
    }
    close(udp);
    close(fds[0]);
}

TEST(a_client_shows_tcp_info_live_and_at_its_end)
{
    int ends[2];
    connect_pair(ends);
    talk(ends);
    struct sl_registry_options options = {.shards = 1, .closed_max = 5, .first_client = 1};
    struct sl_registry *registry = sl_registry_new(&options);
    struct sl_listener_info listener = {.transport = SL_TCP};
    sl_registry_add_listener(registry, &listener);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_time now = sl_time_now();
    struct sl_client *client =
        sl_shard_open(shard, 0, &SL_ADDRESS_NONE, &SL_ADDRESS_NONE, ends[1], &now);

    struct sl_client_view view;
    assert_true(sl_registry_get(registry, 1, &view));
    assert_int_equal(view.tcp.valid, 1);
    assert_int_equal(view.tcp.state, TCP_ESTABLISHED);

    shutdown(ends[0], SHUT_WR);
    char byte;
    assert_int_equal(recv(ends[1], &byte, 1, 0), 0);
    assert_true(sl_registry_get(registry, 1, &view));
    assert_int_equal(view.tcp.state, TCP_CLOSE_WAIT);

    struct sl_closing closing;
    sl_shard_close(shard, client, SL_BY_PEER, SL_CLOSE_EOF, &now, &closing);
    close(ends[1]);
    assert_int_equal(closing.tcp.valid, 1);
    assert_int_equal(closing.tcp.state, TCP_CLOSE_WAIT);
    assert_true(closing.tcp.rtt_us > 0);
    assert_true(sl_registry_get(registry, 1, &view));
    assert_memory_equal(&view.tcp, &closing.tcp, sizeof(view.tcp));
    close(ends[0]);
    sl_registry_free(registry);
}
