/* Start and stop of the room.
 *
 * libmicrohttpd aborts the program where it is stopped while a connection is suspended. So the end
 * has an order: say that we stop (new requests get 503), take no more connections, have the waiters
 * resume everything that waits (streams end, waits answer with what there is, and nothing can be
 * parked again), give the answers a bounded time to leave, and only then stop the daemon. */
#include "socklens/httpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd/accept.h"
#include "httpd/http_listen.h"
#include "httpd/mhd.h"
#include "httpd/state.h"

#define LOOK_AGAIN_NS (2 * SL_NS_PER_MS)

static int64_t sweep(void *context, int64_t now_ns)
{
    struct sl_httpd *httpd = context;
    int64_t connections_ns = sl_connections_sweep(&httpd->connections, now_ns);
    int64_t owner_ns = httpd->owner.sweep(httpd->owner.context, now_ns);

    return connections_ns < owner_ns ? connections_ns : owner_ns;
}

static unsigned due(void *context, struct sl_due_look *look, int64_t now_ns)
{
    struct sl_httpd *httpd = context;

    return httpd->owner.due(httpd->owner.context, look, now_ns);
}

static void warn_if_expired(struct sl_httpd *httpd, const char *cert_file)
{
    int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;

    if (sl_tls_expires_at_s(httpd->tls) < now_s)
        sl_log_warning(httpd->log, "http: the certificate in %s has expired", cert_file);
}

static int set_certificate(struct sl_httpd *httpd, const struct sl_httpd_options *options,
                           struct sl_error *error)
{
    if (!options->tls_cert_file)
        return 0;
    httpd->tls = sl_tls_new(options->tls_cert_file, options->tls_key_file, error);
    if (!httpd->tls)
        return -EINVAL;
    warn_if_expired(httpd, options->tls_cert_file);
    return 0;
}

static int init(struct sl_httpd *httpd, const struct sl_httpd_options *options,
                struct sl_error *error)
{
    size_t connections_max =
        options->connections_max ? options->connections_max : SL_HTTP_CONNECTIONS_MAX;
    struct sl_waiter_hooks hooks = {
        .context = httpd,
        .wake_fd = httpd->owner.wake_fd,
        .suspend = sl_mhd_suspend,
        .resume = sl_mhd_resume,
        .due = due,
        .sweep = sweep,
    };

    sl_connections_init(&httpd->connections, connections_max, (connections_max + 1) / 2);
    if (sl_hosts_init(&httpd->hosts, options->allow_hosts, options->allow_host_count,
                      options->allow_origins, options->allow_origin_count) < 0 ||
        sl_traffic_init(&httpd->traffic, httpd->owner.routes, httpd->owner.route_count) < 0 ||
        sl_guesses_init(&httpd->guesses, (connections_max + 3) / 4) < 0)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    if (sl_tokens_read(options->token_file, options->view_token_file, &httpd->tokens, error) < 0)
        return -EINVAL;
    if (set_certificate(httpd, options, error) < 0)
        return -EINVAL;
    return sl_waiters_init(&httpd->waiters, &hooks, error);
}

int sl_httpd_check_files(const struct sl_httpd_options *options, struct sl_error *error)
{
    struct sl_tokens tokens;
    int code = sl_tokens_read(options->token_file, options->view_token_file, &tokens, error);
    struct sl_tls *tls;

    if (code < 0 || !options->tls_cert_file)
        return code;
    tls = sl_tls_new(options->tls_cert_file, options->tls_key_file, error);
    sl_tls_free(tls);
    return tls ? 0 : -EINVAL;
}

struct sl_httpd *sl_httpd_new(const struct sl_httpd_options *options,
                              const struct sl_httpd_owner *owner, struct sl_log *log,
                              struct sl_error *error)
{
    struct sl_httpd *httpd = calloc(1, sizeof(*httpd));

    if (!httpd) {
        sl_error_set(error, -ENOMEM, "no memory for the web server");
        return NULL;
    }
    httpd->owner = *owner;
    httpd->log = log;
    pthread_mutex_init(&httpd->token_lock, NULL);
    if (init(httpd, options, error) < 0) {
        sl_httpd_free(httpd);
        return NULL;
    }
    return httpd;
}

int sl_httpd_listen(struct sl_httpd *httpd, const struct sl_endpoint *endpoint,
                    struct sl_error *error)
{
    return sl_listen(httpd, endpoint, error);
}

int sl_httpd_adopt(struct sl_httpd *httpd, int fd, struct sl_error *error)
{
    return sl_listen_adopt(httpd, fd, error);
}

