/* What is wrong with a configuration: one line each, in the order in which it was found. */
#ifndef SOCKLENS_CONFIG_ERRORS_H
#define SOCKLENS_CONFIG_ERRORS_H

#include <stddef.h>

#include "socklens/buffer.h"

struct sl_config_errors {
    struct sl_buffer lines; /* each ends in "\n"; control characters are escaped */
    size_t count;
};

void sl_config_errors_deinit(struct sl_config_errors *errors);

/* Adds one line, unless it is there already. Where memory is short the line is lost but counted. */
__attribute__((format(printf, 2, 3))) void sl_config_errors_add(struct sl_config_errors *errors,
                                                                const char *format, ...);

#endif
