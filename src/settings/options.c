#include "socklens/options.h"

#include <ctype.h>
#include <string.h>

#include "settings/setters.h"
#include "socklens/clock.h"
#include "socklens/journal.h"
#include "socklens/service.h"
#include "socklens/suggest.h"

#define DAY_NS (86400 * SL_NS_PER_S)
#define MANY   UINT64_C(16777216)

#define FIELD(name)   .offset = offsetof(struct sl_config, name)
#define ANYWHERE      .sources = SL_FROM_ANYWHERE
#define FLAG(field)   .kind = SL_OPTION_FLAG, .set = sl_set_flag, FIELD(field)
#define NUMBER(field) .kind = SL_OPTION_VALUE, .set = sl_set_number, FIELD(field), .metavar = "N"
#define TIME(field)   .kind = SL_OPTION_VALUE, .set = sl_set_time, FIELD(field), .metavar = "TIME"

static const struct sl_option listener_group = {
    .help =
        "Servers (repeatable; ADDR is HOST:PORT, :PORT, PORT, [IPV6]:PORT, unix:PATH or none;\n"
        "port 0 lets the kernel choose; unix:PATH is not for UDP)",
};

/* One row an option. Defaults stand here as text and nowhere else in this room. */
static const struct sl_option fixed_rows[] = {
    {.name = "http",
     .metavar = "ADDR",
     .help = "dashboard and API",
     .fallback = ":8080",
     .kind = SL_OPTION_LIST,
     ANYWHERE,
     FIELD(http),
     .stream = true,
     .set = sl_set_endpoint,
     .clear = sl_clear_endpoints},
    {.name = "bind",
     .metavar = "HOST",
     .help = "host of addresses without one, or * (repeatable)",
     .fallback = "127.0.0.1,::1",
     .kind = SL_OPTION_LIST,
     ANYWHERE,
     FIELD(bind),
     .set = sl_set_host,
     .clear = sl_clear_names},

    {.help = "Dashboard and API"},
    {.name = "http-open",
     .help = "let --http be reached from elsewhere: whoever does sees all traffic",
     ANYWHERE,
     FLAG(http_open)},
    {.name = "token-file",
     .metavar = "FILE",
     .help = "whoever asks must show the token in its first line",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(token_file),
     .set = sl_set_text},
    {.name = "tls-cert",
     .metavar = "FILE",
     .help = "speak HTTPS, with the certificate (and its chain) in FILE",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(tls_cert),
     .set = sl_set_text},
    {.name = "tls-key",
     .metavar = "FILE",
     .help = "the certificate's private key",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(tls_key),
     .set = sl_set_text},
    {.name = "allow-host",
     .metavar = "NAME",
     .help = "further name under which a browser may ask (repeatable)",
     .kind = SL_OPTION_LIST,
     ANYWHERE,
     FIELD(allow_hosts),
     .set = sl_set_name,
     .clear = sl_clear_names},
    {.name = "allow-origin",
     .metavar = "ORIGIN",
     .help = "further address of the page behind a proxy (repeatable)",
     .kind = SL_OPTION_LIST,
     ANYWHERE,
     FIELD(allow_origins),
     .set = sl_set_web_origin,
     .clear = sl_clear_names},
    {.name = "allow-target",
     .metavar = "CIDR:PORTS",
     .help = "further addresses to send test datagrams to (repeatable)",
     .kind = SL_OPTION_LIST,
     ANYWHERE,
     FIELD(allow_targets),
     .set = sl_set_target,
     .clear = sl_clear_names},

    {.help = "Log"},
    {.name = "store",
     .metavar = "FILE",
     .help = "where messages are kept, or memory\n"
             "                          (default messages.db in $STATE_DIRECTORY or in\n"
             "                          ~/.local/state/socklens)",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(store),
     .set = sl_set_text},
    {.name = "retain-messages",
     .live = true,
     .help = "keep at most so many in the file; 0: any",
     .fallback = "0",
     ANYWHERE,
     NUMBER(retain_messages),
     .max = UINT64_C(1) << 62},
    {.name = "retain-bytes",
     .live = true,
     .metavar = "SIZE",
     .help = "let the file grow to about this; 0: any",
     .fallback = "8G",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(retain_bytes),
     .max = UINT64_C(1) << 50,
     .set = sl_set_size},
    {.name = "retain-age",
     .live = true,
     .help = "keep messages in the file so long; 0: any",
     .fallback = "0",
     ANYWHERE,
     TIME(retain_age_ns),
     .max = 36500 * DAY_NS},

    {.help = "Limits"},
    {.name = "journal-size",
     .metavar = "SIZE",
     .help = "memory for messages; the oldest go first",
     .fallback = "64M",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(journal_size),
     .min = SL_JOURNAL_BLOCKS_MIN * SL_JOURNAL_BLOCK_SIZE,
     .max = UINT64_C(1) << 40,
     .set = sl_set_size},
    {.name = "workers",
     .help = "threads each for UDP and for TCP",
     .fallback = "1",
     ANYWHERE,
     NUMBER(workers),
     .min = 1,
     .max = 64},
    {.name = "max-connections",
     .live = true,
     .help = "TCP connections at once; 0: as many as descriptors allow",
     .fallback = "0",
     ANYWHERE,
     NUMBER(max_connections),
     .max = MANY},
    {.name = "max-connections-per-address",
     .live = true,
     .help = "of them from one address; 0: no limit",
     .fallback = "4096",
     ANYWHERE,
     NUMBER(max_connections_per_address),
     .max = MANY},
    {.name = "max-http-connections",
     .help = "web connections at once; at most 3 in 4 may be streams",
     .fallback = "1024",
     ANYWHERE,
     NUMBER(max_http_connections),
     .min = 8,
     .max = 16384}, /* a newcomer is compared with each that is there */
    {.name = "max-udp-clients",
     .live = true,
     .help = "UDP clients remembered at once; the one idle longest goes",
     .fallback = "65536",
     ANYWHERE,
     NUMBER(max_udp_clients),
     .min = 1,
     .max = MANY},
    {.name = "closed-clients",
     .help = "closed clients remembered",
     .fallback = "10000",
     ANYWHERE,
     NUMBER(closed_clients),
     .max = MANY},
    {.name = "tcp-gap",
     .live = true,
     .help = "quiet time after which unended bytes are a message",
     .fallback = "50ms",
     ANYWHERE,
     TIME(tcp_gap_ns),
     .max = 60 * SL_NS_PER_S},
    {.name = "tcp-idle",
     .live = true,
     .help = "close a connection that is silent this long; 0: never",
     .fallback = "1h",
     ANYWHERE,
     TIME(tcp_idle_ns),
     .max = 3650 * DAY_NS},
    {.name = "udp-idle",
     .live = true,
     .help = "forget a UDP client that is silent this long",
     .fallback = "5m",
     ANYWHERE,
     TIME(udp_idle_ns),
     .min = 10 * SL_NS_PER_MS,
     .max = 3650 * DAY_NS},
    {.name = "udp-rate",
     .live = true,
     .help = "datagrams a second answered per remote address; 0: any",
     .fallback = "10000",
     ANYWHERE,
     NUMBER(udp_rate),
     .max = UINT64_C(1000000000)},

    {.help = "Output"},
    {.name = "transcript",
     .help = "print the course's own lines, message by message",
     ANYWHERE,
     FLAG(transcript)},
    {.name = "ready-file",
     .metavar = "FILE",
     .help = "written once all listens: the real addresses as JSON; removed at the end",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(ready_file),
     .set = sl_set_text},
    {.name = "log-level",
     .live = true,
     .metavar = "LEVEL",
     .help = "error, warning, info or debug",
     .fallback = "info",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(log_level),
     .set = sl_set_log_level},
    {.name = "log-format",
     .metavar = "FORMAT",
     .help = "text or json",
     .fallback = "text",
     .kind = SL_OPTION_VALUE,
     ANYWHERE,
     FIELD(log_format),
     .set = sl_set_log_format},

    {.help = "Configuration"},
    {.name = "config",
     .metavar = "FILE",
     .help = "read further settings from FILE",
     .kind = SL_OPTION_VALUE,
     .sources = SL_FROM_ARGUMENTS | SL_FROM_ENVIRONMENT,
     FIELD(file),
     .set = sl_set_text},
    {.name = "check-config",
     .help = "say whether all settings are valid, and stop",
     .sources = SL_FROM_ARGUMENTS,
     FLAG(check_only)},
    {.name = "print-config",
     .help = "print all settings as a config file, with where each comes from, and stop",
     .sources = SL_FROM_ARGUMENTS,
     FLAG(print_config)},
    {.name = "healthcheck",
     .help = "ask the gateway that runs with these settings whether it is well, and stop",
     .sources = SL_FROM_ARGUMENTS,
     FLAG(healthcheck)},
    {.name = "version",
     .help = "print the version, and stop",
     .sources = SL_FROM_ARGUMENTS,
     FLAG(version)},
    {.name = "help", .help = "print this, and stop", .sources = SL_FROM_ARGUMENTS, FLAG(help)},
};

