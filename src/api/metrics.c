/* GET /metrics. To add a metric: its rows here. */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "api/state.h"

struct page {
    struct sl_buffer *out;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void line(struct page *page, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sl_buffer_append_text(page->out, text) < 0 || sl_buffer_append_text(page->out, "\n") < 0)
        page->failed = true;
}

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    line(page, "# HELP socklens_%s %s", name, help);
    line(page, "# TYPE socklens_%s %s", name, type);
}

static void single(struct page *page, const char *name, const char *type, uint64_t value,
                   const char *help)
{
    head(page, name, type, help);
    line(page, "socklens_%s %" PRIu64, name, value);
}

/* --- services: sums over their listeners --- */

struct service_sums {
    bool listens;
    struct sl_listener_counters counters;
};

static void sum_services(struct sl_registry *registry, struct service_sums sums[SL_SERVICE_COUNT])
{
    size_t count = sl_registry_listener_count(registry);

    for (size_t i = 0; i < count; i++) {
        struct service_sums *sum = &sums[sl_registry_listener(registry, i)->service];
        struct sl_listener_counters counters;

        sl_registry_listener_counters(registry, i, &counters);
        sum->listens = true;
        sl_counters_add(&sum->counters.traffic, &counters.traffic);
        sum->counters.connections += counters.connections;
        sum->counters.rejected_connections += counters.rejected_connections;
        sum->counters.kernel_drops += counters.kernel_drops;
        sum->counters.open_clients += counters.open_clients;
    }
}

static const struct {
    const char *name, *type, *help;
    size_t offset; /* in struct sl_listener_counters */
} service_metrics[] = {
#define COUNTER(name, field, help)                                                                 \
    {                                                                                              \
        name, "counter", help, offsetof(struct sl_listener_counters, field)                        \
    }
    COUNTER("received_messages_total", traffic.received_messages, "Messages received."),
    COUNTER("received_bytes_total", traffic.received_bytes,
            "Payload bytes received, line ends included."),
    COUNTER("sent_messages_total", traffic.sent_messages, "Replies sent."),
    COUNTER("sent_bytes_total", traffic.sent_bytes, "Payload bytes sent, line ends included."),
    COUNTER("refused_messages_total", traffic.refused,
            "Messages that a rule of the gateway left without a reply (outcomes refused_...)."),
    COUNTER("unanswered_messages_total", traffic.unanswered,
            "Messages without a reply for any other reason."),
    COUNTER("connections_total", connections, "Connections accepted."),
    COUNTER("rejected_connections_total", rejected_connections,
            "Connections closed at once because of a limit."),
    COUNTER("kernel_drops_total", kernel_drops,
            "Datagrams that the kernel lost before the gateway read them."),
    {"clients", "gauge",
     "TCP and Unix connections that are open; UDP peers heard within --udp-idle.",
     offsetof(struct sl_listener_counters, open_clients)},
#undef COUNTER
};

static void write_services(struct page *page, struct sl_registry *registry)
{
    struct service_sums sums[SL_SERVICE_COUNT] = {0};

    sum_services(registry, sums);
    for (size_t i = 0; i < sizeof(service_metrics) / sizeof(*service_metrics); i++) {
        const char *name = service_metrics[i].name;

        head(page, name, service_metrics[i].type, service_metrics[i].help);
        for (unsigned id = 0; id < SL_SERVICE_COUNT; id++) {
            const char *counters = (const char *)&sums[id].counters;

            if (sums[id].listens)
                line(page, "socklens_%s{service=\"%s\"} %" PRIu64, name, sl_service_id_name(id),
                     *(const uint64_t *)(const void *)(counters + service_metrics[i].offset));
        }
    }
}

/* --- messages --- */

static void write_outcomes(struct page *page, const struct sl_totals *totals)
{
    head(page, "messages_total", "counter", "Messages by what came of them.");
    for (unsigned id = 0; id < SL_SERVICE_COUNT; id++) {
        for (unsigned outcome = 0; outcome < SL_OUTCOME_COUNT; outcome++)
            line(page, "socklens_messages_total{service=\"%s\",outcome=\"%s\"} %" PRIu64,
                 sl_service_id_name(id), sl_outcome_name(outcome), totals->outcomes[id][outcome]);
    }
}

static void write_durations(struct page *page, const char *service,
                            const struct sl_durations *durations)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < SL_DURATION_BOUNDS; i++) {
        count += durations->buckets[i];
        line(page, "socklens_service_duration_seconds_bucket{service=\"%s\",le=\"%g\"} %" PRIu64,
             service, (double)sl_duration_bounds_ns[i] / (double)SL_NS_PER_S, count);
    }
    count += durations->buckets[SL_DURATION_BOUNDS];
    line(page, "socklens_service_duration_seconds_bucket{service=\"%s\",le=\"+Inf\"} %" PRIu64,
         service, count);
    line(page, "socklens_service_duration_seconds_sum{service=\"%s\"} %.9f", service,
         (double)durations->sum_ns / (double)SL_NS_PER_S);
    line(page, "socklens_service_duration_seconds_count{service=\"%s\"} %" PRIu64, service, count);
}

