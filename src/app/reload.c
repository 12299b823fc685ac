#include "app/reload.h"

#include <string.h>

#include "socklens/options.h"

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static const char *or_unset(const char *text)
{
    return text ? text : "unset";
}

/* Exchanged rather than copied: both configurations stay whole. */
static void take_over(const struct sl_option *option, struct sl_origin *ours,
                      struct sl_origin *fresh, struct sl_log *log)
{
    struct sl_origin before = *ours;

    sl_log_info(log, "%s: %s is now %s (%s)", option->name, or_unset(before.text),
                or_unset(fresh->text), fresh->place ? fresh->place : "default");
    *ours = *fresh;
    *fresh = before;
}

/* How many settings differ. */
static size_t compare(struct sl_config *config, struct sl_config *fresh, struct sl_log *log)
{
    struct sl_options options;
    size_t count = 0;

    sl_options_init(&options);
    for (size_t i = 0; i < options.count && i < config->origin_count; i++) {
        const struct sl_option *option = &options.rows[i];
        struct sl_origin *ours = &config->origins[i], *theirs = &fresh->origins[i];

        if (!option->name || same(ours->text, theirs->text))
            continue;
        count++;
        if (option->live)
            take_over(option, ours, theirs, log);
        else
            sl_log_warning(log, "%s: stays %s until a restart; then it will be %s", option->name,
                           or_unset(ours->text), or_unset(theirs->text));
    }
    return count;
}

/* The fields of the options that are `live`. */
static void copy_live(struct sl_config *config, const struct sl_config *fresh)
{
    config->retain_messages = fresh->retain_messages;
    config->retain_bytes = fresh->retain_bytes;
    config->retain_age_ns = fresh->retain_age_ns;
    config->max_connections = fresh->max_connections;
    config->max_connections_per_address = fresh->max_connections_per_address;
    config->max_udp_clients = fresh->max_udp_clients;
    config->tcp_gap_ns = fresh->tcp_gap_ns;
    config->tcp_idle_ns = fresh->tcp_idle_ns;
    config->udp_idle_ns = fresh->udp_idle_ns;
    config->udp_rate = fresh->udp_rate;
    config->log_level = fresh->log_level;
}

static void log_errors(struct sl_log *log, const struct sl_config_errors *errors)
{
    const char *line = (const char *)errors->lines.data;
    const char *end = line + errors->lines.size;

    while (line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));

        sl_log_error(log, "%.*s", (int)(line_end - line), line);
        line = line_end + 1;
    }
    sl_log_error(log, "the settings stay as they are");
}

void sl_reload(const struct sl_command_line *command_line, struct sl_config *config,
               struct sl_gateway *gateway, struct sl_log *log)
{
    struct sl_config_errors errors = {0}, warnings = {0};
    struct sl_config fresh = {0};

    sl_log_info(log, "reading the settings again");
    if (sl_config_load(&fresh, command_line->argc, command_line->argv, command_line->environment,
                       &errors, &warnings) < 0) {
        log_errors(log, &errors);
    } else {
        if (compare(config, &fresh, log) == 0)
            sl_log_info(log, "the settings are what they were");
        copy_live(config, &fresh);
        sl_log_set_level(log, config->log_level);
        sl_gateway_adjust(gateway);
    }
    sl_config_deinit(&fresh);
    sl_config_errors_deinit(&errors);
    sl_config_errors_deinit(&warnings);
}
