/* One test datagram and the wait for its reply, without ever blocking the caller. */
#ifndef SOCKLENS_PROBE_H
#define SOCKLENS_PROBE_H

#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/error.h"
#include "socklens/registry.h"

/* What sl_probe_send was at when it failed. */
enum sl_probe_step { SL_PROBE_OPENS, SL_PROBE_BINDS, SL_PROBE_SENDS };

struct sl_probe {
    int fd; /* non-blocking; readable when the reply (or an ICMP error) is there */
    struct sl_address from, to, reply_from;
    enum sl_probe_step step;
    int64_t sent_at_ns; /* monotonic */
};

/* Opens a socket bound to `from_port` (0: the kernel chooses) of the family of `to`, connects it to
 * `to`, so that nobody else's datagram is taken for the reply, and sends. To a broadcast address
 * the reply may come from anybody. `registry` (NULL: none) is told of the source address before, so
 * that a listener of ours knows its client for a test. 0, or a negative errno with `error` set and
 * nothing left open. */
int sl_probe_send(struct sl_probe *probe, struct sl_registry *registry, const struct sl_address *to,
                  uint16_t from_port, const void *bytes, size_t size, struct sl_error *error);

/* What a negative errno of the functions here means to somebody who sends. Static, or strerror's.
 */
const char *sl_probe_words(enum sl_probe_step step, int code);

/* Takes the reply if it is there: 1 with `reply`, `reply_from` and *rtt_us set; 0 where nothing has
 * come; a negative errno (-ECONNREFUSED: nobody listens there) where the kernel reported an error.
 */
int sl_probe_receive(struct sl_probe *probe, struct sl_buffer *reply, int64_t *rtt_us);

void sl_probe_close(struct sl_probe *probe);

#endif
