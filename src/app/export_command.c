/* `socklens export`: walks through the log as the API does (history.c), with the log's file
 * alone, and writes it in one of the formats of export.h. */
#include "app/export_command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/export.h"
#include "socklens/filter.h"
#include "socklens/history.h"
#include "socklens/state_file.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

#define ROWS_A_STEP 65536u
#define STEP_NS     (50 * SL_NS_PER_MS)
#define BATCH_BYTES ((size_t)64 << 10)

static const char help[] =
    "Usage: socklens export --format FORMAT [OPTION]...\n"
    "Writes what the log holds, also while a gateway runs on it.\n"
    "\n"
    "  --format FORMAT      ndjson, csv, spreadsheet (CSV whose texts a spreadsheet keeps) or "
    "pcapng\n"
    "  --store FILE         the log (default: messages.db where the gateway keeps it)\n"
    "  -o, --output FILE    instead of the standard output\n"
    "\n"
    "Only messages that fit all of these (those with ,... may also come several times):\n"
    "  --service NAME,...   udp-upper, tcp-upper, tcp-chat\n"
    "  --client ID,...\n"
    "  --address ADDR,...   of the client: 127.0.0.1, [::1]:1600, unix:\n"
    "  --port PORT,...      of the client\n"
    "  --outcome NAME,...   replied, send_failed, refused_rate_limit, ...\n"
    "  --fault NAME,...     what fault rules did: loss, delay, ...; any, none\n"
    "  --service-not NAME,...\n"
    "  --client-not ID,...\n"
    "  --address-not ADDR,...\n"
    "  --port-not PORT,...\n"
    "  --outcome-not NAME,...\n"
    "  --fault-not NAME,...\n"
    "                       none of these\n"
    "  --after SEQ          behind this number: goes on where an earlier export ended\n"
    "  --since TIME         received at or after: 2026-01-31T12:00:00Z, 1h30m (ago), now\n"
    "  --until TIME         received before\n"
    "  --text TEXT          found in either side, in any case\n"
    "  --hex BYTES          found in either side exactly, as in 48656c6c6f\n"
    "  --min-size BYTES     of the longer side, also with k, M or G\n"
    "  --max-size BYTES\n"
    "  --min-received BYTES of one side\n"
    "  --max-received BYTES\n"
    "  --min-sent BYTES\n"
    "  --max-sent BYTES\n"
    "  -h, --help\n";

static const struct option own_options[] = {
    {"format", required_argument, NULL, 'f'},
    {"store", required_argument, NULL, 's'},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
};

/* Those above, and the filters under their names in the API, with "-" for "_". */
#define OWN_OPTIONS    (sizeof(own_options) / sizeof(own_options[0]))
#define FILTER_OPTIONS (sizeof(filter_names) / sizeof(filter_names[0]))
#define NAME_SIZE      24

#define FILTER_NAME(name, ...) #name,

static const char *const filter_names[] = {SL_FILTER_LIST(FILTER_NAME)};

struct option_table {
    struct option options[OWN_OPTIONS + FILTER_OPTIONS + 1];
    char names[FILTER_OPTIONS][NAME_SIZE];
};

static void fill_options(struct option_table *table)
{
    memset(table, 0, sizeof(*table));
    memcpy(table->options, own_options, sizeof(own_options));
    for (size_t i = 0; i < FILTER_OPTIONS; i++) {
        char *name = table->names[i];

        snprintf(name, NAME_SIZE, "%s", filter_names[i]);
        while ((name = strchr(name, '_')))
            *name = '-';
        table->options[OWN_OPTIONS + i] =
            (struct option){table->names[i], required_argument, NULL, 'q'};
    }
}

struct command {
    const char *store, *output, *format_name;
    enum sl_export_format format;
    struct sl_filter filter;
    struct sl_error filter_error; /* the first of its options */
    bool help;
    /* While it writes. */
    struct sl_exporter *exporter;
    struct sl_buffer out;
    struct sl_history history;
    uint64_t newest; /* when it began */
    bool over;       /* what comes now is newer */
    int fd;
    int code; /* negative errno of what failed */
};

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("socklens export: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return STATUS_FAILED;
}

/* --- the command line --- */

/* Of what takes no list the last one counts, as everywhere on the command line. */
static void set_filter(struct command *command, const char *name, const char *value)
{
    struct sl_error error;
    const char *allowed;

    if (sl_filter_set(&command->filter, name, value, &error, &allowed) == 0 ||
        *command->filter_error.text)
        return;
    sl_error_set(&command->filter_error, -EINVAL, "%s%s%s", error.text,
                 allowed ? "; allowed: " : "", allowed ? allowed : "");
}

static void take(struct command *command, int code, size_t index)
{
    switch (code) {
    case 'f':
        command->format_name = optarg;
        break;
    case 's':
        command->store = optarg;
        break;
    case 'o':
        command->output = optarg;
        break;
    case 'h':
        command->help = true;
        break;
    default:
        set_filter(command, filter_names[index - OWN_OPTIONS], optarg);
    }
}

static int usage(const char *what, const char *which)
{
    complain("%s: %s; see socklens export --help", which, what);
    return STATUS_USAGE;
}

