#ifndef SOCKLENS_PRINT_CONFIG_H
#define SOCKLENS_PRINT_CONFIG_H

#include <stdio.h>

#include "socklens/options.h"

/* Prints a config file that gives the same settings again, with a comment behind each value that
 * says where it comes from. A value that cannot stand in a file becomes a comment that says so. */
void sl_print_config(const struct sl_options *options, const struct sl_config *config, FILE *out);

#endif
