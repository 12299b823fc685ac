/* Sockets and workers: the part that receives, has services answer, and tells the journal. */
#ifndef SOCKLENS_NET_H
#define SOCKLENS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/clock.h"
#include "socklens/error.h"
#include "socklens/fault_set.h"
#include "socklens/journal.h"
#include "socklens/log.h"
#include "socklens/registry.h"
#include "socklens/service.h"

struct sl_net_options {
    unsigned workers;                   /* threads each for UDP and for streams; 1 to 64 */
    size_t max_connections;             /* streams, over all listeners; 0: as descriptors allow */
    size_t max_connections_per_address; /* 0: no limit; Unix peers do not count */
    size_t max_udp_clients;             /* remembered at once; the one idle longest goes */
    int64_t tcp_gap_ns;                 /* see framing.h; 0: untimed */
    int64_t tcp_idle_ns;                /* 0: never */
    int64_t udp_idle_ns;
    uint64_t udp_rate;  /* datagrams a second answered per source address; 0: any */
    uint64_t hold_size; /* bytes that faults may hold, over all workers; only at the start */
};

#define SL_NET_OPTIONS_DEFAULT                                                                     \
    ((struct sl_net_options){.workers = 1,                                                         \
                             .max_connections = 0,                                                 \
                             .max_connections_per_address = 4096,                                  \
                             .max_udp_clients = 65536,                                             \
                             .tcp_gap_ns = 50 * SL_NS_PER_MS,                                      \
                             .tcp_idle_ns = 3600 * SL_NS_PER_S,                                    \
                             .udp_idle_ns = 300 * SL_NS_PER_S,                                     \
                             .udp_rate = 10000,                                                    \
                             .hold_size = UINT64_C(16) << 20})

struct sl_net;

/* `registry` must have two shards per worker. All three must outlive the net. */
struct sl_net *sl_net_new(const struct sl_net_options *options, struct sl_journal *journal,
                          struct sl_registry *registry, struct sl_log *log, struct sl_error *error);

/* Opens the sockets for a service on an address (a name may stand for several). Before start.
 * 0, or a negative errno with a line that says what, where, why, and what to do. */
int sl_net_listen(struct sl_net *net, enum sl_service_id service,
                  const struct sl_endpoint *endpoint, struct sl_error *error);

/* Takes a socket that another process has opened for us: bound, and for a stream service listening.
 * The net owns `fd` from here on, also on failure; the address and a Unix socket's file stay
 * theirs. Before start. 0, or a negative errno with a line that says what is wrong with it. */
int sl_net_adopt(struct sl_net *net, enum sl_service_id service, int fd, struct sl_error *error);

/* Starts the workers' threads. */
int sl_net_start(struct sl_net *net, struct sl_error *error);

/* Takes new limits and idle times, within moments: all of `options` but `workers`, with 0 for the
 * same as before the start. What is over a new limit stays until it ends by itself. Any thread. */
void sl_net_adjust(struct sl_net *net, const struct sl_net_options *options);

/* Logs a warning, once each, where another process shares a listener's traffic, which SO_REUSEPORT
 * lets it do with several workers. Between start and stop; one thread at a time. */
void sl_net_check_port_sharing(struct sl_net *net);

enum sl_net_health {
    SL_NET_HEALTHY, /* each worker had a turn within the last second, or had nothing to do */
    SL_NET_ASKED,   /* an idle one was woken; look again in a moment */
    SL_NET_STUCK,   /* one was woken two seconds ago and had no turn since */
};

/* Whether the workers go on. With SL_NET_STUCK `*stuck` names one: "UDP worker 1". Between start
 * and free; any thread; returns at once. */
enum sl_net_health sl_net_health(struct sl_net *net, int64_t now_mono_ns, const char **stuck);

/* Has the workers go by these rules for a listener; NULL: by none. The net takes a reference.
 * Before the start they precede the first message, later they are in force within moments: see
 * sl_net_faults_are_in_force. Any thread. */
void sl_net_set_faults(struct sl_net *net, size_t listener, struct sl_fault_set *set);

/* True once all workers go by the rules that were set last: whatever arrives from now on is judged
 * by them. Any thread. */
bool sl_net_faults_are_in_force(struct sl_net *net);

/* What rules hold back at the moment. */
struct sl_net_held {
    size_t messages, bytes, bytes_max;
    uint64_t overflows; /* messages lost since nothing more could be held */
};

void sl_net_held(struct sl_net *net, struct sl_net_held *held);

/* Asks the worker that has client `id` to close it (by the operator). Any thread; returns at once;
 * unknown or closed ids are ignored. */
void sl_net_disconnect(struct sl_net *net, uint64_t id);

/* Drain: stop accepting, answer what has already arrived, close every client, end the threads. At
 * most `timeout_ns`; then what is left is closed as it is. Idempotent. */
void sl_net_stop(struct sl_net *net, int64_t timeout_ns);

/* Stops if need be. NULL is fine. */
void sl_net_free(struct sl_net *net);

#endif