static int parse(struct command *command, int argc, char **argv)
{
    struct option_table table;
    int code, index = 0;

    fill_options(&table);
    optind = 0;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":ho:", table.options, &index)) != -1) {
        if (code == ':')
            return usage("its value is missing", argv[optind - 1]);
        if (code == '?')
            return usage("unknown option", argv[optind - 1]);
        take(command, code, (size_t)index);
    }
    if (command->help)
        return STATUS_OK;
    if (optind < argc)
        return usage("unexpected argument", argv[optind]);
    if (!command->format_name)
        return usage("it is missing: " SL_EXPORT_NAMES, "--format");
    if (!sl_export_format_parse(command->format_name, &command->format))
        return usage("there is no such format; allowed: " SL_EXPORT_NAMES, command->format_name);
    if (!*command->filter_error.text)
        return STATUS_OK;
    complain("%s", command->filter_error.text);
    return STATUS_USAGE;
}

/* --- the output --- */

static void flush(struct command *command)
{
    size_t at = 0;

    while (at < command->out.size && command->code == 0) {
        ssize_t size = write(command->fd, command->out.data + at, command->out.size - at);

        if (size >= 0)
            at += (size_t)size;
        else if (errno != EINTR)
            command->code = -errno;
    }
    command->out.size = 0;
}

static void note(struct command *command, int code)
{
    if (code < 0)
        command->code = code;
}

/* False where a search has to stop: the output may keep us waiting, and no transaction is to be
 * open meanwhile. */
static bool has_room(const struct command *command)
{
    return command->code == 0 && command->out.size < BATCH_BYTES;
}

/* A log goes on while it is read: what came after the export began is left out. */
static bool is_past_end(struct command *command, uint64_t last_seq, uint64_t seq)
{
    command->over |= seq > last_seq;
    return command->over;
}

static bool write_record(void *context, const struct sl_record *record, const char *listener)
{
    struct command *command = context;
    bool exchange = record->kind == SL_RECORD_EXCHANGE;

    /* Who came or went behind the last message stands before the next one. */
    if (is_past_end(command, exchange ? command->newest : command->newest + 1, record->seq))
        return false;
    note(command, sl_exporter_record(command->exporter, record, listener, &command->out));
    return has_room(command);
}

static bool write_gap(void *context, const struct sl_gap *gap, const char *reason)
{
    struct command *command = context;
    uint64_t to = gap->to < command->newest ? gap->to : command->newest;

    if (is_past_end(command, command->newest, gap->from))
        return false;
    note(command, sl_exporter_gap(command->exporter, gap->from, to, reason, &command->out));
    return has_room(command);
}

static void write_log(struct command *command)
{
    struct sl_history_walk walk = {.filter = &command->filter,
                                   .lifecycle = command->format == SL_EXPORT_PCAPNG,
                                   .place = {.seq = command->filter.after_seq + 1},
                                   .record = write_record,
                                   .gap = write_gap,
                                   .context = command};
    enum sl_history_step step;
    uint64_t oldest;

    sl_history_bounds(&command->history, &oldest, &command->newest);
    if (oldest > command->newest)
        return;
    do {
        struct sl_budget budget = {.records = ROWS_A_STEP,
                                   .until_ns = sl_clock_mono_ns() + STEP_NS};

        step = sl_history_read(&command->history, &walk, &budget);
        if (!has_room(command))
            flush(command);
    } while (step != SL_HISTORY_END && !command->over && command->code == 0);
}

static int write_all(struct command *command)
{
    int result;

    note(command, sl_exporter_begin(command->exporter, &command->out));
    if (command->code == 0)
        write_log(command);
    result = command->history.failure;
    if (command->code == 0 && result == 0)
        note(command, sl_exporter_end(command->exporter, &command->out));
    flush(command);
    if (result == -EBADMSG)
        return complain("%s is damaged: not everything could be read", command->store);
    if (result < 0)
        return complain("cannot read %s: %s", command->store, strerror(-result));
    if (command->code < 0)
        return complain("cannot write %s: %s",
                        command->output ? command->output : "the standard output",
                        strerror(-command->code));
    return STATUS_OK;
}

static int open_output(struct command *command)
{
    command->fd = STDOUT_FILENO;
    if (command->output)
        command->fd = open(command->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (command->fd < 0)
        return complain("cannot write %s: %s", command->output, strerror(errno));
    if (command->format == SL_EXPORT_PCAPNG && isatty(command->fd))
        return complain("pcapng is nothing for a terminal; use -o FILE or a pipe to wireshark");
    return STATUS_OK;
}

static int export_log(struct command *command)
{
    struct sl_store_reader *reader;
    struct sl_error error;
    int status;

    reader = sl_store_reader_open(command->store, &error);
    if (!reader)
        return complain("%s", error.text);
    sl_history_init_file(&command->history, reader);
    status = open_output(command);
    command->exporter = sl_exporter_new(command->format);
    if (status == STATUS_OK)
        status = command->exporter ? write_all(command) : complain("out of memory");
    if (command->output && command->fd >= 0 && close(command->fd) < 0 && status == STATUS_OK)
        status = complain("cannot write %s: %s", command->output, strerror(errno));
    sl_exporter_free(command->exporter);
    sl_history_deinit(&command->history);
    sl_store_reader_close(reader);
    return status;
}

static int run(struct command *command)
{
    struct sl_error error;
    char *place = NULL;
    int status;

    if (!command->store)
        command->store = place = sl_state_file("messages.db", &error);
    status = command->store ? export_log(command) : complain("%s", error.text);
    free(place);
    return status;
}

int sl_export_command(int argc, char **argv)
{
    struct command command = {0};
    int status = parse(&command, argc, argv);

    if (status == STATUS_OK && command.help)
        fputs(help, stdout);
    else if (status == STATUS_OK)
        status = run(&command);
    sl_filter_deinit(&command.filter);
    sl_buffer_deinit(&command.out);
    return status;
}
