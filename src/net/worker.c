/* What workers of both kinds have: sockets, an epoll, and commands from other threads.
 *
 * A command is left under the worker's lock and the worker is woken through an eventfd; it takes
 * the command in its own thread. So sockets and connections have one owner and need no lock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/net.h"

int sl_worker_init(struct sl_worker *worker, struct sl_net *net, size_t shard)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = worker};

    *worker = (struct sl_worker){.kind = SL_SOURCE_WAKE, .net = net, .options = net->options};
    snprintf(worker->name, sizeof(worker->name), "%s worker %u", shard % 2 == 0 ? "UDP" : "TCP",
             (uint8_t)(shard / 2 + 1));
    worker->shard = sl_registry_shard(net->registry, shard);
    pthread_mutex_init(&worker->lock, NULL);
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->epoll_fd < 0 || worker->wake_fd < 0 ||
        epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->wake_fd, &event) != 0)
        return -errno;
    return 0;
}

void sl_worker_deinit(struct sl_worker *worker)
{
    if (!worker->net) /* never initialised */
        return;
    for (size_t i = 0; i < worker->socket_count; i++) {
        if (worker->sockets[i].fd >= 0)
            close(worker->sockets[i].fd);
    }
    free(worker->sockets);
    free(worker->disconnect);
    if (worker->epoll_fd >= 0)
        close(worker->epoll_fd);
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    pthread_mutex_destroy(&worker->lock);
}

int sl_worker_add_socket(struct sl_worker *worker, const struct sl_socket *socket)
{
    struct sl_socket *sockets =
        reallocarray(worker->sockets, worker->socket_count + 1, sizeof(*sockets));

    if (!sockets)
        return -ENOMEM;
    worker->sockets = sockets;
    sockets[worker->socket_count++] = *socket;
    return 0;
}

static int worker_watch_sockets(struct sl_worker *worker)
{
    for (size_t i = 0; i < worker->socket_count; i++) {
        struct sl_socket *socket = &worker->sockets[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};

        /* A connection wakes one worker, not all. */
        if (socket->shared && worker->net->options.workers > 1)
            event.events |= EPOLLEXCLUSIVE;
        if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, socket->fd, &event) != 0)
            return -errno;
    }
    return 0;
}

int sl_worker_start(struct sl_worker *worker, void *(*run)(void *))
{
    int error = worker_watch_sockets(worker);

    if (error == 0)
        error = -pthread_create(&worker->thread, NULL, run, worker);
    worker->running = error == 0;
    if (worker->running)
        pthread_setname_np(worker->thread, worker->name);
    return error;
}

void sl_worker_wake(struct sl_worker *worker)
{
    eventfd_write(worker->wake_fd, 1);
}

void sl_worker_disconnect(struct sl_worker *worker, uint64_t id)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->disconnect_count == worker->disconnect_capacity) {
        size_t capacity = worker->disconnect_capacity ? worker->disconnect_capacity * 2 : 16;
        uint64_t *ids = reallocarray(worker->disconnect, capacity, sizeof(*ids));

        if (ids) {
            worker->disconnect = ids;
            worker->disconnect_capacity = capacity;
        }
    }
    if (worker->disconnect_count < worker->disconnect_capacity)
        worker->disconnect[worker->disconnect_count++] = id;
    pthread_mutex_unlock(&worker->lock);
    sl_worker_wake(worker);
}

void sl_worker_take_options(struct sl_worker *worker)
{
    pthread_mutex_lock(&worker->net->options_lock);
    worker->options = worker->net->options;
    pthread_mutex_unlock(&worker->net->options_lock);
}

uint64_t sl_worker_take_disconnect(struct sl_worker *worker)
{
    uint64_t id = 0;

    pthread_mutex_lock(&worker->lock);
    if (worker->disconnect_count > 0)
        id = worker->disconnect[--worker->disconnect_count];
    pthread_mutex_unlock(&worker->lock);
    return id;
}

/* What the records that a client appeared and that it closed have in common. */
static struct sl_event client_event(enum sl_record_kind kind, const struct sl_client *client,
                                    uint8_t service, int64_t now_ns)
{
    return (struct sl_event){
        .kind = (uint8_t)kind,
        .exchange =
            {
                .service = service,
                .listener = sl_client_listener(client),
                .client = sl_client_id(client),
                .peer = *sl_client_peer(client),
                .local = *sl_client_local(client),
                .received_at_ns = now_ns,
            },
    };
}

struct sl_event sl_event_opened(const struct sl_client *client, uint8_t service, int64_t now_ns)
{
    return client_event(SL_RECORD_OPENED, client, service, now_ns);
}

void sl_worker_close_client(struct sl_worker *worker, struct sl_client *client,
                            enum sl_closed_by by, enum sl_close_reason reason)
{
    struct sl_time now = sl_time_now();
    uint16_t listener = sl_client_listener(client);
    uint8_t service = sl_registry_listener(worker->net->registry, listener)->service;
    struct sl_event event = client_event(SL_RECORD_CLOSED, client, service, now.wall_ns);
    struct sl_closing closing;

    sl_shard_lock(worker->shard);
    sl_shard_close(worker->shard, client, by, reason, &now, &closing);
    sl_shard_unlock(worker->shard);
    event.received = (const uint8_t *)&closing;
    event.exchange.received_stored = sizeof(closing);
    event.exchange.received_size = sizeof(closing);
    sl_journal_append(worker->net->journal, &event, 1);
}
