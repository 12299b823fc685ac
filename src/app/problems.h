/* What is wrong with a configuration: one line each, in the order in which it was found. */
#ifndef SOCKLENS_APP_PROBLEMS_H
#define SOCKLENS_APP_PROBLEMS_H

#include <stddef.h>

#include "socklens/buffer.h"

struct sl_problems {
    struct sl_buffer lines; /* each ends in "\n"; control characters are escaped */
    size_t count;
};

void sl_problems_deinit(struct sl_problems *problems);

/* Adds one line, unless it is there already. Where memory is short the line is lost but counted. */
__attribute__((format(printf, 2, 3))) void sl_problems_add(struct sl_problems *problems,
                                                           const char *format, ...);

#endif
