/* SIGHUP: reads the settings again, and takes what its rows say can change. Where anything is
 * wrong, nothing changes. */
#include "app/reload.h"

#include <string.h>

#include "socklens/settings.h"

static void log_errors(struct sl_log *log, const struct sl_config_errors *errors)
{
    const char *line = (const char *)errors->lines.data;
    const char *end = line + errors->lines.size;

    while (line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));

        sl_log_error(log, "%.*s", (int)(line_end - line), line);
        line = line_end + 1;
    }
    sl_log_error(log, "the settings are not changed");
}

void sl_reload(const struct sl_command_line *command_line, struct sl_config *config,
               struct sl_server *server, struct sl_log *log)
{
    struct sl_config_errors errors = {0}, warnings = {0};
    struct sl_config fresh = {0};

    sl_log_info(log, "reading the settings again");
    if (sl_config_load(&fresh, command_line->argc, command_line->argv, command_line->environment,
                       &errors, &warnings) < 0) {
        log_errors(log, &errors);
    } else {
        sl_config_update(config, &fresh, log);
        sl_log_set_level(log, config->log_level);
        sl_server_adjust(server);
    }
    sl_config_deinit(&fresh);
    sl_config_errors_deinit(&errors);
    sl_config_errors_deinit(&warnings);
}
