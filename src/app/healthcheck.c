#include "app/healthcheck.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/health_http.h"
#include "app/health_probe.h"
#include "app/health_targets.h"
#include "socklens/clock.h"

/* Together less than a container's health check waits. */
#define HTTP_NS   (2 * SL_NS_PER_S)
#define PROBES_NS (5 * SL_NS_PER_S / 2)
#define REPEAT_MS 250

struct healthcheck {
    struct sl_health_targets targets;
    struct sl_health_probe probes[SL_HEALTH_PROBES_MAX];
    size_t probe_count;
    char faults[400]; /* "" : none */
    char note[SL_HEALTH_NOTE_SIZE];
};

static void add_fault(struct healthcheck *check, const struct sl_health_target *target,
                      const char *what)
{
    size_t size = strlen(check->faults);

    snprintf(check->faults + size, sizeof(check->faults) - size, "%s%s: %s", size ? "; " : "",
             target->name, what);
}

static void open_probes(struct healthcheck *check)
{
    for (size_t i = 0; i < check->targets.count; i++)
        if (check->targets.items[i].service)
            sl_health_probe_open(&check->probes[check->probe_count++], &check->targets.items[i]);
}

static void list_ports(const struct healthcheck *check, char *text, size_t size)
{
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < check->probe_count && used < size; i++)
        if (check->probes[i].port)
            used += (size_t)snprintf(text + used, size - used, "%s%u", used ? "," : "",
                                     check->probes[i].port);
}

/* The web server comes first, because it tells the workers which probes are ours. */
static void ask_http(struct healthcheck *check, bool tls)
{
    char ports[6 * SL_HEALTH_PROBES_MAX + 1];
    int64_t by = sl_clock_mono_ns() + HTTP_NS;

    list_ports(check, ports, sizeof(ports));
    for (size_t i = 0; i < check->targets.count; i++) {
        const struct sl_health_target *target = &check->targets.items[i];
        int64_t left_ms = (by - sl_clock_mono_ns()) / SL_NS_PER_MS;
        const char *fault;

        if (target->service)
            continue;
        fault =
            sl_health_http_ask(target, ports, tls, left_ms > 100 ? (int)left_ms : 100, check->note);
        if (fault)
            add_fault(check, target, fault);
        else
            *ports = '\0';
    }
}

/* Waits a moment. False where all are done. */
static bool turn(struct healthcheck *check, int timeout_ms)
{
    struct pollfd watched[SL_HEALTH_PROBES_MAX];
    bool waits = false;

    for (size_t i = 0; i < check->probe_count; i++) {
        const struct sl_health_probe *probe = &check->probes[i];

        watched[i] = (struct pollfd){.fd = probe->done ? -1 : probe->fd,
                                     .events = sl_health_probe_events(probe)};
        waits = waits || !probe->done;
    }
    if (!waits)
        return false;
    if (poll(watched, check->probe_count, timeout_ms) == 0) {
        for (size_t i = 0; i < check->probe_count; i++)
            sl_health_probe_repeat(&check->probes[i]);
    }
    for (size_t i = 0; i < check->probe_count; i++)
        if (watched[i].revents)
            sl_health_probe_ready(&check->probes[i]);
    return true;
}

static void run_probes(struct healthcheck *check)
{
    int64_t by = sl_clock_mono_ns() + PROBES_NS;

    for (size_t i = 0; i < check->probe_count; i++)
        sl_health_probe_begin(&check->probes[i]);
    while (turn(check, REPEAT_MS) && sl_clock_mono_ns() < by)
        ;
    for (size_t i = 0; i < check->probe_count; i++) {
        const struct sl_health_probe *probe = &check->probes[i];

        if (!probe->done)
            add_fault(check, probe->target, "no answer");
        else if (probe->fault)
            add_fault(check, probe->target, probe->fault);
    }
}

static void close_probes(struct healthcheck *check)
{
    for (size_t i = 0; i < check->probe_count; i++)
        sl_health_probe_close(&check->probes[i]);
}

int sl_healthcheck(const struct sl_config *config, struct sl_error *error)
{
    struct healthcheck *check = calloc(1, sizeof(*check));
    int result;

    if (!check)
        return sl_error_set(error, -ENOMEM, "out of memory");
    result = sl_health_targets_find(&check->targets, config, error);
    if (result == 0) {
        open_probes(check);
        ask_http(check, config->tls_cert != NULL);
        run_probes(check);
        close_probes(check);
        if (*check->faults)
            result = sl_error_set(error, -EHOSTDOWN, "not healthy: %s", check->faults);
        else if (*check->note)
            printf("healthy, but messages are not kept on disk (%s)\n", check->note);
        else
            puts("healthy");
    }
    free(check);
    return result;
}
