/* The service manager, where there is one: it is told how we are (sd_notify(3)) and hands over
 * sockets that it has opened for us (sd_listen_fds(3)). Built without libsystemd, it is told
 * nothing. */
#ifndef SOCKLENS_APP_MANAGER_H
#define SOCKLENS_APP_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#include "socklens/error.h"

/* `state` is as in sd_notify(3): "READY=1". */
void sl_manager_notify(const char *state);

/* How often it wants a sign of life: half of what it waits at most; 0: not at all. */
int64_t sl_manager_watchdog_ns(void);

struct sl_inherited {
    size_t count; /* descriptors from SL_INHERITED_FIRST on */
    char **names; /* what each is for: a service's key, or "http" */
};

#define SL_INHERITED_FIRST 3

/* Fills a zeroed `inherited`; with nothing handed over it stays so. A name that is none of ours is
 * an error. Once, before other threads run: it clears the environment's variables. */
int sl_inherited_take(struct sl_inherited *inherited, struct sl_error *error);

/* The next descriptor after `fd` (-1: the first) for that service, or -1. */
int sl_inherited_next(const struct sl_inherited *inherited, const char *key, int fd);

void sl_inherited_deinit(struct sl_inherited *inherited);

#endif
