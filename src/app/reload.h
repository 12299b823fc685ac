#ifndef SOCKLENS_APP_RELOAD_H
#define SOCKLENS_APP_RELOAD_H

#include "app/server.h"
#include "socklens/config.h"

/* Where the settings came from, to be read again. */
struct sl_command_line {
    int argc;
    char **argv;
    char *const *environment;
};

/* Reads all settings again and takes over those that can change while the server runs: into
 * `config`, the log and the server. The log says what has changed and what waits for a restart.
 * Where a setting is wrong, nothing changes. The main thread only, which alone reads `config`. */
void sl_reload(const struct sl_command_line *command_line, struct sl_config *config,
               struct sl_server *server, struct sl_log *log);

#endif
