#include "httpd/http_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "socklens/port.h"

#define BACKLOG 1024

static int fail(struct sl_error *error, const char *name, uint16_t port, int code)
{
    char why[SL_PORT_TEXT_SIZE];

    if (code != -EADDRINUSE)
        return sl_error_set(error, code, "cannot listen on http %s: %s", name, strerror(-code));
    sl_port_in_use(port, why);
    return sl_error_set(error, code, "cannot listen on http %s: %s (%s try --http=:8081)", name,
                        strerror(-code), why);
}

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t size)
{
    return bind(fd, address, size) < 0 || listen(fd, BACKLOG) < 0 ? -errno : 0;
}

static struct sl_httpd_listener *next_listener(struct sl_httpd *httpd)
{
    struct sl_httpd_listener *listener = &httpd->listeners[httpd->listener_count];

    if (httpd->listener_count == SL_HTTP_LISTENERS_MAX)
        return NULL;
    *listener = (struct sl_httpd_listener){.httpd = httpd, .fd = -1};
    return listener;
}

static int too_many(struct sl_error *error)
{
    return sl_error_set(error, -ENOSPC, "more than %d addresses for --http", SL_HTTP_LISTENERS_MAX);
}

/* --- TCP --- */

static int open_tcp(struct sl_httpd_listener *listener)
{
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&listener->address, &storage);
    int one = 1, code;

    listener->fd =
        socket(listener->address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (listener->fd < 0)
        return -errno;
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (listener->address.family == AF_INET6)
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    code = bind_and_listen(listener->fd, (struct sockaddr *)&storage, size);
    if (code < 0)
        return code;
    size = sizeof(storage);
    if (getsockname(listener->fd, (struct sockaddr *)&storage, &size) < 0)
        return -errno;
    listener->address = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    return 0;
}

static int listen_tcp(struct sl_httpd *httpd, const struct sl_address *address,
                      struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    int code;

    if (!listener)
        return too_many(error);
    listener->address = *address;
    code = open_tcp(listener);
    sl_address_format(&listener->address, listener->name);
    if (code < 0) {
        sl_listen_close(listener);
        return fail(error, listener->name, listener->address.port, code);
    }
    sl_hosts_add_address(&httpd->hosts, &listener->address);
    httpd->listener_count++;
    return 0;
}

/* --- Unix --- */

/* A path that a program left behind when it ended in disorder: nobody accepts there. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    int fd, code;

    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    code = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    return code == ECONNREFUSED;
}

static int open_unix(struct sl_httpd_listener *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int code;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return -errno;
    if (is_stale(&address))
        unlink(path);
    code = bind_and_listen(listener->fd, (struct sockaddr *)&address, sizeof(address));
    if (code == 0)
        snprintf(listener->unix_path, sizeof(listener->unix_path), "%s", path);
    return code;
}

static int listen_unix(struct sl_httpd *httpd, const char *path, struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    int code;

    if (!listener)
        return too_many(error);
    listener->address.family = AF_UNIX;
    snprintf(listener->name, sizeof(listener->name), "unix:%s", path);
    code = open_unix(listener, path);
    if (code < 0) {
        sl_listen_close(listener);
        return fail(error, listener->name, listener->address.port, code);
    }
    httpd->listener_count++;
    return 0;
}

int sl_listen(struct sl_httpd *httpd, const struct sl_endpoint *endpoint, struct sl_error *error)
{
    struct sl_address addresses[SL_HTTP_LISTENERS_MAX];
    int count;

    if (*endpoint->unix_path)
        return listen_unix(httpd, endpoint->unix_path, error);
    count = sl_endpoint_resolve(endpoint->host, endpoint->port, SOCK_STREAM, addresses,
                                SL_HTTP_LISTENERS_MAX, error);
    if (count < 0)
        sl_error_prefix(error, "http");
    for (int i = 0; i < count; i++) {
        int code = listen_tcp(httpd, &addresses[i], error);

        if (code < 0)
            return code;
    }
    return count < 0 ? count : 0;
}

/* --- from another process --- */

static bool is_listening(int fd)
{
    int type = 0, listens = 0;
    socklen_t size = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

static int look_up(struct sl_httpd_listener *listener)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr_un un;
    } where = {0};
    socklen_t size = sizeof(where);

    if (getsockname(listener->fd, (struct sockaddr *)&where, &size) < 0)
        return -errno;
    listener->address.family = AF_UNIX;
    if (where.storage.ss_family != AF_UNIX) {
        listener->address = sl_address_from_sockaddr((struct sockaddr *)&where, size);
        sl_address_format(&listener->address, listener->name);
        return 0;
    }
    snprintf(listener->name, sizeof(listener->name), "unix:%.107s", where.un.sun_path);
    return 0;
}

static int adopt(struct sl_httpd *httpd, struct sl_httpd_listener *listener)
{
    int flags = fcntl(listener->fd, F_GETFL);
    int code = look_up(listener);

    if (code < 0)
        return code;
    if (fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(listener->fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    if (listener->address.family != AF_UNIX)
        sl_hosts_add_address(&httpd->hosts, &listener->address);
    httpd->listener_count++;
    return 0;
}

int sl_listen_adopt(struct sl_httpd *httpd, int fd, struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    const char *fault = "it is not a stream socket that listens";
    int code = -EINVAL;

    if (listener && is_listening(fd)) {
        listener->fd = fd;
        code = adopt(httpd, listener);
        fault = strerror(-code);
    }
    if (code == 0)
        return 0;
    close(fd);
    return listener ? sl_error_set(error, code, "cannot serve http on inherited descriptor %d: %s",
                                   fd, fault)
                    : too_many(error);
}

void sl_listen_close(struct sl_httpd_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    if (*listener->unix_path)
        unlink(listener->unix_path);
    listener->unix_path[0] = '\0';
}
