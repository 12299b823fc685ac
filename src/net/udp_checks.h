/* Which datagrams must not be answered.
 *
 * A server that answers everything is half of an echo loop: one datagram with a forged source
 * address makes two servers answer each other for ever (CERT Advisory CA-1996-01), and a reply to a
 * forged source address hits a host that never asked. So neither other servers nor groups of hosts
 * are answered. The rate limit (socklens/rate_limit.h) and the loop check (net/echo.h) come after
 * this one. */
#ifndef SOCKLENS_NET_UDP_CHECKS_H
#define SOCKLENS_NET_UDP_CHECKS_H

#include "socklens/exchange.h"

/* SL_REPLIED where a datagram from `peer` to `local` may be answered, else the reason why not.
 * `own_udp_ports` has a bit for each port that one of our UDP listeners has, whatever the address:
 * another socklens on another host usually has the same ports. */
enum sl_outcome sl_udp_check(const struct sl_address *peer, const struct sl_address *local,
                             const uint8_t own_udp_ports[65536 / 8]);

#endif
