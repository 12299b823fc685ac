/* A filter in the API's words: the one table of them, and a way in for those who have them from
 * elsewhere than a URL. */
#ifndef SOCKLENS_FILTER_WORDS_H
#define SOCKLENS_FILTER_WORDS_H

#include <stddef.h>

#include "socklens/error.h"
#include "socklens/filter.h"

/* All there are. One that ends with a comma takes a list and may come several times. */
#define SL_FILTER_PARAMS                                                                           \
    "service,", "service_not,", "client,", "client_not,", "address,", "address_not,", "port,",     \
        "port_not,", "outcome,", "outcome_not,", "since", "until", "text", "hex", "min_size",      \
        "max_size", "min_received", "max_received", "min_sent", "max_sent", "after"

#define SL_FILTER_WORDS_MAX 64

struct sl_filter_word {
    const char *name; /* as in the table, without the comma */
    const char *value;
};

/* Fills `filter`, which must be zero-initialised; deinit it in any case. Of what takes no list the
 * first word counts. 0, or -EINVAL with what is wrong and what would do in `error`. */
int sl_filter_from_words(const struct sl_filter_word *words, size_t count, struct sl_filter *filter,
                         struct sl_error *error);

#endif
