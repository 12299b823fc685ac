/* Puts the parts together: what is made first, what starts first, and what stops last.
 *
 * The order is that of the data. The store and the transcript follow the journal before the
 * first record, workers start before HTTP shows what they do, and at a stop each part ends
 * before what it writes to. */
#include "app/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/banner.h"
#include "app/faults.h"
#include "app/listeners.h"
#include "app/manager.h"
#include "app/ready_file.h"
#include "app/transcript.h"
#include "socklens/api.h"
#include "socklens/journal.h"
#include "socklens/net.h"
#include "socklens/random.h"
#include "socklens/registry.h"
#include "socklens/service.h"
#include "socklens/state_file.h"
#include "socklens/store.h"

/* Together what a person who stops the server waits at most. */
#define NET_STOP_NS        (2 * SL_NS_PER_S)
#define HTTP_STOP_NS       (2 * SL_NS_PER_S)
#define TRANSCRIPT_STOP_NS (1 * SL_NS_PER_S)

struct sl_server {
    const struct sl_config *config;
    struct sl_log *log;
    struct sl_inherited inherited;
    struct sl_store *store; /* NULL: the log is in memory alone */
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_faults *faults;
    struct sl_api *api;               /* NULL: off */
    struct sl_transcript *transcript; /* NULL: off */
    bool ready_file_written;
    char run[SL_RUN_SIZE]; /* of this start */
};

/* 16 random bytes: sequence numbers of another run are not taken for ours. */
static int draw_id(char id[SL_RANDOM_ID_SIZE], struct sl_error *error)
{
    int code = sl_random_id(id);

    return code == 0 ? 0
                     : sl_error_set(error, code, "cannot draw random bytes: %s", strerror(-code));
}

static int name_run(struct sl_server *server, struct sl_error *error)
{
    int result = 0;

    if (server->store)
        snprintf(server->run, sizeof(server->run), "%s", sl_store_run_id(server->store));
    else
        result = draw_id(server->run, error);
    return result;
}

static struct sl_retention retention_of(const struct sl_config *config)
{
    return (struct sl_retention){.messages = config->retain_messages,
                                 .bytes = config->retain_bytes,
                                 .age_ns = config->retain_age_ns};
}

static struct sl_net_options net_options_of(const struct sl_config *config)
{
    return (struct sl_net_options){
        .workers = (unsigned)config->workers,
        .max_connections = config->max_connections,
        .max_connections_per_address = config->max_connections_per_address,
        .max_udp_clients = config->max_udp_clients,
        .tcp_gap_ns = config->tcp_gap_ns,
        .tcp_idle_ns = config->tcp_idle_ns,
        .udp_idle_ns = config->udp_idle_ns,
        .udp_rate = config->udp_rate,
        .hold_size = config->hold_size,
    };
}

static int open_store(struct sl_server *server, const char *path, struct sl_error *error)
{
    struct sl_store_options options = {.path = path, .retention = retention_of(server->config)};

    return sl_store_open(&options, server->log, &server->store, error);
}

/* A place that was named has to work. Where there is no default one (a container that cannot write
 * anywhere), messages are still shown. */
static int build_store(struct sl_server *server, struct sl_error *error)
{
    const char *place = server->config->store;
    char *path;
    int result;

    if (place && strcmp(place, "memory") == 0)
        return 0;
    if (place) {
        result = sl_store_check(place, error);
        return result < 0 ? result : open_store(server, place, error);
    }
    path = sl_state_file("messages.db", error);
    result = path ? open_store(server, path, error) : -EROFS;
    free(path);
    if (result != -EROFS && result != -EACCES)
        return result;
    sl_log_warning(server->log, "the log is in memory alone: %s", error->text);
    return 0;
}

static int build_memory(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_registry_options options = {
        .shards = 2 * config->workers,
        .closed_max = config->closed_clients,
        .first_client = server->store ? sl_store_next_client(server->store) : 1};

    server->journal =
        sl_journal_new(config->journal_size, server->store ? sl_store_next_seq(server->store) : 1);
    if (!server->journal)
        return sl_error_set(error, -ENOMEM,
                            "no memory for a journal of %" PRIu64
                            " MiB; try a smaller "
                            "--journal-size",
                            config->journal_size >> 20);
    server->registry = sl_registry_new(&options);
    return server->registry ? 0 : sl_error_set(error, -ENOMEM, "out of memory");
}

