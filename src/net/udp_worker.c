/* The UDP worker: receive a batch, decide, answer, send, tell the journal.
 *
 * A small datagram costs less to answer than a system call or a lock costs to take. So both are
 * paid for by the batch: one recvmmsg(2) takes up to SL_UDP_BATCH messages, each of which may be
 * many datagrams of one peer (UDP_GRO); their replies leave in one sendmmsg(2); the shard's lock is
 * taken twice and the journal's once. For each datagram there is only the decision, the service's
 * work and the copy into the journal. What must hold:
 *
 *   - What changes for each datagram is this worker's own, without a lock: rate limit, loop guard,
 *     batch. Shard, registry and journal are shared with other threads.
 *   - A batch's pointers (received bytes, replies, clients) are valid until the next batch is
 *     received. CLIENTS_MIN keeps a batch from closing a client of its own to make room.
 *   - In the journal, a client's opening comes before its exchanges and its end after them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "net/udp_checks.h"
#include "net/udp_worker.h"

#define BATCHES_A_TURN  16 /* before another socket gets its turn */
#define DROPS_EVERY_NS  (20 * SL_NS_PER_MS)
#define EXPIRE_EVERY_NS (SL_NS_PER_S / 4)
#define LOOP_SIZE_MAX   4096         /* more is not searched for a reply */
#define CLIENTS_MIN     SL_UDP_BATCH /* a batch's own clients are never the ones that make room */

void udp_flush_events(struct udp_worker *udp)
{
    sl_journal_append(udp->worker->net->journal, udp->events, udp->event_count);
    udp->event_count = 0;
}

static struct sl_event *udp_add_event(struct udp_worker *udp)
{
    if (udp->event_count == SL_UDP_EVENTS)
        udp_flush_events(udp);
    return &udp->events[udp->event_count++];
}

/* Without the shard's lock. The one that makes room is closed in the journal before this opens. */
static struct sl_client *udp_open_client(struct udp_worker *udp,
                                         const struct sl_udp_message *message, bool test,
                                         const struct sl_time *now)
{
    struct sl_worker *worker = udp->worker;
    const struct sl_socket *socket = udp->batch->socket;
    struct sl_client *client;

    if (sl_shard_open_count(worker->shard) >= udp->clients_max)
        sl_worker_close_client(worker, sl_shard_oldest(worker->shard), SL_BY_SERVER,
                               SL_CLOSE_EVICTED);
    sl_shard_lock(worker->shard);
    client =
        sl_shard_open(worker->shard, socket->listener, &message->peer, &message->local, -1, now);
    if (client && test)
        sl_client_mark_test(client);
    sl_shard_unlock(worker->shard);
    if (client)
        *udp_add_event(udp) = sl_event_opened(client, socket->service, now->wall_ns);
    return client;
}

/* A client that sends several messages in a row is looked up once. */
static struct sl_client *udp_find_client(struct udp_worker *udp, size_t index, bool test)
{
    const struct sl_udp_batch *batch = udp->batch;
    const struct sl_udp_message *message = &batch->messages[index];
    const struct sl_udp_message *before = index > 0 ? message - 1 : NULL;

    if (before && before->client && sl_client_is_test(before->client) == test &&
        sl_address_equal(&before->peer, &message->peer) &&
        sl_address_equal(&before->local, &message->local))
        return before->client;
    return sl_shard_find(udp->worker->shard, batch->socket->listener, &message->peer,
                         &message->local, test);
}

/* Finds each message's client and marks it as seen. The lock is let go while a client is opened:
 * that may close another one, takes the lock itself, and tells the journal outside of it. As no
 * other thread opens or closes clients of this shard, those found before stay valid. */
static void udp_find_clients(struct udp_worker *udp, const struct sl_time *now)
{
    struct sl_udp_batch *batch = udp->batch;
    struct sl_shard *shard = udp->worker->shard;

    sl_shard_lock(shard);
    for (size_t i = 0; i < batch->message_count; i++) {
        struct sl_udp_message *message = &batch->messages[i];
        bool test = sl_registry_take_test(udp->worker->net->registry, &message->peer);

        message->client = udp_find_client(udp, i, test);
        if (!message->client) {
            sl_shard_unlock(shard);
            message->client = udp_open_client(udp, message, test, now);
            sl_shard_lock(shard);
        }
        if (message->client) {
            uint32_t segment = message->segment_size ? message->segment_size : 1;
            struct sl_counters received = {
                .received_messages = message->size ? (message->size + segment - 1) / segment : 1,
                .received_bytes = message->size,
            };

            sl_shard_count(shard, message->client, &received, now);
        }
    }
    sl_shard_unlock(shard);
}

