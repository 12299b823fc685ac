/* What a port number tells: who is behind it, and why it cannot be had. */
#ifndef SOCKLENS_PORT_H
#define SOCKLENS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for the port of a service that answers any datagram, or a short forged one. A UDP server
 * that answers everything must not answer a remote one of these: its sender may be forged. */
bool sl_port_reflects(uint16_t port);

/* For how many seconds more a TCP port cannot be bound because a program that has ended, and had
 * not set SO_REUSEADDR, left connections on it (TIME_WAIT, tcp(7)). 0: somebody listens there, or
 * nothing of that kind is left. `paths` are files in the form of /proc/net/tcp. */
unsigned sl_port_time_wait_in(const char *const *paths, size_t count, uint16_t port);

/* Why a TCP port that is in use cannot be had, as the beginning of a sentence in brackets, which is
 * to end in an advice. */
#define SL_PORT_TEXT_SIZE 160
void sl_port_in_use(uint16_t port, char text[SL_PORT_TEXT_SIZE]);

#endif
