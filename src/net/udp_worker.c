/* The UDP worker: receive a batch, decide, answer, send, tell the journal.
 *
 * Per batch it takes its shard's lock twice and the journal's once; nothing else is shared. All
 * that is per datagram is the service's work and the copy into the journal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "net/echo.h"
#include "net/udp.h"
#include "net/udp_checks.h"

#define BATCHES_A_TURN  16  /* before another socket gets its turn */
#define EVENTS_A_WRITE  512 /* exchanges the journal gets at once */
#define LIFECYCLE_MAX   SL_UDP_BATCH
#define DROPS_EVERY_NS  (20 * SL_NS_PER_MS)
#define EXPIRE_EVERY_NS (SL_NS_PER_S / 4)
#define LOOP_SIZE_MAX   4096         /* more is not searched for a reply */
#define CLIENTS_MIN     SL_UDP_BATCH /* a batch's own clients are never the ones that make room */

struct udp_state {
    struct sl_worker *worker;
    struct sl_udp_receiver receiver;
    struct sl_udp_sender *sender;
    struct sl_udp_batch *batch;
    struct sl_rate_limit rate;
    struct sl_echo_guard echo;
    struct sl_time clock; /* read when a wait ends, a batch is there, and its replies are out */
    struct sl_event events[EVENTS_A_WRITE];
    size_t event_count;
    size_t clients_max;
    int64_t expired_at_ns;
    int64_t drops_due_ns; /* when to ask for the kernel's drops; INT64_MAX: nothing came since */
};

static void flush_events(struct udp_state *state)
{
    sl_journal_append(state->worker->net->journal, state->events, state->event_count);
    state->event_count = 0;
}

static struct sl_event *add_event(struct udp_state *state)
{
    if (state->event_count == EVENTS_A_WRITE)
        flush_events(state);
    return &state->events[state->event_count++];
}

/* The shard's lock is free here: closing and opening are told to the journal in order. */
static struct sl_client *open_client(struct udp_state *state, const struct sl_udp_message *message,
                                     bool test, const struct sl_time *now)
{
    struct sl_worker *worker = state->worker;
    const struct sl_socket *socket = state->batch->socket;
    struct sl_client *client;

    if (sl_shard_open_count(worker->shard) >= state->clients_max)
        sl_worker_close_client(worker, sl_shard_oldest(worker->shard), SL_BY_SERVER,
                               SL_CLOSE_EVICTED);
    sl_shard_lock(worker->shard);
    client =
        sl_shard_open(worker->shard, socket->listener, &message->peer, &message->local, -1, now);
    if (client && test)
        sl_client_mark_test(client);
    sl_shard_unlock(worker->shard);
    if (client)
        *add_event(state) = sl_event_opened(client, socket->service, now->wall_ns);
    return client;
}

static struct sl_counters received_by(const struct sl_udp_message *message)
{
    uint32_t size = message->segment_size ? message->segment_size : 1;
    uint32_t datagrams = message->size ? (message->size + size - 1) / size : 1;

    return (struct sl_counters){.received_messages = datagrams, .received_bytes = message->size};
}

/* A client that sends several at once is looked up once. */
static struct sl_client *find_client(struct udp_state *state, size_t index, bool test)
{
    const struct sl_udp_batch *batch = state->batch;
    const struct sl_udp_message *message = &batch->messages[index];
    const struct sl_udp_message *before = index > 0 ? message - 1 : NULL;

    if (before && before->client && sl_client_is_test(before->client) == test &&
        sl_address_equal(&before->peer, &message->peer) &&
        sl_address_equal(&before->local, &message->local))
        return before->client;
    return sl_shard_find(state->worker->shard, batch->socket->listener, &message->peer,
                         &message->local, test);
}

