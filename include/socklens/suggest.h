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

/* The search for what may have been meant by `word`: begin with that alone, and offer each name. */
struct sl_nearest {
    const char *word;
    const char *name; /* the nearest so far; NULL: none */
    size_t distance;  /* of that */
};

void sl_nearest_offer(struct sl_nearest *nearest, const char *name);

/* The name to suggest; NULL where none is near. */
const char *sl_nearest_name(const struct sl_nearest *nearest);

#endif
