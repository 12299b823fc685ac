#include "socklens/probe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socklens/clock.h"

#define DATAGRAM_MAX 65535u

static int bind_to_port(int fd, uint16_t family, uint16_t port)
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

static int connect_and_send(struct sl_probe *probe, const void *bytes, size_t size)
{
    struct sockaddr_storage storage;
    socklen_t length = sl_address_to_sockaddr(&probe->to, &storage);

    if (connect(probe->fd, (struct sockaddr *)&storage, length) != 0)
        return -errno;
    probe->from = local_address(probe->fd);
    probe->sent_at_ns = sl_clock_mono_ns();
    return send(probe->fd, bytes, size, 0) >= 0 ? 0 : -errno;
}

int sl_probe_send(struct sl_probe *probe, const struct sl_address *to, uint16_t from_port,
                  const void *bytes, size_t size, struct sl_error *error)
{
    char text[SL_ADDRESS_TEXT_SIZE];
    int result;

    *probe = (struct sl_probe){.to = *to};
    probe->fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe->fd < 0)
        return sl_error_set(error, -errno, "cannot open a UDP socket: %s", strerror(errno));
    result = bind_to_port(probe->fd, to->family, from_port);
    if (result != 0) {
        sl_error_set(error, result, "cannot send from port %u: %s", from_port, strerror(-result));
    } else {
        result = connect_and_send(probe, bytes, size);
        if (result != 0) {
            sl_address_format(to, text);
            sl_error_set(error, result, "cannot send to %s: %s", text, strerror(-result));
        }
    }
    if (result != 0)
        sl_probe_close(probe);
    return result;
}

int sl_probe_receive(struct sl_probe *probe, struct sl_buffer *reply, int64_t *rtt_us)
{
    uint8_t *room = sl_buffer_reserve(reply, DATAGRAM_MAX);
    ssize_t size;

    if (!room)
        return -ENOMEM;
    size = recv(probe->fd, room, DATAGRAM_MAX, MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *rtt_us = (sl_clock_mono_ns() - probe->sent_at_ns) / SL_NS_PER_US;
    reply->size += (size_t)size;
    return 1;
}

void sl_probe_close(struct sl_probe *probe)
{
    if (probe->fd >= 0)
        close(probe->fd);
    probe->fd = -1;
}
