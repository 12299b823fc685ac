#include "net/refuse.h"

/* Services that answer any datagram, or a short forged one: IANA's port numbers. */
static bool is_reflecting_port(uint16_t port)
{
    switch (port) {
    case 0:     /* no port to answer to */
    case 7:     /* echo */
    case 13:    /* daytime */
    case 17:    /* quote of the day */
    case 19:    /* chargen */
    case 37:    /* time */
    case 53:    /* DNS */
    case 69:    /* TFTP */
    case 111:   /* portmapper */
    case 123:   /* NTP */
    case 137:   /* NetBIOS name service */
    case 161:   /* SNMP */
    case 389:   /* connectionless LDAP */
    case 520:   /* RIP */
    case 1900:  /* SSDP */
    case 5353:  /* multicast DNS */
    case 11211: /* memcached */
        return true;
    default:
        return false;
    }
}

enum sl_outcome sl_refuse_datagram(const struct sl_address *peer, const struct sl_address *local,
                                   const uint8_t own_udp_ports[65536 / 8])
{
    if (!sl_address_is_unicast(peer) || !sl_address_is_unicast(local))
        return SL_REFUSED_NOT_UNICAST;
    if (own_udp_ports[peer->port / 8] & 1u << peer->port % 8)
        return SL_REFUSED_OWN_LISTENER;
    if (is_reflecting_port(peer->port))
        return SL_REFUSED_REFLECTING_PORT;
    return SL_REPLIED;
}
