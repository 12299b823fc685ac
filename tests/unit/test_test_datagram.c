#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/test_datagram.h"

#define WAIT_MS 20000

/* A peer of the test's own. */
struct peer {
    int fd;
    struct sl_address address;
};

static struct sl_address bound_address(int fd)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

static struct peer open_peer(struct sl_address where)
{
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&where, &storage);
    struct peer peer = {.fd = socket(where.family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(peer.fd, (struct sockaddr *)&storage, size), 0);
    peer.address = bound_address(peer.fd);
    return peer;
}

static struct sl_address loopback4(void)
{
    return (struct sl_address){.family = AF_INET, .ip = {127, 0, 0, 1}};
}

static struct sl_address loopback6(void)
{
    return (struct sl_address){.family = AF_INET6, .ip = {[15] = 1}};
}

/* Takes one datagram of `from` and answers it with what it said, twice over. */
static void answer_doubled(const struct peer *peer, const struct sl_address *from)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    uint8_t *bytes = malloc(2 * 65536);
    ssize_t count = recvfrom(peer->fd, bytes, 65536, 0, (struct sockaddr *)&storage, &size);
    assert_true(count >= 0);
    struct sl_address seen = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    assert_true(sl_address_equal(&seen, from));
    memcpy(bytes + count, bytes, (size_t)count);
    assert_int_equal(
        sendto(peer->fd, bytes, 2 * (size_t)count, 0, (struct sockaddr *)&storage, size),
        2 * count);
    free(bytes);
}

static void assert_readable(const struct sl_test_datagram *test)
{
    struct pollfd fd = {.fd = test->fd, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
}

static void ask(const struct peer *peer, const void *bytes, size_t size)
{
    struct sl_test_datagram test;
    struct sl_error error;
    struct sl_buffer reply = {0};
    int64_t rtt_us = -1;
    assert_int_equal(sl_test_datagram_send(&test, NULL, &peer->address, 0, bytes, size, &error), 0);
    assert_true(sl_address_equal(&test.to, &peer->address));
    assert_int_not_equal(test.from.port, 0);
    assert_int_equal(sl_test_datagram_receive(&test, &reply, &rtt_us), 0);
    assert_int_equal(reply.size, 0);
    assert_int_equal(rtt_us, -1);

    answer_doubled(peer, &test.from);
    assert_readable(&test);
    assert_int_equal(sl_test_datagram_receive(&test, &reply, &rtt_us), 1);
    assert_int_equal(reply.size, 2 * size);
    if (size > 0) {
        assert_memory_equal(reply.data, bytes, size);
        assert_memory_equal(reply.data + size, bytes, size);
    }
    assert_in_range(rtt_us, 0, WAIT_MS * 1000);
    assert_true(test.sent_at_ns <= sl_clock_mono_ns());
    sl_buffer_deinit(&reply);
    sl_test_datagram_close(&test);
    assert_int_equal(test.fd, -1);
    sl_test_datagram_close(&test);
}

TEST(a_reply_is_taken)
{
    struct peer four = open_peer(loopback4());
    static uint8_t large[32753];
    memset(large, 'x', sizeof(large));
    ask(&four, "hello", 5);
    ask(&four, "", 0);
    ask(&four, large, sizeof(large));
    close(four.fd);
}

TEST(a_reply_over_ipv6_is_taken)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sl_address where = loopback6();
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&where, &storage);
    bool here = fd >= 0 && bind(fd, (struct sockaddr *)&storage, size) == 0;
    close(fd);
    if (!here)
        skip();
    struct peer six = open_peer(where);
    ask(&six, "hello", 5);
    close(six.fd);
}

TEST(datagram_comes_from_the_port_asked_for)
{
    struct peer peer = open_peer(loopback4()), free_port = open_peer(loopback4());
    uint16_t port = free_port.address.port;
    close(free_port.fd);
    struct sl_test_datagram test;
    struct sl_error error;
    assert_int_equal(sl_test_datagram_send(&test, NULL, &peer.address, port, "x", 1, &error), 0);
    assert_int_equal(test.from.port, port);
    assert_memory_equal(test.from.ip, peer.address.ip, 16);
    answer_doubled(&peer, &test.from);
    sl_test_datagram_close(&test);
    close(peer.fd);
}

TEST(a_port_in_use_is_said_so)
{
    struct peer peer = open_peer(loopback4());
    struct sl_test_datagram test;
    struct sl_error error;
    char expected[128];
    snprintf(expected, sizeof(expected), "cannot send from port %u: the port is in use",
             peer.address.port);
    assert_int_equal(
        sl_test_datagram_send(&test, NULL, &peer.address, peer.address.port, "x", 1, &error),
        -EADDRINUSE);
    assert_string_equal(error.text, expected);
    assert_int_equal(test.fd, -1);
    close(peer.fd);
}

TEST(where_nobody_listens_the_kernel_says_so)
{
    struct peer gone = open_peer(loopback4());
    close(gone.fd);
    struct sl_test_datagram test;
    struct sl_error error;
    struct sl_buffer reply = {0};
    int64_t rtt_us = -1;
    assert_int_equal(sl_test_datagram_send(&test, NULL, &gone.address, 0, "x", 1, &error), 0);
    assert_readable(&test);
    assert_int_equal(sl_test_datagram_receive(&test, &reply, &rtt_us), -ECONNREFUSED);
    assert_int_equal(reply.size, 0);
    assert_int_equal(rtt_us, -1);
    sl_buffer_deinit(&reply);
    sl_test_datagram_close(&test);
}

TEST(oversized_text_is_not_sent)
{
    struct peer peer = open_peer(loopback4());
    static uint8_t bytes[65508];
    char address[SL_ADDRESS_TEXT_SIZE], expected[160];
    sl_address_format(&peer.address, address);
    snprintf(expected, sizeof(expected),
             "cannot send to %s: the datagram is too large for the way there", address);
    struct sl_test_datagram test;
    struct sl_error error;
    assert_int_equal(
        sl_test_datagram_send(&test, NULL, &peer.address, 0, bytes, sizeof(bytes), &error),
        -EMSGSIZE);
    assert_string_equal(error.text, expected);
    assert_int_equal(test.fd, -1);
    close(peer.fd);
}

/* The socket is connected: a stranger's datagram is not the reply. */
TEST(replies_of_other_addresses_are_not_taken)
{
    struct peer peer = open_peer(loopback4()), stranger = open_peer(loopback4());
    struct sl_test_datagram test;
    struct sl_error error;
    struct sl_buffer reply = {0};
    int64_t rtt_us;
    assert_int_equal(sl_test_datagram_send(&test, NULL, &peer.address, 0, "x", 1, &error), 0);
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&test.from, &storage);
    sendto(stranger.fd, "forged", 6, 0, (struct sockaddr *)&storage, size);
    answer_doubled(&peer, &test.from);
    assert_readable(&test);
    assert_int_equal(sl_test_datagram_receive(&test, &reply, &rtt_us), 1);
    assert_took(&reply, "xx");
    assert_int_equal(sl_test_datagram_receive(&test, &reply, &rtt_us), 0);
    sl_buffer_deinit(&reply);
    sl_test_datagram_close(&test);
    close(stranger.fd);
    close(peer.fd);
}
