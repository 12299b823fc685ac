/* Options of the three client programs. */
#include <err.h>
#include <errno.h>
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
#define SHORT_COMMON   "+:hs:p:w:46v"
#define SHORT_DATAGRAM "r:"
#define SHORT_STREAM   "b:LCN"

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"server", required_argument, NULL, 's'},
    {"port", required_argument, NULL, 'p'},
    {"wait", required_argument, NULL, 'w'},
    {"ipv4", no_argument, NULL, '4'},
    {"ipv6", no_argument, NULL, '6'},
    {"verbose", no_argument, NULL, 'v'},
    {"retries", required_argument, NULL, 'r'},
    {"bind", required_argument, NULL, 'b'},
    {"lf", no_argument, NULL, 'L'},
    {"crlf", no_argument, NULL, 'C'},
    {"shutdown", no_argument, NULL, 'N'},
};

#define LONG_COUNT (sizeof(long_options) / sizeof(long_options[0]))

struct parsing {
    const struct sl_cli_program *program;
    struct sl_cli_options *options;
    bool port_given, port_in_server;
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
    if (!program->datagram)
        puts(
            "  -b, --bind PORT     send from this local port\n"
            "  -L, --lf            end each line with a line feed, for servers that read lines\n"
            "  -C, --crlf          end each line with carriage return and line feed\n"
            "  -N, --shutdown      close the sending side after the input, for servers that\n"
            "                      read to the end");
    puts(
        "  -4, --ipv4          use IPv4 only\n"
        "  -6, --ipv6          use IPv6 only\n"
        "  -v, --verbose       say which addresses talk, and the round-trip time\n"
        "  -h, --help          this text\n"
        "      --version       the version\n"
        "\n"
        "On a terminal, control characters in a reply other than TAB are shown escaped,\n"
        "such as \\x1b; elsewhere the reply is written as it came.\n"
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

/* HOST:PORT or [IPV6]:PORT, as the server writes addresses; more colons are an IPv6 address. */
static bool has_port(const char *text)
{
    const char *colon = strchr(text, ':');
    if (text[0] == '[')
        return strstr(text, "]:") != NULL;
    return colon != NULL && strchr(colon + 1, ':') == NULL;
}

static bool set_server_and_port(struct parsing *parsing, const char *text)
{
    struct sl_endpoint parsed, *server = &parsing->options->server;
    struct sl_error error;
    if (sl_endpoint_parse(text, &parsed, &error) < 0) {
        warnx("-s: %s", error.text);
        return false;
    }
    if (parsed.port == 0) {
        warnx("-s takes a port from 1 to 65535 behind the host, not \"%s\"", text);
        return false;
    }
    if (parsed.host[0] != '\0')
        memcpy(server->host, parsed.host, sizeof(server->host));
    server->port = parsed.port;
    server->unix_path[0] = '\0';
    parsing->port_in_server = true;
    return true;
}

static bool set_server(struct parsing *parsing, const char *text)
{
    struct sl_endpoint *server = &parsing->options->server;
    parsing->port_in_server = false;
    if (strncmp(text, "unix:", 5) == 0)
        return set_unix_server(parsing, text);
    if (has_port(text))
        return set_server_and_port(parsing, text);
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

/* A number alone is seconds, as nc takes it. */
static bool set_wait(struct parsing *parsing, const char *text)
{
    int64_t ns = 0;
    char seconds[32];
    const char *time = text;
    if (text[strspn(text, "0123456789.")] == '\0' && strlen(text) < sizeof(seconds) - 1) {
        snprintf(seconds, sizeof(seconds), "%ss", text);
        time = seconds;
    }
    if (!sl_duration_parse(time, &ns) || ns < SL_NS_PER_MS || ns > WAIT_MAX_NS) {
        warnx("-w takes a time from 1ms to 1d, such as 500ms, 2s or 2, not \"%s\"", text);
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

static bool set_bind_port(struct parsing *parsing, const char *text)
{
    unsigned long port = 0;
    if (!sl_cli_parse_number(text, UINT16_MAX, &port)) {
        warnx("-b takes a port from 0 to 65535, not \"%s\"", text);
        return false;
    }
    parsing->options->bind_port = (uint16_t)port;
    return true;
}

/* The option getopt stumbled over, as it was written. */
static void complain(int found, char **argv)
{
    const char *text = argv[optind - 1];
    /* A long one leaves its letter in optopt too, where it has one. In a cluster of short ones
     * `text` may still be the argument before. */
    bool is_long = optopt == 0 || optopt == OPTION_VERSION ||
                   (strchr(SHORT_COMMON SHORT_DATAGRAM SHORT_STREAM, optopt) != NULL &&
                    strncmp(text, "--", 2) == 0);
    const char *what = found == ':' ? "needs a value" : "is not an option";
    if (is_long)
        warnx("%s %s (see --help)", text, what);
    else
        warnx("-%c %s (see --help)", optopt, what);
}

static bool take_option(struct parsing *parsing, int found, char **argv)
{
    struct sl_cli_options *options = parsing->options;
    switch (found) {
    case '4':
    case '6':
        options->family = found == '4' ? AF_INET : AF_INET6;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case 'L':
    case 'C':
        options->line_end = found == 'L' ? "\n" : "\r\n";
        return true;
    case 'N':
        options->shutdown = true;
        return true;
    case 'b':
        return set_bind_port(parsing, optarg);
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

/* As nc is called, "HOST PORT"; or with a wrong number of arguments. */
static bool check_count(const struct sl_cli_program *program, int count, char **arguments)
{
    unsigned long port;
    bool as_nc = count >= 2 && sl_cli_parse_number(arguments[1], UINT16_MAX, &port) &&
                 !(program->datagram && sl_cli_parse_number(arguments[0], UINT16_MAX, &port));
    if (as_nc)
        warnx("the server is an option: %s -s %s -p %s", program->name, arguments[0], arguments[1]);
    else if (count == 0 || count == program->arguments_wanted)
        return true;
    else if (program->arguments_wanted == 0)
        warnx("\"%s\" is not understood: there are no arguments (see --help)", arguments[0]);
    else
        warnx("give no arguments, or %s after the options (see --help)", program->arguments);
    return false;
}

static bool check_server(const struct parsing *parsing)
{
    const struct sl_cli_options *options = parsing->options;
    bool is_unix = options->server.unix_path[0] != '\0';
    if (is_unix && parsing->port_given)
        warnx("-p: a unix: path has no port");
    else if (is_unix && (options->family != AF_UNSPEC || options->bind_port != 0))
        warnx("a unix: path goes with none of -4, -6 and -b");
    else if (parsing->port_given && parsing->port_in_server)
        warnx("give the port with -s or with -p, not with both");
    else
        return true;
    return false;
}

static void select_options(const struct sl_cli_program *program, struct option *selected)
{
    const char *others = program->datagram ? SHORT_STREAM : SHORT_DATAGRAM;
    size_t count = 0;
    for (size_t i = 0; i < LONG_COUNT; i++)
        if (long_options[i].val == OPTION_VERSION || strchr(others, long_options[i].val) == NULL)
            selected[count++] = long_options[i];
    selected[count] = (struct option){0};
}

bool sl_cli_parse(const struct sl_cli_program *program, int argc, char **argv,
                  struct sl_cli_options *options, int *status)
{
    *options = (struct sl_cli_options){
        .server = {.host = "127.0.0.1", .port = program->default_port},
        .wait_ns = program->default_wait_ns,
        .line_end = "",
    };
    struct parsing parsing = {.program = program, .options = options};
    struct option known[LONG_COUNT + 1];
    select_options(program, known);

    sl_descriptors_keep_standard();
    *status = 2;
    opterr = 0;
    const char *letters =
        program->datagram ? SHORT_COMMON SHORT_DATAGRAM : SHORT_COMMON SHORT_STREAM;
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
    options->arguments = argc > optind ? argv + optind : NULL;
    return check_count(program, argc - optind, argv + optind) && check_server(&parsing);
}

int sl_cli_resolve(const struct sl_cli_options *options, int socktype,
                   struct sl_address addresses[SL_CLI_ADDRESSES_MAX], struct sl_error *error)
{
    const struct sl_endpoint *server = &options->server;
    int found = sl_endpoint_resolve(server->host, server->port, socktype, addresses,
                                    SL_CLI_ADDRESSES_MAX, error);
    int count = 0;
    for (int i = 0; i < found; i++)
        if (options->family == AF_UNSPEC || addresses[i].family == options->family)
            addresses[count++] = addresses[i];
    if (found > 0 && count == 0)
        return sl_error_set(error, -EAFNOSUPPORT, "%s has no IPv%d address", server->host,
                            options->family == AF_INET ? 4 : 6);
    return found < 0 ? found : count;
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
