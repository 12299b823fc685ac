/* Opens the web server's sockets, TCP and Unix, or takes those of another process. */
#include "httpd/http_listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socklens/port.h"
#include "socklens/socket_open.h"

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

/* Closes `fd`, a bound socket or a negative errno, where it cannot listen. */
static int start(struct sl_httpd *httpd, struct sl_httpd_listener *listener, int fd,
                 struct sl_error *error)
{
    int code = fd < 0 ? fd : listen(fd, BACKLOG) == 0 ? 0 : -errno;

    listener->fd = fd;
    if (code < 0) {
        sl_listen_close(listener);
        return fail(error, listener->name, listener->address.port, code);
    }
    if (listener->address.family != AF_UNIX)
        sl_hosts_add_address(&httpd->hosts, &listener->address);
    httpd->listener_count++;
    return 0;
}

static int listen_tcp(struct sl_httpd *httpd, const struct sl_address *address,
                      struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    int fd;

    if (!listener)
        return too_many(error);
    listener->address = *address;
    fd = sl_socket_bind(&listener->address, SOCK_STREAM, SL_SHARES_NOTHING);
    sl_address_format(&listener->address, listener->name);
    return start(httpd, listener, fd, error);
}

static int listen_unix(struct sl_httpd *httpd, const char *path, struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    int fd;

    if (!listener)
        return too_many(error);
    listener->address.family = AF_UNIX;
    snprintf(listener->name, sizeof(listener->name), "unix:%s", path);
    fd = sl_socket_bind_unix(path);
    if (fd >= 0)
        snprintf(listener->unix_path, sizeof(listener->unix_path), "%s", path);
    return start(httpd, listener, fd, error);
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

int sl_listen_adopt(struct sl_httpd *httpd, int fd, struct sl_error *error)
{
    struct sl_httpd_listener *listener = next_listener(httpd);
    const char *fault = NULL;

    if (listener)
        fault = sl_socket_adopt(fd, SOCK_STREAM, &listener->address, listener->name,
                                sizeof(listener->name));
    if (!listener || fault) {
        close(fd);
        return listener
                   ? sl_error_set(error, -EINVAL,
                                  "cannot serve http on inherited descriptor %d: %s", fd, fault)
                   : too_many(error);
    }
    listener->fd = fd;
    if (listener->address.family != AF_UNIX)
        sl_hosts_add_address(&httpd->hosts, &listener->address);
    httpd->listener_count++;
    return 0;
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
