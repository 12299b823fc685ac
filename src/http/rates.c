#include "http/rates.h"

#include <string.h>

#include "socklens/clock.h"

void sl_rates_init(struct sl_rates *rates)
{
    memset(rates, 0, sizeof(*rates));
    pthread_mutex_init(&rates->lock, NULL);
}

void sl_rates_deinit(struct sl_rates *rates)
{
    pthread_mutex_destroy(&rates->lock);
}

static void sum(struct sl_registry *registry, struct sl_rate totals[SL_SERVICE_COUNT])
{
    size_t count = sl_registry_listener_count(registry);

    memset(totals, 0, SL_SERVICE_COUNT * sizeof(*totals));
    for (size_t i = 0; i < count; i++) {
        struct sl_rate *total = &totals[sl_registry_listener(registry, i)->service];
        struct sl_listener_counters counters;

        sl_registry_listener_counters(registry, i, &counters);
        total->messages += counters.traffic.received_messages;
        total->bytes += counters.traffic.received_bytes + counters.traffic.sent_bytes;
    }
}

/* The part of `whole` that falls to second `index` of `count`. */
static uint64_t part(uint64_t whole, uint64_t index, uint64_t count)
{
    return whole / count + (index < whole % count);
}

static void take(struct sl_rates *rates, const struct sl_rate totals[SL_SERVICE_COUNT],
                 uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, rates->seconds++) {
        for (unsigned service = 0; service < SL_SERVICE_COUNT; service++) {
            const struct sl_rate *before = &rates->totals[service], *now = &totals[service];

            rates->ring[service][rates->seconds % SL_RATES_SECONDS] =
                (struct sl_rate){part(now->messages - before->messages, i, count),
                                 part(now->bytes - before->bytes, i, count)};
        }
    }
}

int64_t sl_rates_sample(struct sl_rates *rates, struct sl_registry *registry, int64_t wall_ns)
{
    int64_t now_s = wall_ns / SL_NS_PER_S, passed_s = now_s - rates->end_s;
    struct sl_rate totals[SL_SERVICE_COUNT];

    if (passed_s != 0) {
        sum(registry, totals);
        pthread_mutex_lock(&rates->lock);
        if (rates->end_s != 0 && passed_s > 0 && passed_s <= SL_RATES_SECONDS)
            take(rates, totals, (uint64_t)passed_s);
        else
            rates->seconds = 0;
        rates->end_s = now_s;
        memcpy(rates->totals, totals, sizeof(totals));
        pthread_mutex_unlock(&rates->lock);
    }
    return (now_s + 1) * SL_NS_PER_S - wall_ns;
}

static void write_series(const struct sl_rates *rates, unsigned service, bool bytes,
                         struct sl_json *json)
{
    uint64_t end = rates->seconds, begin = end > SL_RATES_SECONDS ? end - SL_RATES_SECONDS : 0;

    sl_json_key(json, bytes ? "bytes" : "messages");
    sl_json_open_array(json);
    for (uint64_t i = begin; i < end; i++) {
        const struct sl_rate *rate = &rates->ring[service][i % SL_RATES_SECONDS];

        sl_json_uint(json, bytes ? rate->bytes : rate->messages);
    }
    sl_json_close_array(json);
}

static unsigned services_of(const struct sl_registry *registry)
{
    size_t count = sl_registry_listener_count(registry);
    unsigned services = 0;

    for (size_t i = 0; i < count; i++)
        services |= 1u << sl_registry_listener(registry, i)->service;
    return services;
}

static void write_service(const struct sl_rates *rates, unsigned service, struct sl_json *json)
{
    sl_json_open_object(json);
    sl_json_key(json, "service");
    sl_json_string(json, sl_service_id_name(service));
    write_series(rates, service, false, json);
    write_series(rates, service, true, json);
    sl_json_close_object(json);
}

void sl_rates_json(struct sl_rates *rates, const struct sl_registry *registry, struct sl_json *json)
{
    unsigned services = services_of(registry);

    pthread_mutex_lock(&rates->lock);
    sl_json_open_object(json);
    sl_json_key(json, "step_s");
    sl_json_uint(json, 1);
    sl_json_key(json, "end");
    sl_json_time(json, rates->end_s * SL_NS_PER_S);
    sl_json_key(json, "services");
    sl_json_open_array(json);
    for (unsigned i = 0; i < SL_SERVICE_COUNT; i++) {
        if (services & 1u << i)
            write_service(rates, i, json);
    }
    sl_json_close_array(json);
    sl_json_close_object(json);
    pthread_mutex_unlock(&rates->lock);
}