/* Finds each message's client and marks it as seen. */
static void find_clients(struct udp_state *state, const struct sl_time *now)
{
    struct sl_udp_batch *batch = state->batch;
    struct sl_shard *shard = state->worker->shard;

    sl_shard_lock(shard);
    for (size_t i = 0; i < batch->message_count; i++) {
        struct sl_udp_message *message = &batch->messages[i];

        bool test = sl_registry_take_test(state->worker->net->registry, &message->peer);

        message->client = find_client(state, i, test);
        if (!message->client) {
            sl_shard_unlock(shard);
            message->client = open_client(state, message, test, now);
            sl_shard_lock(shard);
        }
        if (message->client) {
            struct sl_counters received = received_by(message);

            sl_shard_count(shard, message->client, &received, now);
        }
    }
    sl_shard_unlock(shard);
}

static enum sl_outcome decide(struct udp_state *state, const struct sl_udp_message *message,
                              const struct sl_time *now)
{
    enum sl_outcome outcome;

    if (!message->client)
        return SL_SEND_FAILED; /* no memory even for the client */
    outcome = sl_udp_check(&message->peer, &message->local, state->worker->net->own_udp_ports);
    if (outcome == SL_REPLIED && !sl_rate_limit_admit(&state->rate, &message->peer, now->mono_ns))
        outcome = SL_REFUSED_RATE_LIMIT;
    return outcome;
}

/* True where the datagram is our own answer come back, alone or in a larger text, and that goes on.
 * The larger text is looked for only where it came alone, as a loop's turns do. */
static bool is_loop(struct udp_state *state, const struct sl_udp_item *item, int64_t now_mono_ns)
{
    const struct sl_udp_batch *batch = state->batch;
    uint64_t client = sl_client_id(batch->messages[item->message].client);
    const uint8_t *reply = batch->replies.data + item->reply_offset;

    if (item->reply_size == item->size &&
        (item->size == 0 || memcmp(item->bytes, reply, item->size) == 0))
        return !sl_echo_guard_admit(&state->echo, client, item->bytes, item->size, now_mono_ns);
    if (batch->item_count > 1 || item->size > LOOP_SIZE_MAX)
        return false;
    return !sl_echo_guard_admit_other(&state->echo, client, item->bytes, item->size, reply,
                                      item->reply_size, now_mono_ns);
}

static enum sl_outcome respond(struct udp_state *state, struct sl_udp_item *item,
                               int64_t now_mono_ns)
{
    struct sl_udp_batch *batch = state->batch;
    const struct sl_service *service = sl_service_get(batch->socket->service);
    enum sl_outcome outcome = SL_REPLIED;
    struct sl_message message = {.bytes = item->bytes, .stored = item->size, .size = item->size};

    item->reply_offset = (uint32_t)batch->replies.size;
    if (service->respond(&message, &batch->replies) == SL_NO_MEMORY)
        return SL_SEND_FAILED;
    item->reply_size = (uint32_t)(batch->replies.size - item->reply_offset);
    if (item->reply_size > SL_UDP_REPLY_MAX)
        outcome = SL_REPLY_TOO_LARGE;
    else if (is_loop(state, item, now_mono_ns))
        outcome = SL_REFUSED_LOOP;
    if (outcome != SL_REPLIED)
        batch->replies.size = item->reply_offset;
    return outcome;
}

static void answer(struct udp_state *state, const struct sl_time *now)
{
    struct sl_udp_batch *batch = state->batch;

    batch->replies.size = 0;
    for (size_t i = 0; i < batch->item_count; i++) {
        struct sl_udp_item *item = &batch->items[i];
        enum sl_outcome outcome = decide(state, &batch->messages[item->message], now);

        item->outcome =
            (uint8_t)(outcome == SL_REPLIED ? respond(state, item, now->mono_ns) : outcome);
    }
    sl_udp_send(state->sender, batch);
}

static void record(struct udp_state *state, const struct sl_udp_item *item, int64_t received_at_ns,
                   int64_t replied_at_ns)
{
    const struct sl_udp_batch *batch = state->batch;
    const struct sl_udp_message *message = &batch->messages[item->message];
    bool replied = item->outcome == SL_REPLIED;
    uint32_t reply_size = replied ? item->reply_size : 0;
    struct sl_event *event = add_event(state);
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
}

