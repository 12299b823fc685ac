/* The stream worker: epoll over its listeners and connections.
 *
 * A visit to a connection is bounded in bytes and messages, so none can hold up the others. One
 * that has more to do is ready: some of those have another visit after each round of events, which
 * epoll is asked for in between without waiting. TCP connections are watched edge-triggered, for
 * level-triggered epoll looks at each one twice; but without the second read that is usual with it,
 * for a read that came back short has found all there was (epoll(7)). Where it may not have, the
 * connection is ready too. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection.h"

#define EVENTS_MAX        256
#define ACCEPTS_A_TURN    64
#define READY_A_TURN      2
#define ACCEPTS_AT_END    4096 /* what may stand in a listener's backlog */
#define LINGER_NS         (2 * SL_NS_PER_S)
#define LINGER_AT_END_NS  (SL_NS_PER_S / 2)
#define COMPLAIN_EVERY_NS SL_NS_PER_S
#define RESUME_AFTER_NS   (SL_NS_PER_S / 10)

/* Why connections are turned away; the newest reason speaks for a second's worth. */
struct complaint {
    const char *what, *advice;
    uint64_t count; /* not logged yet */
    int64_t quiet_until_ns;
};

struct stream_state {
    struct sl_worker *worker;
    struct sl_streams streams;
    struct sl_health_desk health;
    int spare_fd; /* let go to accept and close a connection when descriptors have run out */
    struct complaint complaint;
    int64_t resume_at_ns; /* paused listeners; INT64_MAX: none */
};

static void write_complaint(struct stream_state *state, int64_t now)
{
    struct complaint *complaint = &state->complaint;

    sl_log_warning(state->worker->net->log, "%s: %llu connection%s closed at once (%s)",
                   complaint->what, (unsigned long long)complaint->count,
                   complaint->count == 1 ? " was" : "s were", complaint->advice);
    complaint->count = 0;
    complaint->quiet_until_ns = now + COMPLAIN_EVERY_NS;
}

/* The first at once, then one line a second at most with the number of those it stands for. */
static void complain(struct stream_state *state, const char *what, const char *advice)
{
    struct complaint *complaint = &state->complaint;
    int64_t now = sl_clock_mono_ns();

    complaint->what = what;
    complaint->advice = advice;
    complaint->count++;
    if (now >= complaint->quiet_until_ns)
        write_complaint(state, now);
}

static int64_t complaint_due(const struct stream_state *state)
{
    return state->complaint.count > 0 ? state->complaint.quiet_until_ns : INT64_MAX;
}

static void reject(struct stream_state *state, const struct sl_socket *listener, int fd)
{
    struct sl_shard *shard = state->worker->shard;

    sl_shard_lock(shard);
    sl_shard_listener(shard, listener->listener)->rejected_connections++;
    sl_shard_unlock(shard);
    close(fd); /* now that whoever notices finds it counted */
}

static void watch_listener(struct stream_state *state, struct sl_socket *listener, bool on)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};

    listener->paused = !on;
    epoll_ctl(state->worker->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->fd, &event);
}

/* Memory, or descriptors of the whole system, are short: nothing to do but to wait a moment. */
static void pause_listener(struct stream_state *state, struct sl_socket *listener)
{
    int64_t now = sl_clock_mono_ns();

    if (now >= state->complaint.quiet_until_ns) {
        sl_log_warning(state->worker->net->log,
                       "cannot accept for now: the system is out of descriptors or memory");
        state->complaint.quiet_until_ns = now + COMPLAIN_EVERY_NS;
    }
    watch_listener(state, listener, false);
    state->resume_at_ns = now + RESUME_AFTER_NS;
}

static void resume_listeners(struct stream_state *state, int64_t now)
{
    if (now < state->resume_at_ns)
        return;
    state->resume_at_ns = INT64_MAX;
    for (size_t i = 0; i < state->worker->socket_count; i++) {
        if (state->worker->sockets[i].paused)
            watch_listener(state, &state->worker->sockets[i], true);
    }
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The backlog would stay full and wake us for ever: the spare descriptor lets us tell one peer. */
static void accept_without_descriptor(struct stream_state *state, struct sl_socket *listener)
{
    int fd;

    if (state->spare_fd < 0) {
        pause_listener(state, listener);
        return;
    }
    close(state->spare_fd);
    fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        complain(state, "out of file descriptors", "raise the limit: ulimit -n, LimitNOFILE=");
        reject(state, listener, fd);
    }
    state->spare_fd = open_spare();
}