static int build_net(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_net_options options = net_options_of(config);
    int result;

    server->net = sl_net_new(&options, server->journal, server->registry, server->log, error);
    if (!server->net)
        return -EINVAL;
    result = sl_listeners_open(server->net, server->registry, config, &server->inherited, error);
    if (result < 0)
        return result;
    server->faults = sl_faults_new(server->net, server->registry, config, error);
    return server->faults ? 0 : -EINVAL;
}

static struct sl_api_options api_options_of(const struct sl_config *config)
{
    return (struct sl_api_options){
        .httpd = {.allow_hosts = (const char *const *)config->allow_hosts.items,
                  .allow_host_count = config->allow_hosts.count,
                  .allow_origins = (const char *const *)config->allow_origins.items,
                  .allow_origin_count = config->allow_origins.count,
                  .connections_max = config->max_http_connections,
                  .token_file = config->token_file,
                  .view_token_file = config->view_token_file,
                  .tls_cert_file = config->tls_cert,
                  .tls_key_file = config->tls_key},
        .allow_targets = (const char *const *)config->allow_targets.items,
        .allow_target_count = config->allow_targets.count,
        .version = SOCKLENS_VERSION};
}

void sl_server_check_files(const struct sl_config *config, struct sl_config_errors *errors)
{
    struct sl_api_options options = api_options_of(config);
    struct sl_error error;

    if (errors->count == 0 && !config->http.off && sl_httpd_check_files(&options.httpd, &error) < 0)
        sl_config_errors_add(errors, "http: %s", error.text);
}

static int build_api(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_api_options options = api_options_of(config);
    struct sl_api_context context = {.journal = server->journal,
                                     .registry = server->registry,
                                     .net = server->net,
                                     .store = server->store,
                                     .faults = sl_faults_list(server->faults),
                                     .log = server->log};
    int result = 0;

    if (!sl_listeners_want_http(config, &server->inherited))
        return 0;
    snprintf(options.run, sizeof(options.run), "%s", server->run);
    if (server->store)
        snprintf(options.log_id, sizeof(options.log_id), "%s", sl_store_log_id(server->store));
    else
        result = draw_id(options.log_id, error);
    if (result < 0)
        return result;
    server->api = sl_api_new(&options, &context, error);
    if (!server->api)
        return -EINVAL;
    return sl_listeners_open_http(sl_api_httpd(server->api), config, &server->inherited, error);
}

struct sl_server *sl_server_new(const struct sl_config *config, struct sl_log *log,
                                struct sl_error *error)
{
    struct sl_server *server = calloc(1, sizeof(*server));

    if (!server) {
        sl_error_set(error, -ENOMEM, "out of memory");
        return NULL;
    }
    server->config = config;
    server->log = log;
    if (config->ready_file && sl_ready_file_clear(config->ready_file, error) < 0)
        goto failed;
    if (sl_inherited_take(&server->inherited, error) < 0)
        goto failed;
    if (build_store(server, error) < 0)
        goto failed;
    if (name_run(server, error) < 0)
        goto failed;
    if (build_memory(server, error) < 0)
        goto failed;
    if (build_net(server, error) < 0)
        goto failed;
    if (build_api(server, error) < 0)
        goto failed;
    return server;

failed:
    sl_server_free(server);
    return NULL;
}

