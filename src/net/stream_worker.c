/* The stream worker: epoll over its listeners and connections.
 *
 * A turn waits for events, serves once each connection or listener that epoll reports, then a few
 * of the connections that have more to do, then what is due by time. What must hold:
 *
 *   - Nobody holds up the others: a turn takes a bounded number of connections from each listener,
 *     and each visit to a connection is bounded (connection.h). While any has more to do, epoll is
 *     asked without waiting.
 *   - New connections and commands come after the other events of their turn, for they may free
 *     connections that `events` still points to: a command closes any, a new connection a lingering
 *     one whose place it takes.
 *
 * TCP connections are watched edge-triggered, since level-triggered epoll looks at each of them
 * again to find it empty. The second read that is usual with edge-triggered epoll is left out: a
 * read that came back short has found all there was (epoll(7)). Where it may not have, the
 * connection is ready and is read in its next turn. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/connection.h"
#include "socklens/socket_open.h"

#define EVENTS_MAX       256
#define ACCEPTS_A_TURN   64
#define READY_A_TURN     2
#define ACCEPTS_AT_END   4096 /* what may stand in a listener's backlog */
#define LINGER_NS        (2 * SL_NS_PER_S)
#define LINGER_AT_END_NS (SL_NS_PER_S / 2)
#define LOG_EVERY_NS     SL_NS_PER_S
#define RESUME_AFTER_NS  (SL_NS_PER_S / 10)

/* Connections that are closed at once, or for want of memory: the log gets the first one's reason
 * at once, then a line a second at most, with the newest reason and their number. */
struct rejections {
    const char *what, *advice;
    uint64_t count; /* not logged yet */
    int64_t quiet_until_ns;
};

struct stream_worker {
    struct sl_worker *worker;
    struct sl_streams streams;
    int spare_fd; /* let go to accept and close a connection when descriptors have run out */
    struct rejections rejections;
    int64_t resume_at_ns; /* paused listeners; INT64_MAX: none */
};

/* --- connections that are turned away --- */

static void stream_log_rejections(struct stream_worker *stream, int64_t now)
{
    struct rejections *rejections = &stream->rejections;

    sl_log_warning(stream->worker->net->log, "%s: %llu connection%s closed at once (%s)",
                   rejections->what, (unsigned long long)rejections->count,
                   rejections->count == 1 ? " was" : "s were", rejections->advice);
    rejections->count = 0;
    rejections->quiet_until_ns = now + LOG_EVERY_NS;
}

static void stream_note_rejection(struct stream_worker *stream, const char *what,
                                  const char *advice)
{
    struct rejections *rejections = &stream->rejections;
    int64_t now = sl_clock_mono_ns();

    rejections->what = what;
    rejections->advice = advice;
    rejections->count++;
    if (now >= rejections->quiet_until_ns)
        stream_log_rejections(stream, now);
}

/* When the next line about them is due. */
static int64_t stream_rejections_due(const struct stream_worker *stream)
{
    return stream->rejections.count > 0 ? stream->rejections.quiet_until_ns : INT64_MAX;
}

static void stream_reject(struct stream_worker *stream, const struct sl_socket *listener, int fd,
                          const char *what, const char *advice)
{
    struct sl_shard *shard = stream->worker->shard;

    stream_note_rejection(stream, what, advice);
    sl_shard_lock(shard);
    sl_shard_listener(shard, listener->listener)->rejected_connections++;
    sl_shard_unlock(shard);
    close(fd); /* only now: a peer that sees the end finds it counted */
}

/* --- listeners --- */

static void stream_watch_listener(struct stream_worker *stream, struct sl_socket *listener, bool on)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};

    listener->paused = !on;
    epoll_ctl(stream->worker->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->fd, &event);
}

/* Memory, or descriptors of the whole system, are short: tries again in a moment. */
static void stream_pause_listener(struct stream_worker *stream, struct sl_socket *listener)
{
    int64_t now = sl_clock_mono_ns();

    if (now >= stream->rejections.quiet_until_ns) {
        sl_log_warning(stream->worker->net->log,
                       "cannot accept for now: the system is out of descriptors or memory");
        stream->rejections.quiet_until_ns = now + LOG_EVERY_NS;
    }
    stream_watch_listener(stream, listener, false);
    stream->resume_at_ns = now + RESUME_AFTER_NS;
}

static void stream_resume_listeners(struct stream_worker *stream, int64_t now)
{
    if (now < stream->resume_at_ns)
        return;
    stream->resume_at_ns = INT64_MAX;
    for (size_t i = 0; i < stream->worker->socket_count; i++) {
        if (stream->worker->sockets[i].paused)
            stream_watch_listener(stream, &stream->worker->sockets[i], true);
    }
}

/* Accepts one connection and closes it. */
static void stream_accept_without_descriptor(struct stream_worker *stream,
                                             struct sl_socket *listener)
{
    int fd = sl_socket_accept_by_spare(listener->fd, &stream->spare_fd);

