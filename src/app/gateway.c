#include "app/gateway.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/banner.h"
#include "app/listeners.h"
#include "app/manager.h"
#include "app/ready_file.h"
#include "app/transcript.h"
#include "socklens/api.h"
#include "socklens/journal.h"
#include "socklens/net.h"
#include "socklens/registry.h"
#include "socklens/service.h"
#include "socklens/state_file.h"
#include "socklens/store.h"

/* Together what a person who stops the gateway waits at most. */
#define NET_STOP_NS        (2 * SL_NS_PER_S)
#define HTTP_STOP_NS       (2 * SL_NS_PER_S)
#define TRANSCRIPT_STOP_NS (1 * SL_NS_PER_S)

struct sl_gateway {
    const struct sl_config *config;
    struct sl_log *log;
    struct sl_inherited inherited;
    struct sl_store *store; /* NULL: the log is in memory alone */
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_api *api;               /* NULL: off */
    struct sl_transcript *transcript; /* NULL: off */
    bool ready_file_written;
    char run[SL_RUN_SIZE]; /* of this start */
};

/* 16 random bytes: sequence numbers of another run are not taken for ours. */
static int draw_id(char id[33], struct sl_error *error)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return sl_error_set(error, -errno, "cannot draw random bytes: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int name_run(struct sl_gateway *gateway, struct sl_error *error)
{
    int result = 0;

    if (gateway->store)
        snprintf(gateway->run, sizeof(gateway->run), "%s", sl_store_run_id(gateway->store));
    else
        result = draw_id(gateway->run, error);
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
    };
}

static int open_store(struct sl_gateway *gateway, const char *path, struct sl_error *error)
{
    struct sl_store_options options = {.path = path, .retention = retention_of(gateway->config)};

    return sl_store_open(&options, gateway->log, &gateway->store, error);
}

/* A place that was named has to work. Where there is no default one (a container that cannot write
 * anywhere), messages are still shown. */
static int build_store(struct sl_gateway *gateway, struct sl_error *error)
{
    const char *place = gateway->config->store;
    char *path;
    int result;

    if (place && strcmp(place, "memory") == 0)
        return 0;
    if (place) {
        result = sl_store_check(place, error);
        return result < 0 ? result : open_store(gateway, place, error);
    }
    path = sl_state_file("messages.db", error);
    result = path ? open_store(gateway, path, error) : -EROFS;
    free(path);
    if (result != -EROFS && result != -EACCES)
        return result;
    sl_log_warning(gateway->log, "the log is in memory alone: %s", error->text);
    return 0;
}

static int build_memory(struct sl_gateway *gateway, struct sl_error *error)
{
    const struct sl_config *config = gateway->config;
    struct sl_registry_options options = {
        .shards = 2 * config->workers,
        .closed_max = config->closed_clients,
        .first_client = gateway->store ? sl_store_next_client(gateway->store) : 1};

    gateway->journal = sl_journal_new(config->journal_size,
                                      gateway->store ? sl_store_next_seq(gateway->store) : 1);
    if (!gateway->journal)
        return sl_error_set(error, -ENOMEM,
                            "no memory for a journal of %" PRIu64
                            " MiB; try a smaller "
                            "--journal-size",
                            config->journal_size >> 20);
    gateway->registry = sl_registry_new(&options);
    return gateway->registry ? 0 : sl_error_set(error, -ENOMEM, "out of memory");
}

static int build_net(struct sl_gateway *gateway, struct sl_error *error)
{
    const struct sl_config *config = gateway->config;
    struct sl_net_options options = net_options_of(config);

    gateway->net = sl_net_new(&options, gateway->journal, gateway->registry, gateway->log, error);
    if (!gateway->net)
        return -EINVAL;
    return sl_listeners_open(gateway->net, gateway->registry, config, &gateway->inherited, error);
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
                  .tls_cert_file = config->tls_cert,
                  .tls_key_file = config->tls_key},
        .allow_targets = (const char *const *)config->allow_targets.items,
        .allow_target_count = config->allow_targets.count,
        .version = SOCKLENS_VERSION};
}

void sl_gateway_check_files(const struct sl_config *config, struct sl_config_errors *errors)
{
    struct sl_api_options options = api_options_of(config);
    struct sl_error error;

    if (errors->count == 0 && !config->http.off && sl_httpd_check_files(&options.httpd, &error) < 0)
        sl_config_errors_add(errors, "http: %s", error.text);
}

static int build_api(struct sl_gateway *gateway, struct sl_error *error)
{
    const struct sl_config *config = gateway->config;
    struct sl_api_options options = api_options_of(config);
    struct sl_api_context context = {.journal = gateway->journal,
                                     .registry = gateway->registry,
                                     .net = gateway->net,
                                     .store = gateway->store,
                                     .log = gateway->log};
    int result = 0;

    if (!sl_listeners_want_http(config, &gateway->inherited))
        return 0;
    snprintf(options.run, sizeof(options.run), "%s", gateway->run);
    if (gateway->store)
        snprintf(options.log_id, sizeof(options.log_id), "%s", sl_store_log_id(gateway->store));
    else
        result = draw_id(options.log_id, error);
    if (result < 0)
        return result;
    gateway->api = sl_api_new(&options, &context, error);
    if (!gateway->api)
        return -EINVAL;
    return sl_listeners_open_http(sl_api_httpd(gateway->api), config, &gateway->inherited, error);
}

struct sl_gateway *sl_gateway_new(const struct sl_config *config, struct sl_log *log,
                                  struct sl_error *error)
{
    struct sl_gateway *gateway = calloc(1, sizeof(*gateway));

