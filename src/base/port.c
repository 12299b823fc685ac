#include "socklens/port.h"

/* IANA's port numbers. */
bool sl_port_reflects(uint16_t port)
{
    switch (port) {
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
