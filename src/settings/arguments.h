/* The command line as getopt_long(3) takes it apart, with our own words for what is wrong. */
#ifndef SOCKLENS_SETTINGS_ARGUMENTS_H
#define SOCKLENS_SETTINGS_ARGUMENTS_H

#include "socklens/options.h"

struct sl_argument {
    const struct sl_option *option;
    const char *text; /* points into argv, or is "yes" for a bare flag */
};

/* The arguments in their order, at most argc - 1, to be freed with free(3); NULL where there is no
 * memory. Stops after --help, --version and what is wrong. */
struct sl_argument *sl_arguments_parse(const struct sl_options *options, int argc, char **argv,
                                       size_t *count, struct sl_config_errors *errors);

#endif
