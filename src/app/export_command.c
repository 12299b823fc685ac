#include "app/export_command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/state_file.h"
#include "socklens/export.h"
#include "socklens/filter_words.h"
#include "socklens/store.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

#define ROWS_A_STEP ((size_t)4096)

/* So near to the oldest row a gateway's retention may take rows away while they are read: each is
 * looked at then, whatever the filter, so that the numbers tell what is missing. */
#define TAIL_ROWS 65536u

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
    "  --service-not NAME,...\n"
    "  --client-not ID,...\n"
    "  --address-not ADDR,...\n"
    "  --port-not PORT,...\n"
    "  --outcome-not NAME,...\n"
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

static const char *const filter_names[] = {SL_FILTER_PARAMS};

struct option_table {
    struct option options[OWN_OPTIONS + FILTER_OPTIONS + 1];
    char names[FILTER_OPTIONS][NAME_SIZE];
};

static void spell(const char *from, char unwanted, char instead, char name[NAME_SIZE])
{
    size_t i = 0;

    for (; from[i] && from[i] != ',' && i + 1 < NAME_SIZE; i++)
        name[i] = from[i] == unwanted ? instead : from[i];
    name[i] = '\0';
}

static void fill_options(struct option_table *table)
{
    memset(table, 0, sizeof(*table));
    memcpy(table->options, own_options, sizeof(own_options));
    for (size_t i = 0; i < FILTER_OPTIONS; i++) {
        spell(filter_names[i], '_', '-', table->names[i]);
        table->options[OWN_OPTIONS + i] =
            (struct option){table->names[i], required_argument, NULL, 'q'};
    }
}

struct command {
    const char *store, *output, *format_name;
    enum sl_export_format format;
    char names[FILTER_OPTIONS][NAME_SIZE];
    struct sl_filter_word words[SL_FILTER_WORDS_MAX];
    size_t word_count;
    struct sl_filter filter;
    bool help;
    /* While it writes. */
    struct sl_exporter *exporter;
    struct sl_buffer out;
    struct sl_store_reader *reader;
    bool by_row;
    uint64_t next_seq; /* by row: if nothing is missing */
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

/* Of what takes no list the last one counts, as everywhere on the command line: it goes in front.
 */
static bool set_filter(struct command *command, size_t filter, const char *value)
{
    size_t count = command->word_count;

    if (count == SL_FILTER_WORDS_MAX)
        return false;
    spell(filter_names[filter], '\0', '\0', command->names[filter]);
    memmove(command->words + 1, command->words, count * sizeof(command->words[0]));
    command->words[0] = (struct sl_filter_word){command->names[filter], value};
    command->word_count++;
    return true;
}

static bool take(struct command *command, int code, size_t index)
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
        return set_filter(command, index - OWN_OPTIONS, optarg);
    }
    return true;
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
        if (!take(command, code, (size_t)index))
            return usage("too many filters", argv[optind - 1]);
    }
    if (command->help)
        return STATUS_OK;
    if (optind < argc)
        return usage("unexpected argument", argv[optind]);
    if (!command->format_name)
        return usage("it is missing: " SL_EXPORT_NAMES, "--format");
    if (!sl_export_format_parse(command->format_name, &command->format))
        return usage("there is no such format; allowed: " SL_EXPORT_NAMES, command->format_name);
    return STATUS_OK;
}

static int read_filter(struct command *command)
{
    struct sl_error error;

    if (sl_filter_from_words(command->words, command->word_count, &command->filter, &error) == 0)
        return STATUS_OK;
    complain("%s", error.text);
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

static void write_missing(struct command *command, uint64_t from, uint64_t to)
{
    const char *reason = from <= sl_store_cleared(command->reader) ? "cleared" : "evicted";

    note(command, sl_exporter_gap(command->exporter, from, to, reason, &command->out));
}

/* By row: what should have come before `seq`, which comes now. */
static void write_missed(struct command *command, uint64_t seq)
{
    if (command->by_row && command->next_seq < seq)
        write_missing(command, command->next_seq, seq - 1);
}

static bool is_wanted(const struct command *command, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    const struct sl_filter *filter = &command->filter;

    if (!command->by_row)
        return true;
    if (record->kind == SL_RECORD_EXCHANGE)
        return sl_filter_match(filter, record);
    return sl_filter_match_client(filter, exchange->service, exchange->client, &exchange->peer);
}

static bool write_record(void *context, const struct sl_record *record, const char *listener)
{
    struct command *command = context;

    if (record->kind == SL_RECORD_EXCHANGE) {
        write_missed(command, record->seq);
        command->next_seq = record->seq + 1;
    }
    if (is_wanted(command, record))
        note(command, sl_exporter_record(command->exporter, record, listener, &command->out));
    return has_room(command);
}

static bool write_gap(void *context, const struct sl_gap *gap)
{
    struct command *command = context;

    write_missed(command, gap->from);
    write_missing(command, gap->from, gap->to);
    command->next_seq = gap->to + 1;
    return has_room(command);
}

static int write_step(struct command *command, struct sl_store_search *search)
{
    uint64_t oldest, newest;
    bool filled = sl_store_bounds(command->reader, &oldest, &newest);
    int result;

    command->by_row = !filled || search->from.seq < oldest + TAIL_ROWS;
    command->next_seq = search->from.seq;
    search->filter = command->by_row ? NULL : &command->filter;
    result = sl_store_search(command->reader, search, &search->from);
    if (result == 1) /* the last number is that of who came or went behind the last message */
        write_missed(command, search->to);
    if (!has_room(command))
        flush(command);
    return result;
}

/* Up to what was newest when it began. 0 or a negative errno of the log's. */
static int write_log(struct command *command)
{
    struct sl_store_search search = {.from = {.seq = 1},
                                     .scan_max = ROWS_A_STEP,
                                     .lifecycle = command->format == SL_EXPORT_PCAPNG,
                                     .visit = write_record,
                                     .gap = write_gap,
                                     .context = command};
    uint64_t oldest, newest, first = command->filter.after_seq + 1;
    int result = 0;

    if (!sl_store_bounds(command->reader, &oldest, &newest))
        return 0;
    if (newest < first)
        return 0;
    if (oldest > first)
        write_missing(command, first, oldest - 1);
    search.from.seq = oldest > first ? oldest : first;
    search.to = newest + 1; /* who came or went behind it */
    while (result == 0 && command->code == 0)
        result = write_step(command, &search);
    return result < 0 ? result : 0;
}

static int write_all(struct command *command)
{
    int result = 0;

    note(command, sl_exporter_begin(command->exporter, &command->out));
    if (command->code == 0)
        result = write_log(command);
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
    struct sl_error error;
    int status;

    command->reader = sl_store_reader_open(command->store, &error);
    if (!command->reader)
        return complain("%s", error.text);
    status = open_output(command);
    command->exporter = sl_exporter_new(command->format);
    if (status == STATUS_OK)
        status = command->exporter ? write_all(command) : complain("out of memory");
    if (command->output && command->fd >= 0 && close(command->fd) < 0 && status == STATUS_OK)
        status = complain("cannot write %s: %s", command->output, strerror(errno));
    sl_exporter_free(command->exporter);
    sl_store_reader_close(command->reader);
    return status;
}

static int run(struct command *command)
{
    struct sl_error error;
    char *place = NULL;
    int status = read_filter(command);

    if (status != STATUS_OK)
        return status;
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
