/* One way to open a socket for listening, taken over from another process or not.
 *
 * Several sockets on one port need SO_REUSEPORT, which would also let another process of the same
 * user take half of the traffic unnoticed, or let the kernel choose a port that another such socket
 * has. So the first is bound without it, which fails where the address is in use, and gets it
 * afterwards: then its siblings may join. */
#include "socklens/socket_open.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_set(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on)) == 0 ? 0 : -errno;
}

/* -1 where it has no such option. */
static int socket_get(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static int socket_bind(int fd, struct sl_address *address, int type, enum sl_sharing sharing)
{
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(address, &storage);

    if (type == SOCK_STREAM && socket_set(fd, SOL_SOCKET, SO_REUSEADDR) != 0)
        return -errno;
    if (sharing == SL_SHARES_WITH_KIN && socket_set(fd, SOL_SOCKET, SO_REUSEPORT) != 0)
        return -errno;
    if (address->family == AF_INET6)
        socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (bind(fd, (struct sockaddr *)&storage, size) != 0)
        return -errno;
    if (sharing == SL_SHARES_LATER && socket_set(fd, SOL_SOCKET, SO_REUSEPORT) != 0)
        return -errno;
    size = sizeof(storage);
    if (getsockname(fd, (struct sockaddr *)&storage, &size) != 0)
        return -errno;
    *address = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    return 0;
}

int sl_socket_bind(struct sl_address *address, int type, enum sl_sharing sharing)
{
    int fd = socket(address->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? -errno : socket_bind(fd, address, type, sharing);

    if (fd >= 0 && error < 0)
        close(fd);
    return error < 0 ? error : fd;
}

/* Removes a socket file that nobody listens on. */
static void socket_remove_stale(const struct sockaddr_un *where)
{
    struct stat status;
    int fd;

    if (lstat(where->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)where, sizeof(*where)) != 0 && errno == ECONNREFUSED)
        unlink(where->sun_path);
    close(fd);
}

int sl_socket_bind_unix(const char *path)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return -errno;
    snprintf(where.sun_path, sizeof(where.sun_path), "%s", path);
    socket_remove_stale(&where);
    if (bind(fd, (struct sockaddr *)&where, sizeof(where)) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

/* Why a socket cannot serve; NULL where it can. */
static const char *socket_find_fault(int fd, int wanted)
{
    int family = socket_get(fd, SO_DOMAIN), type = socket_get(fd, SO_TYPE);
    bool ip = family == AF_INET || family == AF_INET6;

    if (type < 0)
        return "it is not a socket";
    if (wanted == SOCK_DGRAM)
        return type == SOCK_DGRAM && ip ? NULL : "it is not a UDP socket";
    if (type != SOCK_STREAM || (!ip && family != AF_UNIX))
        return "it is neither a TCP nor a Unix stream socket";
    return socket_get(fd, SO_ACCEPTCONN) == 1 ? NULL : "it does not listen";
}

static int socket_look_up(int fd, struct sl_address *address, char *name, size_t name_size)
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

const char *sl_socket_adopt(int fd, int type, struct sl_address *address, char *name, size_t size)
{
    const char *fault = socket_find_fault(fd, type);
    int flags = fcntl(fd, F_GETFL);
    int error;

    if (fault)
        return fault;
    error = socket_look_up(fd, address, name, size);
    if (error == 0 &&
        (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0))
        error = -errno;
    return error == 0 ? NULL : strerror(-error);
}

int sl_socket_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sl_socket_accept_by_spare(int listen_fd, int *spare_fd)
{
    int fd;

    if (*spare_fd < 0)
        return -EMFILE;
    close(*spare_fd);
    *spare_fd = -1;
    fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}
