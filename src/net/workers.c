/* The workers as one: created, started, adjusted and stopped together. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/listen.h"
#include "net/net.h"

#define ADDRESSES_MAX 16

#define TURN_RECENT_NS SL_NS_PER_S       /* then a worker need not be asked */
#define TURN_LIMIT_NS  (2 * SL_NS_PER_S) /* a worker that was woken and has not turned is stuck */

#define DESCRIPTORS_OF_OUR_OWN 16   /* still to be opened: listeners, HTTP's epolls, files */
#define DESCRIPTORS_A_WORKER   6    /* of both its kinds: epoll, eventfd, a spare */
#define DESCRIPTORS_FOR_HTTP   1200 /* where there are plenty; else a quarter */

static size_t count_open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

/* What is left for connections; at least a few, so that a low limit shows as one, not as silence.
 */
static size_t descriptors_for_connections(unsigned workers)
{
    struct rlimit limit;
    size_t all, others;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    all = limit.rlim_cur > 1000000 ? 1000000 : (size_t)limit.rlim_cur;
    others = count_open_descriptors() + DESCRIPTORS_OF_OUR_OWN + workers * DESCRIPTORS_A_WORKER;
    others += all / 4 < DESCRIPTORS_FOR_HTTP ? all / 4 : DESCRIPTORS_FOR_HTTP;
    return all > others + 8 ? all - others : 8;
}

static int net_init_workers(struct sl_net *net)
{
    int error = 0;

    for (unsigned i = 0; i < net->options.workers && error == 0; i++) {
        error = sl_worker_init(&net->udp[i], net, 2 * i);
        if (error == 0)
            error = sl_worker_init(&net->stream[i], net, 2 * i + 1);
    }
    return error;
}

struct sl_net *sl_net_new(const struct sl_net_options *options, struct sl_journal *journal,
                          struct sl_registry *registry, struct sl_log *log, struct sl_error *error)
{
    struct sl_net *net = calloc(1, sizeof(*net));
    int result;

    if (!net) {
        sl_error_set(error, -ENOMEM, "out of memory");
        return NULL;
    }
    net->options = *options;
    pthread_mutex_init(&net->options_lock, NULL);
    net->connections_possible = descriptors_for_connections(options->workers);
    if (net->options.max_connections == 0)
        net->options.max_connections = net->connections_possible;
    net->journal = journal;
    net->registry = registry;
    net->log = log;
    net->hold_max = options->hold_size;
    result = sl_limits_init(&net->limits, net->options.max_connections,
                            net->options.max_connections_per_address);
    if (result == 0)
        result = net_init_workers(net);
    if (result == 0)
        return net;
    sl_error_set(error, result, "cannot set up %u workers: %s", options->workers,
                 strerror(-result));
    sl_net_free(net);
    return NULL;
}

int sl_net_listen(struct sl_net *net, enum sl_service_id id, const struct sl_endpoint *endpoint,
                  struct sl_error *error)
{
    const struct sl_service *service = sl_service_get(id);
    struct sl_address addresses[ADDRESSES_MAX];
    int count;

    if (endpoint->unix_path[0])
        return sl_listen_on_unix(net, service, endpoint, error);
    count = sl_endpoint_resolve(endpoint->host, endpoint->port,
                                service->stream ? SOCK_STREAM : SOCK_DGRAM, addresses,
                                ADDRESSES_MAX, error);
    if (count < 0)
        sl_error_prefix(error, service->option);
    for (int i = 0; i < count; i++) {
        int result = sl_listen_on(net, service, addresses[i], error);

        if (result != 0)
            return result;
    }
    return count < 0 ? count : 0;
}

static int net_start_worker(struct sl_worker *worker, void *(*run)(void *), struct sl_error *error)
{
    int result = worker->socket_count > 0 ? sl_worker_start(worker, run) : 0;

    return result == 0
               ? 0
               : sl_error_set(error, result, "cannot start a worker: %s", strerror(-result));
}

int sl_net_start(struct sl_net *net, struct sl_error *error)
{
    net->started = true;
    for (unsigned i = 0; i < net->options.workers; i++) {
        int result = net_start_worker(&net->udp[i], sl_udp_worker_run, error);

        if (result == 0)
            result = net_start_worker(&net->stream[i], sl_stream_worker_run, error);
        if (result != 0)
            return result;
    }
    return 0;
}

