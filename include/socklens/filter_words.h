/* A filter in the API's words, for those who have it from elsewhere than a URL. */
#ifndef SOCKLENS_FILTER_WORDS_H
#define SOCKLENS_FILTER_WORDS_H

#include <stddef.h>

#include "socklens/error.h"
#include "socklens/filter.h"

#define SL_FILTER_WORDS_MAX 8

struct sl_filter_word {
    const char *name; /* service client outcome since until text hex min_size, each at most once */
    const char *value;
};

/* Fills `filter`, which must be zero-initialised; deinit it in any case. 0, or -EINVAL with what is
 * wrong and what would do in `error`. */
int sl_filter_from_words(const struct sl_filter_word *words, size_t count, struct sl_filter *filter,
                         struct sl_error *error);

#endif
