/* One test datagram and the wait for its reply, without ever blocking the caller. */
#ifndef SOCKLENS_TEST_DATAGRAM_H
#define SOCKLENS_TEST_DATAGRAM_H

#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/error.h"
#include "socklens/registry.h"

/* The step of sl_test_datagram_send that failed. */
enum sl_test_datagram_step { SL_TEST_DATAGRAM_OPEN, SL_TEST_DATAGRAM_BIND, SL_TEST_DATAGRAM_SEND };

struct sl_test_datagram {
    int fd; /* non-blocking; readable when the reply (or an ICMP error) is there */
    struct sl_address from, to, reply_from;
    enum sl_test_datagram_step step;
    int64_t sent_at_ns; /* monotonic */
};

/* Opens a socket bound to `from_port` (0: the kernel chooses) of the family of `to`, connects it to
 * `to`, so that nobody else's datagram is taken for the reply, and sends. To a broadcast address
 * the reply may come from anybody. `registry` (NULL: none) is told of the source address before, so
 * that a listener of ours knows its client for a test. 0, or a negative errno with `error` set and
 * nothing left open. */
int sl_test_datagram_send(struct sl_test_datagram *test, struct sl_registry *registry,
                          const struct sl_address *to, uint16_t from_port, const void *bytes,
                          size_t size, struct sl_error *error);

/* What a negative errno of the functions here means to the user who asked for the test. Static, or
 * strerror's. */
const char *sl_test_datagram_error_text(enum sl_test_datagram_step step, int code);

/* Takes the reply if it is there: 1 with `reply`, `reply_from` and *rtt_us set; 0 where nothing has
 * come; a negative errno (-ECONNREFUSED: nobody listens there) where the kernel reported an error.
 */
int sl_test_datagram_receive(struct sl_test_datagram *test, struct sl_buffer *reply,
                             int64_t *rtt_us);

void sl_test_datagram_close(struct sl_test_datagram *test);

#endif
