/* What POST /api/v1/datagrams asks for, and whether it may. */
#ifndef SOCKLENS_API_API_DATAGRAMS_H
#define SOCKLENS_API_API_DATAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/problem.h"
#include "socklens/registry.h"
#include "socklens/target.h"

/* To others than our own listeners: what one packet of an Ethernet carries. */
#define SL_DATAGRAM_FOREIGN_MAX 1472

#define SL_DATAGRAM_MAX            65507 /* UDP over IPv4: 65,535 - 20 - 8 */
#define SL_DATAGRAM_TIMEOUT_MS     1000
#define SL_DATAGRAM_TIMEOUT_MS_MAX 30000

struct sl_datagram {
    struct sl_address to;
    bool foreign; /* not one of our own listeners */
    struct sl_buffer payload;
    uint16_t from_port;
    int64_t timeout_ns;
};

/* Reads the body. The target must be one of our own UDP listeners, by its service's name or by its
 * address - a wildcard listener is at each address of this machine -, or an address that `targets`
 * cover. 0, or 400, 403, 413 or 503 with `problem`; deinit in any case. */
unsigned sl_datagram_parse(struct sl_datagram *datagram, const void *body, size_t size,
                           const struct sl_registry *registry, const struct sl_targets *targets,
                           struct sl_problem *problem);
void sl_datagram_deinit(struct sl_datagram *datagram);

#endif
