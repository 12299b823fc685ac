/* What a service manager is told and gives: readiness, status and watchdog (sd_notify(3)), and
 * inherited sockets. */
#include "app/manager.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/service.h"

#ifdef SOCKLENS_SYSTEMD
#include <systemd/sd-daemon.h>

void sl_manager_notify(const char *state)
{
    sd_notify(0, state);
}

int64_t sl_manager_watchdog_ns(void)
{
    uint64_t limit_us = 0;

    return sd_watchdog_enabled(0, &limit_us) > 0 ? (int64_t)limit_us * SL_NS_PER_US / 2 : 0;
}

static int take(struct sl_inherited *inherited, struct sl_error *error)
{
    int count = sd_listen_fds_with_names(1, &inherited->names);

    if (count < 0)
        return sl_error_set(error, count, "cannot take the inherited sockets: %s",
                            strerror(-count));
    inherited->count = (size_t)count;
    return 0;
}
#else
void sl_manager_notify(const char *state)
{
    (void)state;
}

int64_t sl_manager_watchdog_ns(void)
{
    return 0;
}

static int take(struct sl_inherited *inherited, struct sl_error *error)
{
    const char *pid = getenv("LISTEN_PID");

    (void)inherited;
    if (getenv("LISTEN_FDS") && pid && strtol(pid, NULL, 10) == getpid())
        return sl_error_set(error, -ENOSYS,
                            "sockets were handed over (LISTEN_FDS), which this build cannot take: "
                            "it is without libsystemd");
    return 0;
}
#endif

static bool is_key(const char *name)
{
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        if (strcmp(name, sl_service_get((enum sl_service_id)id)->key) == 0)
            return true;
    return strcmp(name, "http") == 0;
}

int sl_inherited_take(struct sl_inherited *inherited, struct sl_error *error)
{
    int result = take(inherited, error);

    for (size_t i = 0; i < inherited->count; i++)
        if (!is_key(inherited->names[i]))
            return sl_error_set(error, -EINVAL,
                                "inherited descriptor %zu is called \"%s\", and nothing here is; "
                                "FileDescriptorName= is udp_upper, tcp_upper, tcp_chat or http",
                                i + SL_INHERITED_FIRST, inherited->names[i]);
    return result;
}

int sl_inherited_next(const struct sl_inherited *inherited, const char *key, int fd)
{
    size_t i = fd < 0 ? 0 : (size_t)(fd - SL_INHERITED_FIRST + 1);

    for (; i < inherited->count; i++)
        if (strcmp(inherited->names[i], key) == 0)
            return (int)i + SL_INHERITED_FIRST;
    return -1;
}

void sl_inherited_deinit(struct sl_inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++)
        free(inherited->names[i]);
    free(inherited->names);
    *inherited = (struct sl_inherited){0};
}