    if (fd >= 0)
        stream_reject(stream, listener, fd, "out of file descriptors",
                      "raise the limit: ulimit -n, LimitNOFILE=");
    else if (fd == -EMFILE)
        stream_pause_listener(stream, listener);
    stream->spare_fd = sl_socket_spare();
}

static void stream_admit(struct stream_worker *stream, const struct sl_socket *listener, int fd,
                         const struct sl_address *peer)
{
    struct sl_limits *limits = &stream->worker->net->limits;
    enum sl_admission admission = sl_limits_admit(limits, peer);

    if (admission != SL_ADMITTED &&
        sl_connections_make_room(&stream->streams,
                                 admission == SL_TOO_MANY_FROM_ADDRESS ? peer : NULL))
        admission = sl_limits_admit(limits, peer);
    switch (admission) {
    case SL_ADMITTED:
        sl_connection_open(&stream->streams, listener, fd, peer);
        break;
    case SL_TOO_MANY:
        stream_reject(stream, listener, fd, "too many connections", "see --max-connections");
        break;
    case SL_TOO_MANY_FROM_ADDRESS:
        stream_reject(stream, listener, fd, "too many connections from one address",
                      "see --max-connections-per-address");
        break;
    }
}

/* True where it is worth another try at once. */
static bool stream_accept_failed(struct stream_worker *stream, struct sl_socket *listener,
                                 int error)
{
    switch (error) {
    case EMFILE:
        stream_accept_without_descriptor(stream, listener);
        return !listener->paused;
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        stream_pause_listener(stream, listener);
        return false;
    case EAGAIN:
        return false;
    default: /* this connection ended in the backlog; others may be behind it */
        return true;
    }
}

/* False where there is none (for now). */
static bool stream_accept(struct stream_worker *stream, struct sl_socket *listener)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    int fd =
        accept4(listener->fd, (struct sockaddr *)&storage, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct sl_address peer;

    if (fd < 0)
        return stream_accept_failed(stream, listener, errno);
    peer = sl_address_from_sockaddr((struct sockaddr *)&storage, size);
    if (listener->transport == SL_UNIX)
        peer = (struct sl_address){.family = AF_UNIX};
    stream_admit(stream, listener, fd, &peer);
    return true;
}

static void stream_accept_some(struct stream_worker *stream, struct sl_socket *listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN && stream_accept(stream, listener); i++)
        ;
    stream->streams.clock = sl_time_now();
}

/* --- what is due --- */

static void stream_run_commands(struct stream_worker *stream)
{
    struct sl_worker *worker = stream->worker;
    eventfd_t ignored;
    uint64_t id;

    eventfd_read(worker->wake_fd, &ignored);
    sl_worker_take_options(worker);
    while ((id = sl_worker_take_disconnect(worker)) != 0) {
        struct sl_client *client = sl_shard_find_id(worker->shard, id);

        if (client)
            sl_connection_close(&stream->streams, sl_client_user(client), SL_BY_OPERATOR,
                                SL_CLOSE_DISCONNECTED);
    }
}

static int64_t stream_idle_until(const struct stream_worker *stream)
{
    int64_t idle_ns = stream->worker->options.tcp_idle_ns;
    const struct sl_client *oldest = sl_shard_oldest(stream->worker->shard);

    return oldest && idle_ns ? sl_client_last_seen_mono_ns(oldest) + idle_ns : INT64_MAX;
}

