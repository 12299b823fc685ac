/* Health probes: how a gateway is asked on its own sockets whether it serves.
 *
 * `socklens --healthcheck` opens its sockets, names their ports to the gateway (GET
 * /healthz?probes=40001,40002), and then says SL_HEALTH_WORDS to each listener. What comes from
 * this machine and from such a port, and says just that, is answered past all limits and counted
 * apart: it is no client and no message, so that a probe each half minute does not fill the log. As
 * nothing else can be kept out of the log this way, anyone may announce. A probe that nobody
 * announced is a message like any other. */
#ifndef SOCKLENS_HEALTH_H
#define SOCKLENS_HEALTH_H

#include <stdint.h>

#include "socklens/exchange.h"

#define SL_HEALTH_WORDS "socklens health check"

/* A Unix socket has no port: the abstract name of a probe's own carries the number instead. */
#define SL_HEALTH_UNIX_NAME "socklens-health-%u"

/* Probes that may be announced at once: one a listener. */
#define SL_HEALTH_PROBES_MAX 256

struct sl_net;

/* A probe from `port` comes within five seconds. Any thread. */
void sl_health_expect(struct sl_net *net, uint16_t port);

/* How many probes were answered since the start. Any thread. */
uint64_t sl_health_answered(const struct sl_net *net, enum sl_service_id service);

/* Of the answer of /healthz, where messages are not kept on disk now: the store's state and why. */
#define SL_HEALTH_LOG_HEADER "Socklens-Log"

#endif
