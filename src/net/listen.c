/* Opening listeners. With several workers each has a socket of its own under SO_REUSEPORT, and the
 * kernel spreads the peers; see socket_open.c. */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socklens/port.h"
#include "socklens/socket_open.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* <linux/udp.h>, since Linux 5.0 */
#endif

#define BACKLOG          4096
#define UDP_BUFFER_BYTES (4 << 20)

/* A dead peer is noticed after about two minutes. TCP_USER_TIMEOUT is not set: it would also cut a
 * living peer that does not read, for instance in a debugger. Unacknowledged data is bounded by
 * tcp_retries2 (tcp(7)). */
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     6

/* Says what failed, and in brackets what to do about it. */
static int listen_set_error(int error, const struct sl_service *service, uint16_t port,
                            const char *where, struct sl_error *out)
{
    char advice[SL_PORT_TEXT_SIZE + 64] = "";
    char why[SL_PORT_TEXT_SIZE] = "another socklens?";

    if (error == -EADDRINUSE && service->stream)
        sl_port_in_use(port, why);
    if (error == -EADDRINUSE)
        snprintf(advice, sizeof(advice), " (%s try --%s=:%u)", why, service->option,
                 service->default_port + 1u);
    else if (error == -EACCES)
        snprintf(advice, sizeof(advice),
                 " (ports below 1024 need CAP_NET_BIND_SERVICE; try --%s=:%u)", service->option,
                 service->default_port);
    else if (error == -EADDRNOTAVAIL)
        snprintf(advice, sizeof(advice),
                 " (this machine has no such address; `ip address` lists them)");
    return sl_error_set(out, error, "cannot listen on %s %s: %s%s", service->stream ? "tcp" : "udp",
                        where, strerror(-error), advice);
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

/* An option that the kernel does not know is left out: none of these changes what is answered. */
static void listen_tune_datagram(int fd, const struct sl_address *address)
{
    if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER_BYTES) != 0)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
    set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
    if (!sl_address_is_wildcard(address))
        return;
    if (address->family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    else
        set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* Connections inherit all of these from their listener (tcp(7)). */
static void listen_tune_stream(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1); /* RFC 6093, section 5 */
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

void sl_listen_tune(int fd, enum sl_transport transport, const struct sl_address *address)
{
    if (transport == SL_UDP)
        listen_tune_datagram(fd, address);
    else if (transport == SL_TCP)
        listen_tune_stream(fd);
}

static int listen_start(int fd)
{
    int error = listen(fd, BACKLOG) == 0 ? 0 : -errno;

    if (error == 0)
        return fd;
    close(fd);
    return error;
}

/* Returns the descriptor, bound, with *address completed by the port the kernel chose. */
static int listen_open(struct sl_address *address, bool stream, enum sl_sharing sharing)
{
    int fd = sl_socket_bind(address, stream ? SOCK_STREAM : SOCK_DGRAM, sharing);

    if (fd < 0)
        return fd;
    sl_listen_tune(fd, stream ? SL_TCP : SL_UDP, address);
    return stream ? listen_start(fd) : fd;
}

int sl_listen_register(struct sl_net *net, const struct sl_service *service,
                       enum sl_transport transport, const struct sl_address *address,
                       const char *name)
{
    struct sl_listener_info info = {
        .service = (uint8_t)service->id, .transport = (uint8_t)transport, .address = *address};

    snprintf(info.name, sizeof(info.name), "%s", name);
    return sl_registry_add_listener(net->registry, &info);
}

struct sl_socket sl_listen_socket(const struct sl_service *service, enum sl_transport transport,
                                  int listener, int fd, const struct sl_address *address)
{
    return (struct sl_socket){
        .kind = SL_SOURCE_SOCKET,
        .transport = (uint8_t)transport,
        .service = (uint8_t)service->id,
        .wildcard = sl_address_is_wildcard(address),
        .segment = transport == SL_UDP,
        .listener = (uint16_t)listener,
        .fd = fd,
        .address = *address,
    };
}

/* The first socket settles the port; its siblings follow. */
static int listen_open_sockets(struct sl_net *net, const struct sl_service *service,
                               struct sl_address *address)
{
    enum sl_transport transport = service->stream ? SL_TCP : SL_UDP;
    struct sl_worker *workers = service->stream ? net->stream : net->udp;
    int listener = (int)sl_registry_listener_count(net->registry);
    enum sl_sharing sharing = net->options.workers > 1 ? SL_SHARES_LATER : SL_SHARES_NOTHING;
    int error = 0;

    for (unsigned i = 0; i < net->options.workers && error == 0; i++) {
        int fd = listen_open(address, service->stream, sharing);
        struct sl_socket socket;

        if (fd < 0)
            return fd;
        sharing = SL_SHARES_WITH_KIN;
        socket = sl_listen_socket(service, transport, listener, fd, address);
        error = sl_worker_add_socket(&workers[i], &socket);
        if (error != 0)
            close(fd);
    }
    return error;
}

void sl_listen_remember_port(struct sl_net *net, const struct sl_address *address)
{
    net->own_udp_ports[address->port / 8] |= (uint8_t)(1u << address->port % 8);
}

int sl_listen_on(struct sl_net *net, const struct sl_service *service, struct sl_address address,
                 struct sl_error *error)
{
    char name[SL_ADDRESS_TEXT_SIZE];
    int result;

    sl_address_format(&address, name);
    result = listen_open_sockets(net, service, &address);
    if (result < 0)
        return listen_set_error(result, service, address.port, name, error);
    sl_address_format(&address, name);
    result = sl_listen_register(net, service, service->stream ? SL_TCP : SL_UDP, &address, name);
    if (result < 0)
        return sl_error_set(error, result, "cannot listen on %s: more than 256 listeners", name);
    if (!service->stream)
        sl_listen_remember_port(net, &address);
    return 0;
}

static int listen_remember_path(struct sl_net *net, const char *path)
{
    char(*paths)[108] = reallocarray(net->unix_paths, net->unix_path_count + 1, sizeof(*paths));

    if (!paths)
        return -ENOMEM;
    net->unix_paths = paths;
    snprintf(paths[net->unix_path_count++], sizeof(*paths), "%s", path);
    return 0;
}

int sl_listen_share(struct sl_net *net, struct sl_socket socket)
{
    int fd = socket.fd;

    socket.shared = true;
    for (unsigned i = 0; i < net->options.workers; i++) {
        int error;

        socket.fd = i == 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (socket.fd < 0)
            return -errno;
        error = sl_worker_add_socket(&net->stream[i], &socket);
        if (error != 0) {
            close(socket.fd);
            return error;
        }
    }
    return 0;
}

int sl_listen_on_unix(struct sl_net *net, const struct sl_service *service,
                      const struct sl_endpoint *endpoint, struct sl_error *error)
{
    struct sl_address address = {.family = AF_UNIX};
    char name[sizeof(endpoint->unix_path) + 8];
    int listener, result;
    int fd;

    snprintf(name, sizeof(name), "unix:%s", endpoint->unix_path);
    if (!service->stream)
        return sl_error_set(error, -EINVAL,
                            "cannot listen on %s: %s is a datagram service; give HOST:PORT", name,
                            service->title);
    fd = sl_socket_bind_unix(endpoint->unix_path);
    if (fd >= 0)
        fd = listen_start(fd);
    if (fd < 0)
        return sl_error_set(error, fd, "cannot listen on %s: %s%s", name, strerror(-fd),
                            fd == -EADDRINUSE ? " (another socklens listens there)" : "");
    listener = sl_listen_register(net, service, SL_UNIX, &address, name);
    result = listener < 0 ? listener : listen_remember_path(net, endpoint->unix_path);
    if (result == 0)
        result = sl_listen_share(net, sl_listen_socket(service, SL_UNIX, listener, fd, &address));
    else
        close(fd);
    return result == 0
               ? 0
               : sl_error_set(error, result, "cannot listen on %s: %s", name, strerror(-result));
}
