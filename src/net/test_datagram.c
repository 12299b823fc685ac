/* Test datagrams are sent from a socket of their own, connected where possible: then the kernel
 * drops what others send to it, and reports an ICMP error as the next call's errno. Nothing here
 * blocks; the caller waits for `fd` in its own loop. */
#include "socklens/test_datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socklens/clock.h"

#define DATAGRAM_MAX 65535u

static int test_bind(int fd, uint16_t family, uint16_t port)
{
    struct sl_address any = {.family = family, .port = port};
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&any, &storage);

    return bind(fd, (struct sockaddr *)&storage, size) == 0 ? 0 : -errno;
}

static struct sl_address local_address(int fd)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);

    if (getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
        return SL_ADDRESS_NONE;
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

/* Each errno that bind(2), connect(2), send(2) and an ICMP message can give, as what is the matter.
 */
static const struct {
    int code;
    const char *words;
} faults[] = {
    {EPERM, "a firewall of this machine refuses it"},
    {EACCES, "a route of this machine prohibits it"},
    {EINVAL, "a route of this machine discards it, or the source address cannot reach it"},
    {ENETUNREACH, "there is no route to it"},
    {EHOSTUNREACH, "the host cannot be reached"},
    {EHOSTDOWN, "the host does not answer on its network"},
    {ENETDOWN, "the interface to it is down"},
    {ENODEV, "there is no such interface"},
    {ENXIO, "there is no such interface"},
    {EADDRNOTAVAIL, "this machine has no address that reaches it"},
    {EMSGSIZE, "the datagram is too large for the way there"},
    {ECONNREFUSED, "nobody listens there"},
    {EPROTO, "the host or a router refuses the protocol"},
    {ENOPROTOOPT, "the host does not speak UDP"},
    {EOPNOTSUPP, "the host or a router does not support it"},
    {EAGAIN, "the send buffer is full"},
    {ENOBUFS, "the queue of the interface is full"},
    {ENOMEM, "out of memory"},
    {EMFILE, "out of file descriptors"},
    {ENFILE, "the machine is out of file descriptors"},
    {EAFNOSUPPORT, "this machine does not speak that version of IP"},
};

const char *sl_test_datagram_error_text(enum sl_test_datagram_step step, int code)
{
    if (step == SL_TEST_DATAGRAM_BIND && code == -EACCES)
        return "ports that low are for privileged programs";
    if (step == SL_TEST_DATAGRAM_BIND && code == -EADDRINUSE)
        return "the port is in use";
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        if (faults[i].code == -code)
            return faults[i].words;
    }
    return strerror(-code);
}

static int connect_to(int fd, const struct sl_address *to)
{
    struct sockaddr_storage storage;
    socklen_t length = sl_address_to_sockaddr(to, &storage);

    return connect(fd, (struct sockaddr *)&storage, length) == 0 ? 0 : -errno;
}

static void test_announce(struct sl_test_datagram *test, struct sl_registry *registry)
{
    if (registry)
        sl_registry_expect_test(registry, &test->from);
    test->sent_at_ns = sl_clock_mono_ns();
}

/* A connected socket would drop the replies: they come from the hosts' own addresses. A second one
 * is connected to learn from which address the first sends. */
static int test_broadcast(struct sl_test_datagram *test, struct sl_registry *registry,
                          const void *bytes, size_t size)
{
    struct sockaddr_storage storage;
    socklen_t length = sl_address_to_sockaddr(&test->to, &storage);
    int yes = 1, code, fd = socket(test->to.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint16_t port = local_address(test->fd).port;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes));
    code = connect_to(fd, &test->to);
    test->from = local_address(fd);
    test->from.port = port;
    close(fd);
    if (code < 0)
        return code;
    if (setsockopt(test->fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) != 0)
        return -errno;
    test_announce(test, registry);
    return sendto(test->fd, bytes, size, 0, (struct sockaddr *)&storage, length) >= 0 ? 0 : -errno;
}

static int test_connect_and_send(struct sl_test_datagram *test, struct sl_registry *registry,
                                 const void *bytes, size_t size)
{
    int code = connect_to(test->fd, &test->to);

    if (code == -EACCES) /* a broadcast address: connect(2) wants SO_BROADCAST */
        return test_broadcast(test, registry, bytes, size);
    if (code < 0)
        return code;
    test->from = local_address(test->fd);
    test_announce(test, registry);
    return send(test->fd, bytes, size, 0) >= 0 ? 0 : -errno;
}

int sl_test_datagram_send(struct sl_test_datagram *test, struct sl_registry *registry,
                          const struct sl_address *to, uint16_t from_port, const void *bytes,
                          size_t size, struct sl_error *error)
{
    char text[SL_ADDRESS_TEXT_SIZE];
    int result;

    *test = (struct sl_test_datagram){.to = *to};
    test->fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (test->fd < 0)
        return sl_error_set(error, -errno, "cannot open a UDP socket: %s",
                            sl_test_datagram_error_text(SL_TEST_DATAGRAM_OPEN, -errno));
    test->step = SL_TEST_DATAGRAM_BIND;
    result = test_bind(test->fd, to->family, from_port);
    if (result != 0) {
        sl_error_set(error, result, "cannot send from port %u: %s", from_port,
                     sl_test_datagram_error_text(test->step, result));
    } else {
        test->step = SL_TEST_DATAGRAM_SEND;
        result = test_connect_and_send(test, registry, bytes, size);
        if (result != 0) {
            sl_address_format(to, text);
            sl_error_set(error, result, "cannot send to %s: %s", text,
                         sl_test_datagram_error_text(test->step, result));
        }
    }
    if (result != 0)
        sl_test_datagram_close(test);
    return result;
}

int sl_test_datagram_receive(struct sl_test_datagram *test, struct sl_buffer *reply,
                             int64_t *rtt_us)
{
    uint8_t *room = sl_buffer_reserve(reply, DATAGRAM_MAX);
    struct sockaddr_storage from = {0};
    socklen_t length = sizeof(from);
    ssize_t size;

    if (!room)
        return -ENOMEM;
    size = recvfrom(test->fd, room, DATAGRAM_MAX, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *rtt_us = (sl_clock_mono_ns() - test->sent_at_ns) / SL_NS_PER_US;
    test->reply_from = sl_address_from_sockaddr((struct sockaddr *)&from, length);
    reply->size += (size_t)size;
    return 1;
}

void sl_test_datagram_close(struct sl_test_datagram *test)
{
    if (test->fd >= 0)
        close(test->fd);
    test->fd = -1;
}
