/* Command line to exit status. The main thread reads the settings, starts the server and then
 * only waits for signals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/checks.h"
#include "app/drain.h"
#include "app/export_command.h"
#include "app/fate_command.h"
#include "app/healthcheck.h"
#include "app/server.h"
#include "app/signals.h"
#include "app/supervise.h"
#include "socklens/descriptors.h"
#include "socklens/exposure.h"
#include "socklens/settings.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static void raise_descriptor_limit(struct sl_log *log)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        sl_log_warning(log, "cannot raise the limit of open files: %m");
}

/* One line a problem; without --check-config only the first, with the number of the others. */
static void print_errors(const struct sl_config_errors *errors, bool all)
{
    const char *lines = errors->lines.data ? (const char *)errors->lines.data : "";
    int size = (int)errors->lines.size;
    const char *end = memchr(lines, '\n', errors->lines.size);

    if (all || errors->count < 2 || !end)
        fprintf(stderr, "%s%.*s", all ? "" : "socklens: ", size, lines);
    else
        fprintf(stderr, "socklens: %.*s (and %zu more: see --check-config)\n", (int)(end - lines),
                lines, errors->count - 1);
}

static void log_warnings(struct sl_log *log, const struct sl_config_errors *warnings)
{
    const char *line = warnings->lines.data ? (const char *)warnings->lines.data : "";
    const char *end = line + warnings->lines.size;

    while (line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        sl_log_warning(log, "%.*s", (int)(line_end - line), line);
        line = line_end + 1;
    }
}

/* Where the server says something while it runs. Nothing of it waits for who reads it. */
struct voice {
    struct sl_log *log;    /* on stderr */
    struct sl_log *screen; /* on stdout; NULL where the transcript has it */
};

static bool open_voice(struct voice *voice, const struct sl_config *config)
{
    voice->log = sl_log_new(STDERR_FILENO, config->log_level, config->log_format);
    if (!voice->log)
        return false;
    voice->screen = config->transcript
                        ? NULL
                        : sl_log_new(STDOUT_FILENO, config->log_level, config->log_format);
    return voice->screen || config->transcript;
}

static void close_voice(struct voice *voice)
{
    sl_log_free(voice->screen);
    sl_log_free(voice->log);
}

static void say_failure(const struct voice *voice, const char *reason)
{
    char line[sizeof(((struct sl_error *)NULL)->text) + 32];
    int size = snprintf(line, sizeof(line), "socklens: %s\n", reason);

    sl_log_print(voice->log, line, (size_t)size);
}

static void say_banner(const struct voice *voice, const struct sl_server *server)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return;
    sl_server_print_banner(server, out);
    if (fclose(out) == 0)
        sl_log_print(voice->screen ? voice->screen : voice->log, text, size);
    free(text);
}

static int start(const struct sl_config *config, const struct voice *voice,
                 struct sl_server **server)
{
    struct sl_error error;

    *server = sl_server_new(config, voice->log, &error);
    if (!*server || sl_server_start(*server, &error) < 0) {
        say_failure(voice, error.text);
        return STATUS_FAILED;
    }
    say_banner(voice, *server);
    return STATUS_OK;
}

static int run(const struct sl_command_line *command_line, struct sl_config *config,
               struct voice *voice)
{
    struct sl_server *server;
    struct sl_log *log = voice->log;
    int signals = sl_signals_open();

    if (signals < 0) {
        say_failure(voice, "no signalfd");
        return STATUS_FAILED;
    }
    raise_descriptor_limit(log);
    int status = start(config, voice, &server);
    if (status == STATUS_OK) {
        struct sl_supervision supervision = {
            .command_line = *command_line, .config = config, .server = server, .log = log};
        sl_log_info(log, "%s: stopping", strsignal(sl_supervise(&supervision, signals)));
        if (!sl_drain(server, signals, log)) {
            sl_log_end(log);
            _exit(STATUS_FAILED);
        }
    }
    sl_server_free(server);
    close(signals);
    return status;
}

static int check_only(const struct sl_config *config, const struct sl_config_errors *errors,
                      const struct sl_config_errors *warnings)
{
    print_errors(warnings, true);
    if (errors->count > 0) {
        print_errors(errors, true);
        return STATUS_USAGE;
    }
    printf("%s%sconfiguration is valid\n", config->file ? config->file : "",
           config->file ? ": " : "");
    return STATUS_OK;
}

static int check_health(const struct sl_config *config)
{
    struct sl_error error;

    if (sl_healthcheck(config, &error) < 0) {
        fprintf(stderr, "socklens: %s\n", error.text);
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

static int serve(const struct sl_command_line *command_line, struct sl_config *config,
                 const struct sl_config_errors *warnings)
{
    struct voice voice = {0};
    int status = STATUS_FAILED;

    if (open_voice(&voice, config)) {
        log_warnings(voice.log, warnings);
        status = run(command_line, config, &voice);
    } else {
        fputs("socklens: cannot start the threads of its log\n", stderr);
    }
    close_voice(&voice);
    return status;
}

/* What the command line asks for. */
static int obey(const struct sl_command_line *command_line, struct sl_config *config,
                struct sl_config_errors *errors, struct sl_config_errors *warnings)
{
    if (errors->count == 0 && config->help) {
        sl_config_print_help(stdout);
        return STATUS_OK;
    }
    if (errors->count == 0 && config->version) {
        puts("socklens " SOCKLENS_VERSION);
        return STATUS_OK;
    }
    sl_exposure_check(config, errors, warnings);
    if (!config->healthcheck && !config->print_config) {
        sl_checks_services(config, errors, warnings);
        sl_server_check_files(config, errors);
    }
    if (config->check_only) {
        sl_checks_places(config, errors);
        return check_only(config, errors, warnings);
    }
    if (errors->count > 0) {
        print_errors(errors, false);
        return STATUS_USAGE;
    }
    if (config->print_config) {
        sl_config_print(config, stdout);
        return STATUS_OK;
    }
    if (config->healthcheck)
        return check_health(config);
    return serve(command_line, config, warnings);
}

int main(int argc, char **argv)
{
    struct sl_config config = {0};
    struct sl_config_errors errors = {0}, warnings = {0};
    extern char **environ;

    sl_descriptors_keep_standard();
    if (argc > 1 && strcmp(argv[1], "export") == 0)
        return sl_export_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "fate") == 0)
        return sl_fate_command(argc - 1, argv + 1);
    sl_config_load(&config, argc, argv, environ, &errors, &warnings);
    struct sl_command_line command_line = {argc, argv, environ};
    int status = obey(&command_line, &config, &errors, &warnings);
    sl_config_deinit(&config);
    sl_config_errors_deinit(&errors);
    sl_config_errors_deinit(&warnings);
    return status;
}
