/* To where test datagrams may go, besides our own listeners: networks with ports, as --allow-target
 * names them. */
#ifndef SOCKLENS_TARGET_H
#define SOCKLENS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/error.h"

struct sl_target {
    struct sl_address network; /* without port */
    unsigned prefix;           /* bits */
    uint16_t first_port, last_port;
};

struct sl_targets {
    struct sl_target *items;
    size_t count;
};

/* Parses 192.0.2.0/24:9000-9010, 192.0.2.1:9000, [2001:db8::]/32:53, [2001:db8::/32]:53 or
 * [fe80::1%eth0]:53, whose interface must be there; a link-local network without one stands for all
 * interfaces. No names: what a name stands for may change. 0, or -EINVAL with `error` set. */
int sl_target_parse(const char *text, struct sl_target *target, struct sl_error *error);

/* False in any case for broadcast to all, multicast, unspecified and IPv4-mapped addresses, and
 * port 0; and for link-local addresses unless the target's network is a link-local one. A network's
 * own broadcast address is one of its addresses. */
bool sl_target_covers(const struct sl_target *target, const struct sl_address *address);

/* Does one of them? */
bool sl_targets_cover(const struct sl_targets *targets, const struct sl_address *address);

#endif
