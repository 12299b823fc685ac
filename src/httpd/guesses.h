/* Requests that show a wrong token: they are counted, told in the log, and answered late.
 *
 * An address gets SL_GUESSES_PER_S answers to them a second, and as many at once after a second
 * without any; what comes faster waits for its turn, which is what slows down who tries tokens one
 * after the other. The token that is right is never delayed, for many may share an address (a proxy
 * has one for all). A request without a token is no guess.
 *
 * An answer that waits holds its connection, so only so many may: those that would be more, or
 * would wait too long, are told at once that there are too many, and lose their connection. */
#ifndef SOCKLENS_HTTPD_GUESSES_H
#define SOCKLENS_HTTPD_GUESSES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/clock.h"
#include "socklens/rate_limit.h"

#define SL_GUESSES_PER_S    40
#define SL_GUESSES_WAIT_MAX (5 * SL_NS_PER_S)
/* A connection ends behind the answer to so many. */
#define SL_GUESSES_A_CONNECTION 200

struct sl_guesses {
    struct sl_rate_limit rate;
    size_t waiting, waiting_max; /* the HTTP thread's */
    _Atomic uint64_t count;      /* ever; any thread */
};

/* `waiting_max` answers may wait at once. 0 or -ENOMEM. */
int sl_guesses_init(struct sl_guesses *guesses, size_t waiting_max);
void sl_guesses_deinit(struct sl_guesses *guesses);

/* Counts one from `peer`. Nanoseconds that its answer has to wait, and with more than 0 it holds a
 * place until sl_guesses_release; -1 where there is no place for it. */
int64_t sl_guesses_take(struct sl_guesses *guesses, const struct sl_address *peer,
                        int64_t now_mono_ns);
void sl_guesses_release(struct sl_guesses *guesses);

#endif