enum sl_outcome udp_decide(struct udp_worker *udp, const struct sl_udp_message *message,
                           const struct sl_time *now)
{
    enum sl_outcome outcome;

    if (!message->client)
        return SL_SEND_FAILED; /* no memory even for the client */
    outcome = sl_udp_check(&message->peer, &message->local, udp->worker->net->own_udp_ports);
    if (outcome == SL_REPLIED && !sl_rate_limit_admit(&udp->rate, &message->peer, now->mono_ns))
        outcome = SL_REFUSED_RATE_LIMIT;
    return outcome;
}

/* True where the datagram is our own reply that came back, alone or inside a larger text, and has
 * done so many times (net/echo.h). Larger texts are searched only where the datagram came alone, as
 * those of a loop do. */
static bool udp_is_loop(struct udp_worker *udp, const struct sl_udp_batch *batch,
                        const struct sl_udp_item *item, int64_t now_mono_ns)
{
    uint64_t client = sl_client_id(batch->messages[item->message].client);
    const uint8_t *reply = batch->replies.data + item->reply_offset;

    if (item->reply_size == item->size &&
        (item->size == 0 || memcmp(item->bytes, reply, item->size) == 0))
        return !sl_echo_guard_admit(&udp->echo, client, item->bytes, item->size, now_mono_ns);
    if (batch->item_count > 1 || item->size > LOOP_SIZE_MAX)
        return false;
    return !sl_echo_guard_admit_other(&udp->echo, client, item->bytes, item->size, reply,
                                      item->reply_size, now_mono_ns);
}

enum sl_outcome udp_respond(struct udp_worker *udp, struct sl_udp_batch *batch,
                            struct sl_udp_item *item, int64_t now_mono_ns)
{
    const struct sl_service *service = sl_service_get(batch->socket->service);
    enum sl_outcome outcome = SL_REPLIED;
    struct sl_message message = {.bytes = item->bytes, .stored = item->size, .size = item->size};

    item->reply_offset = (uint32_t)batch->replies.size;
    if (service->respond(&message, &batch->replies) == SL_NO_MEMORY)
        return SL_SEND_FAILED;
    item->reply_size = (uint32_t)(batch->replies.size - item->reply_offset);
    if (item->reply_size > SL_UDP_REPLY_MAX)
        outcome = SL_REPLY_TOO_LARGE;
    else if (udp_is_loop(udp, batch, item, now_mono_ns))
        outcome = SL_REFUSED_LOOP;
    if (outcome != SL_REPLIED)
        batch->replies.size = item->reply_offset;
    return outcome;
}

static void udp_answer(struct udp_worker *udp, const struct sl_time *now)
{
    struct sl_udp_batch *batch = udp->batch;

    batch->replies.size = 0;
    for (size_t i = 0; i < batch->item_count; i++) {
        struct sl_udp_item *item = &batch->items[i];
        enum sl_outcome outcome = udp_decide(udp, &batch->messages[item->message], now);

        item->outcome =
            (uint8_t)(outcome == SL_REPLIED ? udp_respond(udp, batch, item, now->mono_ns)
                                            : outcome);
    }
    sl_udp_send(udp->sender, batch);
}

#define SET_TO_0(name, since) exchange->name = 0;

struct sl_event *udp_record(struct udp_worker *udp, const struct sl_udp_batch *batch,
                            const struct sl_udp_item *item, int64_t received_at_ns,
                            int64_t replied_at_ns)
{
    const struct sl_udp_message *message = &batch->messages[item->message];
    bool replied = item->outcome == SL_REPLIED;
    uint32_t reply_size = replied ? item->reply_size : 0;
    struct sl_event *event = udp_add_event(udp);
    struct sl_exchange *exchange = &event->exchange;

    /* Field by field: a compound literal would first clear what is then overwritten. */
    event->kind = SL_RECORD_EXCHANGE;
    event->received = item->bytes;
    event->sent = replied ? batch->replies.data + item->reply_offset : NULL;
    exchange->client = message->client ? sl_client_id(message->client) : 0;
    exchange->received_at_ns = received_at_ns;
    exchange->replied_at_ns = replied ? replied_at_ns : 0;
    exchange->received_size = exchange->received_stored = item->size;
    exchange->sent_size = exchange->sent_stored = reply_size;
    exchange->peer = message->peer;
    exchange->local = message->local;
    exchange->listener = batch->socket->listener;
    exchange->service = batch->socket->service;
    exchange->outcome = item->outcome;
    exchange->line_end = SL_LINE_END_NONE;
    SL_COLUMN_LIST(SET_TO_0)
    event->note_size = 0;
    return event;
}

