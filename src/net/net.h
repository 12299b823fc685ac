/* Inside the net room: the sockets, and what every worker has. */
#ifndef SOCKLENS_NET_NET_H
#define SOCKLENS_NET_NET_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/limits.h"
#include "socklens/fault_set.h"
#include "socklens/net.h"

#define SL_WORKERS_MAX 64

/* One bound socket of one worker. */
struct sl_socket {
    uint8_t kind; /* enum sl_source: epoll's pointer leads to one of several structs */
    uint8_t transport;
    uint8_t service;
    bool wildcard; /* bound to no one address: the local one differs from peer to peer */
    bool segment;  /* UDP: the kernel takes UDP_SEGMENT on it */
    bool paused;   /* streams: accepting waits for memory or descriptors */
    bool shared;   /* streams: other descriptors, here or in another process, are the same socket */
    bool inherited; /* another process opened it and keeps it open for the next one that serves */
    uint16_t listener;
    uint32_t drops_seen; /* UDP: the kernel's own count, which wraps */
    int fd;
    struct sl_address address;
};

enum sl_source { SL_SOURCE_WAKE, SL_SOURCE_SOCKET, SL_SOURCE_CONNECTION, SL_SOURCE_TIMER };

/* A thread with its own sockets, shard and epoll. */
struct sl_worker {
    uint8_t kind; /* SL_SOURCE_WAKE: epoll's pointer for wake_fd */
    bool running;
    char name[16]; /* "UDP worker 1"; the thread's too */
    struct sl_net *net;
    struct sl_shard *shard;
    struct sl_net_options options; /* its own copy, renewed when it is woken */
    pthread_t thread;
    int epoll_fd, wake_fd;
    struct sl_socket *sockets;
    size_t socket_count;
    _Atomic int64_t stop_by_mono_ns; /* 0: go on */
    _Atomic int64_t turned_mono_ns;  /* when its last turn began; INT64_MAX: it was stopped */
    _Atomic uint64_t fault_epoch;    /* of the rules that it goes by */
    _Atomic int64_t asked_mono_ns;   /* when it was woken for a turn: see sl_net_health */
    pthread_mutex_t lock;            /* of the commands */
    uint64_t *disconnect;            /* ids of clients to close */
    size_t disconnect_count, disconnect_capacity;
};

struct sl_net {
    struct sl_net_options options; /* after the start: workers is constant, the rest is locked */
    pthread_mutex_t options_lock;
    size_t connections_possible; /* as descriptors allow */
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_log *log;
    struct sl_worker udp[SL_WORKERS_MAX], stream[SL_WORKERS_MAX]; /* `workers` of each in use */
    struct sl_limits limits;
    uint8_t own_udp_ports[65536 / 8]; /* a bit each */
    char (*unix_paths)[108];          /* to unlink at the end */
    size_t unix_path_count;
    bool port_shared[SL_LISTENERS_MAX];            /* with another process, when last checked */
    struct sl_fault_set *faults[SL_LISTENERS_MAX]; /* under options_lock; NULL: none */
    uint64_t fault_epoch;                          /* under options_lock; 0: there never were any */
    size_t hold_max;                               /* bytes, over all workers */
    atomic_size_t held_messages, held_bytes;       /* now */
    _Atomic uint64_t held_overflows;               /* lost since nothing more could be held */
    bool started, stopped;
};

/* For UDP with an even shard, for streams with an odd one. */
int sl_worker_init(struct sl_worker *worker, struct sl_net *net, size_t shard);
void sl_worker_deinit(struct sl_worker *worker);
int sl_worker_add_socket(struct sl_worker *worker, const struct sl_socket *socket);

/* Its sockets no longer move. */
int sl_worker_start(struct sl_worker *worker, void *(*run)(void *));
void sl_worker_wake(struct sl_worker *worker);
void sl_worker_disconnect(struct sl_worker *worker, uint64_t id);

/* Renews its copy of the options. */
void sl_worker_take_options(struct sl_worker *worker);

/* Takes the next id to disconnect; 0 where there is none. */
uint64_t sl_worker_take_disconnect(struct sl_worker *worker);

static inline int64_t sl_worker_stop_by(const struct sl_worker *worker)
{
    return atomic_load_explicit(&worker->stop_by_mono_ns, memory_order_acquire);
}

/* Once a turn: a sign of life. */
static inline void sl_worker_turned(struct sl_worker *worker, int64_t mono_ns)
{
    atomic_store_explicit(&worker->turned_mono_ns, mono_ns, memory_order_relaxed);
}

/* Closes the client in the registry and tells the journal. Takes the shard's lock. */
void sl_worker_close_client(struct sl_worker *worker, struct sl_client *client,
                            enum sl_closed_by by, enum sl_close_reason reason);

/* The record that a client appeared. */
struct sl_event sl_event_opened(const struct sl_client *client, uint8_t service, int64_t now_ns);

/* The threads' functions; the argument is a struct sl_worker. */
void *sl_udp_worker_run(void *worker);
void *sl_stream_worker_run(void *worker);

#endif