/* Store and transcript first: their threads see the journal from the first record on. */
int sl_server_start(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    int result = 0;

    if (server->store)
        result = sl_store_start(server->store, server->journal, server->registry, error);
    if (result < 0)
        return result;
    if (config->transcript) {
        server->transcript =
            sl_transcript_new(STDOUT_FILENO, server->journal, server->registry, server->log, error);
        if (!server->transcript)
            return -EINVAL;
    }
    result = sl_net_start(server->net, error);
    if (result == 0 && server->api)
        result = sl_httpd_start(sl_api_httpd(server->api), error);
    if (result < 0)
        return result;
    if (server->api)
        sl_httpd_set_ready(sl_api_httpd(server->api), true);
    if (config->ready_file)
        result = sl_ready_file_write(config->ready_file, server->registry,
                                     sl_api_httpd(server->api), error);
    server->ready_file_written = config->ready_file && result == 0;
    if (result == 0)
        sl_log_info(server->log, "this is run %s", server->run);
    return result;
}

void sl_server_print_banner(const struct sl_server *server, FILE *out)
{
    struct sl_journal_stats stats;

    sl_journal_stats(server->journal, &stats);
    sl_banner_print(out, server->registry, sl_api_httpd(server->api),
                    server->store ? sl_store_path(server->store) : NULL, stats.capacity_bytes);
}

void sl_server_look_around(struct sl_server *server)
{
    sl_net_check_port_sharing(server->net);
}

const char *sl_server_stuck(struct sl_server *server)
{
    const char *stuck = NULL;

    sl_net_health(server->net, sl_clock_mono_ns(), &stuck);
    return stuck;
}

void sl_server_describe(const struct sl_server *server, char *text, size_t size)
{
    struct sl_listener_counters counters;
    struct sl_journal_stats stats;
    uint64_t clients = 0;

    for (size_t i = 0; i < sl_registry_listener_count(server->registry); i++) {
        sl_registry_listener_counters(server->registry, i, &counters);
        clients += counters.open_clients;
    }
    sl_journal_stats(server->journal, &stats);
    snprintf(text, size, "%" PRIu64 " clients, %" PRIu64 " messages in memory", clients,
             stats.newest_seq + 1 - stats.oldest_seq);
}

static void renew_secrets(struct sl_server *server)
{
    const struct sl_config *config = server->config;
    struct sl_error error;

    if (config->token_file && sl_httpd_renew_tokens(sl_api_httpd(server->api), config->token_file,
                                                    config->view_token_file, &error) < 0)
        sl_log_error(server->log, "the token stays as it was: %s", error.text);
    if (!config->tls_cert)
        return;
    if (sl_httpd_renew_certificate(sl_api_httpd(server->api), config->tls_cert, config->tls_key,
                                   &error) < 0)
        sl_log_error(server->log, "the certificate stays as it was: %s", error.text);
    else
        sl_log_info(server->log, "certificate and key were read again");
}

void sl_server_adjust(struct sl_server *server)
{
    struct sl_net_options options = net_options_of(server->config);
    struct sl_retention retention = retention_of(server->config);

    sl_net_adjust(server->net, &options);
    sl_faults_reload(server->faults, server->config, server->log);
    if (server->store)
        sl_store_set_retention(server->store, &retention);
    if (server->api)
        renew_secrets(server);
}

/* Net before HTTP, so that streams still carry the last messages and how each client ended; the
 * store at once after it, because what it has not written yet is lost with the process; the
 * transcript last, as it may be kept waiting by who reads it. */
void sl_server_stop(struct sl_server *server)
{
    if (server->ready_file_written)
        unlink(server->config->ready_file);
    server->ready_file_written = false;
    if (server->api)
        sl_httpd_set_ready(sl_api_httpd(server->api), false);
    if (server->net)
        sl_net_stop(server->net, NET_STOP_NS);
    if (server->store)
        sl_store_stop(server->store);
    if (server->api)
        sl_httpd_stop(sl_api_httpd(server->api), HTTP_STOP_NS);
    if (server->transcript)
        sl_transcript_stop(server->transcript, TRANSCRIPT_STOP_NS);
}

void sl_server_free(struct sl_server *server)
{
    if (!server)
        return;
    sl_server_stop(server);
    sl_transcript_free(server->transcript);
    sl_api_free(server->api);
    sl_faults_free(server->faults);
    sl_net_free(server->net);
    sl_store_free(server->store);
    sl_registry_free(server->registry);
    sl_journal_free(server->journal);
    sl_inherited_deinit(&server->inherited);
    free(server);
}
