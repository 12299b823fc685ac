/* The words of a rule: separated by blanks, or in quotes, with escapes. */
#ifndef SOCKLENS_FAULT_WORDS_H
#define SOCKLENS_FAULT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "socklens/fault.h"

struct words {
    const char *rest;
    char word[SL_FAULT_RULE_MAX + 1]; /* the current one, with a NUL behind it */
    size_t size;                      /* without that; the word may hold NULs */
    bool quoted;
};

/* Moves on to the next word: 1, 0 where there is none, or -EINVAL for a quote that does not end or
 * an escape that is none, with the culprit in `word`. */
int words_next(struct words *words);

/* The words of "on", numbered by the bits of a rule's `on` less 1, and of "per", by enum
 * sl_fault_scope. */
extern const char *const rule_on_names[3];
extern const char *const rule_per_names[3];

#endif
