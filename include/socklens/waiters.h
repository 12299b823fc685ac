/* The helper thread that wakes what waits.
 *
 * A request that has to wait, and every event stream, has a waiter. Its life:
 *
 *       add ──▶ running ──park──▶ parked ──┐
 *                ▲  │                      │ due: journal grew, a snapshot is new, the deadline
 *                │  └──yield──▶ queued ◀───┘      passed, the socket is readable, the server stops
 *                └───resume───────┘
 *
 * - Only the HTTP thread parks (suspends the connection); suspending and resuming are both under
 * the waiters's lock, so a connection is never suspended or resumed twice.
 * - Not more than SL_TURNS_AT_ONCE are resumed at a time, the others queue until one of those has
 *   begun its turn. The HTTP thread serves all that are resumed before it looks at its sockets, so
 *   this bounds how long a new request waits beside a thousand streams.
 * - What becomes due while the waiter runs is kept in `due`, and parking is then refused: the
 *   waiter has to look again. So no wake-up is lost between looking and parking.
 * - A waiter that is parked belongs to the waiters: its owner touches it again only when resumed.
 * - The thread sleeps until the nearest of what the hooks and the waiters' deadlines say.
 *
 * It knows nothing of HTTP: suspending and resuming are functions that it is given. */
#ifndef SOCKLENS_WAITERS_H
#define SOCKLENS_WAITERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "socklens/clock.h"
#include "socklens/error.h"
#include "socklens/list.h"

/* A turn of a stream takes some 20 us; so this is some 160 us. */
#define SL_TURNS_AT_ONCE 8
/* So few that are busy need no turns. */
#define SL_TURNS_FREE 4

/* Why a waiter is due. The first byte is its owner's, whose hook says when. */
enum sl_due {
    SL_DUE_DEADLINE = 1 << 8, /* deadline_ns has passed */
    SL_DUE_READABLE = 1 << 9, /* fd is readable */
    SL_DUE_STOP = 1 << 10,    /* the server stops: finish at once */
    SL_DUE_GONE = 1 << 11,    /* the peer has hung up; see sl_waiters_peer_is_gone */
};

enum sl_turn {
    SL_TURN_NONE,
    SL_TURN_QUEUED, /* suspended, and to be resumed */
    SL_TURN_GIVEN,  /* resumed, and not yet served */
};

struct sl_waiter {
    unsigned wants;      /* of the owner's kinds; set before adding */
    int64_t deadline_ns; /* monotonic; 0: none. The owner may change it while it runs */
    int fd;              /* to be watched while parked, or -1 */
    void *connection;    /* what suspend and resume get */
    /* The waiters's. */
    unsigned due;
    bool added, parked;
    int peer_fd; /* watched, if so */
    bool peer_watched, peer_gone;
    bool busy; /* between a yield and its end or rest. The HTTP thread's */
    enum sl_turn turn;
    struct sl_link queued; /* in the queue */
    uint64_t id;
    struct sl_link link; /* in the list of all */
};

/* A look at what the owner's kinds wait for. */
struct sl_due_look {
    unsigned wants;  /* kinds that somebody waits for */
    bool woken;      /* wake_fd was readable */
    int64_t next_ns; /* out: look again then at the latest (monotonic); INT64_MAX: no matter when */
    bool watch;      /* out: look again once wake_fd is readable */
};

struct sl_waiter_hooks {
    void *context;
    int wake_fd; /* the owner's, e.g. an eventfd; watched only when asked for */
    void (*suspend)(void *connection);
    void (*resume)(void *connection);
    /* The kinds that are due now. Without the lock, by the thread, before waiters are told. */
    unsigned (*due)(void *context, struct sl_due_look *look, int64_t now_ns);
    /* Something else that has deadlines: acts on those that have passed and returns the next, or
     * INT64_MAX. Without the lock, by the thread. */
    int64_t (*sweep)(void *context, int64_t now_ns);
};

struct sl_waiters {
    struct sl_waiter_hooks hooks;
    int epoll_fd, kick_fd;
    size_t busy; /* waiters that are. The HTTP thread's */
    pthread_t thread;
    bool initialised, running;
    /* Under the lock. */
    pthread_mutex_t lock;
    struct sl_list all;
    struct sl_list queue; /* of those that are due, by `queued` */
    size_t turns;         /* given, and not yet begun */
    uint64_t next_id;
    int64_t sleeps_until_ns;
    bool stopping, quit;
    bool woken; /* the thread's own: wake_fd was readable */
};

/* 0, or a negative errno with `error` set. */
int sl_waiters_init(struct sl_waiters *waiters, const struct sl_waiter_hooks *hooks,
                    struct sl_error *error);
int sl_waiters_start(struct sl_waiters *waiters, struct sl_error *error);

/* From now on every waiter is due and none can park any more. */
void sl_waiters_stop_waiting(struct sl_waiters *waiters);

/* Ends the thread. All waiters must be removed before. Fine on one that is all zero. */
void sl_waiters_deinit(struct sl_waiters *waiters);

/* Has the thread look at its deadlines if it would sleep beyond `deadline_ns`. */
void sl_waiters_expect(struct sl_waiters *waiters, int64_t deadline_ns);

/* Makes the waiter known; `connection`, `wants`, `fd` (else -1) and `deadline_ns` must be set. Add
 * first and look then, or what happens in between is missed. */
void sl_waiters_add(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* From now on, until it is removed, the waiter is due when the peer on `fd` has hung up or closed
 * its direction, which looks the same. For what may have to wait long for others (`wants`): what
 * ends by itself also answers a peer that has closed its direction. Before parking, once. */
void sl_waiters_watch_peer(struct sl_waiters *waiters, struct sl_waiter *waiter, int fd);

/* A waiter whose peer is gone cannot park any more. */
bool sl_waiters_peer_is_gone(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* Tells all that want one of `kinds` that it is due. Any thread. */
void sl_waiters_wake(struct sl_waiters *waiters, unsigned kinds);

/* Takes what is due, and clears it. */
unsigned sl_waiters_take(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* Suspends the connection until something is due; false, and nothing done, if something is. */
bool sl_waiters_park(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* The waiter has more to do at once: others should have less time for it in turn. Until it parks or
 * is removed. */
void sl_waiters_mark_busy(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* Lets others have their turn: suspends, and queues to be resumed. It is busy. Needs no
 * sl_waiters_add. */
void sl_waiters_yield(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* The HTTP thread calls it wherever it enters the owner's code. Where the connection was resumed
 * its turn begins, and the next in the queue is resumed. False where it was not, and others are
 * busy: what can be continued later should yield. */
bool sl_waiters_begin_turn(struct sl_waiters *waiters, struct sl_waiter *waiter);

/* How many take turns now; for as long as the waiters are there. The HTTP thread. */
const size_t *sl_waiters_busy(const struct sl_waiters *waiters);

/* Forgets the waiter; fine where it was never added. */
void sl_waiters_remove(struct sl_waiters *waiters, struct sl_waiter *waiter);

#endif
