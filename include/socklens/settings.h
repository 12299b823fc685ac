/* Reads the settings into a struct sl_config, and prints them. The table of settings is
 * src/settings/options.toml. */
#ifndef SOCKLENS_SETTINGS_H
#define SOCKLENS_SETTINGS_H

#include <stdio.h>

#include "socklens/config.h"
#include "socklens/config_errors.h"
#include "socklens/log.h"

/* Fills a zeroed `config` from defaults, config file, `environment` (as environ(7)) and command
 * line. Endpoints without a host get those of --bind. Reorders `argv`. Not thread-safe: getopt(3)
 * has state of its own. 0, or -EINVAL with everything that was found in `errors`. With --help or
 * --version the rest is not looked at. `warnings` gets what is only suspicious. */
int sl_config_load(struct sl_config *config, int argc, char **argv, char *const *environment,
                   struct sl_config_errors *errors, struct sl_config_errors *warnings);

/* Also after a load that failed. */
void sl_config_deinit(struct sl_config *config);

/* Exchanges the values of the settings that can change at run time with those of `fresh`. Logs what
 * has changed, and what needs a restart. */
void sl_config_update(struct sl_config *config, struct sl_config *fresh, struct sl_log *log);

void sl_config_print_help(FILE *out);

/* Prints a config file that gives the same settings again, with a comment behind each value that
 * says where it comes from. A value that cannot stand in a file becomes a comment that says so. */
void sl_config_print(const struct sl_config *config, FILE *out);

#endif