static void add_service(struct sl_options *options, const struct sl_service *service)
{
    char *port = options->ports[service->id];

    snprintf(port, sizeof(options->ports[0]), ":%u", service->default_port);
    options->rows[options->count++] = (struct sl_option){
        .name = service->option,
        .metavar = "ADDR",
        .help = service->title,
        .fallback = port,
        .kind = SL_OPTION_LIST,
        .sources = SL_FROM_ANYWHERE,
        .offset =
            offsetof(struct sl_config, services) + service->id * sizeof(struct sl_endpoint_list),
        .stream = service->stream,
        .set = sl_set_endpoint,
        .clear = sl_clear_endpoints,
    };
}

void sl_options_init(struct sl_options *options)
{
    _Static_assert(1 + SL_SERVICE_COUNT + sizeof(fixed_rows) / sizeof(*fixed_rows) <=
                       SL_OPTIONS_MAX,
                   "the table is too small");

    options->count = 0;
    options->rows[options->count++] = listener_group;
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        add_service(options, sl_service_get((enum sl_service_id)id));
    memcpy(options->rows + options->count, fixed_rows, sizeof(fixed_rows));
    options->count += sizeof(fixed_rows) / sizeof(*fixed_rows);
}

const struct sl_option *sl_options_find(const struct sl_options *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct sl_option *option = &options->rows[i];

        if (option->name && sl_edit_distance(option->name, name) == 0)
            return option;
    }
    return NULL;
}