size_t sl_httpd_listener_count(const struct sl_httpd *httpd)
{
    return httpd->listener_count;
}

const char *sl_httpd_listener_name(const struct sl_httpd *httpd, size_t index)
{
    return httpd->listeners[index].name;
}

const char *sl_httpd_scheme(const struct sl_httpd *httpd)
{
    return httpd->tls ? "https" : "http";
}

int sl_httpd_start(struct sl_httpd *httpd, struct sl_error *error)
{
    int code = sl_waiters_start(&httpd->waiters, error);

    if (code == 0)
        code = sl_mhd_start(httpd, error);
    return code == 0 ? sl_acceptor_start(&httpd->acceptor, httpd, error) : code;
}

int sl_httpd_renew_tokens(struct sl_httpd *httpd, const char *token_file,
                          const char *view_token_file, struct sl_error *error)
{
    struct sl_tokens tokens;
    int code = sl_tokens_read(token_file, view_token_file, &tokens, error);

    if (code < 0)
        return code;
    pthread_mutex_lock(&httpd->token_lock);
    httpd->tokens = tokens;
    pthread_mutex_unlock(&httpd->token_lock);
    return 0;
}

int sl_httpd_renew_certificate(struct sl_httpd *httpd, const char *cert_file, const char *key_file,
                               struct sl_error *error)
{
    int code = sl_tls_renew(httpd->tls, cert_file, key_file, error);

    if (code == 0)
        warn_if_expired(httpd, cert_file);
    return code;
}

void sl_httpd_set_ready(struct sl_httpd *httpd, bool ready)
{
    atomic_store(&httpd->ready, ready);
}

static void wait_for_requests(struct sl_httpd *httpd, int64_t timeout_ns)
{
    int64_t until_ns = sl_clock_mono_ns() + timeout_ns;
    struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};

    while (atomic_load(&httpd->requests) > 0 && sl_clock_mono_ns() < until_ns)
        nanosleep(&pause, NULL);
}

void sl_httpd_stop(struct sl_httpd *httpd, int64_t timeout_ns)
{
    if (atomic_exchange(&httpd->stopping, true))
        return;
    atomic_store(&httpd->ready, false);
    sl_acceptor_stop(&httpd->acceptor);
    for (size_t i = 0; i < httpd->listener_count; i++)
        sl_listen_close(&httpd->listeners[i]);
    sl_waiters_stop_waiting(&httpd->waiters);
    wait_for_requests(httpd, timeout_ns);
    sl_mhd_stop(httpd);
}

void sl_httpd_free(struct sl_httpd *httpd)
{
    if (!httpd)
        return;
    sl_httpd_stop(httpd, 0);
    sl_waiters_deinit(&httpd->waiters);
    sl_hosts_deinit(&httpd->hosts);
    sl_guesses_deinit(&httpd->guesses);
    sl_traffic_deinit(&httpd->traffic);
    sl_connections_deinit(&httpd->connections);
    sl_tls_free(httpd->tls);
    pthread_mutex_destroy(&httpd->token_lock);
    free(httpd);
}

void *sl_httpd_context(const struct sl_httpd *httpd)
{
    return httpd->owner.context;
}

struct sl_waiters *sl_httpd_waiters(struct sl_httpd *httpd)
{
    return &httpd->waiters;
}

bool sl_httpd_is_ready(const struct sl_httpd *httpd)
{
    return atomic_load(&httpd->ready);
}

bool sl_httpd_is_stopping(const struct sl_httpd *httpd)
{
    return atomic_load(&httpd->stopping);
}

size_t sl_httpd_connections_max(const struct sl_httpd *httpd)
{
    return httpd->connections.max;
}

void sl_httpd_stats(const struct sl_httpd *httpd, struct sl_httpd_stats *stats)
{
    *stats = (struct sl_httpd_stats){
        .connections = atomic_load(&httpd->connections.count),
        .rejected = atomic_load(&httpd->connections.rejected),
        .requests = atomic_load(&httpd->requests),
        .held_bytes = atomic_load(&httpd->held_bytes),
        .wrong_tokens = atomic_load(&httpd->guesses.count),
    };
}

void sl_httpd_visit_traffic(struct sl_httpd *httpd,
                            void (*visit)(void *context, const char *method, const char *route,
                                          unsigned status, uint64_t answers),
                            void *context)
{
    sl_traffic_visit(&httpd->traffic, visit, context);
}
