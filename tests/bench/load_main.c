#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

struct options {
    const char *mode;
    struct sl_target target;
    bool has_target, gso, gro, upper, unended;
    double seconds, warmup_s;
    size_t count, server_pid;
    size_t size, sockets, window, batch; /* 0: what the mode has by default */
    size_t connections, depth, sources;
};

static const char usage[] =
    "usage: sl-load udp|tcp|hold --to HOST:PORT [option…]\n"
    "  --seconds S      length of the measured part (default 1; hold: ends after this, 600)\n"
    "  --warmup S       not measured, before it (default 0.2)\n"
    "  --count N        the measured part ends after N exchanges\n"
    "  --server-pid P   reports this process's CPU time and memory\n"
    "udp: closed loop, every reply is checked\n"
    "  --size N         bytes of a datagram (default 32, at least 8)\n"
    "  --sockets N      clients (default 1)\n"
    "  --window N       outstanding datagrams of a client (default 128)\n"
    "  --batch N        datagrams sent together (default 32, at most 64 and the window)\n"
    "  --gso            a batch is one UDP_SEGMENT send\n"
    "  --gro            replies are read with UDP_GRO\n"
    "tcp: every reply is checked\n"
    "  --service S      chat (default) or upper: one connection an exchange\n"
    "  --unended        upper: messages have no line end\n"
    "  --connections N  open at once (default 64)\n"
    "  --depth N        outstanding messages of a chat connection (default 1)\n"
    "  --size N         bytes of the shortest message (default 32)\n"
    "hold: idle connections, commanded by `open N`, `talk`, `check`, `quit` on standard input\n"
    "  --sources N      loopback addresses to connect from (default 1)\n"
    "Prints one line of JSON. Exit status: 0, 1 when a reply was wrong or the run broke, 2 "
    "usage.\n";

static const struct option long_options[] = {
    {"to", required_argument, NULL, 't'},
    {"seconds", required_argument, NULL, 's'},
    {"warmup", required_argument, NULL, 'w'},
    {"count", required_argument, NULL, 'n'},
    {"server-pid", required_argument, NULL, 'p'},
    {"size", required_argument, NULL, 'z'},
    {"sockets", required_argument, NULL, 'k'},
    {"window", required_argument, NULL, 'W'},
    {"batch", required_argument, NULL, 'b'},
    {"gso", no_argument, NULL, 'g'},
    {"gro", no_argument, NULL, 'r'},
    {"service", required_argument, NULL, 'S'},
    {"unended", no_argument, NULL, 'u'},
    {"connections", required_argument, NULL, 'c'},
    {"depth", required_argument, NULL, 'd'},
    {"sources", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "sl-load: %s: \"%s\" (see --help)\n", what, value);
    return -EINVAL;
}

static int parse_count(const char *text, size_t *count)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-')
        return usage_error("not a number", text);
    *count = value;
    return 0;
}

static int parse_seconds(const char *text, double *seconds)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0 && value <= 3600))
        return usage_error("not 0 to 3600 seconds", text);
    *seconds = value;
    return 0;
}

static int parse_target(const char *text, struct sl_target *target)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found;
    const char *colon = strrchr(text, ':');
    char host[128];
    size_t size = colon ? (size_t)(colon - text) : 0;

    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof(host))
        return usage_error("not HOST:PORT", text);
    memcpy(host, text, size);
    host[size] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return usage_error("not an address", text);
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int parse_service(const char *text, bool *upper)
{
    *upper = strcmp(text, "upper") == 0;
    return *upper || strcmp(text, "chat") == 0 ? 0 : usage_error("not chat or upper", text);
}

static size_t *count_option(struct options *options, int letter)
{
    switch (letter) {
    case 'n':
        return &options->count;
    case 'p':
        return &options->server_pid;
    case 'z':
        return &options->size;
    case 'k':
        return &options->sockets;
    case 'W':
        return &options->window;
    case 'b':
        return &options->batch;
    case 'c':
        return &options->connections;
    case 'd':
        return &options->depth;
    case 'o':
        return &options->sources;
    default:
        return NULL;
    }
}

static int parse_option(struct options *options, int letter)
{
    size_t *count = count_option(options, letter);

    if (count)
        return parse_count(optarg, count);
    switch (letter) {
    case 't':
        options->has_target = true;
        return parse_target(optarg, &options->target);
    case 's':
        return parse_seconds(optarg, &options->seconds);
    case 'w':
        return parse_seconds(optarg, &options->warmup_s);
    case 'S':
        return parse_service(optarg, &options->upper);
    case 'u':
        options->unended = true;
        return 0;
    case 'g':
        options->gso = true;
        return 0;
    case 'r':
        options->gro = true;
        return 0;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        return -EINVAL; /* getopt_long has said why */
    }
}

