/* Opening sockets that others connect to: those of the services and those of the web server. All
 * are non-blocking and closed on exec. Functions return a descriptor or a negative errno, and close
 * what they opened where they fail. */
#ifndef SOCKLENS_SOCKET_OPEN_H
#define SOCKLENS_SOCKET_OPEN_H

#include <stddef.h>

#include "socklens/address.h"

/* How a socket shares its port. */
enum sl_sharing {
    SL_SHARES_NOTHING,
    SL_SHARES_LATER, /* bound alone, which fails where the port is in use; then others may join */
    SL_SHARES_WITH_KIN, /* joins one of those */
};

/* Bound to an IP address, of which `*address` gets the port that the kernel chose. `type` is
 * SOCK_STREAM or SOCK_DGRAM. [::] is IPv6 alone, so that 0.0.0.0 can stand beside it and peers show
 * their own family. */
int sl_socket_bind(struct sl_address *address, int type, enum sl_sharing sharing);

/* A stream socket bound to a path, where it replaces a socket that a crash has left behind. */
int sl_socket_bind_unix(const char *path);

/* Makes a socket that another process has opened like those above. With SOCK_STREAM it must listen
 * on TCP or a Unix socket. NULL with `*address` (family AF_UNIX: a Unix socket) and its name
 * ("127.0.0.1:80", "unix:PATH") filled, or what is wrong with it. */
const char *sl_socket_adopt(int fd, int type, struct sl_address *address, char *name, size_t size);

/* A descriptor to let go when there is no other, or -1. */
int sl_socket_spare(void);

/* Accepts a connection with the spare's place: the caller ends it soon and opens a spare again.
 * -EMFILE where there is no spare. A backlog that nobody accepts from would report itself for ever.
 */
int sl_socket_accept_by_spare(int listen_fd, int *spare_fd);

#endif
