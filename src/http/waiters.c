#include "http/ticker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What epoll says an event is about; waiters begin behind these. */
enum { ID_KICK, ID_WAKER, ID_WAITERS };
/* In a waiter's id: about its peer. */
#define PEER_BIT (UINT64_C(1) << 63)

static int watch(struct sl_ticker *ticker, int operation, int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};

    return epoll_ctl(ticker->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

/* Can only fail where it is already readable. */
static void kick(struct sl_ticker *ticker)
{
    eventfd_write(ticker->kick_fd, 1);
}

static void drain_kick(struct sl_ticker *ticker)
{
    eventfd_t value;

    eventfd_read(ticker->kick_fd, &value);
}

static void earlier(int64_t *next_ns, int64_t at_ns)
{
    if (at_ns < *next_ns)
        *next_ns = at_ns;
}

static uint64_t newest_seq(struct sl_ticker *ticker)
{
    struct sl_journal_stats stats;

    sl_journal_stats(ticker->journal, &stats);
    return stats.newest_seq;
}

/* --- turns, under the lock --- */

static void enqueue(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    waiter->turn = SL_TURN_QUEUED;
    waiter->queue_next = NULL;
    waiter->queue_previous = ticker->queue_tail;
    if (ticker->queue_tail)
        ticker->queue_tail->queue_next = waiter;
    else
        ticker->queue_head = waiter;
    ticker->queue_tail = waiter;
}

static void dequeue(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    if (waiter->queue_previous)
        waiter->queue_previous->queue_next = waiter->queue_next;
    else
        ticker->queue_head = waiter->queue_next;
    if (waiter->queue_next)
        waiter->queue_next->queue_previous = waiter->queue_previous;
    else
        ticker->queue_tail = waiter->queue_previous;
}

static void give_turns(struct sl_ticker *ticker)
{
    while (ticker->queue_head && (ticker->turns < SL_TURNS_AT_ONCE || ticker->stopping)) {
        struct sl_waiter *waiter = ticker->queue_head;

        dequeue(ticker, waiter);
        waiter->turn = SL_TURN_GIVEN;
        ticker->turns++;
        ticker->hooks.resume(waiter->connection);
    }
}

static void end_turn(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    if (waiter->turn == SL_TURN_GIVEN)
        ticker->turns--;
    else if (waiter->turn == SL_TURN_QUEUED)
        dequeue(ticker, waiter);
    waiter->turn = SL_TURN_NONE;
    give_turns(ticker);
}

/* --- waiters, under the lock --- */

static void resume_if_due(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    if (!waiter->parked || !waiter->due)
        return;
    waiter->parked = false;
    if (waiter->fd >= 0)
        watch(ticker, EPOLL_CTL_DEL, waiter->fd, 0, 0);
    enqueue(ticker, waiter);
    give_turns(ticker);
}

static void mark_due(struct sl_ticker *ticker, uint64_t event_id)
{
    struct sl_waiter *waiter = ticker->waiters;

    while (waiter && waiter->id != (event_id & ~PEER_BIT))
        waiter = waiter->next;
    if (!waiter)
        return;
    if (event_id & PEER_BIT) {
        waiter->peer_gone = true;
        waiter->due |= SL_DUE_GONE;
    } else if (waiter->parked) {
        waiter->due |= SL_DUE_READABLE;
    }
    resume_if_due(ticker, waiter);
}

/* Tells all waiters what is due; returns the nearest deadline of those that stay parked. */
static int64_t wake_waiters(struct sl_ticker *ticker, unsigned kinds, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    struct sl_waiter *next;

    for (struct sl_waiter *waiter = ticker->waiters; waiter; waiter = next) {
        next = waiter->next;
        waiter->due |= kinds & waiter->wants;
        if (ticker->stopping)
            waiter->due |= SL_DUE_STOP;
        if (waiter->parked && waiter->deadline_ns && waiter->deadline_ns <= now_ns)
            waiter->due |= SL_DUE_DEADLINE;
        resume_if_due(ticker, waiter);
        if (waiter->parked && waiter->deadline_ns)
            earlier(&next_ns, waiter->deadline_ns);
    }
    return next_ns;
}

static unsigned all_wants(struct sl_ticker *ticker)
{
    unsigned wants = 0;

    pthread_mutex_lock(&ticker->lock);
    for (struct sl_waiter *waiter = ticker->waiters; waiter; waiter = waiter->next)
        wants |= waiter->wants;
    pthread_mutex_unlock(&ticker->lock);
    return wants;
}

/* --- what is due --- */

/* Under load this looks at the journal once a tick and leaves its waker alone; a journal at rest
 * arms it, and then no timer runs. */
static unsigned check_journal(struct sl_ticker *ticker, int64_t now_ns, int64_t *next_ns)
{
    if (now_ns - ticker->last_tick_ns < SL_TICK_NS) {
        earlier(next_ns, ticker->last_tick_ns + SL_TICK_NS);
        return 0;
    }
    if (newest_seq(ticker) == ticker->seen_seq && !ticker->woken) {
        sl_waker_arm(ticker->waker);
        watch(ticker, EPOLL_CTL_MOD, sl_waker_fd(ticker->waker), EPOLLIN | EPOLLONESHOT, ID_WAKER);
        if (newest_seq(ticker) == ticker->seen_seq)
            return 0;
    }
    ticker->woken = false;
    ticker->seen_seq = newest_seq(ticker);
    ticker->last_tick_ns = now_ns;
    earlier(next_ns, now_ns + SL_TICK_NS);
    return SL_DUE_MESSAGES;
}

/* Counters may be raised a moment after the journal grew, so a second look follows the last. */
static unsigned check_clients(struct sl_ticker *ticker, bool journal_grew, int64_t now_ns,
                              int64_t *next_ns)
{
    int64_t at_ns = ticker->last_clients_ns + SL_CLIENTS_NS;

    if (journal_grew)
        ticker->clients_left = 2;
    if (ticker->clients_left == 0)
        return 0;
    if (now_ns < at_ns) {
        earlier(next_ns, at_ns);
        return 0;
    }
    ticker->last_clients_ns = now_ns;
    if (--ticker->clients_left > 0)
        earlier(next_ns, now_ns + SL_CLIENTS_NS);
    return SL_DUE_CLIENTS;
}

static unsigned check_status(struct sl_ticker *ticker, int64_t now_ns, int64_t *next_ns)
{
    if (now_ns - ticker->last_status_ns < SL_STATUS_NS) {
        earlier(next_ns, ticker->last_status_ns + SL_STATUS_NS);
        return 0;
    }
    ticker->last_status_ns = now_ns;
    earlier(next_ns, now_ns + SL_STATUS_NS);
    return SL_DUE_STATUS;
}

static int64_t tick(struct sl_ticker *ticker)
{
    int64_t now_ns = sl_clock_mono_ns(), next_ns = INT64_MAX;
    unsigned wants = all_wants(ticker), kinds = 0;

    if (wants & (SL_DUE_MESSAGES | SL_DUE_CLIENTS))
        kinds |= check_journal(ticker, now_ns, &next_ns);
    if (wants & SL_DUE_CLIENTS)
        kinds |= check_clients(ticker, kinds & SL_DUE_MESSAGES, now_ns, &next_ns);
    if (wants & SL_DUE_STATUS)
        kinds |= check_status(ticker, now_ns, &next_ns);
    if (kinds & (SL_DUE_CLIENTS | SL_DUE_STATUS))
        ticker->hooks.prepare(ticker->hooks.context, kinds, now_ns);

    pthread_mutex_lock(&ticker->lock);
    earlier(&next_ns, wake_waiters(ticker, kinds, now_ns));
    pthread_mutex_unlock(&ticker->lock);
    earlier(&next_ns, ticker->hooks.sweep(ticker->hooks.context, now_ns));
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
static void announce_sleep(struct sl_ticker *ticker, int64_t next_ns)
{
    pthread_mutex_lock(&ticker->lock);
    ticker->sleeps_until_ns = next_ns;
    pthread_mutex_unlock(&ticker->lock);
}

static bool must_quit(struct sl_ticker *ticker)
{
    bool quit;

    pthread_mutex_lock(&ticker->lock);
    quit = ticker->quit;
    pthread_mutex_unlock(&ticker->lock);
    return quit;
}

static void handle(struct sl_ticker *ticker, const struct epoll_event *event)
{
    if (event->data.u64 == ID_KICK) {
        drain_kick(ticker);
    } else if (event->data.u64 == ID_WAKER) {
        ticker->woken = true;
    } else if (event->data.u64 >= ID_WAITERS) {
        pthread_mutex_lock(&ticker->lock);
        mark_due(ticker, event->data.u64);
        pthread_mutex_unlock(&ticker->lock);
    }
}

static void *run(void *context)
{
    struct sl_ticker *ticker = context;
    struct epoll_event events[32];

    while (!must_quit(ticker)) {
        int64_t next_ns;
        int count;

        /* Until it sleeps, whoever has a deadline must kick. */
        announce_sleep(ticker, INT64_MAX);
        next_ns = tick(ticker);
        announce_sleep(ticker, next_ns);
        count = epoll_wait(ticker->epoll_fd, events, 32, timeout_ms(next_ns));
        for (int i = 0; i < count; i++)
            handle(ticker, &events[i]);
    }
    return NULL;
}

int sl_ticker_init(struct sl_ticker *ticker, struct sl_journal *journal,
                   const struct sl_ticker_hooks *hooks, struct sl_error *error)
{
    *ticker = (struct sl_ticker){.hooks = *hooks,
                                 .journal = journal,
                                 .next_id = ID_WAITERS,
                                 .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                                 .kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                 .waker = sl_waker_new(journal)};
    pthread_mutex_init(&ticker->lock, NULL);
    ticker->initialised = true;
    if (ticker->epoll_fd < 0 || ticker->kick_fd < 0 || !ticker->waker ||
        watch(ticker, EPOLL_CTL_ADD, ticker->kick_fd, EPOLLIN, ID_KICK) < 0 ||
        watch(ticker, EPOLL_CTL_ADD, sl_waker_fd(ticker->waker), EPOLLONESHOT, ID_WAKER) < 0) {
        sl_ticker_deinit(ticker);
        return sl_error_set(error, -EMFILE,
                            "cannot make the web server's timer: %s (try ulimit -n)",
                            strerror(EMFILE));
    }
    return 0;
}

/* Signals are the main thread's. */
static int start_thread(struct sl_ticker *ticker)
{
    sigset_t all, before;
    int code;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&ticker->thread, NULL, run, ticker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -code;
}

int sl_ticker_start(struct sl_ticker *ticker, struct sl_error *error)
{
    int code = start_thread(ticker);

    if (code < 0)
        return sl_error_set(error, code, "cannot start the web server's helper thread: %s",
                            strerror(-code));
    pthread_setname_np(ticker->thread, "sl-ticker");
    ticker->running = true;
    return 0;
}

void sl_ticker_stop_waiting(struct sl_ticker *ticker)
{
    if (!ticker->initialised)
        return;
    pthread_mutex_lock(&ticker->lock);
    ticker->stopping = true;
    wake_waiters(ticker, 0, sl_clock_mono_ns());
    give_turns(ticker);
    pthread_mutex_unlock(&ticker->lock);
}

static void end_thread(struct sl_ticker *ticker)
{
    pthread_mutex_lock(&ticker->lock);
    ticker->quit = true;
    pthread_mutex_unlock(&ticker->lock);
    kick(ticker);
    pthread_join(ticker->thread, NULL);
    ticker->running = false;
}

void sl_ticker_deinit(struct sl_ticker *ticker)
{
    if (!ticker->initialised)
        return;
    if (ticker->running)
        end_thread(ticker);
    ticker->initialised = false;
    sl_waker_free(ticker->waker);
    if (ticker->epoll_fd >= 0)
        close(ticker->epoll_fd);
    if (ticker->kick_fd >= 0)
        close(ticker->kick_fd);
    pthread_mutex_destroy(&ticker->lock);
}

void sl_ticker_expect(struct sl_ticker *ticker, int64_t deadline_ns)
{
    bool late;

    pthread_mutex_lock(&ticker->lock);
    late = deadline_ns < ticker->sleeps_until_ns;
    if (late) /* one kick is enough */
        ticker->sleeps_until_ns = deadline_ns;
    pthread_mutex_unlock(&ticker->lock);
    if (late)
        kick(ticker);
}

void sl_ticker_add(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    pthread_mutex_lock(&ticker->lock);
    waiter->due = ticker->stopping ? SL_DUE_STOP : 0;
    waiter->parked = false;
    waiter->peer_watched = waiter->peer_gone = false;
    waiter->added = true;
    waiter->id = ticker->next_id++;
    waiter->previous = NULL;
    waiter->next = ticker->waiters;
    if (waiter->next)
        waiter->next->previous = waiter;
    ticker->waiters = waiter;
    pthread_mutex_unlock(&ticker->lock);
    /* What it wants may be new to the thread, which then also looks at the journal once. */
    kick(ticker);
}

void sl_ticker_watch_peer(struct sl_ticker *ticker, struct sl_waiter *waiter, int fd)
{
    pthread_mutex_lock(&ticker->lock);
    if (waiter->added && !waiter->peer_watched) {
        waiter->peer_fd = fd;
        waiter->peer_watched =
            watch(ticker, EPOLL_CTL_ADD, fd, EPOLLRDHUP | EPOLLET, waiter->id | PEER_BIT) == 0;
    }
    pthread_mutex_unlock(&ticker->lock);
}

bool sl_ticker_peer_is_gone(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    bool gone;

    pthread_mutex_lock(&ticker->lock);
    gone = waiter->added && waiter->peer_gone;
    pthread_mutex_unlock(&ticker->lock);
    return gone;
}

void sl_ticker_wake(struct sl_ticker *ticker, unsigned kinds)
{
    pthread_mutex_lock(&ticker->lock);
    wake_waiters(ticker, kinds, sl_clock_mono_ns());
    pthread_mutex_unlock(&ticker->lock);
}

unsigned sl_ticker_take(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    unsigned due;

    pthread_mutex_lock(&ticker->lock);
    due = waiter->due;
    waiter->due = ticker->stopping ? SL_DUE_STOP : 0;
    pthread_mutex_unlock(&ticker->lock);
    return due;
}

void sl_ticker_mark_busy(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    ticker->busy += !waiter->busy;
    waiter->busy = true;
}

static void rest(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    ticker->busy -= waiter->busy;
    waiter->busy = false;
}

bool sl_ticker_park(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    bool kick_needed = false, parked;

    rest(ticker, waiter);
    pthread_mutex_lock(&ticker->lock);
    end_turn(ticker, waiter);
    if (waiter->fd >= 0 && !waiter->due &&
        watch(ticker, EPOLL_CTL_ADD, waiter->fd, EPOLLIN | EPOLLONESHOT, waiter->id) < 0)
        waiter->due |= SL_DUE_READABLE;
    parked = !waiter->due && !waiter->peer_gone;
    if (parked) {
        waiter->parked = true;
        ticker->hooks.suspend(waiter->connection);
        kick_needed = waiter->deadline_ns && waiter->deadline_ns < ticker->sleeps_until_ns;
        if (kick_needed)
            ticker->sleeps_until_ns = waiter->deadline_ns;
    }
    pthread_mutex_unlock(&ticker->lock);
    if (kick_needed)
        kick(ticker);
    return parked;
}

void sl_ticker_yield(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    sl_ticker_mark_busy(ticker, waiter);
    pthread_mutex_lock(&ticker->lock);
    end_turn(ticker, waiter);
    ticker->hooks.suspend(waiter->connection);
    enqueue(ticker, waiter);
    give_turns(ticker);
    pthread_mutex_unlock(&ticker->lock);
}

bool sl_ticker_begin_turn(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    bool given;

    pthread_mutex_lock(&ticker->lock);
    given = waiter->turn == SL_TURN_GIVEN;
    end_turn(ticker, waiter);
    pthread_mutex_unlock(&ticker->lock);
    return given || ticker->busy <= SL_TURNS_FREE;
}

/* Under the lock. */
static void forget(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    if (waiter->parked && waiter->fd >= 0)
        watch(ticker, EPOLL_CTL_DEL, waiter->fd, 0, 0);
    if (waiter->peer_watched)
        watch(ticker, EPOLL_CTL_DEL, waiter->peer_fd, 0, 0);
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        ticker->waiters = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    waiter->added = false;
}

void sl_ticker_remove(struct sl_ticker *ticker, struct sl_waiter *waiter)
{
    rest(ticker, waiter);
    pthread_mutex_lock(&ticker->lock);
    end_turn(ticker, waiter);
    if (waiter->added)
        forget(ticker, waiter);
    pthread_mutex_unlock(&ticker->lock);
}