static int parse_options(int argc, char **argv, struct options *options)
{
    int letter, rc = 0;

    while (rc == 0 && (letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
        rc = parse_option(options, letter);
    if (rc < 0)
        return rc;
    if (optind + 1 != argc)
        return usage_error("one mode is needed", optind < argc ? argv[optind + 1] : "");
    options->mode = argv[optind];
    return options->has_target ? 0 : usage_error("--to is needed", "");
}

static size_t or_default(size_t value, size_t by_default)
{
    return value ? value : by_default;
}

/* A reply that comes twice looks like one that was given up before. */
static void count_repeats(struct sl_counts *counts)
{
    if (counts->late > counts->lost)
        counts->wrong += counts->late - counts->lost;
}

static int measured_run(const struct options *options, const char *mode,
                        int (*run)(const void *load, struct sl_meter *, struct sl_counts *),
                        const void *load)
{
    struct sl_counts counts = {0};
    struct sl_meter meter;
    int rc = sl_meter_start(&meter, options->warmup_s, options->seconds > 0 ? options->seconds : 1,
                            options->count, (pid_t)options->server_pid);

    if (rc < 0) {
        usage_error("no such server process", strerror(-rc));
        return EXIT_USAGE;
    }
    rc = run(load, &meter, &counts);
    count_repeats(&counts);
    sl_meter_print(&meter, mode, &counts);
    return rc < 0 || counts.wrong || !counts.exchanges ? EXIT_WRONG : 0;
}

static int udp_run(const void *load, struct sl_meter *meter, struct sl_counts *counts)
{
    return sl_udp_load_run(load, meter, counts);
}

static int chat_run(const void *load, struct sl_meter *meter, struct sl_counts *counts)
{
    return sl_chat_load_run(load, meter, counts);
}

static int upper_run(const void *load, struct sl_meter *meter, struct sl_counts *counts)
{
    return sl_upper_load_run(load, meter, counts);
}

static int main_udp(const struct options *options)
{
    struct sl_udp_load load = {
        .target = options->target,
        .size = or_default(options->size, 32),
        .sockets = or_default(options->sockets, 1),
        .window = or_default(options->window, 128),
        .batch = or_default(options->batch, 32),
        .gso = options->gso,
        .gro = options->gro,
    };

    if (load.batch > load.window)
        load.batch = load.window;
    if (load.size < SL_UDP_SIZE_MIN || load.size > SL_UDP_SIZE_MAX ||
        load.batch > SL_UDP_BATCH_MAX || load.window > 1 << 20 ||
        (load.gso && load.batch * load.size > SL_UDP_SIZE_MAX)) {
        usage_error("out of range", "--size, --batch or --window");
        return EXIT_USAGE;
    }
    return measured_run(options, "udp", udp_run, &load);
}

static int main_tcp(const struct options *options)
{
    struct sl_tcp_load load = {
        .target = options->target,
        .size = or_default(options->size, 32),
        .connections = or_default(options->connections, 64),
        .depth = or_default(options->depth, 1),
        .unended = options->unended,
    };

    if (load.depth > SL_TCP_DEPTH_MAX || load.size > SL_TCP_SIZE_MAX) {
        usage_error("out of range", "--depth or --size");
        return EXIT_USAGE;
    }
    if (options->upper)
        return measured_run(options, "tcp-upper", upper_run, &load);
    return measured_run(options, "tcp-chat", chat_run, &load);
}

static int main_hold(const struct options *options)
{
    struct sl_hold_load load = {
        .target = options->target,
        .sources = or_default(options->sources, 1),
        .seconds_max = options->seconds > 0 ? options->seconds : 600,
    };

    return sl_hold_load_run(&load) < 0 ? EXIT_WRONG : 0;
}

int main(int argc, char **argv)
{
    struct options options = {.warmup_s = 0.2};

    if (parse_options(argc, argv, &options) < 0)
        return EXIT_USAGE;
    if (strcmp(options.mode, "udp") == 0)
        return main_udp(&options);
    if (strcmp(options.mode, "tcp") == 0)
        return main_tcp(&options);
    if (strcmp(options.mode, "hold") == 0)
        return main_hold(&options);
    usage_error("not udp, tcp or hold", options.mode);
    return EXIT_USAGE;
}
