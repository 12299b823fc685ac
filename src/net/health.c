/* Health probes on their way past limits, registry and journal: see socklens/health.h.
 *
 * They come through the listeners' own sockets and are answered by the worker's thread and the
 * service's own function, so that a worker which hangs, or a socket that nobody reads, shows. */
#include "net/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/udp.h"

#define EXPECTED_NS (5 * SL_NS_PER_S)
#define WORDS_SIZE  (sizeof(SL_HEALTH_WORDS) - 1)

void sl_health_init(struct sl_health *health)
{
    pthread_mutex_init(&health->lock, NULL);
}

void sl_health_deinit(struct sl_health *health)
{
    pthread_mutex_destroy(&health->lock);
}

void sl_health_expect(struct sl_net *net, uint16_t port)
{
    struct sl_health *health = &net->health;
    int64_t until = sl_clock_mono_ns() + EXPECTED_NS;

    pthread_mutex_lock(&health->lock);
    health->ports[health->next] = (struct sl_health_port){.port = port, .until_mono_ns = until};
    health->next = (health->next + 1) % SL_HEALTH_PROBES_MAX;
    atomic_store(&health->until_mono_ns, until);
    pthread_mutex_unlock(&health->lock);
}

uint64_t sl_health_answered(const struct sl_net *net, enum sl_service_id service)
{
    return atomic_load_explicit(&net->health.answered[service], memory_order_relaxed);
}

static bool health_any_expected(struct sl_health *health)
{
    int64_t until = atomic_load_explicit(&health->until_mono_ns, memory_order_acquire);

    if (until == 0 || sl_clock_mono_ns() < until)
        return until != 0;
    atomic_compare_exchange_strong(&health->until_mono_ns, &until, 0);
    return false;
}

/* With `take` only this once: the port may be somebody else's in a moment. */
static bool health_is_expected(struct sl_health *health, uint16_t port, bool take)
{
    int64_t now = sl_clock_mono_ns();
    bool found = false;

    pthread_mutex_lock(&health->lock);
    for (size_t i = 0; i < SL_HEALTH_PROBES_MAX && !found; i++) {
        struct sl_health_port *expected = &health->ports[i];

        found = expected->port == port && now < expected->until_mono_ns;
        if (found && take)
            expected->until_mono_ns = 0;
    }
    pthread_mutex_unlock(&health->lock);
    return found;
}

static bool health_are_words(const uint8_t *bytes, size_t size)
{
    return size == WORDS_SIZE && memcmp(bytes, SL_HEALTH_WORDS, WORDS_SIZE) == 0;
}

/* Who talks to an address from that same address is on this machine: the kernel lets no such packet
 * in from outside. */
static bool is_same_host(const struct sl_address *peer, const struct sl_address *local)
{
    return peer->family == local->family && memcmp(peer->ip, local->ip, sizeof(peer->ip)) == 0;
}

/* False where there is no memory for the reply. */
static bool health_respond(struct sl_health *health, uint8_t service, struct sl_buffer *reply)
{
    struct sl_message message = {
        .bytes = (const uint8_t *)SL_HEALTH_WORDS, .stored = WORDS_SIZE, .size = WORDS_SIZE};

    if (sl_service_get(service)->respond(&message, reply) == SL_NO_MEMORY)
        return false;
    atomic_fetch_add_explicit(&health->answered[service], 1, memory_order_relaxed);
    return true;
}

/* --- datagrams --- */

static bool health_is_probe(struct sl_health *health, const struct sl_udp_message *message)
{
    return health_are_words(message->bytes, message->size) &&
           is_same_host(&message->peer, &message->local) &&
           health_is_expected(health, message->peer.port, false);
}

/* On a wildcard socket the kernel answers our own address from that address. */
static void health_answer_datagram(struct sl_worker *worker, const struct sl_udp_batch *batch,
                                   const struct sl_udp_message *message)
{
    struct sl_buffer reply = SL_BUFFER_INIT;

    if (health_respond(&worker->net->health, batch->socket->service, &reply))
        sendto(batch->socket->fd, reply.data, reply.size, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&message->name, message->name_size);
    sl_buffer_deinit(&reply);
}

