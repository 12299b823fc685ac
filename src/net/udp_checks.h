/* Which datagrams must not be answered.
 *
 * A server that answers everything is half of an echo loop: one datagram with a forged source makes
 * two of them talk for ever (CERT Advisory CA-1996-01), and a reply to a forged source is a weapon
 * against whoever lives there. So neither other servers nor many hosts at once are answered; a rate
 * limit bounds the rest. */
#ifndef NET_REFUSE_H
#define NET_REFUSE_H

#include "socklens/exchange.h"

/* SL_REPLIED where the datagram may be answered, else the reason why not. `own_udp_ports` has a bit
 * for each port that one of our UDP listeners has, on whatever host: a second gateway elsewhere
 * usually has the same ones. */
enum sl_outcome sl_refuse_datagram(const struct sl_address *peer, const struct sl_address *local,
                                   const uint8_t own_udp_ports[65536 / 8]);

#endif