static void stream_close_idle(struct stream_worker *stream, int64_t now)
{
    while (stream_idle_until(stream) <= now) {
        struct sl_client *client = sl_shard_oldest(stream->worker->shard);

        sl_connection_close(&stream->streams, sl_client_user(client), SL_BY_SERVER,
                            SL_CLOSE_IDLE_TIMEOUT);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long epoll may wait for events: -1 for ever, 0 while there is more to do. */
static int stream_wait_ms(const struct stream_worker *stream)
{
    const struct sl_streams *streams = &stream->streams;
    int64_t until = earlier(stream_idle_until(stream), sl_queue_until(&streams->lingering));
    int64_t left;

    if (sl_queue_first(&streams->ready) || sl_queue_first(&streams->late))
        return 0;
    until = earlier(until, sl_queue_until(&streams->waiting[0]));
    until = earlier(until, sl_queue_until(&streams->waiting[1]));
    until = earlier(earlier(until, stream->resume_at_ns), stream_rejections_due(stream));
    if (until == INT64_MAX)
        return -1;
    left = until - sl_clock_mono_ns();
    if (left <= 0)
        return 0;
    return left > 3600 * SL_NS_PER_S ? 3600 * 1000 : (int)(left / SL_NS_PER_MS + 1);
}

static void stream_serve_due(struct stream_worker *stream)
{
    struct sl_streams *streams = &stream->streams;
    int64_t now = streams->clock.mono_ns;

    sl_connections_end_gap(streams, now);
    sl_connections_end_linger(streams, now);
    stream_close_idle(stream, now);
    stream_resume_listeners(stream, now);
    for (; streams->cut > 0; streams->cut--)
        stream_note_rejection(stream, "unfinished messages and unread replies hold too much memory",
                              "at most 64 MiB together; those that held most wanted more");
    if (stream_rejections_due(stream) <= now)
        stream_log_rejections(stream, now);
}

/* --- turns --- */

/* Waits at most `timeout_ms`, then serves each source that epoll reports once, and some of the
 * connections that were ready. */
static void stream_turn(struct stream_worker *stream, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(stream->worker->epoll_fd, events, EVENTS_MAX, timeout_ms);
    struct sl_socket *listeners[EVENTS_MAX];
    int listener_count = 0;
    bool woken = false;

    stream->streams.clock = sl_time_now();
    sl_worker_turned(stream->worker, stream->streams.clock.mono_ns);
    for (int i = 0; i < count; i++) {
        switch (*(uint8_t *)events[i].data.ptr) {
        case SL_SOURCE_CONNECTION:
            sl_connection_serve(&stream->streams, events[i].data.ptr, events[i].events);
            break;
        case SL_SOURCE_SOCKET:
            listeners[listener_count++] = events[i].data.ptr;
            break;
        default:
            woken = true;
        }
    }
    for (int i = 0; i < listener_count; i++)
        stream_accept_some(stream, listeners[i]);
    if (woken)
        stream_run_commands(stream);
    for (int left = READY_A_TURN; left > 0 && sl_queue_first(&stream->streams.ready); left--) {
        stream->streams.clock = sl_time_now();
        sl_connection_resume(&stream->streams, sl_queue_first(&stream->streams.ready)->connection);
    }
    sl_connections_read_late(&stream->streams);
    stream_serve_due(stream);
}

/* --- the stop --- */

/* Peers in a listener's backlog are connected and may have sent something, and closing the listener
 * would reset them: they are accepted first. Those of an inherited socket wait for the next process
 * instead. A socket that is shared stays open elsewhere, and epoll would go on reporting it. */
static void stream_close_listeners(struct stream_worker *stream)
{
    for (size_t i = 0; i < stream->worker->socket_count; i++) {
        struct sl_socket *listener = &stream->worker->sockets[i];

        for (int j = 0;
             !listener->inherited && j < ACCEPTS_AT_END && stream_accept(stream, listener); j++)
            ;
        if (listener->shared)
            epoll_ctl(stream->worker->epoll_fd, EPOLL_CTL_DEL, listener->fd, NULL);
        close(listener->fd);
        listener->fd = -1;
    }
    stream->resume_at_ns = INT64_MAX;
}

/* Serves each connection a last time, then closes it. A visit closes its connection or leaves it
 * ending; one that was answered moves to the newest end of the list, and is passed over there. */
static void stream_shut_connections(struct stream_worker *stream)
{
    struct sl_shard *shard = stream->worker->shard;
    struct sl_client *client = sl_shard_oldest(shard);

    while (client) {
        struct sl_connection *connection = sl_client_user(client);
        struct sl_client *next = sl_shard_newer(shard, client);

        if (!connection->ending)
            sl_connection_shut(&stream->streams, connection);
        client = next;
    }
}

static void stream_drain(struct stream_worker *stream)
{
    int64_t by = sl_worker_stop_by(stream->worker);
    struct sl_client *client;

    stream->streams.clock = sl_time_now();
    stream_close_listeners(stream);
    sl_connections_shorten_linger(&stream->streams, LINGER_AT_END_NS);
    stream_shut_connections(stream);
    while (stream->streams.open_count > 0 && sl_clock_mono_ns() < by) {
        int64_t left = (by - sl_clock_mono_ns()) / SL_NS_PER_MS + 1;
        int wait = stream_wait_ms(stream);

        stream_turn(stream, wait < 0 || wait > left ? (int)left : wait);
    }
    while ((client = sl_shard_oldest(stream->worker->shard)))
        sl_connection_close(&stream->streams, sl_client_user(client), SL_BY_SERVER,
                            SL_CLOSE_SHUTDOWN);
}

static bool stream_init(struct stream_worker *stream, struct sl_worker *worker)
{
    stream->worker = worker;
    stream->streams.worker = worker;
    stream->streams.linger_ns = LINGER_NS;
    stream->streams.held_max = SL_STREAM_HELD_MAX / worker->net->options.workers;
    stream->resume_at_ns = INT64_MAX;
    stream->spare_fd = sl_socket_spare();
    stream->streams.read_buffer = malloc(SL_STREAM_READ_SIZE);
    return stream->streams.read_buffer != NULL;
}

void *sl_stream_worker_run(void *argument)
{
    struct sl_worker *worker = argument;
    struct stream_worker *stream = calloc(1, sizeof(*stream));

    if (stream && stream_init(stream, worker)) {
        while (!sl_worker_stop_by(worker))
            stream_turn(stream, stream_wait_ms(stream));
        stream_drain(stream);
        sl_worker_turned(worker, INT64_MAX);
        close(stream->spare_fd);
        sl_buffer_deinit(&stream->streams.batch.replies);
        sl_buffer_deinit(&stream->streams.spare);
        free(stream->streams.read_buffer);
    } else {
        sl_log_error(worker->net->log, "out of memory: TCP is not served");
    }
    free(stream);
    return NULL;
}
