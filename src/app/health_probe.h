/* One probe of one listener, without ever blocking. */
#ifndef SOCKLENS_APP_HEALTH_PROBE_H
#define SOCKLENS_APP_HEALTH_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/health_targets.h"
#include "socklens/buffer.h"

struct sl_health_probe {
    const struct sl_health_target *target; /* of a service */
    int fd;                                /* -1: not open */
    uint16_t port;                         /* to be announced: see health.h */
    bool connecting;                       /* the words are to be sent once it can be written to */
    bool done;
    const char *fault; /* valid where done; NULL: it answered as it should */
    struct sl_buffer wanted;
};

/* Opens its socket, so that `port` is known. What fails from here on stands in `fault`. */
void sl_health_probe_open(struct sl_health_probe *probe, const struct sl_health_target *target);

/* Connects, and sends where that can be done at once. */
void sl_health_probe_begin(struct sl_health_probe *probe);

/* What poll(2) is to wait for. */
short sl_health_probe_events(const struct sl_health_probe *probe);
void sl_health_probe_ready(struct sl_health_probe *probe);

/* A datagram may have been lost: sends it again. */
void sl_health_probe_repeat(struct sl_health_probe *probe);

void sl_health_probe_close(struct sl_health_probe *probe);

#endif
