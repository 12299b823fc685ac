/* Start and stop of the room.
 *
 * libmicrohttpd aborts the program where it is stopped while a connection is suspended. So the end
 * has an order: say that we stop (new requests get 503), take no more connections, have the ticker
 * resume everything that waits (streams end, waits answer with what there is, and nothing can be
 * parked again), give the answers a bounded time to leave, and only then stop the daemon. */
#include "socklens/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/adapter.h"
#include "http/gateway.h"
#include "http/listen.h"

#define LOOK_AGAIN_NS (2 * SL_NS_PER_MS)

static void prepare(void *context, unsigned kinds, int64_t now_ns)
{
    (void)now_ns;
    sl_feed_build(context, kinds);
}

/* Comes at least once a second, because the rates want that. */
static int64_t sweep(void *context, int64_t now_ns)
{
    struct sl_http *http = context;
    int64_t connections_ns = sl_connections_sweep(&http->connections, now_ns);
    int64_t rates_ns =
        now_ns + sl_rates_sample(&http->rates, http->context.registry, sl_clock_wall_ns());

    return connections_ns < rates_ns ? connections_ns : rates_ns;
}

static void set_options(struct sl_http *http, const struct sl_http_options *options)
{
    http->options = *options;
    http->options.allow_hosts = NULL;   /* they live in `hosts` */
    http->options.allow_origins = NULL; /* as these do */
    http->options.allow_targets = NULL; /* and in `targets` */
    http->options.token_file = NULL;    /* was read */
    http->options.tls_cert_file = NULL;
    http->options.tls_key_file = NULL;
    http->options.version = options->version ? strdup(options->version) : NULL;
    if (http->options.connections_max == 0)
        http->options.connections_max = SL_HTTP_CONNECTIONS_MAX;
    if (http->options.streams_max == 0)
        http->options.streams_max = http->options.connections_max * 3 / 4;
}

static int set_targets(struct sl_http *http, const struct sl_http_options *options,
                       struct sl_error *error)
{
    int code = 0;

    if (options->allow_target_count == 0)
        return 0;
    http->targets.items = calloc(options->allow_target_count, sizeof(*http->targets.items));
    if (!http->targets.items)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    for (size_t i = 0; i < options->allow_target_count && code == 0; i++)
        code = sl_target_parse(options->allow_targets[i],
                               &http->targets.items[http->targets.count++], error);
    return code;
}

static void warn_if_expired(struct sl_http *http, const char *cert_file)
{
    int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;

    if (sl_tls_expires_at_s(http->tls) < now_s)
        sl_log_warning(http->context.log, "http: the certificate in %s has expired", cert_file);
}

static int set_certificate(struct sl_http *http, const struct sl_http_options *options,
                           struct sl_error *error)
{
    if (!options->tls_cert_file)
        return 0;
    http->tls = sl_tls_new(options->tls_cert_file, options->tls_key_file, error);
    if (!http->tls)
        return -EINVAL;
    warn_if_expired(http, options->tls_cert_file);
    return 0;
}

static int init(struct sl_http *http, const struct sl_http_options *options, struct sl_error *error)
{
    struct sl_ticker_hooks hooks = {
        .context = http,
        .suspend = sl_adapter_suspend,
        .resume = sl_adapter_resume,
        .prepare = prepare,
        .sweep = sweep,
    };

    set_options(http, options);
    sl_connections_init(&http->connections, http->options.connections_max,
                        (http->options.connections_max + 1) / 2);
    sl_feed_init(&http->feed);
    sl_rates_init(&http->rates);
    sl_trail_init(&http->trail, http->context.journal, http->context.registry, http->context.store);
    http->trail.run = http->options.run;
    http->trail.rivals = &http->ticker.busy;
    http->started_at_ns = sl_clock_wall_ns();
    http->started_at_mono_ns = sl_clock_mono_ns();
    if (sl_hosts_init(&http->hosts, options->allow_hosts, options->allow_host_count,
                      options->allow_origins, options->allow_origin_count) < 0 ||
        !http->options.version)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    if (sl_guesses_init(&http->guesses, (http->options.connections_max + 3) / 4) < 0)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    if (options->token_file && sl_token_read(options->token_file, http->token, error) < 0)
        return -EINVAL;
    if (set_certificate(http, options, error) < 0)
        return -EINVAL;
    if (set_targets(http, options, error) < 0)
        return -EINVAL;
    return sl_ticker_init(&http->ticker, http->context.journal, &hooks, error);
}

