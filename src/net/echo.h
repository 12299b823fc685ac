/* Noticing an automatic answer to an automatic answer.
 *
 * Two servers that answer everything go on for ever after one datagram (CERT Advisory CA-1996-01),
 * on whatever ports they are. Here the sign is a text that is its own answer, since upper case
 * stays as it is, and that the same peer sends again and again as soon as it has its reply; or one
 * that has our last reply in it, with something around it ("Echo: ..."). A person or a program may
 * do that too, so a long run of it is answered, and what follows is not for a moment that is long
 * enough for all that is under way to end: a loop ends there, a client loses that moment's replies.
 * Fixed memory, one worker's own: no lock. */
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

/* May `text`, which is its own answer, be answered to `client` once more? What has the same `now`
 * is one round: a burst that was received at once is not a peer that answers our replies. */
bool sl_echo_guard_admit(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                         size_t size, int64_t now_mono_ns);

/* May `reply` be sent to `client`, whose `text` is another? Not where one text after the other has
 * our reply to the one before in it. Short replies are not told apart from chance. */
bool sl_echo_guard_admit_other(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                               size_t size, const uint8_t *reply, size_t reply_size,
                               int64_t now_mono_ns);

#endif
