/* What rules did to one message, as JSON: the items of the array `faults` of a message.
 *
 * {"rule":"kurose","text":"loss 4/11 seed 7","effect":"loss","side":"sent","n":5,"draw":0.2847} and
 * what the effect adds. Written once, by who applies the rule; journal, log and API carry it as it
 * is, so an entry explains itself after its rule is gone. */
#ifndef SOCKLENS_FAULT_NOTE_H
#define SOCKLENS_FAULT_NOTE_H

#include <stdint.h>

#include "socklens/exchange.h"
#include "socklens/fault_set.h"

#define SL_NOTE_ENTRIES 8 /* more are counted only */

struct sl_fault_note {
    uint16_t size;   /* of the text, without a NUL */
    uint16_t faults; /* fault_bits of struct sl_exchange */
    uint8_t entries, more;
    char text[SL_NOTE_MAX]; /* last, so that a copy may end behind what is used */
};

/* Without an entry; the text is left as it is. */
static inline void sl_fault_note_init(struct sl_fault_note *note)
{
    note->size = note->faults = 0;
    note->entries = note->more = 0;
}

/* Adds an entry. `members` is what the effect adds, as JSON with a comma in front: ",\"us\":27296";
 * "" for nothing. */
void sl_fault_note_add(struct sl_fault_note *note, const struct sl_fault_hit *hit,
                       const char *members);

/* Adds an entry of what no rule decided but its effect's hold did: `what` is "overflow",
 * "queue_full" or "stopped". */
void sl_fault_note_add_loss(struct sl_fault_note *note, const struct sl_fault_hit *hit,
                            const char *what);

#endif