static void admit(struct stream_state *state, const struct sl_socket *listener, int fd,
                  const struct sl_address *peer)
{
    struct sl_limits *limits = &state->worker->net->limits;
    enum sl_admission admission = sl_limits_admit(limits, peer);

    if (admission != SL_ADMITTED &&
        sl_connections_make_room(&state->streams,
                                 admission == SL_TOO_MANY_FROM_ADDRESS ? peer : NULL))
        admission = sl_limits_admit(limits, peer);
    switch (admission) {
    case SL_ADMITTED:
        sl_connection_open(&state->streams, listener, fd, peer);
        break;
    case SL_TOO_MANY:
        complain(state, "too many connections", "see --max-connections");
        reject(state, listener, fd);
        break;
    case SL_TOO_MANY_FROM_ADDRESS:
        complain(state, "too many connections from one address",
                 "see --max-connections-per-address");
        reject(state, listener, fd);
        break;
    }
}

/* True where it is worth another try at once. */
static bool accept_failed(struct stream_state *state, struct sl_socket *listener, int error)
{
    switch (error) {
    case EMFILE:
        accept_without_descriptor(state, listener);
        return !listener->paused;
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        pause_listener(state, listener);
        return false;
    case EAGAIN:
        return false;
    default: /* this connection died in the backlog: its peer's matter */
        return true;
    }
}

/* False where there is none (for now). */
static bool accept_one(struct stream_state *state, struct sl_socket *listener)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    int fd =
        accept4(listener->fd, (struct sockaddr *)&storage, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct sl_address peer;

    if (fd < 0)
        return accept_failed(state, listener, errno);
    if (sl_health_take_connection(&state->health, state->worker, listener, fd, &storage, size))
        return true;
    peer = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    if (listener->transport == SL_UNIX)
        peer = (struct sl_address){.family = AF_UNIX};
    admit(state, listener, fd, &peer);
    return true;
}

static void accept_some(struct stream_state *state, struct sl_socket *listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN && accept_one(state, listener); i++)
        ;
}

static void run_commands(struct stream_state *state)
{
    struct sl_worker *worker = state->worker;
    eventfd_t ignored;
    uint64_t id;

    eventfd_read(worker->wake_fd, &ignored);
    sl_worker_take_options(worker);
    while ((id = sl_worker_take_disconnect(worker)) != 0) {
        struct sl_client *client = sl_shard_find_id(worker->shard, id);

        if (client)
            sl_connection_close(&state->streams, sl_client_user(client), SL_BY_OPERATOR,
                                SL_CLOSE_DISCONNECTED);
    }
}

static int64_t idle_until(const struct stream_state *state)
{
    int64_t idle_ns = state->worker->options.tcp_idle_ns;
    const struct sl_client *oldest = sl_shard_oldest(state->worker->shard);

    return oldest && idle_ns ? sl_client_last_seen_mono_ns(oldest) + idle_ns : INT64_MAX;
}