const struct sl_option *sl_options_nearest(const struct sl_options *options, const char *name,
                                           enum sl_source source)
{
    const struct sl_option *nearest = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < options->count; i++) {
        const struct sl_option *option = &options->rows[i];
        size_t distance;

        if (!option->name || !(option->sources & source))
            continue;
        distance = sl_edit_distance(option->name, name);
        if (distance < least) {
            nearest = option;
            least = distance;
        }
    }
    return nearest && sl_is_near(name, least) ? nearest : NULL;
}

void sl_option_variable(const struct sl_option *option, char variable[SL_VARIABLE_SIZE])
{
    snprintf(variable, SL_VARIABLE_SIZE, "SOCKLENS_%s", option->name);
    for (char *letter = variable; *letter; letter++)
        *letter = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
}

static void print_row(const struct sl_option *option, FILE *out)
{
    char left[64];

    if (!option->name) {
        fprintf(out, "\n%s:\n", option->help);
        return;
    }
    snprintf(left, sizeof(left), "--%s%s%s", option->name, option->metavar ? " " : "",
             option->metavar ? option->metavar : "");
    fprintf(out, "  %-24s%s%s", left, strlen(left) > 23 ? "\n                          " : "",
            option->help);
    if (option->fallback)
        fprintf(out, " (default %s)", option->fallback);
    fputc('\n', out);
}

void sl_options_print_help(const struct sl_options *options, FILE *out)
{
    fputs(
        "Usage: socklens [OPTION]...\n"
        "  or:  socklens export --format FORMAT [OPTION]...   (see socklens export --help)\n"
        "Runs UDP and TCP servers and shows in a browser what really arrives.\n",
        out);
    for (size_t i = 0; i < options->count; i++)
        print_row(&options->rows[i], out);
    fputs(
        "\n"
        "Every setting can also stand in the config file (udp-upper = :12000, :12001) and in the\n"
        "environment (SOCKLENS_UDP_UPPER). The command line wins over the environment, and that\n"
        "over the file. --transcript=no and the like undo what a weaker place has set.\n",
        out);
}
