#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/common.h"
#include "socklens/clock.h"
#include "socklens/descriptors.h"

#define RETRIES_MAX 1000
#define WAIT_MAX_NS (86400 * SL_NS_PER_S)

enum { OPTION_VERSION = 256 };

/* "+": the first argument ends the options, so that a message may begin with a dash. */
#define SHORT_STREAM   "+:hs:p:w:"
#define SHORT_DATAGRAM SHORT_STREAM "r:"

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"server", required_argument, NULL, 's'},
    {"port", required_argument, NULL, 'p'},
    {"wait", required_argument, NULL, 'w'},
    {"retries", required_argument, NULL, 'r'}, /* last: not for streams */
    {0},
};

struct parsing {
    const struct sl_cli_program *program;
    struct sl_cli_options *options;
    bool port_given;
};

bool sl_cli_parse_number(const char *text, unsigned long max, unsigned long *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0')
        return false;
    unsigned long value = strtoul(text, NULL, 10);
    if (value > max)
        return false;
    *number = value;
    return true;
}

static void print_help(const struct sl_cli_program *program)
{
    printf("Usage: %s [OPTION]...", program->name);
    if (program->arguments_wanted > 0)
        printf(" [%s]", program->arguments);
    printf("\n%s", program->help);
    puts(
        "  -h, --help          this text\n"
        "      --version       the version\n"
        "\n"
        "On a terminal, control characters in a reply are shown escaped, such as \\x1b;\n"
        "elsewhere the reply is written as it came.\n"
        "Exit status: 0 answered, 1 not answered or an error, 2 wrong usage.");
}

static bool set_unix_server(struct parsing *parsing, const char *text)
{
    struct sl_endpoint parsed;
    struct sl_error error;
    if (parsing->program->datagram) {
        warnx("-s %s: UDP has no unix: paths", text);
        return false;
    }
    if (sl_endpoint_parse(text, &parsed, &error) < 0) {
        warnx("-s: %s", error.text);
        return false;
    }
    memcpy(parsing->options->server.unix_path, parsed.unix_path, sizeof(parsed.unix_path));
    return true;
}

static bool set_server(struct parsing *parsing, const char *text)
{
    struct sl_endpoint *server = &parsing->options->server;
    if (strncmp(text, "unix:", 5) == 0)
        return set_unix_server(parsing, text);
    /* [::1] is how an IPv6 address stands in front of a port. */
    size_t size = strlen(text);
    bool brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (size == 0 || size >= sizeof(server->host)) {
        warnx("-s takes a name or an address, not \"%s\"", text);
        return false;
    }
    snprintf(server->host, sizeof(server->host), "%.*s", (int)(brackets ? size - 2 : size),
             brackets ? text + 1 : text);
    server->unix_path[0] = '\0';
    return true;
}

static bool set_port(struct parsing *parsing, const char *text)
{
    unsigned long port = 0;
    if (!sl_cli_parse_number(text, UINT16_MAX, &port) || port == 0) {
        warnx("-p takes a port from 1 to 65535, not \"%s\"", text);
        return false;
    }
    parsing->options->server.port = (uint16_t)port;
    parsing->port_given = true;
    return true;
}

static bool set_wait(struct parsing *parsing, const char *text)
{
    int64_t ns = 0;
    if (!sl_duration_parse(text, &ns) || ns < SL_NS_PER_MS || ns > WAIT_MAX_NS) {
        warnx("-w takes a time from 1ms to 1d, such as 500ms or 2s, not \"%s\"", text);
        return false;
    }
    parsing->options->wait_ns = ns;
    return true;
}

static bool set_retries(struct parsing *parsing, const char *text)
{
    unsigned long retries = 0;
    if (!sl_cli_parse_number(text, RETRIES_MAX, &retries)) {
        warnx("-r takes a number from 0 to %d, not \"%s\"", RETRIES_MAX, text);
        return false;
    }
    parsing->options->retries = (unsigned)retries;
    return true;
}

/* The option getopt stumbled over, as it was written. */
static void complain(int found, char **argv)
{
    const char *text = argv[optind - 1];
    /* A long one leaves its letter in optopt too, where it has one. In a cluster of short ones
     * `text` may still be the argument before. */
    bool is_long = optopt == 0 || optopt == OPTION_VERSION ||
                   (strchr(SHORT_DATAGRAM, optopt) != NULL && strncmp(text, "--", 2) == 0);
    const char *what = found == ':' ? "needs a value" : "is not an option";
    if (is_long)
        warnx("%s %s (see --help)", text, what);
    else
        warnx("-%c %s (see --help)", optopt, what);
}

static bool take_option(struct parsing *parsing, int found, char **argv)
{
    switch (found) {
    case 's':
        return set_server(parsing, optarg);
    case 'p':
        return set_port(parsing, optarg);
    case 'w':
        return set_wait(parsing, optarg);
    case 'r':
        return set_retries(parsing, optarg);
    default:
        complain(found, argv);
        return false;
    }
}

static bool check_arguments(struct parsing *parsing, int argc, char **argv)
{
    const struct sl_cli_program *program = parsing->program;
    int count = argc - optind;
    if (count != 0 && count != program->arguments_wanted) {
        if (program->arguments_wanted == 0)
            warnx("\"%s\" is not understood: there are no arguments (see --help)", argv[optind]);
        else
            warnx("give no arguments, or %s after the options (see --help)", program->arguments);
        return false;
    }
    if (parsing->options->server.unix_path[0] != '\0' && parsing->port_given) {
        warnx("-p: a unix: path has no port");
        return false;
    }
    parsing->options->arguments = count > 0 ? argv + optind : NULL;
    return true;
}

bool sl_cli_parse(const struct sl_cli_program *program, int argc, char **argv,
                  struct sl_cli_options *options, int *status)
{
    *options = (struct sl_cli_options){
        .server = {.host = "127.0.0.1", .port = program->default_port},
        .wait_ns = program->default_wait_ns,
    };
    struct parsing parsing = {.program = program, .options = options};
    struct option known[sizeof(long_options) / sizeof(long_options[0])];
    memcpy(known, long_options, sizeof(known));
    if (!program->datagram)
        known[sizeof(known) / sizeof(known[0]) - 2] = (struct option){0};

    sl_descriptors_keep_standard();
    *status = 2;
    opterr = 0;
    const char *letters = program->datagram ? SHORT_DATAGRAM : SHORT_STREAM;
    for (int found; (found = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
        if (found == 'h' || found == OPTION_VERSION) {
            if (found == 'h')
                print_help(program);
            else
                printf("%s %s\n", program->name, SOCKLENS_VERSION);
            *status = sl_cli_finish(0);
            return false;
        }
        if (!take_option(&parsing, found, argv))
            return false;
    }
    return check_arguments(&parsing, argc, argv);
}

const char *sl_cli_format_time(int64_t ns, char text[SL_CLI_TIME_SIZE])
{
    if (ns % SL_NS_PER_S == 0)
        snprintf(text, SL_CLI_TIME_SIZE, "%" PRId64 " s", ns / SL_NS_PER_S);
    else
        snprintf(text, SL_CLI_TIME_SIZE, "%" PRId64 " ms", ns / SL_NS_PER_MS);
    return text;
}

void sl_cli_add_failure(struct sl_error *all, const struct sl_error *one)
{
    size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof(all->text) - used, "%s%s", used > 0 ? "; " : "", one->text);
}
