#ifndef SOCKLENS_APP_HEALTH_HTTP_H
#define SOCKLENS_APP_HEALTH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "app/health_targets.h"

#define SL_HEALTH_NOTE_SIZE 200

/* GET /healthz at a web listener, in which the ports of the probes to come are announced (health.h;
 * none where `ports` is ""). At most `timeout_ms` for each of its steps. NULL where it is well,
 * else what is wrong; `note` gets what it says of its log, "" where that is well. */
const char *sl_health_http_ask(const struct sl_health_target *target, const char *ports, bool tls,
                               int timeout_ms, char note[SL_HEALTH_NOTE_SIZE]);

#endif
