/* A ring of seconds for each service, filled from the difference of counters. */
#include <stddef.h>
#include <string.h>

#include "api/rates.h"
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

static void sum(struct sl_registry *registry, struct sl_counters totals[SL_SERVICE_COUNT])
{
    size_t count = sl_registry_listener_count(registry);

    memset(totals, 0, SL_SERVICE_COUNT * sizeof(*totals));
    for (size_t i = 0; i < count; i++) {
        struct sl_listener_counters counters;

        sl_registry_listener_counters(registry, i, &counters);
        sl_counters_add(&totals[sl_registry_listener(registry, i)->service], &counters.traffic);
    }
}

/* The series of a service, by the names that they have in the document. */
static const struct {
    const char *name;
    size_t offset; /* in struct sl_counters */
} series[] = {
    {"messages", offsetof(struct sl_counters, received_messages)},
    {"received_bytes", offsetof(struct sl_counters, received_bytes)},
    {"sent_bytes", offsetof(struct sl_counters, sent_bytes)},
    {"refused", offsetof(struct sl_counters, refused)},
    {"unanswered", offsetof(struct sl_counters, unanswered)},
};

#define SERIES_COUNT (sizeof(series) / sizeof(series[0]))

static uint64_t *value_of(struct sl_counters *counters, size_t index)
{
    return (uint64_t *)(void *)((char *)counters + series[index].offset);
}

/* The part of `whole` that falls to second `index` of `count`. */
static uint64_t part(uint64_t whole, uint64_t index, uint64_t count)
{
    return whole / count + (index < whole % count);
}

static void take(struct sl_rates *rates, struct sl_counters totals[SL_SERVICE_COUNT],
                 uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, rates->seconds++) {
        for (unsigned service = 0; service < SL_SERVICE_COUNT; service++) {
            struct sl_counters *before = &rates->totals[service], *now = &totals[service];
            struct sl_counters *second = &rates->ring[service][rates->seconds % SL_RATES_SECONDS];

            for (size_t k = 0; k < SERIES_COUNT; k++)
                *value_of(second, k) = part(*value_of(now, k) - *value_of(before, k), i, count);
        }
    }
}

int64_t sl_rates_sample(struct sl_rates *rates, struct sl_registry *registry, int64_t wall_ns)
{
    int64_t now_s = wall_ns / SL_NS_PER_S, passed_s = now_s - rates->end_s;
    struct sl_counters totals[SL_SERVICE_COUNT];

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

static void write_series(struct sl_rates *rates, unsigned service, size_t index,
                         struct sl_json *json)
{
    uint64_t end = rates->seconds, begin = end > SL_RATES_SECONDS ? end - SL_RATES_SECONDS : 0;

    sl_json_key(json, series[index].name);
    sl_json_open_array(json);
    for (uint64_t i = begin; i < end; i++)
        sl_json_uint(json, *value_of(&rates->ring[service][i % SL_RATES_SECONDS], index));
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

static void write_service(struct sl_rates *rates, unsigned service, struct sl_json *json)
{
    sl_json_open_object(json);
    sl_json_key(json, "service");
    sl_json_string(json, sl_service_id_name(service));
    for (size_t i = 0; i < SERIES_COUNT; i++)
        write_series(rates, service, i, json);
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