static void close_idle(struct stream_state *state, int64_t now)
{
    while (idle_until(state) <= now) {
        struct sl_client *client = sl_shard_oldest(state->worker->shard);

        sl_connection_close(&state->streams, sl_client_user(client), SL_BY_SERVER,
                            SL_CLOSE_IDLE_TIMEOUT);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct stream_state *state)
{
    const struct sl_streams *streams = &state->streams;
    int64_t until = earlier(idle_until(state), sl_queue_until(&streams->lingering));
    int64_t left;

    if (streams->ready.first || streams->late.first)
        return 0;
    until = earlier(until, sl_queue_until(&streams->waiting[0]));
    until = earlier(until, sl_queue_until(&streams->waiting[1]));
    until = earlier(earlier(until, state->resume_at_ns), complaint_due(state));
    if (until == INT64_MAX)
        return -1;
    left = until - sl_clock_mono_ns();
    if (left <= 0)
        return 0;
    return left > 3600 * SL_NS_PER_S ? 3600 * 1000 : (int)(left / SL_NS_PER_MS + 1);
}

static void serve_ready(struct sl_streams *streams)
{
    for (int left = READY_A_TURN; left > 0 && streams->ready.first; left--) {
        streams->clock = sl_time_now();
        sl_connection_resume(streams, streams->ready.first->connection);
    }
}

static void end_times(struct stream_state *state)
{
    struct sl_streams *streams = &state->streams;
    int64_t now = streams->clock.mono_ns;

    sl_connections_end_gap(streams, now);
    sl_connections_end_linger(streams, now);
    close_idle(state, now);
    resume_listeners(state, now);
    for (; streams->cut > 0; streams->cut--)
        complain(state, "unfinished messages and unread replies hold too much memory",
                 "at most 64 MiB together; those that held most wanted more");
    if (complaint_due(state) <= now)
        write_complaint(state, now);
}

/* One turn: waits at most `timeout_ms`, then serves everyone whom epoll reports once, and some of
 * those that were ready. */
static void turn(struct stream_state *state, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(state->worker->epoll_fd, events, EVENTS_MAX, timeout_ms);
    bool woken = false;

    state->streams.clock = sl_time_now();
    for (int i = 0; i < count; i++) {
        switch (*(uint8_t *)events[i].data.ptr) {
        case SL_SOURCE_CONNECTION:
            sl_connection_serve(&state->streams, events[i].data.ptr, events[i].events);
            break;
        case SL_SOURCE_SOCKET:
            accept_some(state, events[i].data.ptr);
            state->streams.clock = sl_time_now();
            break;
        case SL_SOURCE_HEALTH:
            sl_health_ready(state->worker, events[i].data.ptr);
            break;
        default:
            woken = true; /* after the others: it may close connections that stand in `events` */
        }
    }
    if (woken)
        run_commands(state);
    serve_ready(&state->streams);
    sl_connections_read_late(&state->streams);
    end_times(state);
}

/* Whoever stands in the backlog has a connection and may have said something: it would be reset.
 * That of an adopted socket waits for the next gateway. A shared socket stays open behind our back,
 * and so would epoll's interest in it. */
static void close_listeners(struct stream_state *state)
{
    for (size_t i = 0; i < state->worker->socket_count; i++) {
        struct sl_socket *listener = &state->worker->sockets[i];

        for (int j = 0; !listener->adopted && j < ACCEPTS_AT_END && accept_one(state, listener);
             j++)
            ;
        if (listener->shared)
            epoll_ctl(state->worker->epoll_fd, EPOLL_CTL_DEL, listener->fd, NULL);
        close(listener->fd);
        listener->fd = -1;
    }
    state->resume_at_ns = INT64_MAX;
}

/* Everyone is answered once more and told that it is over. Each visit closes its connection or
 * leaves it ending; one that was answered moves to the newest end, and is passed over there. */
static void shut_all(struct stream_state *state)
{
    struct sl_shard *shard = state->worker->shard;
    struct sl_client *client = sl_shard_oldest(shard);

    while (client) {
        struct sl_connection *connection = sl_client_user(client);
        struct sl_client *next = sl_shard_newer(shard, client);

        if (!connection->ending)
            sl_connection_shut(&state->streams, connection);
        client = next;
    }
}

static void drain(struct stream_state *state)
{
    int64_t by = sl_worker_stop_by(state->worker);
    struct sl_client *client;

    state->streams.clock = sl_time_now();
    close_listeners(state);
    sl_connections_shorten_linger(&state->streams, LINGER_AT_END_NS);
    shut_all(state);
    while (state->streams.open_count > 0 && sl_clock_mono_ns() < by) {
        int64_t left = (by - sl_clock_mono_ns()) / SL_NS_PER_MS + 1;
        int wait = wait_ms(state);

        turn(state, wait < 0 || wait > left ? (int)left : wait);
    }
    while ((client = sl_shard_oldest(state->worker->shard)))
        sl_connection_close(&state->streams, sl_client_user(client), SL_BY_SERVER,
                            SL_CLOSE_SHUTDOWN);
}

static bool init_state(struct stream_state *state, struct sl_worker *worker)
{
    state->worker = worker;
    state->streams.worker = worker;
    state->streams.linger_ns = LINGER_NS;
    state->streams.held_max = SL_STREAM_HELD_MAX / worker->net->options.workers;
    state->resume_at_ns = INT64_MAX;
    state->spare_fd = open_spare();
    state->streams.read_buffer = malloc(SL_STREAM_READ_SIZE);
    return state->streams.read_buffer != NULL;
}

void *sl_stream_worker_run(void *argument)
{
    struct sl_worker *worker = argument;
    struct stream_state *state = calloc(1, sizeof(*state));

    if (state && init_state(state, worker)) {
        while (!sl_worker_stop_by(worker))
            turn(state, wait_ms(state));
        drain(state);
        sl_health_desk_close(&state->health);
        close(state->spare_fd);
        sl_buffer_deinit(&state->streams.batch.replies);
        sl_buffer_deinit(&state->streams.spare);
        free(state->streams.read_buffer);
    } else {
        sl_log_error(worker->net->log, "out of memory: TCP is not served");
    }
    free(state);
    return NULL;
}