void udp_count_sent(struct udp_worker *udp, struct sl_udp_batch *batch, const struct sl_time *now)
{
    struct sl_shard *shard = udp->worker->shard;
    size_t i = 0;

    sl_shard_lock(shard);
    while (i < batch->item_count) {
        uint16_t message = batch->items[i].message;
        struct sl_counters sent = {0};

        for (; i < batch->item_count && batch->items[i].message == message; i++) {
            const struct sl_udp_item *item = &batch->items[i];

            sent.sent_bytes += item->outcome == SL_REPLIED ? item->reply_size : 0;
            sl_counters_add_outcome(&sent, item->outcome);
        }
        if (batch->messages[message].client)
            sl_shard_count(shard, batch->messages[message].client, &sent, now);
    }
    sl_shard_unlock(shard);
}

static void udp_count_drops(struct udp_worker *udp, struct sl_socket *socket)
{
    struct sl_shard *shard = udp->worker->shard;
    uint32_t drops = sl_udp_drops(socket);

    if (drops == 0)
        return;
    sl_shard_lock(shard);
    sl_shard_listener(shard, socket->listener)->kernel_drops += drops;
    sl_shard_unlock(shard);
}

/* Once in DROPS_EVERY_NS at most, since it costs a system call, and once after a burst. */
static void udp_count_all_drops(struct udp_worker *udp, int64_t now)
{
    if (now < udp->drops_due_ns)
        return;
    udp->drops_due_ns = INT64_MAX;
    for (size_t i = 0; i < udp->worker->socket_count; i++)
        udp_count_drops(udp, &udp->worker->sockets[i]);
}

/* Returns the number of messages served. */
static size_t udp_serve_batch(struct udp_worker *udp)
{
    struct sl_udp_batch *batch = udp->batch;
    struct sl_fault_set *rules;
    struct sl_time received_at;

    if (sl_udp_receive(&udp->receiver, batch) == 0)
        return 0;
    sl_time_advance(&udp->clock);
    received_at = udp->clock;
    udp_find_clients(udp, &received_at);
    if (udp->faults && (rules = udp_faults_of(udp, batch->socket->listener))) {
        udp_faults_serve(udp, rules, &received_at);
        return batch->message_count;
    }
    udp_answer(udp, &received_at);
    sl_time_advance(&udp->clock);
    udp_count_sent(udp, batch, &udp->clock);
    for (size_t i = 0; i < batch->item_count; i++)
        udp_record(udp, batch, &batch->items[i], received_at.wall_ns, udp->clock.wall_ns);
    udp_flush_events(udp);
    return batch->message_count;
}

static void udp_serve(struct udp_worker *udp, struct sl_socket *socket)
{
    udp->batch->socket = socket;
    for (int i = 0; i < BATCHES_A_TURN; i++) {
        if (udp_serve_batch(udp) < SL_UDP_BATCH)
            break;
    }
    if (udp->drops_due_ns == INT64_MAX)
        udp->drops_due_ns = udp->clock.mono_ns + DROPS_EVERY_NS;
}

static int64_t udp_idle_since(const struct udp_worker *udp)
{
    const struct sl_client *oldest = sl_shard_oldest(udp->worker->shard);

    return oldest ? sl_client_last_seen_mono_ns(oldest) : INT64_MAX;
}

/* How long epoll may wait: until the next client is to be forgotten or drops are to be counted; -1
 * where there is neither. */
static int udp_wait_ms(const struct udp_worker *udp)
{
    int64_t now = udp->clock.mono_ns;
    int64_t idle_ns = udp->worker->options.udp_idle_ns;
    int64_t since = udp_idle_since(udp);
    int64_t until = udp->drops_due_ns;

    if (idle_ns != 0 && since != INT64_MAX) {
        int64_t forget_at = since + idle_ns;

        if (forget_at < now + EXPIRE_EVERY_NS)
            forget_at = now + EXPIRE_EVERY_NS;
        if (forget_at < until)
            until = forget_at;
    }
    if (until == INT64_MAX)
        return -1;
    if (until <= now)
        return 0;
    return until - now > 3600 * SL_NS_PER_S ? 3600 * 1000 : (int)((until - now) / SL_NS_PER_MS + 1);
}

static void udp_forget_idle(struct udp_worker *udp, int64_t now)
{
    int64_t idle_ns = udp->worker->options.udp_idle_ns;

    if (idle_ns == 0 || now - udp->expired_at_ns < EXPIRE_EVERY_NS)
        return;
    udp->expired_at_ns = now;
    while (udp_idle_since(udp) != INT64_MAX && udp_idle_since(udp) + idle_ns <= now)
        sl_worker_close_client(udp->worker, sl_shard_oldest(udp->worker->shard), SL_BY_SERVER,
                               SL_CLOSE_FORGOTTEN);
}

