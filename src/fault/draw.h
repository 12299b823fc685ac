/* The randomness of rules: pure functions of seed and number, equal on every machine. */
#ifndef SOCKLENS_FAULT_DRAW_H
#define SOCKLENS_FAULT_DRAW_H

#include "socklens/fault.h"

/* Which draw of one message: the selection, the end of a burst, and from 16 on what the effect
 * needs, 256 further on for each copy. */
enum { DRAW_SELECT, DRAW_BURST_END, DRAW_EFFECT = 16, DRAW_COPY = 256 };

/* Where one draw comes from. `nth` is the rule's place among those of its effect and side. */
struct draw_source {
    uint64_t seed;
    enum sl_effect effect;
    enum sl_fault_side side;
    unsigned nth;
    uint64_t n; /* from 1 */
};

/* 64 uniform bits. */
uint64_t fault_draw(const struct draw_source *source, uint64_t which);

/* True for `ppm` of a million draws. */
bool fault_draw_is_below(uint64_t draw, uint32_t ppm);

/* The delay of one copy: uniform in time ± jitter, or normal, never below 0. ns. */
int64_t fault_draw_delay(const struct sl_rule *rule, const struct draw_source *source,
                         unsigned copy);

/* Which bit of `size` bytes (over 0) the `bit`-th flip of one copy hits. */
void fault_draw_bit(const struct draw_source *source, unsigned copy, unsigned bit, size_t size,
                    size_t *at, uint8_t *mask);

#endif