    if (!gateway) {
        sl_error_set(error, -ENOMEM, "out of memory");
        return NULL;
    }
    gateway->config = config;
    gateway->log = log;
    if (config->ready_file && sl_ready_file_clear(config->ready_file, error) < 0)
        goto failed;
    if (sl_inherited_take(&gateway->inherited, error) < 0)
        goto failed;
    if (build_store(gateway, error) < 0)
        goto failed;
    if (name_run(gateway, error) < 0)
        goto failed;
    if (build_memory(gateway, error) < 0)
        goto failed;
    if (build_net(gateway, error) < 0)
        goto failed;
    if (build_api(gateway, error) < 0)
        goto failed;
    return gateway;

failed:
    sl_gateway_free(gateway);
    return NULL;
}

/* Store and transcript first: their threads see the journal from the first record on. */
int sl_gateway_start(struct sl_gateway *gateway, struct sl_error *error)
{
    const struct sl_config *config = gateway->config;
    int result = 0;

    if (gateway->store)
        result = sl_store_start(gateway->store, gateway->journal, gateway->registry, error);
    if (result < 0)
        return result;
    if (config->transcript) {
        gateway->transcript = sl_transcript_new(STDOUT_FILENO, gateway->journal, gateway->registry,
                                                gateway->log, error);
        if (!gateway->transcript)
            return -EINVAL;
    }
    result = sl_net_start(gateway->net, error);
    if (result == 0 && gateway->api)
        result = sl_httpd_start(sl_api_httpd(gateway->api), error);
    if (result < 0)
        return result;
    if (gateway->api)
        sl_httpd_set_ready(sl_api_httpd(gateway->api), true);
    if (config->ready_file)
        result = sl_ready_file_write(config->ready_file, gateway->registry,
                                     sl_api_httpd(gateway->api), error);
    gateway->ready_file_written = config->ready_file && result == 0;
    if (result == 0)
        sl_log_info(gateway->log, "this is run %s", gateway->run);
    return result;
}

void sl_gateway_print_banner(const struct sl_gateway *gateway, FILE *out)
{
    struct sl_journal_stats stats;

    sl_journal_stats(gateway->journal, &stats);
    sl_banner_print(out, gateway->registry, sl_api_httpd(gateway->api),
                    gateway->store ? sl_store_path(gateway->store) : NULL, stats.capacity_bytes);
}

void sl_gateway_look_around(struct sl_gateway *gateway)
{
    sl_net_check_port_sharing(gateway->net);
}

const char *sl_gateway_stuck(struct sl_gateway *gateway)
{
    const char *stuck = NULL;

    sl_net_health(gateway->net, sl_clock_mono_ns(), &stuck);
    return stuck;
}

void sl_gateway_describe(const struct sl_gateway *gateway, char *text, size_t size)
{
    struct sl_listener_counters counters;
    struct sl_journal_stats stats;
    uint64_t clients = 0;

    for (size_t i = 0; i < sl_registry_listener_count(gateway->registry); i++) {
        sl_registry_listener_counters(gateway->registry, i, &counters);
        clients += counters.open_clients;
    }
    sl_journal_stats(gateway->journal, &stats);
    snprintf(text, size, "%" PRIu64 " clients, %" PRIu64 " messages in memory", clients,
             stats.newest_seq + 1 - stats.oldest_seq);
}

static void renew_secrets(struct sl_gateway *gateway)
{
    const struct sl_config *config = gateway->config;
    struct sl_error error;

    if (config->token_file &&
        sl_httpd_renew_token(sl_api_httpd(gateway->api), config->token_file, &error) < 0)
        sl_log_error(gateway->log, "the token stays as it was: %s", error.text);
    if (!config->tls_cert)
        return;
    if (sl_httpd_renew_certificate(sl_api_httpd(gateway->api), config->tls_cert, config->tls_key,
                                   &error) < 0)
        sl_log_error(gateway->log, "the certificate stays as it was: %s", error.text);
    else
        sl_log_info(gateway->log, "certificate and key were read again");
}

void sl_gateway_adjust(struct sl_gateway *gateway)
{
    struct sl_net_options options = net_options_of(gateway->config);
    struct sl_retention retention = retention_of(gateway->config);

    sl_net_adjust(gateway->net, &options);
    if (gateway->store)
        sl_store_set_retention(gateway->store, &retention);
    if (gateway->api)
        renew_secrets(gateway);
}

/* Net before HTTP, so that streams still carry the last messages and how each client ended; the
 * store at once after it, because what it has not written yet is lost with the process; the
 * transcript last, as it may be kept waiting by who reads it. */
void sl_gateway_stop(struct sl_gateway *gateway)
{
    if (gateway->ready_file_written)
        unlink(gateway->config->ready_file);
    gateway->ready_file_written = false;
    if (gateway->api)
        sl_httpd_set_ready(sl_api_httpd(gateway->api), false);
    if (gateway->net)
        sl_net_stop(gateway->net, NET_STOP_NS);
    if (gateway->store)
        sl_store_stop(gateway->store);
    if (gateway->api)
        sl_httpd_stop(sl_api_httpd(gateway->api), HTTP_STOP_NS);
    if (gateway->transcript)
        sl_transcript_stop(gateway->transcript, TRANSCRIPT_STOP_NS);
}

void sl_gateway_free(struct sl_gateway *gateway)
{
    if (!gateway)
        return;
    sl_gateway_stop(gateway);
    sl_transcript_free(gateway->transcript);
    sl_api_free(gateway->api);
    sl_net_free(gateway->net);
    sl_store_free(gateway->store);
    sl_registry_free(gateway->registry);
    sl_journal_free(gateway->journal);
    sl_inherited_deinit(&gateway->inherited);
    free(gateway);
}