/* A probe is one message with one item. */
static void batch_take_out(struct sl_udp_batch *batch, size_t index)
{
    size_t kept = 0;

    for (size_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].message == index)
            continue;
        batch->items[kept] = batch->items[i];
        if (batch->items[kept].message > index)
            batch->items[kept].message--;
        kept++;
    }
    batch->item_count = kept;
    batch->message_count--;
    memmove(&batch->messages[index], &batch->messages[index + 1],
            (batch->message_count - index) * sizeof(batch->messages[0]));
}

void sl_health_take_datagrams(struct sl_worker *worker, struct sl_udp_batch *batch)
{
    struct sl_health *health = &worker->net->health;
    size_t i = 0;

    if (!health_any_expected(health))
        return;
    while (i < batch->message_count) {
        if (health_is_probe(health, &batch->messages[i])) {
            health_answer_datagram(worker, batch, &batch->messages[i]);
            batch_take_out(batch, i);
        } else {
            i++;
        }
    }
}

/* --- connections --- */

static bool health_is_unix_probe(struct sl_health *health, const struct sockaddr_storage *name,
                                 socklen_t size)
{
    const struct sockaddr_un *address = (const struct sockaddr_un *)name;
    size_t before = offsetof(struct sockaddr_un, sun_path) + 1;
    char text[sizeof(address->sun_path)] = "";
    unsigned port;
    int end = 0;

    if (size <= before || size > sizeof(*address) || address->sun_path[0] != '\0')
        return false;
    memcpy(text, address->sun_path + 1, size - before);
    return sscanf(text, SL_HEALTH_UNIX_NAME "%n", &port, &end) == 1 && text[end] == '\0' &&
           port <= UINT16_MAX && health_is_expected(health, (uint16_t)port, true);
}

static bool health_is_tcp_probe(struct sl_health *health, int fd,
                                const struct sockaddr_storage *name, socklen_t size)
{
    struct sl_address peer = sl_address_from_sockaddr((const struct sockaddr *)name, size);
    struct sockaddr_storage storage = {0};
    socklen_t local_size = sizeof(storage);
    struct sl_address local;

    if (getsockname(fd, (struct sockaddr *)&storage, &local_size) < 0)
        return false;
    local = sl_address_from_sockaddr((struct sockaddr *)&storage, local_size);
    return is_same_host(&peer, &local) && health_is_expected(health, peer.port, true);
}

static void health_finish(struct sl_health_connection *connection)
{
    close(connection->fd);
    *connection = (struct sl_health_connection){0};
}

bool sl_health_take_connection(struct sl_health_desk *desk, struct sl_worker *worker,
                               const struct sl_socket *listener, int fd,
                               const struct sockaddr_storage *name, socklen_t size)
{
    struct sl_health *health = &worker->net->health;
    struct sl_health_connection *connection = &desk->connections[desk->next];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (!health_any_expected(health) ||
        !(listener->transport == SL_UNIX ? health_is_unix_probe(health, name, size)
                                         : health_is_tcp_probe(health, fd, name, size)))
        return false;
    if (connection->kind)
        health_finish(connection);
    desk->next = (desk->next + 1) % SL_HEALTH_CONNECTIONS;
    *connection = (struct sl_health_connection){
        .kind = SL_SOURCE_HEALTH, .service = listener->service, .fd = fd};
    if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        health_finish(connection);
    return true;
}

void sl_health_ready(struct sl_worker *worker, struct sl_health_connection *connection)
{
    struct sl_buffer reply = SL_BUFFER_INIT;
    uint8_t bytes[WORDS_SIZE + 1];
    ssize_t size;

    if (!connection->kind)
        return;
    size = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0 && health_are_words(bytes, (size_t)size) &&
        health_respond(&worker->net->health, connection->service, &reply))
        send(connection->fd, reply.data, reply.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    sl_buffer_deinit(&reply);
    health_finish(connection);
}

void sl_health_desk_close(struct sl_health_desk *desk)
{
    for (size_t i = 0; i < SL_HEALTH_CONNECTIONS; i++)
        if (desk->connections[i].kind)
            health_finish(&desk->connections[i]);
}