int sl_http_check_files(const struct sl_http_options *options, struct sl_error *error)
{
    char token[SL_TOKEN_SIZE_MAX + 1];
    int code = options->token_file ? sl_token_read(options->token_file, token, error) : 0;
    struct sl_tls *tls;

    if (code < 0 || !options->tls_cert_file)
        return code;
    tls = sl_tls_new(options->tls_cert_file, options->tls_key_file, error);
    sl_tls_free(tls);
    return tls ? 0 : -EINVAL;
}

struct sl_http *sl_http_new(const struct sl_http_options *options,
                            const struct sl_http_context *context, struct sl_error *error)
{
    struct sl_http *http = calloc(1, sizeof(*http));

    if (!http) {
        sl_error_set(error, -ENOMEM, "no memory for the web server");
        return NULL;
    }
    http->context = *context;
    pthread_mutex_init(&http->token_lock, NULL);
    if (init(http, options, error) < 0) {
        sl_http_free(http);
        return NULL;
    }
    return http;
}

int sl_http_listen(struct sl_http *http, const struct sl_endpoint *endpoint, struct sl_error *error)
{
    return sl_listen(http, endpoint, error);
}

int sl_http_adopt(struct sl_http *http, int fd, struct sl_error *error)
{
    return sl_listen_adopt(http, fd, error);
}

size_t sl_http_listener_count(const struct sl_http *http)
{
    return http->listener_count;
}

const char *sl_http_listener_name(const struct sl_http *http, size_t index)
{
    return http->listeners[index].name;
}

const char *sl_http_scheme(const struct sl_http *http)
{
    return http->tls ? "https" : "http";
}

int sl_http_start(struct sl_http *http, struct sl_error *error)
{
    int code = sl_ticker_start(&http->ticker, error);

    if (code == 0)
        code = sl_adapter_start(http, error);
    return code == 0 ? sl_acceptor_start(&http->acceptor, http, error) : code;
}

int sl_http_renew_token(struct sl_http *http, const char *token_file, struct sl_error *error)
{
    char token[SL_TOKEN_SIZE_MAX + 1] = "";
    int code = sl_token_read(token_file, token, error);

    if (code < 0)
        return code;
    pthread_mutex_lock(&http->token_lock);
    memcpy(http->token, token, sizeof(token));
    pthread_mutex_unlock(&http->token_lock);
    return 0;
}

int sl_http_renew_certificate(struct sl_http *http, const char *cert_file, const char *key_file,
                              struct sl_error *error)
{
    int code = sl_tls_renew(http->tls, cert_file, key_file, error);

    if (code == 0)
        warn_if_expired(http, cert_file);
    return code;
}

void sl_http_set_ready(struct sl_http *http, bool ready)
{
    atomic_store(&http->ready, ready);
}

static void wait_for_requests(struct sl_http *http, int64_t timeout_ns)
{
    int64_t until_ns = sl_clock_mono_ns() + timeout_ns;
    struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};

    while (atomic_load(&http->requests) > 0 && sl_clock_mono_ns() < until_ns)
        nanosleep(&pause, NULL);
}

void sl_http_stop(struct sl_http *http, int64_t timeout_ns)
{
    if (atomic_exchange(&http->stopping, true))
        return;
    atomic_store(&http->ready, false);
    sl_acceptor_stop(&http->acceptor);
    for (size_t i = 0; i < http->listener_count; i++)
        sl_listen_close(&http->listeners[i]);
    sl_ticker_stop_waiting(&http->ticker);
    wait_for_requests(http, timeout_ns);
    sl_adapter_stop(http);
}

void sl_http_free(struct sl_http *http)
{
    if (!http)
        return;
    sl_http_stop(http, 0);
    sl_ticker_deinit(&http->ticker);
    sl_feed_deinit(&http->feed);
    sl_rates_deinit(&http->rates);
    sl_trail_deinit(&http->trail);
    sl_hosts_deinit(&http->hosts);
    sl_guesses_deinit(&http->guesses);
    free(http->targets.items);
    sl_connections_deinit(&http->connections);
    sl_tls_free(http->tls);
    free((void *)(uintptr_t)http->options.version);
    pthread_mutex_destroy(&http->token_lock);
    free(http);
}
