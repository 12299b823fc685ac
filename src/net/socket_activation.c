/* Sockets that another process has opened and handed over (systemd's socket activation).
 *
 * The other process keeps a socket open while this one is stopped and started again, so that no
 * peer is refused in between. Hence no siblings under SO_REUSEPORT here, whose backlogs would end
 * with this process: stream workers share the one socket. A UDP socket belongs to one worker,
 * because a client belongs to one worker. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listen.h"
#include "socklens/socket_open.h"

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
static int inherited_add(struct sl_net *net, const struct sl_service *service, int fd,
                         const struct sl_address *address, const char *name)
{
    enum sl_transport transport = address->family == AF_UNIX ? SL_UNIX
                                  : service->stream          ? SL_TCP
                                                             : SL_UDP;
    int listener = sl_listen_register(net, service, transport, address, name);
    struct sl_socket socket;

    if (listener < 0) {
        close(fd);
        return listener;
    }
    sl_listen_tune(fd, transport, address);
    socket = sl_listen_socket(service, transport, listener, fd, address);
    socket.inherited = true;
    return service->stream ? sl_listen_share(net, socket) : inherited_add_datagram(net, &socket);
}

int sl_net_adopt(struct sl_net *net, enum sl_service_id id, int fd, struct sl_error *error)
{
    const struct sl_service *service = sl_service_get(id);
    struct sl_address address;
    char name[128];
    const char *fault = sl_socket_adopt(fd, service->stream ? SOCK_STREAM : SOCK_DGRAM, &address,
                                        name, sizeof(name));
    int result;

    if (fault) {
        close(fd);
        return sl_error_set(error, -EINVAL, "cannot serve %s on inherited descriptor %d: %s",
                            service->key, fd, fault);
    }
    result = inherited_add(net, service, fd, &address, name);
    return result >= 0
               ? 0
               : sl_error_set(error, result, "cannot serve %s on inherited descriptor %d: %s",
                              service->key, fd, strerror(-result));
}
