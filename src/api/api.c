/* What the API's resources share, from the start to the end of the server under them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/shared_events.h"
#include "api/state.h"
#include "socklens/api.h"

/* Addresses that people and programs try. */
static const struct sl_redirect redirects[] = {
    {"/api", "api/v1/"},
    {"/api/", "v1/"},
    {"/api/v1", "v1/"},
    {"/api/v1/docs", "../../#view=api"},
    {"/api/docs", "../#view=api"},
    {"/docs", "./#view=api"},
    {"/docs/", "../#view=api"},
    {"/openapi.json", "api/v1/openapi.json"},
    {"/api/openapi.json", "v1/openapi.json"},
};

static unsigned api_due(void *context, struct sl_due_look *look, int64_t now_ns)
{
    struct sl_api *api = context;
    unsigned kinds = sl_due_look(&api->due, look, now_ns);

    if (kinds & (SL_DUE_CLIENTS | SL_DUE_STATUS))
        sl_shared_events_build(api, kinds);
    return kinds;
}

/* Comes at least once a second, because the rates want that. */
static int64_t api_sweep(void *context, int64_t now_ns)
{
    struct sl_api *api = context;

    return now_ns + sl_rates_sample(&api->rates, api->registry, sl_clock_wall_ns());
}

static int set_targets(struct sl_api *api, const struct sl_api_options *options,
                       struct sl_error *error)
{
    int code = 0;

    if (options->allow_target_count == 0)
        return 0;
    api->targets.items = calloc(options->allow_target_count, sizeof(*api->targets.items));
    if (!api->targets.items)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    for (size_t i = 0; i < options->allow_target_count && code == 0; i++)
        code = sl_target_parse(options->allow_targets[i], &api->targets.items[api->targets.count++],
                               error);
    return code;
}

static void take_context(struct sl_api *api, const struct sl_api_options *options,
                         const struct sl_api_context *context)
{
    api->journal = context->journal;
    api->registry = context->registry;
    api->net = context->net;
    api->store = context->store;
    api->faults = context->faults;
    api->log = context->log;
    memcpy(api->log_id, options->log_id, sizeof(api->log_id));
    memcpy(api->run, options->run, sizeof(api->run));
    api->started_at_ns = sl_clock_wall_ns();
    api->started_at_mono_ns = sl_clock_mono_ns();
    sl_shared_events_init(&api->shared_events);
    sl_rates_init(&api->rates);
    sl_history_init(&api->history, api->journal, api->registry, api->store);
    api->history.run = api->run;
}

static int init(struct sl_api *api, const struct sl_api_options *options, struct sl_error *error)
{
    struct sl_httpd_owner owner = {
        .context = api,
        .routes = sl_routes,
        .route_count = sl_routes_count,
        .redirects = redirects,
        .redirect_count = sizeof(redirects) / sizeof(redirects[0]),
        .due = api_due,
        .sweep = api_sweep,
    };

    api->version = options->version ? strdup(options->version) : NULL;
    if (!api->version)
        return sl_error_set(error, -ENOMEM, "no memory for the web server");
    if (set_targets(api, options, error) < 0)
        return -EINVAL;
    if (sl_due_init(&api->due, api->journal) < 0)
        return sl_error_set(error, -EMFILE,
                            "cannot make the web server's timer: %s (try ulimit -n)",
                            strerror(EMFILE));
    owner.wake_fd = sl_due_fd(&api->due);
    api->httpd = sl_httpd_new(&options->httpd, &owner, api->log, error);
    if (!api->httpd)
        return -EINVAL;
    api->streams_max =
        options->streams_max ? options->streams_max : sl_httpd_connections_max(api->httpd) * 3 / 4;
    api->history.contenders = sl_waiters_busy(sl_httpd_waiters(api->httpd));
    return 0;
}

struct sl_api *sl_api_new(const struct sl_api_options *options,
                          const struct sl_api_context *context, struct sl_error *error)
{
    struct sl_api *api = calloc(1, sizeof(*api));

    if (!api) {
        sl_error_set(error, -ENOMEM, "no memory for the web server");
        return NULL;
    }
    take_context(api, options, context);
    if (init(api, options, error) < 0) {
        sl_api_free(api);
        return NULL;
    }
    return api;
}

struct sl_httpd *sl_api_httpd(const struct sl_api *api)
{
    return api ? api->httpd : NULL;
}

void sl_api_free(struct sl_api *api)
{
    if (!api)
        return;
    sl_httpd_free(api->httpd); /* first: its threads use all the others */
    sl_due_deinit(&api->due);
    sl_shared_events_deinit(&api->shared_events);
    sl_rates_deinit(&api->rates);
    sl_history_deinit(&api->history);
    free(api->targets.items);
    free(api->version);
    free(api);
}
