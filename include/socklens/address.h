/* Socket addresses in 24 bytes: small enough to stand in every client and every message. */
#ifndef SOCKLENS_ADDRESS_H
#define SOCKLENS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "socklens/error.h"

/* A value: compare with sl_address_equal, copy by assignment. All bytes are significant, so always
 * start from SL_ADDRESS_NONE or one of the functions below. The paths of Unix sockets are not held
 * here: a listener knows its own, and peers of a stream socket have none. */
struct sl_address {
    uint16_t family;   /* AF_UNSPEC (none), AF_INET, AF_INET6 or AF_UNIX */
    uint16_t port;     /* host byte order */
    uint32_t scope_id; /* IPv6 link-local interface index, else 0 */
    uint8_t ip[16];    /* network byte order; IPv4 in the first four bytes */
};

#define SL_ADDRESS_NONE ((struct sl_address){0})

/* "[ffff:...:255.255.255.255%interface]:65535" and its NUL fit. */
#define SL_ADDRESS_TEXT_SIZE 80

/* From what accept(2), recvmsg(2) or getsockname(2) gave. IPv4-mapped IPv6 becomes IPv4. */
struct sl_address sl_address_from_sockaddr(const struct sockaddr *sockaddr, socklen_t size);

/* To a sockaddr for bind(2), connect(2) or sendmsg(2); returns its size, 0 for AF_UNIX/AF_UNSPEC.
 */
socklen_t sl_address_to_sockaddr(const struct sl_address *address, struct sockaddr_storage *out);

/* "127.0.0.1:12000", "[::1]:12000", "[fe80::1%eth0]:12000", "unix:", "none". Returns the length. */
size_t sl_address_format(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE]);

/* What the function above writes, numbers only: with or without a port, and an IPv6
 * address with or without brackets where it has none. A scope ("%eth0") that this machine does not
 * have is left out. False, and nothing written, where it is not such a text. */
bool sl_address_parse(const char *text, struct sl_address *address, bool *has_port);

/* The same without the port (and without brackets): "127.0.0.1", "::1". */
size_t sl_address_format_host(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE]);

/* As Python prints a socket's name, which the course's servers do: ('127.0.0.1', 1060), and
 * ('::1', 1060, 0, 0) with flow label and scope. */
size_t sl_address_format_python(const struct sl_address *address, char text[SL_ADDRESS_TEXT_SIZE]);

bool sl_address_equal(const struct sl_address *a, const struct sl_address *b);

/* Reached from this machine only: 127.0.0.0/8, ::1, and every Unix socket. */
bool sl_address_is_loopback(const struct sl_address *address);

/* fe80::/10, whose addresses need an interface, and 169.254.0.0/16. */
bool sl_address_is_link_local(const struct sl_address *address);

bool sl_address_is_wildcard(const struct sl_address *address);

/* An address that one host can answer from: not 0.0.0.0/8, ::, multicast or 255.255.255.255. Every
 * Unix socket is. */
bool sl_address_is_unicast(const struct sl_address *address);

/* 64 bits that a peer cannot steer (SipHash-1-3): `key` is random, drawn once by each process. */
uint64_t sl_address_hash(const struct sl_address *address, uint64_t key);

/* The same over the IP alone, for limits per address: an IPv6 peer counts by its /64. */
struct sl_address sl_address_limit_key(const struct sl_address *address);

/* Where to listen or to connect, as a person writes it. */
struct sl_endpoint {
    char host[256];      /* name or numeric address without brackets; "" where none was given */
    char unix_path[108]; /* for "unix:PATH", else "" */
    uint16_t port;
    bool follows; /* another address of the listener before: port 0 is that one's port */
};

/* Parses HOST:PORT, :PORT, PORT, [V6]:PORT or unix:PATH. -EINVAL with an error that names what is
 * wrong.
 */
int sl_endpoint_parse(const char *text, struct sl_endpoint *endpoint, struct sl_error *error);

/* Resolves `host`, which is not empty, with getaddrinfo(3) (may block on DNS: start-up and client
 * programs only) to at most `capacity` distinct addresses in the resolver's order. `socktype` is
 * SOCK_STREAM or SOCK_DGRAM. Returns their number (at least 1), or a negative errno with `error`
 * set. */
int sl_endpoint_resolve(const char *host, uint16_t port, int socktype, struct sl_address *addresses,
                        size_t capacity, struct sl_error *error);

#endif