static void count_sent(struct udp_state *state, const struct sl_time *now)
{
    struct sl_udp_batch *batch = state->batch;
    struct sl_shard *shard = state->worker->shard;
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

static void count_drops(struct udp_state *state, struct sl_socket *socket)
{
    struct sl_shard *shard = state->worker->shard;
    uint32_t drops = sl_udp_drops(socket);

    if (drops == 0)
        return;
    sl_shard_lock(shard);
    sl_shard_listener(shard, socket->listener)->kernel_drops += drops;
    sl_shard_unlock(shard);
}

/* Asked for at most once in DROPS_EVERY_NS, since it costs a system call, and once after a burst.
 */
static void count_all_drops(struct udp_state *state, int64_t now)
{
    if (now < state->drops_due_ns)
        return;
    state->drops_due_ns = INT64_MAX;
    for (size_t i = 0; i < state->worker->socket_count; i++)
        count_drops(state, &state->worker->sockets[i]);
}

/* Returns the number of messages served. */
static size_t serve_batch(struct udp_state *state)
{
    struct sl_udp_batch *batch = state->batch;
    struct sl_time received_at;

    if (sl_udp_receive(&state->receiver, batch) == 0)
        return 0;
    sl_health_take_datagrams(state->worker, batch);
    sl_time_advance(&state->clock);
    received_at = state->clock;
    find_clients(state, &received_at);
    answer(state, &received_at);
    sl_time_advance(&state->clock);
    count_sent(state, &state->clock);
    for (size_t i = 0; i < batch->item_count; i++)
        record(state, &batch->items[i], received_at.wall_ns, state->clock.wall_ns);
    flush_events(state);
    return batch->message_count;
}

static void serve(struct udp_state *state, struct sl_socket *socket)
{
    state->batch->socket = socket;
    for (int i = 0; i < BATCHES_A_TURN; i++) {
        if (serve_batch(state) < SL_UDP_BATCH)
            break;
    }
    if (state->drops_due_ns == INT64_MAX)
        state->drops_due_ns = state->clock.mono_ns + DROPS_EVERY_NS;
}

static int64_t idle_since(const struct udp_state *state)
{
    const struct sl_client *oldest = sl_shard_oldest(state->worker->shard);

    return oldest ? sl_client_last_seen_mono_ns(oldest) : INT64_MAX;
}

static int64_t forget_at(const struct udp_state *state, int64_t now)
{
    int64_t idle_ns = state->worker->options.udp_idle_ns;
    int64_t since = idle_since(state);

    if (idle_ns == 0 || since == INT64_MAX)
        return INT64_MAX;
    return since + idle_ns > now + EXPIRE_EVERY_NS ? since + idle_ns : now + EXPIRE_EVERY_NS;
}

/* Until the next client is to be forgotten or drops are to be counted; for ever where neither is.
 */
static int wait_ms(const struct udp_state *state)
{
    int64_t now = state->clock.mono_ns;
    int64_t until = forget_at(state, now);

    if (state->drops_due_ns < until)
        until = state->drops_due_ns;
    if (until == INT64_MAX)
        return -1;
    if (until <= now)
        return 0;
    return until - now > 3600 * SL_NS_PER_S ? 3600 * 1000 : (int)((until - now) / SL_NS_PER_MS + 1);
}

static void forget_idle(struct udp_state *state, int64_t now)
{
    int64_t idle_ns = state->worker->options.udp_idle_ns;

    if (idle_ns == 0 || now - state->expired_at_ns < EXPIRE_EVERY_NS)
        return;
    state->expired_at_ns = now;
    while (idle_since(state) != INT64_MAX && idle_since(state) + idle_ns <= now)
        sl_worker_close_client(state->worker, sl_shard_oldest(state->worker->shard), SL_BY_SERVER,
                               SL_CLOSE_FORGOTTEN);
}

static void set_clients_max(struct udp_state *state)
{
    const struct sl_net_options *options = &state->worker->options;
    size_t share = options->max_udp_clients / options->workers;

    state->clients_max = share > CLIENTS_MIN ? share : CLIENTS_MIN;
}

/* Where memory is short the old rate stays. */
static void set_rate(struct udp_state *state, uint64_t per_second)
{
    struct sl_rate_limit rate;

    if (sl_rate_limit_init(&rate, per_second) != 0) {
        sl_log_error(state->worker->net->log, "out of memory: the UDP rate stays as it was");
        return;
    }
    sl_rate_limit_deinit(&state->rate);
    state->rate = rate;
}

static void take_options(struct udp_state *state)
{
    uint64_t rate = state->worker->options.udp_rate;

    sl_worker_take_options(state->worker);
    set_clients_max(state);
    if (state->worker->options.udp_rate != rate)
        set_rate(state, state->worker->options.udp_rate);
}

static void run_commands(struct udp_state *state)
{
    struct sl_worker *worker = state->worker;
    eventfd_t ignored;
    uint64_t id;

    eventfd_read(worker->wake_fd, &ignored);
    take_options(state);
    while ((id = sl_worker_take_disconnect(worker)) != 0) {
        struct sl_client *client = sl_shard_find_id(worker->shard, id);

        if (client)
            sl_worker_close_client(worker, client, SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED);
    }
}

/* Answers what has already arrived, then lets every client go. */
static void drain(struct udp_state *state)
{
    struct sl_worker *worker = state->worker;
    struct sl_client *client;

    for (size_t i = 0; i < worker->socket_count; i++) {
        state->batch->socket = &worker->sockets[i];
        while (serve_batch(state) > 0 && sl_clock_mono_ns() < sl_worker_stop_by(worker))
            ;
        count_drops(state, &worker->sockets[i]);
    }
    while ((client = sl_shard_oldest(worker->shard)))
        sl_worker_close_client(worker, client, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
}

static void loop(struct udp_state *state)
{
    struct epoll_event events[16];

    while (!sl_worker_stop_by(state->worker)) {
        int count = epoll_wait(state->worker->epoll_fd, events, 16, wait_ms(state));

        state->clock = sl_time_now();
        for (int i = 0; i < count; i++) {
            if (*(uint8_t *)events[i].data.ptr == SL_SOURCE_SOCKET)
                serve(state, events[i].data.ptr);
            else
                run_commands(state);
        }
        forget_idle(state, state->clock.mono_ns);
        count_all_drops(state, state->clock.mono_ns);
    }
    drain(state);
}

static bool init_state(struct udp_state *state, struct sl_worker *worker)
{
    state->worker = worker;
    state->drops_due_ns = INT64_MAX;
    set_clients_max(state);
    state->batch = calloc(1, sizeof(*state->batch));
    state->sender = sl_udp_sender_new();
    return state->batch && state->sender && sl_udp_receiver_init(&state->receiver) == 0 &&
           sl_echo_guard_init(&state->echo) == 0 &&
           sl_rate_limit_init(&state->rate, worker->options.udp_rate) == 0;
}

void *sl_udp_worker_run(void *argument)
{
    struct sl_worker *worker = argument;
    struct udp_state *state = calloc(1, sizeof(*state));

    if (state && init_state(state, worker))
        loop(state);
    else
        sl_log_error(worker->net->log, "out of memory: UDP is not served");
    if (state) {
        sl_udp_receiver_deinit(&state->receiver);
        sl_udp_sender_free(state->sender);
        sl_rate_limit_deinit(&state->rate);
        sl_echo_guard_deinit(&state->echo);
        if (state->batch)
            sl_buffer_deinit(&state->batch->replies);
        free(state->batch);
    }
    free(state);
    return NULL;
}