static void udp_set_clients_max(struct udp_worker *udp)
{
    const struct sl_net_options *options = &udp->worker->options;
    size_t share = options->max_udp_clients / options->workers;

    udp->clients_max = share > CLIENTS_MIN ? share : CLIENTS_MIN;
}

/* Where memory is short the old rate stays. */
static void udp_set_rate(struct udp_worker *udp, uint64_t per_second)
{
    struct sl_rate_limit rate;

    if (sl_rate_limit_init(&rate, per_second) != 0) {
        sl_log_error(udp->worker->net->log, "out of memory: the UDP rate stays as it was");
        return;
    }
    sl_rate_limit_deinit(&udp->rate);
    udp->rate = rate;
}

static void udp_run_commands(struct udp_worker *udp)
{
    struct sl_worker *worker = udp->worker;
    uint64_t rate = worker->options.udp_rate;
    eventfd_t ignored;
    uint64_t id;

    eventfd_read(worker->wake_fd, &ignored);
    sl_worker_take_options(worker);
    udp_faults_take(udp);
    udp_set_clients_max(udp);
    if (worker->options.udp_rate != rate)
        udp_set_rate(udp, worker->options.udp_rate);
    while ((id = sl_worker_take_disconnect(worker)) != 0) {
        struct sl_client *client = sl_shard_find_id(worker->shard, id);

        if (client)
            sl_worker_close_client(worker, client, SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED);
    }
}

/* Answers what has already arrived, then lets every client go. */
static void udp_drain(struct udp_worker *udp)
{
    struct sl_worker *worker = udp->worker;
    struct sl_client *client;

    for (size_t i = 0; i < worker->socket_count; i++) {
        udp->batch->socket = &worker->sockets[i];
        while (udp_serve_batch(udp) > 0 && sl_clock_mono_ns() < sl_worker_stop_by(worker))
            ;
        udp_count_drops(udp, &worker->sockets[i]);
    }
    udp_faults_drain(udp);
    while ((client = sl_shard_oldest(worker->shard)))
        sl_worker_close_client(worker, client, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
}

static void udp_loop(struct udp_worker *udp)
{
    struct epoll_event events[16];

    while (!sl_worker_stop_by(udp->worker)) {
        int count = epoll_wait(udp->worker->epoll_fd, events, 16, udp_wait_ms(udp));

        udp->clock = sl_time_now();
        sl_worker_turned(udp->worker, udp->clock.mono_ns);
        for (int i = 0; i < count; i++) {
            switch (*(uint8_t *)events[i].data.ptr) {
            case SL_SOURCE_SOCKET:
                udp_serve(udp, events[i].data.ptr);
                break;
            case SL_SOURCE_TIMER:
                udp_faults_serve_due(udp);
                break;
            default:
                udp_run_commands(udp);
            }
        }
        udp_forget_idle(udp, udp->clock.mono_ns);
        udp_count_all_drops(udp, udp->clock.mono_ns);
    }
    sl_worker_turned(udp->worker, INT64_MAX);
    udp_drain(udp);
}

static bool udp_init(struct udp_worker *udp, struct sl_worker *worker)
{
    udp->worker = worker;
    udp->drops_due_ns = INT64_MAX;
    udp_set_clients_max(udp);
    udp_faults_take(udp); /* rules from the start precede the first message */
    udp->batch = calloc(1, sizeof(*udp->batch));
    udp->sender = sl_udp_sender_new();
    return udp->batch && udp->sender && sl_udp_receiver_init(&udp->receiver) == 0 &&
           sl_echo_guard_init(&udp->echo) == 0 &&
           sl_rate_limit_init(&udp->rate, worker->options.udp_rate) == 0;
}

void *sl_udp_worker_run(void *argument)
{
    struct sl_worker *worker = argument;
    struct udp_worker *udp = calloc(1, sizeof(*udp));

    if (udp && udp_init(udp, worker))
        udp_loop(udp);
    else
        sl_log_error(worker->net->log, "out of memory: UDP is not served");
    if (udp) {
        sl_udp_receiver_deinit(&udp->receiver);
        sl_udp_sender_free(udp->sender);
        sl_rate_limit_deinit(&udp->rate);
        sl_echo_guard_deinit(&udp->echo);
        if (udp->batch)
            sl_buffer_deinit(&udp->batch->replies);
        free(udp->batch);
        udp_faults_free(udp->faults);
    }
    free(udp);
    return NULL;
}
