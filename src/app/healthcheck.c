#include "app/healthcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const struct timeval timeout = {.tv_sec = 3};

static int connect_unix(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int connect_tcp(int fd, const struct sl_address *address)
{
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(address, &storage);

    return connect(fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

/* The status line's "HTTP/1.1 200 " in one piece: nothing sends it in two. */
static int ask(int fd)
{
    static const char request[] =
        "GET /healthz HTTP/1.1\r\n"
        "Host: localhost\r\n"
        "Connection: close\r\n"
        "\r\n";
    char reply[64] = "";

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
        recv(fd, reply, sizeof(reply) - 1, 0) < 0)
        return -errno;
    return strncmp(reply, "HTTP/1.1 200 ", 13) == 0 ? 0 : -EPROTO;
}

/* Linux takes 0.0.0.0 and [::] as "this machine" when it connects. */
static int connect_and_ask(const struct sl_endpoint *endpoint, const struct sl_address *address)
{
    int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    code = *endpoint->unix_path ? connect_unix(fd, endpoint->unix_path) : connect_tcp(fd, address);
    if (code == 0)
        code = ask(fd);
    close(fd);
    return code;
}

int sl_healthcheck(const struct sl_config *config, struct sl_error *error)
{
    const struct sl_endpoint *endpoint = config->http.items;
    struct sl_address address = {.family = AF_UNIX};
    int code;

    if (config->http.count == 0)
        return sl_error_set(error, -ENOTCONN, "no health check without --http");
    if (!*endpoint->unix_path) {
        code = sl_endpoint_resolve(endpoint->host, endpoint->port, SOCK_STREAM, &address, 1, error);
        if (code < 0)
            return code;
    }
    code = connect_and_ask(endpoint, &address);
    if (code == 0)
        return 0;
    if (*endpoint->unix_path)
        return sl_error_set(error, code, "no healthy gateway at unix:%s: %s", endpoint->unix_path,
                            strerror(-code));
    return sl_error_set(error, code, "no healthy gateway at %s port %u: %s", endpoint->host,
                        endpoint->port, strerror(-code));
}
