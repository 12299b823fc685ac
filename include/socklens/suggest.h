/* How near two words are: for "did you mean". */
#ifndef SOCKLENS_SUGGEST_H
#define SOCKLENS_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* How many letters have to be put in, taken out or changed to make one text of the other; '-' and
 * '_' are alike. SIZE_MAX where either has more than 63 letters. */
size_t sl_edit_distance(const char *a, const char *b);

/* True where that is few enough, for the length of `name`, to ask "did you mean". */
bool sl_is_near(const char *name, size_t distance);

#endif
