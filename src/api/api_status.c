/* What the server says of itself: status, rates, the description of the API, its index. */
#include "api/api_status.h"
#include "api/client_json.h"
#include "api/openapi.h"
#include "api/state.h"
#include "socklens/clock.h"

static void number(struct sl_json *json, const char *key, uint64_t value)
{
    sl_json_key(json, key);
    sl_json_uint(json, value);
}

static void text(struct sl_json *json, const char *key, const char *value)
{
    sl_json_key(json, key);
    sl_json_string(json, value);
}

static void time_of(struct sl_json *json, const char *key, int64_t wall_ns)
{
    sl_json_key(json, key);
    sl_json_time(json, wall_ns);
}

static void listener(struct sl_json *json, struct sl_registry *registry, size_t index)
{
    const struct sl_listener_info *info = sl_registry_listener(registry, index);
    struct sl_listener_counters counters;

    sl_registry_listener_counters(registry, index, &counters);
    sl_json_open_object(json);
    text(json, "service", sl_service_id_name(info->service));
    text(json, "transport", sl_transport_name(info->transport));
    text(json, "address", info->name);
    sl_counters_json(json, &counters.traffic);
    number(json, "connections", counters.connections);
    number(json, "rejected_connections", counters.rejected_connections);
    number(json, "kernel_drops", counters.kernel_drops);
    number(json, "open_clients", counters.open_clients);
    sl_json_close_object(json);
}

static void listeners(struct sl_json *json, struct sl_registry *registry)
{
    size_t count = sl_registry_listener_count(registry);

    sl_json_key(json, "listeners");
    sl_json_open_array(json);
    for (size_t i = 0; i < count; i++)
        listener(json, registry, i);
    sl_json_close_array(json);
}

static void clients(struct sl_json *json, struct sl_registry *registry)
{
    struct sl_registry_totals totals;

    sl_registry_totals(registry, &totals);
    sl_json_key(json, "clients");
    sl_json_open_object(json);
    number(json, "open", totals.open);
    number(json, "closed", totals.closed);
    sl_json_close_object(json);
}

static void message_log(struct sl_json *json, struct sl_api *api)
{
    struct sl_journal_stats stats;

    sl_journal_stats(api->journal, &stats);
    sl_json_key(json, "log");
    sl_json_open_object(json);
    text(json, "id", api->log_id);
    number(json, "oldest_seq", stats.oldest_seq);
    number(json, "newest_seq", stats.newest_seq);
    number(json, "messages", stats.newest_seq + 1 - stats.oldest_seq);
    number(json, "bytes", stats.used_bytes);
    number(json, "capacity_bytes", stats.capacity_bytes);
    number(json, "evicted", stats.evicted);
    number(json, "cleared", stats.cleared);
    sl_json_close_object(json);
}

static void file_log(struct sl_json *json, struct sl_store *store)
{
    struct sl_store_stats stats;

    sl_store_stats(store, &stats);
    sl_json_open_object(json);
    text(json, "path", sl_store_path(store));
    text(json, "state", sl_store_state_name(stats.state));
    number(json, "oldest_seq", stats.oldest_seq);
    number(json, "newest_seq", stats.newest_seq);
    number(json, "messages", stats.messages);
    number(json, "file_bytes", stats.file_bytes);
    number(json, "wal_bytes", stats.wal_bytes);
    number(json, "lost", stats.lost);
    number(json, "gaps", stats.gaps);
    sl_json_key(json, "error");
    if (*stats.last_error)
        sl_json_string(json, stats.last_error);
    else
        sl_json_null(json);
    sl_json_close_object(json);
}

static void web(struct sl_json *json, struct sl_api *api)
{
    struct sl_httpd_stats stats;

    sl_httpd_stats(api->httpd, &stats);
    sl_json_key(json, "http");
    sl_json_open_object(json);
    number(json, "connections", stats.connections);
    number(json, "streams", atomic_load(&api->streams));
    number(json, "streams_max", api->streams_max);
    sl_json_close_object(json);
}

void sl_status_json(struct sl_json *json, struct sl_api *api)
{
    int64_t uptime_ns = sl_clock_mono_ns() - api->started_at_mono_ns;

    sl_json_open_object(json);
    text(json, "version", api->version);
    text(json, "run", api->run);
    time_of(json, "started_at", api->started_at_ns);
    time_of(json, "now", sl_clock_wall_ns());
    number(json, "uptime_s", (uint64_t)(uptime_ns / SL_NS_PER_S));
    listeners(json, api->registry);
    clients(json, api->registry);
    message_log(json, api);
    sl_json_key(json, "store");
    if (api->store)
        file_log(json, api->store);
    else
        sl_json_null(json);
    web(json, api);
    sl_json_close_object(json);
}

enum sl_step sl_api_status(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_status_json(&json, sl_api_of(request));
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_rates(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_rates_json(&sl_api_of(request)->rates, sl_api_of(request)->registry, &json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_openapi(struct sl_request *request, struct sl_answer *answer)
{
    sl_asset_answer(sl_openapi, &request->headers, answer);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_index(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    (void)request;
    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    text(&json, "description", "openapi.json");
    text(&json, "reference", "../../#view=api");
    sl_json_key(&json, "operations");
    sl_json_open_array(&json);
    for (size_t i = 0; i < sl_routes_count; i++) {
        sl_json_open_object(&json);
        text(&json, "method", sl_routes[i].method);
        text(&json, "path", sl_routes[i].path);
        sl_json_close_object(&json);
    }
    sl_json_close_array(&json);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}
