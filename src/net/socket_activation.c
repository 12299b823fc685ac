/* Sockets that another process has opened and handed over (systemd's socket activation).
 *
 * The other process keeps a socket open while this one is stopped and started again, so that no
 * peer is refused in between. Hence no siblings under SO_REUSEPORT here, whose backlogs would end
 * with this process: stream workers share the one socket. A UDP socket belongs to one worker,
 * because a client belongs to one worker. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/listen.h"

static int inherited_option(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/* Why a socket cannot serve; NULL where it can. */
static const char *inherited_find_fault(int fd, const struct sl_service *service)
{
    int family = inherited_option(fd, SO_DOMAIN);
    int type = inherited_option(fd, SO_TYPE);

    if (type < 0)
        return "it is not a socket";
    if (!service->stream && (type != SOCK_DGRAM || (family != AF_INET && family != AF_INET6)))
        return "it is not a UDP socket";
    if (service->stream &&
        (type != SOCK_STREAM || (family != AF_INET && family != AF_INET6 && family != AF_UNIX)))
        return "it is neither a TCP nor a Unix stream socket";
    if (service->stream && inherited_option(fd, SO_ACCEPTCONN) != 1)
        return "it does not listen";
    return NULL;
}

/* Where it is bound, and that as the registry names it. */
static int inherited_look_up(int fd, struct sl_address *address, char *name, size_t name_size)
{
    struct sockaddr_storage storage = {0};
    const struct sockaddr_un *path = (const struct sockaddr_un *)&storage;
    size_t before_path = offsetof(struct sockaddr_un, sun_path);
    socklen_t size = sizeof(storage);
    char text[SL_ADDRESS_TEXT_SIZE];

    if (getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
        return -errno;
    if (storage.ss_family == AF_UNIX) {
        *address = (struct sl_address){.family = AF_UNIX};
        snprintf(name, name_size, "unix:%.*s",
                 size > before_path ? (int)strnlen(path->sun_path, size - before_path) : 0,
                 path->sun_path);
        return 0;
    }
    *address = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    sl_address_format(address, text);
    snprintf(name, name_size, "%s", text);
    return address->port == 0 ? -EINVAL : 0;
}

static int inherited_set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int inherited_add_datagram(struct sl_net *net, const struct sl_socket *socket)
{
    struct sl_worker *worker = &net->udp[socket->listener % net->options.workers];
    int error = sl_worker_add_socket(worker, socket);

    if (error != 0)
        close(socket->fd);
    else
        sl_listen_remember_port(net, &socket->address);
    return error;
}

/* Closes `fd` where it fails. */
static int inherited_add(struct sl_net *net, const struct sl_service *service, int fd)
{
    struct sl_address address;
    enum sl_transport transport;
    char name[128];
    int result = inherited_look_up(fd, &address, name, sizeof(name));
    struct sl_socket socket;
    int listener;

    if (result == 0)
        result = inherited_set_flags(fd);
    if (result != 0) {
        close(fd);
        return result;
    }
    transport = address.family == AF_UNIX ? SL_UNIX : service->stream ? SL_TCP : SL_UDP;
    sl_listen_tune(fd, transport, &address);
    listener = sl_listen_register(net, service, transport, &address, name);
    if (listener < 0) {
        close(fd);
        return listener;
    }
    socket = sl_listen_socket(service, transport, listener, fd, &address);
    socket.inherited = true;
    return service->stream ? sl_listen_share(net, socket) : inherited_add_datagram(net, &socket);
}

int sl_net_adopt(struct sl_net *net, enum sl_service_id id, int fd, struct sl_error *error)
{
    const struct sl_service *service = sl_service_get(id);
    const char *fault = inherited_find_fault(fd, service);
    int result;

    if (fault) {
        close(fd);
        return sl_error_set(error, -EINVAL, "cannot serve %s on inherited descriptor %d: %s",
                            service->key, fd, fault);
    }
    result = inherited_add(net, service, fd);
    return result >= 0
               ? 0
               : sl_error_set(error, result, "cannot serve %s on inherited descriptor %d: %s",
                              service->key, fd, strerror(-result));
}
