/* Noticing that two servers answer each other.
 *
 * Two servers that answer everything go on for ever after one datagram (CERT Advisory CA-1996-01),
 * on whatever ports they are. Two things are a sign of that: a text that is its own reply, since
 * upper case stays as it is, and that the same peer sends again and again; and a text that has our
 * last reply in it, with something around it ("Echo: ..."). A person or a program may send those
 * too. So a long run of them is answered, and then nothing for long enough that all that is under
 * way ends: a loop ends there, a client loses the replies of that moment. Fixed memory, one
 * worker's own: no lock. */
#ifndef SOCKLENS_NET_ECHO_H
#define SOCKLENS_NET_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/clock.h"

#define SL_ECHO_RUN_MAX  500                  /* rounds that are answered in a row */
#define SL_ECHO_PAUSE_NS (SL_NS_PER_S / 2)    /* between two rounds: a new run begins */
#define SL_ECHO_HOLD_NS  (250 * SL_NS_PER_MS) /* without an answer after a run */

struct sl_echo_run;
struct sl_echo_last;

struct sl_echo_guard {
    uint64_t hash_key;
    struct sl_echo_run *runs;
    struct sl_echo_last *lasts;
};

/* 0 or -ENOMEM. */
int sl_echo_guard_init(struct sl_echo_guard *guard);
void sl_echo_guard_deinit(struct sl_echo_guard *guard);

/* Whether `text`, which is its own reply, may be answered to `client` once more. All with the same
 * `now_mono_ns` are one round: a burst that was received at once is not a peer that answers our
 * replies. */
bool sl_echo_guard_admit(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                         size_t size, int64_t now_mono_ns);

/* Whether `reply` may be sent to `client`, whose `text` is another. Not where each of a run of
 * texts has our reply to the one before in it. Short replies do not count: those may be in it by
 * chance. */
bool sl_echo_guard_admit_other(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                               size_t size, const uint8_t *reply, size_t reply_size,
                               int64_t now_mono_ns);

#endif