static void write_messages(struct page *page, struct sl_journal *journal)
{
    struct sl_totals totals;

    sl_journal_totals(journal, &totals);
    write_outcomes(page, &totals);
    head(page, "service_duration_seconds", "histogram",
         "From reading a message to handing its reply to the kernel.");
    for (unsigned id = 0; id < SL_SERVICE_COUNT; id++)
        write_durations(page, sl_service_id_name(id), &totals.durations[id]);
}

/* --- the rest --- */

static void write_journal(struct page *page, struct sl_journal *journal)
{
    struct sl_journal_stats stats;

    sl_journal_stats(journal, &stats);
    single(page, "journal_messages", "gauge", stats.newest_seq + 1 - stats.oldest_seq,
           "Messages that the journal holds.");
    single(page, "journal_bytes", "gauge", stats.used_bytes, "Bytes that the journal holds.");
    single(page, "journal_capacity_bytes", "gauge", stats.capacity_bytes,
           "Bytes that the journal may hold.");
    single(page, "journal_evicted_messages_total", "counter", stats.evicted,
           "Messages that left the journal to make room.");
    single(page, "journal_cleared_messages_total", "counter", stats.cleared,
           "Messages that were in the journal when it was cleared.");
}

/* Nothing where the log is in memory only. */
static void write_store(struct page *page, const struct sl_api *api)
{
    struct sl_journal_stats journal;
    struct sl_store_stats stats;

    if (!api->store)
        return;
    sl_journal_stats(api->journal, &journal);
    sl_store_stats(api->store, &stats);
    single(page, "store_recording", "gauge", stats.state == SL_STORE_RECORDING,
           "1 where the file takes messages, 0 where the disk is full or it failed.");
    head(page, "store_paused", "gauge", "1 for what keeps the file from taking messages.");
    for (enum sl_store_state state = SL_STORE_DISK_FULL; state <= SL_STORE_BLOCKED; state++)
        line(page, "socklens_store_paused{reason=\"%s\"} %d", sl_store_state_name(state),
             stats.state == state);
    single(page, "store_messages", "gauge", stats.messages, "Messages that the file holds.");
    single(page, "store_file_bytes", "gauge", stats.file_bytes, "Size of the file with its WAL.");
    single(page, "store_wal_bytes", "gauge", stats.wal_bytes, "The WAL's part of it.");
    single(page, "store_waiting_messages", "gauge",
           journal.newest_seq > stats.newest_seq ? journal.newest_seq - stats.newest_seq : 0,
           "Messages that are not in the file yet.");
    single(page, "store_lost_messages_total", "counter", stats.lost,
           "Messages that left the journal before they were written.");
    single(page, "store_gaps_total", "counter", stats.gaps, "Holes that these left in the file.");
}

static void write_answers(void *context, const char *method, const char *route, unsigned status,
                          uint64_t answers)
{
    line(context, "socklens_http_requests_total{method=\"%s\",route=\"%s\",status=\"%u\"} %" PRIu64,
         method, route, status, answers);
}

static void write_http(struct page *page, struct sl_api *api)
{
    struct sl_httpd_stats stats;

    sl_httpd_stats(api->httpd, &stats);
    single(page, "http_connections", "gauge", stats.connections,
           "Connections of the web server that are open.");
    single(page, "http_rejected_connections_total", "counter", stats.rejected,
           "Connections of the web server that were turned away.");
    single(page, "http_wrong_tokens_total", "counter", stats.wrong_tokens,
           "Requests that showed a wrong token.");
    single(page, "http_requests_in_flight", "gauge", stats.requests,
           "Requests between their head and the end of their answer.");
    single(page, "http_held_bytes", "gauge", stats.held_bytes,
           "Bytes of requests and answers that wait for their peers, streams apart.");
    single(page, "http_streams", "gauge", atomic_load(&api->streams),
           "Event streams that are open.");
    single(page, "http_streams_max", "gauge", api->streams_max, "Event streams that may be open.");
    single(page, "http_datagrams_waiting", "gauge", atomic_load(&api->datagrams),
           "Test datagrams whose reply is awaited.");
    head(page, "http_requests_total", "counter", "Answered requests by route and status.");
    sl_httpd_visit_traffic(api->httpd, write_answers, page);
}

static int write_metrics(struct sl_api *api, struct sl_buffer *out)
{
    struct page page = {.out = out};
    struct sl_registry_totals totals;

    sl_registry_totals(api->registry, &totals);
    head(&page, "build_info", "gauge", "The program's version.");
    line(&page, "socklens_build_info{version=\"%s\"} 1", api->version);
    head(&page, "start_time_seconds", "gauge", "When the gateway started, in Unix time.");
    line(&page, "socklens_start_time_seconds %.3f",
         (double)api->started_at_ns / (double)SL_NS_PER_S);
    write_services(&page, api->registry);
    single(&page, "closed_clients_total", "counter", totals.closed, "Clients that were closed.");
    write_messages(&page, api->journal);
    write_journal(&page, api->journal);
    write_store(&page, api);
    write_http(&page, api);
    return page.failed ? -ENOMEM : 0;
}

enum sl_step sl_api_metrics(struct sl_request *request, struct sl_answer *answer)
{
    int code = write_metrics(sl_api_of(request), &answer->body);

    sl_answer_json(answer, code < 0);
    if (code == 0)
        answer->content_type = SL_METRICS_TYPE;
    return SL_STEP_ANSWER;
}
