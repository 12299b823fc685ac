/* The config file: `name = value` lines, before any section or in [socklens]; comments begin with
 * ";" or, at the start of a line, with "#". Names are those of the options, '-' or '_' alike. */
#ifndef SOCKLENS_SETTINGS_CONFIG_FILE_H
#define SOCKLENS_SETTINGS_CONFIG_FILE_H

#include "socklens/config_errors.h"

/* Calls `visit` for each setting with the number of its line, and adds to `errors` what is wrong
 * with the file or the form of its lines; it always reads to the end. */
void sl_config_file_read(const char *path,
                         void (*visit)(void *context, const char *name, const char *value,
                                       unsigned line),
                         void *context, struct sl_config_errors *errors);

#endif
