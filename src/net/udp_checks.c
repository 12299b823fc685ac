/* Which datagrams must not be answered: see udp_checks.h for the reasons. */
#include "net/udp_checks.h"

#include "socklens/port.h"

enum sl_outcome sl_udp_check(const struct sl_address *peer, const struct sl_address *local,
                             const uint8_t own_udp_ports[65536 / 8])
{
    if (!sl_address_is_unicast(peer) || !sl_address_is_unicast(local))
        return SL_REFUSED_NOT_UNICAST;
    if (own_udp_ports[peer->port / 8] & 1u << peer->port % 8)
        return SL_REFUSED_OWN_LISTENER;
    /* No stranger can claim a loopback address: the kernel drops such packets from outside. */
    if (peer->port == 0 || (sl_port_reflects(peer->port) && !sl_address_is_loopback(peer)))
        return SL_REFUSED_REFLECTING_PORT;
    return SL_REPLIED;
}
