/* Which of the messages that a rule looks at it hits. */
#ifndef SOCKLENS_FAULT_SELECT_H
#define SOCKLENS_FAULT_SELECT_H

#include "fault/draw.h"

/* What a rule remembers of one scope and side. All zero at the beginning. */
struct select_count {
    uint64_t looks;
    uint32_t run; /* hits in a row, up to now */
    bool in_burst;
};

/* Counts one message, and tells whether it is hit. `source` has the rule's seed, effect, side and
 * place, and gets the message's number: 0 where the rule skips it. `draw` gets the selection's draw
 * where it has one. */
bool fault_select(const struct sl_rule *rule, struct select_count *count,
                  struct draw_source *source, uint64_t *draw);

#endif
