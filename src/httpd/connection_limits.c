/* The list of open connections, with their number and deadlines under one lock. */
#include "httpd/connection_limits.h"

#include <stdlib.h>
#include <sys/socket.h>

void sl_connections_init(struct sl_connections *connections, size_t max, size_t per_address_max)
{
    *connections = (struct sl_connections){.max = max, .per_address_max = per_address_max};
    pthread_mutex_init(&connections->lock, NULL);
}

void sl_connections_deinit(struct sl_connections *connections)
{
    pthread_mutex_destroy(&connections->lock);
}

static struct sl_address name_of(int fd, int (*ask)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);

    if (ask(fd, (struct sockaddr *)&storage, &size) < 0)
        return SL_ADDRESS_NONE;
    return sl_address_from_sockaddr((struct sockaddr *)&storage, size);
}

static int peer_name(int fd, struct sockaddr *address, socklen_t *size)
{
    return getpeername(fd, address, size);
}

static int own_name(int fd, struct sockaddr *address, socklen_t *size)
{
    return getsockname(fd, address, size);
}

static bool is_own(const struct sl_address *peer)
{
    return (peer->family != AF_INET && peer->family != AF_INET6) || sl_address_is_loopback(peer);
}

static struct sl_http_connection *connection_of(struct sl_link *link)
{
    return SL_LINKED(link, struct sl_http_connection, link);
}

/* Goes through all of them: microseconds for a thousand, once a connection. Under the lock. */
static enum sl_connections_over find_over(struct sl_connections *connections,
                                          const struct sl_http_connection *added)
{
    size_t all = 0, same = 0;

    for (struct sl_link *link = connections->all.first; link; link = link->next) {
        const struct sl_http_connection *other = connection_of(link);

        if (other->over)
            continue;
        all++;
        same += sl_address_equal(&other->limit_key, &added->limit_key);
    }
    if (all >= connections->max)
        return SL_OVER_ALL;
    return same >= connections->per_address_max && !is_own(&added->peer) ? SL_OVER_ADDRESS
                                                                         : SL_NOT_OVER;
}

struct sl_http_connection *sl_connections_add(struct sl_connections *connections, int fd,
                                              int64_t deadline_ns)
{
    struct sl_http_connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->fd = fd;
    connection->deadline_ns = deadline_ns;
    connection->peer = name_of(fd, peer_name);
    connection->limit_key = sl_address_limit_key(&connection->peer);
    connection->local = name_of(fd, own_name);
    pthread_mutex_lock(&connections->lock);
    connection->over = find_over(connections, connection);
    sl_list_append(&connections->all, &connection->link);
    pthread_mutex_unlock(&connections->lock);
    atomic_fetch_add(&connections->count, 1);
    if (connection->over)
        atomic_fetch_add(&connections->rejected, 1);
    return connection;
}

void sl_connections_remove(struct sl_connections *connections,
                           struct sl_http_connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    sl_list_remove(&connections->all, &connection->link);
    pthread_mutex_unlock(&connections->lock);
    atomic_fetch_sub(&connections->count, 1);
    free(connection->target);
    free(connection);
}

void sl_connections_expect(struct sl_connections *connections,
                           struct sl_http_connection *connection, int64_t deadline_ns)
{
    pthread_mutex_lock(&connections->lock);
    connection->deadline_ns = deadline_ns;
    pthread_mutex_unlock(&connections->lock);
}

int64_t sl_connections_sweep(struct sl_connections *connections, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;

    pthread_mutex_lock(&connections->lock);
    for (struct sl_link *link = connections->all.first; link; link = link->next) {
        struct sl_http_connection *connection = connection_of(link);

        if (connection->deadline_ns == 0)
            continue;
        if (connection->deadline_ns <= now_ns) {
            shutdown(connection->fd, SHUT_RDWR);
            connection->deadline_ns = 0;
        } else if (connection->deadline_ns < next_ns) {
            next_ns = connection->deadline_ns;
        }
    }
    pthread_mutex_unlock(&connections->lock);
    return next_ns;
}