void sl_net_adjust(struct sl_net *net, const struct sl_net_options *options)
{
    size_t connections =
        options->max_connections ? options->max_connections : net->connections_possible;

    pthread_mutex_lock(&net->options_lock);
    net->options.max_connections = connections;
    net->options.max_connections_per_address = options->max_connections_per_address;
    net->options.max_udp_clients = options->max_udp_clients;
    net->options.tcp_gap_ns = options->tcp_gap_ns;
    net->options.tcp_idle_ns = options->tcp_idle_ns;
    net->options.udp_idle_ns = options->udp_idle_ns;
    net->options.udp_rate = options->udp_rate;
    pthread_mutex_unlock(&net->options_lock);
    sl_limits_adjust(&net->limits, connections, options->max_connections_per_address);
    for (unsigned i = 0; i < net->options.workers; i++) {
        sl_worker_wake(&net->udp[i]);
        sl_worker_wake(&net->stream[i]);
    }
}

void sl_net_disconnect(struct sl_net *net, uint64_t id)
{
    struct sl_client_view view;

    if (!sl_registry_get(net->registry, id, &view) || !view.open)
        return;
    for (unsigned i = 0; i < net->options.workers; i++)
        sl_worker_disconnect(view.transport == SL_UDP ? &net->udp[i] : &net->stream[i], id);
}

/* A worker stamps each of its turns, and an idle one has none: it is woken and has to stamp that
 * one. The question is the worker's, so that who asks again, or another thread, finds out how it
 * went. */
static enum sl_net_health worker_health(struct sl_worker *worker, int64_t now_ns)
{
    int64_t turned_ns = atomic_load_explicit(&worker->turned_mono_ns, memory_order_relaxed);
    int64_t asked_ns = atomic_load_explicit(&worker->asked_mono_ns, memory_order_relaxed);

    if (worker->socket_count == 0 || turned_ns > now_ns - TURN_RECENT_NS)
        return SL_NET_HEALTHY;
    if (asked_ns <= turned_ns) {
        atomic_store_explicit(&worker->asked_mono_ns, now_ns, memory_order_relaxed);
        sl_worker_wake(worker);
        return SL_NET_ASKED;
    }
    return now_ns - asked_ns < TURN_LIMIT_NS ? SL_NET_ASKED : SL_NET_STUCK;
}

enum sl_net_health sl_net_health(struct sl_net *net, int64_t now_mono_ns, const char **stuck)
{
    enum sl_net_health worst = SL_NET_HEALTHY;

    for (unsigned i = 0; i < 2 * net->options.workers; i++) {
        struct sl_worker *worker = i % 2 == 0 ? &net->udp[i / 2] : &net->stream[i / 2];
        enum sl_net_health health = worker_health(worker, now_mono_ns);

        if (health > worst)
            worst = health;
        if (health == SL_NET_STUCK)
            *stuck = worker->name;
    }
    return worst;
}

/* A worker that does not run may have no descriptor to be woken by. */
static void worker_ask_to_stop(struct sl_worker *worker, int64_t by_mono_ns)
{
    if (!worker->running)
        return;
    atomic_store_explicit(&worker->stop_by_mono_ns, by_mono_ns, memory_order_release);
    sl_worker_wake(worker);
}

static void worker_join(struct sl_worker *worker)
{
    if (worker->running)
        pthread_join(worker->thread, NULL);
    worker->running = false;
}

void sl_net_stop(struct sl_net *net, int64_t timeout_ns)
{
    int64_t by = sl_clock_mono_ns() + timeout_ns;

    if (net->stopped)
        return;
    net->stopped = true;
    for (size_t i = 0; i < net->unix_path_count; i++)
        unlink(net->unix_paths[i]);
    net->unix_path_count = 0;
    for (unsigned i = 0; i < net->options.workers; i++) {
        worker_ask_to_stop(&net->udp[i], by);
        worker_ask_to_stop(&net->stream[i], by);
    }
    for (unsigned i = 0; i < net->options.workers; i++) {
        worker_join(&net->udp[i]);
        worker_join(&net->stream[i]);
    }
}

void sl_net_free(struct sl_net *net)
{
    if (!net)
        return;
    sl_net_stop(net, 0);
    for (unsigned i = 0; i < net->options.workers; i++) {
        sl_worker_deinit(&net->udp[i]);
        sl_worker_deinit(&net->stream[i]);
    }
    for (size_t i = 0; i < SL_LISTENERS_MAX; i++)
        sl_fault_set_unref(net->faults[i]);
    sl_limits_deinit(&net->limits);
    pthread_mutex_destroy(&net->options_lock);
    free(net->unix_paths);
    free(net);
}
