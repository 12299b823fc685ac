/* Parses the command line with getopt_long(3); the error texts are our own. */
#ifndef SOCKLENS_SETTINGS_ARGUMENTS_H
#define SOCKLENS_SETTINGS_ARGUMENTS_H

#include "settings/options.h"
#include "socklens/config_errors.h"

struct sl_argument {
    const struct sl_option *option;
    const char *text; /* points into argv, or is "yes" for a bare flag */
};

/* The arguments in their order, at most argc - 1, to be freed with free(3); NULL where there is no
 * memory. Stops after --help, --version and what is wrong. */
struct sl_argument *sl_arguments_parse(int argc, char **argv, size_t *count,
                                       struct sl_config_errors *errors);

#endif
