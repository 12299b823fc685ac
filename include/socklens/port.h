/* Port numbers with a meaning for UDP peers. */
#ifndef SOCKLENS_PORT_H
#define SOCKLENS_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* True for the port of a service that answers any datagram, or a short forged one. A UDP server
 * that answers everything must not answer a remote one of these: its sender may be forged. */
bool sl_port_reflects(uint16_t port);

#endif
