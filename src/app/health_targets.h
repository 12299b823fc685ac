/* What a health check asks: each address that the gateway listens on. */
#ifndef SOCKLENS_APP_HEALTH_TARGETS_H
#define SOCKLENS_APP_HEALTH_TARGETS_H

#include <stddef.h>

#include "socklens/config.h"
#include "socklens/error.h"
#include "socklens/health.h"
#include "socklens/service.h"

struct sl_health_target {
    const struct sl_service *service; /* NULL: the web server */
    struct sl_address address;        /* family AF_UNIX: see `unix_path` */
    char unix_path[108];
    char name[160]; /* "udp-upper 127.0.0.1:12000" */
};

struct sl_health_targets {
    struct sl_health_target items[SL_HEALTH_PROBES_MAX];
    size_t count;
};

/* From the ready file where `config` names one, which knows real ports and inherited sockets, else
 * from the addresses in `config`. 0, or a negative errno with `error` set. */
int sl_health_targets_find(struct sl_health_targets *targets, const struct sl_config *config,
                           struct sl_error *error);

/* connect(2). */
int sl_health_target_connect(const struct sl_health_target *target, int fd);

#endif
