/* The thread that waits for all requests that wait: see waiters.h for the states of a waiter. */
#include "socklens/waiters.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "socklens/thread.h"

/* What epoll says an event is about; waiters begin behind these. */
enum { ID_KICK, ID_WAKER, ID_WAITERS };
/* In a waiter's id: about its peer. */
#define PEER_BIT (UINT64_C(1) << 63)

static int watch(struct sl_waiters *waiters, int operation, int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};

    return epoll_ctl(waiters->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

/* Can only fail where it is already readable. */
static void kick(struct sl_waiters *waiters)
{
    eventfd_write(waiters->kick_fd, 1);
}

static void drain_kick(struct sl_waiters *waiters)
{
    eventfd_t value;

    eventfd_read(waiters->kick_fd, &value);
}

static void earlier(int64_t *next_ns, int64_t at_ns)
{
    if (at_ns < *next_ns)
        *next_ns = at_ns;
}

static struct sl_waiter *first_waiter(const struct sl_waiters *waiters)
{
    return SL_LINKED(waiters->all.first, struct sl_waiter, link);
}

static struct sl_waiter *next_waiter(const struct sl_waiter *waiter)
{
    return SL_LINKED(waiter->link.next, struct sl_waiter, link);
}

/* --- turns, under the lock --- */

static void enqueue(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    waiter->turn = SL_TURN_QUEUED;
    sl_list_append(&waiters->queue, &waiter->queued);
}

static void give_turns(struct sl_waiters *waiters)
{
    while (waiters->queue.first && (waiters->turns < SL_TURNS_AT_ONCE || waiters->stopping)) {
        struct sl_waiter *waiter = SL_LINKED(waiters->queue.first, struct sl_waiter, queued);

        sl_list_remove(&waiters->queue, &waiter->queued);
        waiter->turn = SL_TURN_GIVEN;
        waiters->turns++;
        waiters->hooks.resume(waiter->connection);
    }
}

static void end_turn(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    if (waiter->turn == SL_TURN_GIVEN)
        waiters->turns--;
    else if (waiter->turn == SL_TURN_QUEUED)
        sl_list_remove(&waiters->queue, &waiter->queued);
    waiter->turn = SL_TURN_NONE;
    give_turns(waiters);
}

/* --- waiters, under the lock --- */

static void resume_if_due(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    if (!waiter->parked || !waiter->due)
        return;
    waiter->parked = false;
    if (waiter->fd >= 0)
        watch(waiters, EPOLL_CTL_DEL, waiter->fd, 0, 0);
    enqueue(waiters, waiter);
    give_turns(waiters);
}

static void mark_due(struct sl_waiters *waiters, uint64_t event_id)
{
    struct sl_waiter *waiter = first_waiter(waiters);

    while (waiter && waiter->id != (event_id & ~PEER_BIT))
        waiter = next_waiter(waiter);
    if (!waiter)
        return;
    if (event_id & PEER_BIT) {
        waiter->peer_gone = true;
        waiter->due |= SL_DUE_GONE;
    } else if (waiter->parked) {
        waiter->due |= SL_DUE_READABLE;
    }
    resume_if_due(waiters, waiter);
}

/* Tells all waiters what is due; returns the nearest deadline of those that stay parked. */
static int64_t wake_waiters(struct sl_waiters *waiters, unsigned kinds, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    struct sl_waiter *next;

    for (struct sl_waiter *waiter = first_waiter(waiters); waiter; waiter = next) {
        next = next_waiter(waiter);
        waiter->due |= kinds & waiter->wants;
        if (waiters->stopping)
            waiter->due |= SL_DUE_STOP;
        if (waiter->parked && waiter->deadline_ns && waiter->deadline_ns <= now_ns)
            waiter->due |= SL_DUE_DEADLINE;
        resume_if_due(waiters, waiter);
        if (waiter->parked && waiter->deadline_ns)
            earlier(&next_ns, waiter->deadline_ns);
    }
    return next_ns;
}

static unsigned all_wants(struct sl_waiters *waiters)
{
    unsigned wants = 0;

    pthread_mutex_lock(&waiters->lock);
    for (struct sl_waiter *waiter = first_waiter(waiters); waiter; waiter = next_waiter(waiter))
        wants |= waiter->wants;
    pthread_mutex_unlock(&waiters->lock);
    return wants;
}

static int64_t tick(struct sl_waiters *waiters)
{
    int64_t now_ns = sl_clock_mono_ns();
    struct sl_due_look look = {
        .wants = all_wants(waiters), .woken = waiters->woken, .next_ns = INT64_MAX};
    unsigned kinds = waiters->hooks.due(waiters->hooks.context, &look, now_ns);
    int64_t next_ns = look.next_ns;

    waiters->woken = false;
    if (look.watch)
        watch(waiters, EPOLL_CTL_MOD, waiters->hooks.wake_fd, EPOLLIN | EPOLLONESHOT, ID_WAKER);
    pthread_mutex_lock(&waiters->lock);
    earlier(&next_ns, wake_waiters(waiters, kinds, now_ns));
    pthread_mutex_unlock(&waiters->lock);
    earlier(&next_ns, waiters->hooks.sweep(waiters->hooks.context, now_ns));
    return next_ns;
}

/* --- the thread --- */

static int timeout_ms(int64_t until_ns)
{
    int64_t left_ms;

    if (until_ns == INT64_MAX)
        return -1;
    left_ms = (until_ns - sl_clock_mono_ns() + SL_NS_PER_MS - 1) / SL_NS_PER_MS;
    if (left_ms < 0)
        return 0;
    return left_ms < 3600000 ? (int)left_ms : 3600000;
}

/* A deadline that came up after `next_ns` was worked out has kicked, so the sleep is short. */
static void announce_sleep(struct sl_waiters *waiters, int64_t next_ns)
{
    pthread_mutex_lock(&waiters->lock);
    waiters->sleeps_until_ns = next_ns;
    pthread_mutex_unlock(&waiters->lock);
}

static bool must_quit(struct sl_waiters *waiters)
{
    bool quit;

    pthread_mutex_lock(&waiters->lock);
    quit = waiters->quit;
    pthread_mutex_unlock(&waiters->lock);
    return quit;
}

static void handle(struct sl_waiters *waiters, const struct epoll_event *event)
{
    if (event->data.u64 == ID_KICK) {
        drain_kick(waiters);
    } else if (event->data.u64 == ID_WAKER) {
        waiters->woken = true;
    } else if (event->data.u64 >= ID_WAITERS) {
        pthread_mutex_lock(&waiters->lock);
        mark_due(waiters, event->data.u64);
        pthread_mutex_unlock(&waiters->lock);
    }
}

static void *run(void *context)
{
    struct sl_waiters *waiters = context;
    struct epoll_event events[32];

    while (!must_quit(waiters)) {
        int64_t next_ns;
        int count;

        /* Until it sleeps, whoever has a deadline must kick. */
        announce_sleep(waiters, INT64_MAX);
        next_ns = tick(waiters);
        announce_sleep(waiters, next_ns);
        count = epoll_wait(waiters->epoll_fd, events, 32, timeout_ms(next_ns));
        for (int i = 0; i < count; i++)
            handle(waiters, &events[i]);
    }
    return NULL;
}

int sl_waiters_init(struct sl_waiters *waiters, const struct sl_waiter_hooks *hooks,
                    struct sl_error *error)
{
    *waiters = (struct sl_waiters){.hooks = *hooks,
                                   .next_id = ID_WAITERS,
                                   .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                                   .kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    pthread_mutex_init(&waiters->lock, NULL);
    waiters->initialised = true;
    if (waiters->epoll_fd < 0 || waiters->kick_fd < 0 || hooks->wake_fd < 0 ||
        watch(waiters, EPOLL_CTL_ADD, waiters->kick_fd, EPOLLIN, ID_KICK) < 0 ||
        watch(waiters, EPOLL_CTL_ADD, hooks->wake_fd, EPOLLONESHOT, ID_WAKER) < 0) {
        sl_waiters_deinit(waiters);
        return sl_error_set(error, -EMFILE,
                            "cannot make the web server's timer: %s (try ulimit -n)",
                            strerror(EMFILE));
    }
    return 0;
}

int sl_waiters_start(struct sl_waiters *waiters, struct sl_error *error)
{
    int code = sl_thread_start(&waiters->thread, run, waiters, 0);

    if (code < 0)
        return sl_error_set(error, code, "cannot start the web server's helper thread: %s",
                            strerror(-code));
    pthread_setname_np(waiters->thread, "sl-waiters");
    waiters->running = true;
    return 0;
}

void sl_waiters_stop_waiting(struct sl_waiters *waiters)
{
    if (!waiters->initialised)
        return;
    pthread_mutex_lock(&waiters->lock);
    waiters->stopping = true;
    wake_waiters(waiters, 0, sl_clock_mono_ns());
    give_turns(waiters);
    pthread_mutex_unlock(&waiters->lock);
}

static void end_thread(struct sl_waiters *waiters)
{
    pthread_mutex_lock(&waiters->lock);
    waiters->quit = true;
    pthread_mutex_unlock(&waiters->lock);
    kick(waiters);
    pthread_join(waiters->thread, NULL);
    waiters->running = false;
}

void sl_waiters_deinit(struct sl_waiters *waiters)
{
    if (!waiters->initialised)
        return;
    if (waiters->running)
        end_thread(waiters);
    waiters->initialised = false;
    if (waiters->epoll_fd >= 0)
        close(waiters->epoll_fd);
    if (waiters->kick_fd >= 0)
        close(waiters->kick_fd);
    pthread_mutex_destroy(&waiters->lock);
}

void sl_waiters_expect(struct sl_waiters *waiters, int64_t deadline_ns)
{
    bool late;

    pthread_mutex_lock(&waiters->lock);
    late = deadline_ns < waiters->sleeps_until_ns;
    if (late) /* one kick is enough */
        waiters->sleeps_until_ns = deadline_ns;
    pthread_mutex_unlock(&waiters->lock);
    if (late)
        kick(waiters);
}

void sl_waiters_add(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    pthread_mutex_lock(&waiters->lock);
    waiter->due = waiters->stopping ? SL_DUE_STOP : 0;
    waiter->parked = false;
    waiter->peer_watched = waiter->peer_gone = false;
    waiter->added = true;
    waiter->id = waiters->next_id++;
    sl_list_append(&waiters->all, &waiter->link);
    pthread_mutex_unlock(&waiters->lock);
    /* What it wants may be new to the thread, which then also looks at the journal once. */
    kick(waiters);
}

void sl_waiters_watch_peer(struct sl_waiters *waiters, struct sl_waiter *waiter, int fd)
{
    pthread_mutex_lock(&waiters->lock);
    if (waiter->added && !waiter->peer_watched) {
        waiter->peer_fd = fd;
        waiter->peer_watched =
            watch(waiters, EPOLL_CTL_ADD, fd, EPOLLRDHUP | EPOLLET, waiter->id | PEER_BIT) == 0;
    }
    pthread_mutex_unlock(&waiters->lock);
}

bool sl_waiters_peer_is_gone(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    bool gone;

    pthread_mutex_lock(&waiters->lock);
    gone = waiter->added && waiter->peer_gone;
    pthread_mutex_unlock(&waiters->lock);
    return gone;
}

void sl_waiters_wake(struct sl_waiters *waiters, unsigned kinds)
{
    pthread_mutex_lock(&waiters->lock);
    wake_waiters(waiters, kinds, sl_clock_mono_ns());
    pthread_mutex_unlock(&waiters->lock);
}

unsigned sl_waiters_take(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    unsigned due;

    pthread_mutex_lock(&waiters->lock);
    due = waiter->due;
    waiter->due = waiters->stopping ? SL_DUE_STOP : 0;
    pthread_mutex_unlock(&waiters->lock);
    return due;
}

void sl_waiters_mark_busy(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    waiters->busy += !waiter->busy;
    waiter->busy = true;
}

const size_t *sl_waiters_busy(const struct sl_waiters *waiters)
{
    return &waiters->busy;
}

static void rest(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    waiters->busy -= waiter->busy;
    waiter->busy = false;
}

bool sl_waiters_park(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    bool kick_needed = false, parked;

    rest(waiters, waiter);
    pthread_mutex_lock(&waiters->lock);
    end_turn(waiters, waiter);
    if (waiter->fd >= 0 && !waiter->due &&
        watch(waiters, EPOLL_CTL_ADD, waiter->fd, EPOLLIN | EPOLLONESHOT, waiter->id) < 0)
        waiter->due |= SL_DUE_READABLE;
    parked = !waiter->due && !waiter->peer_gone;
    if (parked) {
        waiter->parked = true;
        waiters->hooks.suspend(waiter->connection);
        kick_needed = waiter->deadline_ns && waiter->deadline_ns < waiters->sleeps_until_ns;
        if (kick_needed)
            waiters->sleeps_until_ns = waiter->deadline_ns;
    }
    pthread_mutex_unlock(&waiters->lock);
    if (kick_needed)
        kick(waiters);
    return parked;
}

void sl_waiters_yield(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    sl_waiters_mark_busy(waiters, waiter);
    pthread_mutex_lock(&waiters->lock);
    end_turn(waiters, waiter);
    waiters->hooks.suspend(waiter->connection);
    enqueue(waiters, waiter);
    give_turns(waiters);
    pthread_mutex_unlock(&waiters->lock);
}

bool sl_waiters_begin_turn(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    bool given;

    pthread_mutex_lock(&waiters->lock);
    given = waiter->turn == SL_TURN_GIVEN;
    end_turn(waiters, waiter);
    pthread_mutex_unlock(&waiters->lock);
    return given || waiters->busy <= SL_TURNS_FREE;
}

/* Under the lock. */
static void forget(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    if (waiter->parked && waiter->fd >= 0)
        watch(waiters, EPOLL_CTL_DEL, waiter->fd, 0, 0);
    if (waiter->peer_watched)
        watch(waiters, EPOLL_CTL_DEL, waiter->peer_fd, 0, 0);
    sl_list_remove(&waiters->all, &waiter->link);
    waiter->added = false;
}

void sl_waiters_remove(struct sl_waiters *waiters, struct sl_waiter *waiter)
{
    rest(waiters, waiter);
    pthread_mutex_lock(&waiters->lock);
    end_turn(waiters, waiter);
    if (waiter->added)
        forget(waiters, waiter);
    pthread_mutex_unlock(&waiters->lock);
}
