#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/bind_hosts.h"
#include "app/config.h"
#include "socklens/clock.h"
#include "socklens/net.h"

#define LIST_MAX 16

/* One load and what it said. */
struct load {
    struct sl_config config;
    struct sl_problems problems, warnings;
    char path[32]; /* of a config file; "" */
};

/* A list that may be changed, of `first` (unless NULL) and all of `texts` (unless NULL). */
static size_t copy_list(char *list[LIST_MAX], const char *first, const char *const *texts)
{
    size_t count = 0;

    if (first)
        list[count++] = strdup(first);
    for (; texts && *texts; texts++)
        list[count++] = strdup(*texts);
    assert_true(count < LIST_MAX);
    list[count] = NULL;
    return count;
}

static void free_list(char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
}

static int load(struct load *load, const char *const *arguments, const char *const *environment)
{
    char *argv[LIST_MAX], *environ_copy[LIST_MAX], *given[LIST_MAX];
    size_t argc = copy_list(argv, "socklens", arguments);
    size_t variables = copy_list(environ_copy, NULL, environment);

    memcpy(given, argv, sizeof(given)); /* getopt changes the order */
    int result = sl_config_load(&load->config, (int)argc, argv, environ_copy, &load->problems,
                                &load->warnings);
    free_list(given, argc);
    free_list(environ_copy, variables);
    return result;
}

static void unload(struct load *load)
{
    sl_config_deinit(&load->config);
    sl_problems_deinit(&load->problems);
    sl_problems_deinit(&load->warnings);
    if (*load->path)
        unlink(load->path);
    *load = (struct load){0};
}

static void write_file(struct load *load, const void *text, size_t size)
{
    strcpy(load->path, "socklens-test-XXXXXX");
    int fd = mkstemp(load->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

/* Loads with `text` as config file. */
static int load_file_bytes(struct load *one, const void *text, size_t size)
{
    char option[64];

    write_file(one, text, size);
    snprintf(option, sizeof(option), "--config=%s", one->path);
    return load(one, (const char *const[]){option, NULL}, NULL);
}

static int load_file(struct load *load, const char *text)
{
    return load_file_bytes(load, text, strlen(text));
}

/* `expected` has %s for the file's path, as often as it likes. */
static void assert_file_problems(struct load *load, const char *expected)
{
    char *text = strdup("");

    for (const char *mark; (mark = strstr(expected, "%s")); expected = mark + 2) {
        char *more;
        assert_true(
            asprintf(&more, "%s%.*s%s", text, (int)(mark - expected), expected, load->path) > 0);
        free(text);
        text = more;
    }
    char *whole;
    assert_true(asprintf(&whole, "%s%s", text, expected) > 0);
    assert_took(&load->problems.lines, whole);
    free(text);
    free(whole);
}

static void assert_endpoint(const struct sl_endpoint_list *list, size_t index, const char *host,
                            unsigned port)
{
    assert_true(index < list->count);
    assert_string_equal(list->items[index].host, host);
    assert_int_equal(list->items[index].port, port);
}

static void has_the_defaults_of_the_course(void **state)
{
    (void)state;
    struct load one = {0};
    const struct sl_config *config = &one.config;

    assert_int_equal(load(&one, NULL, NULL), 0);
    assert_endpoint(&config->services[SL_UDP_UPPER], 0, "127.0.0.1", 12000);
    assert_endpoint(&config->services[SL_TCP_UPPER], 0, "127.0.0.1", 12000);
    assert_endpoint(&config->services[SL_TCP_CHAT], 0, "127.0.0.1", 1060);
    assert_endpoint(&config->http, 0, "127.0.0.1", 8080);
    /* ::1 where this machine has it, and its own loopback address. */
    assert_in_range(config->services[SL_UDP_UPPER].count, 1, 3);
    assert_false(config->services[SL_UDP_UPPER].items[0].follows);
    for (size_t i = 1; i < config->services[SL_UDP_UPPER].count; i++)
        assert_true(config->services[SL_UDP_UPPER].items[i].follows);
    assert_int_equal(config->journal_size, 64 << 20);
    assert_int_equal(config->closed_clients, 10000);
    assert_int_equal(config->log_level, SL_LOG_INFO);
    assert_int_equal(config->log_format, SL_LOG_TEXT);
    assert_false(config->transcript);
    assert_false(config->http_open);
    assert_null(config->ready_file);
    assert_null(config->file);
    unload(&one);
}

static void agrees_with_the_defaults_of_net(void **state)
{
    (void)state;
    struct load one = {0};
    struct sl_net_options net = SL_NET_OPTIONS_DEFAULT;

    assert_int_equal(load(&one, NULL, NULL), 0);
    assert_int_equal(one.config.workers, net.workers);
    assert_int_equal(one.config.max_connections, net.max_connections);
    assert_int_equal(one.config.max_connections_per_address, net.max_connections_per_address);
    assert_int_equal(one.config.max_udp_clients, net.max_udp_clients);
    assert_int_equal(one.config.tcp_gap_ns, net.tcp_gap_ns);
    assert_int_equal(one.config.tcp_idle_ns, net.tcp_idle_ns);
    assert_int_equal(one.config.udp_idle_ns, net.udp_idle_ns);
    assert_int_equal(one.config.udp_rate, net.udp_rate);
    unload(&one);
}

static void takes_good_values(void **state)
{
    (void)state;
    static const struct {
        const char *argument;
        size_t offset;
        uint64_t value;
    } cases[] = {
        {"--workers=64", offsetof(struct sl_config, workers), 64},
        {"--max-connections=0", offsetof(struct sl_config, max_connections), 0},
        {"--max-connections=16777216", offsetof(struct sl_config, max_connections), 16777216},
        {"--max-connections-per-address=1", offsetof(struct sl_config, max_connections_per_address),
         1},
        {"--max-http-connections=16384", offsetof(struct sl_config, max_http_connections), 16384},
        {"--max-udp-clients=1", offsetof(struct sl_config, max_udp_clients), 1},
        {"--closed-clients=0", offsetof(struct sl_config, closed_clients), 0},
        {"--udp-rate=0", offsetof(struct sl_config, udp_rate), 0},
        {"--journal-size=4194304", offsetof(struct sl_config, journal_size), 4 << 20},
        {"--journal-size=4096K", offsetof(struct sl_config, journal_size), 4 << 20},
        {"--journal-size=5m", offsetof(struct sl_config, journal_size), 5 << 20},
        {"--journal-size=1GiB", offsetof(struct sl_config, journal_size), 1 << 30},
        {"--journal-size=1T", offsetof(struct sl_config, journal_size), UINT64_C(1) << 40},
        {"--tcp-gap=0", offsetof(struct sl_config, tcp_gap_ns), 0},
        {"--tcp-idle=0", offsetof(struct sl_config, tcp_idle_ns), 0},
        {"--tcp-idle=1.5s", offsetof(struct sl_config, tcp_idle_ns), UINT64_C(1500000000)},
        {"--udp-idle=10ms", offsetof(struct sl_config, udp_idle_ns), 10000000},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct load one = {0};
        uint64_t value;

        assert_int_equal(load(&one, (const char *const[]){cases[i].argument, NULL}, NULL), 0);
        memcpy(&value, (const char *)&one.config + cases[i].offset, sizeof(value));
        assert_int_equal(value, cases[i].value);
        unload(&one);
    }
}

static void says_what_is_wrong_with_an_argument(void **state)
{
    (void)state;
    static const struct {
        const char *argument, *problem;
    } cases[] = {
        {"--workers=abc", "--workers: \"abc\" is not a number from 1 to 64"},
        {"--workers=", "--workers: \"\" is not a number from 1 to 64"},
        {"--workers=0", "--workers: \"0\" is not a number from 1 to 64"},
        {"--workers=65", "--workers: \"65\" is not a number from 1 to 64"},
        {"--workers=-1", "--workers: \"-1\" is not a number from 1 to 64"},
        {"--workers=+1", "--workers: \"+1\" is not a number from 1 to 64"},
        {"--workers= 1", "--workers: \" 1\" is not a number from 1 to 64"},
        {"--workers=1x", "--workers: \"1x\" is not a number from 1 to 64"},
        {"--workers=18446744073709551617",
         "--workers: \"18446744073709551617\" is not a number from 1 to 64"},
        {"--workers=1\n\x1b[31m", "--workers: \"1\\n\\x1b[31m\" is not a number from 1 to 64"},
        {"--journal-size=1K",
         "--journal-size: \"1K\" is not a size from 4M to 1T (bytes, or with K, M, G)"},
        {"--journal-size=64MB",
         "--journal-size: \"64MB\" is not a size from 4M to 1T (bytes, or with K, M, G)"},
        {"--journal-size=18446744073709551615T",
         "--journal-size: \"18446744073709551615T\" is not a size from 4M to 1T (bytes, or with K, "
         "M, G)"},
        {"--tcp-idle=10",
         "--tcp-idle: \"10\" is not a time: a number with ms, s, m, h or d, like 30s"},
        {"--udp-idle=0", "--udp-idle: \"0\" is not a time from 10ms to 3650d"},
        {"--tcp-idle=4000d", "--tcp-idle: \"4000d\" is not a time from 0ms to 3650d"},
        {"--log-level=loud", "--log-level: \"loud\" is not one of error, warning, info, debug"},
        {"--log-format=xml", "--log-format: \"xml\" is not one of text, json"},
        {"--transcript=maybe", "--transcript: \"maybe\" is neither yes nor no"},
        {"--bind=", "--bind: \"\" is not a host name or an IP address (nor *; write one each)"},
        {"--bind=localhost:1",
         "--bind: \"localhost:1\" is not a host name or an IP address (nor *; write one each)"},
        {"--bind=::1,127.0.0.1",
         "--bind: \"::1,127.0.0.1\" is not a host name or an IP address (nor *; write one each)"},
        {"--bind=[localhost]",
         "--bind: \"[localhost]\" is not a host name or an IP address (nor *; write one each)"},
        {"--bind=127.0.0.0/8",
         "--bind: \"127.0.0.0/8\" is not a host name or an IP address (nor *; write one each)"},
        {"--ready-file=", "--ready-file: FILE is missing"},
        {"--udp-upper=unix:/x", "--udp-upper: \"unix:/x\": a Unix socket is not for UDP"},
        {"--tcp-chat=:12000", "tcp-chat: the same address is given for tcp-upper already"},
        {"--udp-uper=:1", "--udp-uper: unknown option; did you mean --udp-upper?"},
        {"--workres", "--workres: unknown option; did you mean --workers?"},
        {"--max_connection", "--max_connection: unknown option; did you mean --max-connections?"},
        {"--frobnicate=1", "--frobnicate: unknown option; see --help"},
        {"-x", "-x: unknown option; see --help"},
        {"--workers", "--workers: N is missing"},
        {"extra", "unexpected argument \"extra\"; see --help"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct load one = {0};
        char *line;

        assert_int_equal(load(&one, (const char *const[]){cases[i].argument, NULL}, NULL), -EINVAL);
        assert_true(asprintf(&line, "%s\n", cases[i].problem) > 0);
        assert_took(&one.problems.lines, line);
        assert_int_equal(one.problems.count, 1);
        free(line);
        unload(&one);
    }
}

static void names_an_address_it_cannot_read(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--tcp-chat=1.2.3.4:99999", NULL}, NULL),
                     -EINVAL);
    assert_int_equal(one.problems.count, 1);
    assert_int_equal(sl_buffer_append(&one.problems.lines, "", 1), 0);
    assert_non_null(strstr((const char *)one.problems.lines.data, "--tcp-chat: "));
    assert_non_null(strstr((const char *)one.problems.lines.data, "99999"));
    unload(&one);
}

static void replaces_the_default_listeners(void **state)
{
    (void)state;
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat",       "[::1]:7",    "--tcp-chat=unix:/run/a b,c",
                                     "--udp-upper=none", "--bind=::1", NULL};

    assert_int_equal(load(&one, arguments, NULL), 0);
    assert_int_equal(one.config.services[SL_TCP_CHAT].count, 2);
    assert_endpoint(&one.config.services[SL_TCP_CHAT], 0, "::1", 7);
    assert_string_equal(one.config.services[SL_TCP_CHAT].items[1].unix_path, "/run/a b,c");
    assert_true(one.config.services[SL_UDP_UPPER].off);
    assert_int_equal(one.config.services[SL_UDP_UPPER].count, 0);
    /* --bind is for defaults too. */
    assert_endpoint(&one.config.services[SL_TCP_UPPER], 0, "::1", 12000);
    unload(&one);
}

static void binds_every_host_that_is_given(void **state)
{
    (void)state;
    const char *const arguments[] = {"--bind=127.0.0.1", "--bind=[::1]",       "--tcp-chat=:7",
                                     "--tcp-upper=*:8",  "--udp-upper=[::]:9", NULL};
    const struct sl_endpoint_list *list;
    struct load one = {0};

    assert_int_equal(load(&one, arguments, NULL), 0);
    list = &one.config.services[SL_TCP_CHAT];
    assert_int_equal(list->count, 2);
    assert_endpoint(list, 0, "127.0.0.1", 7);
    assert_endpoint(list, 1, "::1", 7);
    assert_true(list->items[1].follows);
    assert_endpoint(&one.config.services[SL_TCP_UPPER], 0, "0.0.0.0", 8);
    assert_int_equal(one.config.services[SL_UDP_UPPER].count, 1);
    unload(&one);
}

static void refuses_hosts_that_hold_each_other(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        {"--bind=*", "--bind=::1", NULL,
         "bind: \"*\" is every address of both families: nothing can stand beside it\n"},
        {"--bind=127.0.0.1", "--bind=0.0.0.0", NULL,
         "bind: 0.0.0.0 is every IPv4 address: no other one can stand beside it\n"},
        {"--bind=::", "--bind=::1", NULL,
         "bind: :: is every IPv6 address: no other one can stand beside it\n"},
    };
    const char *const both[] = {"--bind=0.0.0.0", "--bind=::", NULL};
    struct load good = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct load one = {0};
        assert_int_equal(load(&one, cases[i], NULL), -EINVAL);
        assert_took(&one.problems.lines, cases[i][3]);
        unload(&one);
    }
    assert_int_equal(load(&good, both, NULL), 0);
    unload(&good);
}

static void finds_the_loopback_address_of_its_own_name(void **state)
{
    (void)state;
    struct load one = {0};
    char address[16];

    write_file(&one,
               BYTES("127.0.0.1 localhost other\n::1 host\n192.0.2.1 host\n\n# 127.0.9.9 host\n"
                     "127.0.1.1\thost.example host # its own\n"));
    assert_true(sl_own_loopback(one.path, "host", address));
    assert_string_equal(address, "127.0.1.1");
    assert_false(sl_own_loopback(one.path, "other", address));
    assert_false(sl_own_loopback(one.path, "its", address));
    assert_false(sl_own_loopback("/nowhere", "host", address));
    unload(&one);
}

static void refuses_none_beside_an_address(void **state)
{
    (void)state;
    const char *const orders[][3] = {{"--http=none", "--http=:1", NULL},
                                     {"--http=:1", "--http=none", NULL}};

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct load one = {0};
        assert_int_equal(load(&one, orders[i], NULL), -EINVAL);
        assert_took(&one.problems.lines, "--http: \"none\" cannot stand beside an address\n");
        unload(&one);
    }
}

static void lets_two_listeners_have_port_zero(void **state)
{
    (void)state;
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat=:0", "--tcp-chat=:0", "--tcp-upper=:0",
                                     "--http=:0", NULL};

    assert_int_equal(load(&one, arguments, NULL), 0);
    unload(&one);
}

static void refuses_an_address_given_twice(void **state)
{
    (void)state;
    struct load one = {0};
    const char *const arguments[] = {"--tcp-chat=:7", "--tcp-chat=127.0.0.1:7", NULL};

    assert_int_equal(load(&one, arguments, NULL), -EINVAL);
    assert_took(&one.problems.lines, "tcp-chat: the same address is given for it already\n");
    unload(&one);
}

static void prefers_argument_to_environment_to_file(void **state)
{
    (void)state;
    struct load one = {0};
    char file[64];

    write_file(
        &one,
        BYTES("bind = 127.0.0.1\nworkers = 2\nclosed-clients = 2\nudp-rate = 2\ntranscript = yes\n"
              "http = :2\ntcp-chat = :2\nudp-upper = :2\n"));
    snprintf(file, sizeof(file), "SOCKLENS_CONFIG=%s", one.path);
    const char *const environment[] = {file,
                                       "SOCKLENS_WORKERS=3",
                                       "SOCKLENS_CLOSED_CLIENTS=3",
                                       "SOCKLENS_HTTP=:3, :33 :333",
                                       "SOCKLENS_TCP_CHAT=:3",
                                       "SOCKLENS_UDP_RATE=",
                                       NULL};
    const char *const arguments[] = {"--workers=4", "--tcp-chat=:4", "--transcript=no", NULL};

    assert_int_equal(load(&one, arguments, environment), 0);
    assert_int_equal(one.config.workers, 4);
    assert_int_equal(one.config.closed_clients, 3);
    assert_int_equal(one.config.udp_rate, 2); /* an empty variable counts as none */
    assert_false(one.config.transcript);
    assert_int_equal(one.config.services[SL_TCP_CHAT].count, 1);
    assert_endpoint(&one.config.services[SL_TCP_CHAT], 0, "127.0.0.1", 4);
    assert_int_equal(one.config.http.count, 3);
    assert_endpoint(&one.config.http, 2, "127.0.0.1", 333);
    assert_endpoint(&one.config.services[SL_UDP_UPPER], 0, "127.0.0.1", 2);
    assert_string_equal(one.config.file, one.path);
    unload(&one);
}

static void undoes_none_in_a_stronger_place(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--http=:7", NULL},
                          (const char *const[]){"SOCKLENS_HTTP=none", NULL}),
                     0);
    assert_false(one.config.http.off);
    assert_endpoint(&one.config.http, 0, "127.0.0.1", 7);
    unload(&one);
}

static void names_the_variable_that_is_wrong(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load(&one, NULL, (const char *const[]){"SOCKLENS_WORKERS=many", NULL}),
                     -EINVAL);
    assert_took(&one.problems.lines, "SOCKLENS_WORKERS: \"many\" is not a number from 1 to 64\n");
    unload(&one);
}

static void warns_of_unknown_variables_but_not_of_service_links(void **state)
{
    (void)state;
    struct load one = {0};
    const char *const environment[] = {"SOCKLENS_WORKRES=1",
                                       "SOCKLENS_BANANA=1",
                                       "SOCKLENS_SERVICE_HOST=10.0.0.1",
                                       "SOCKLENS_PORT=tcp://10.0.0.1:8080",
                                       "SOCKLENS_PORT_8080_TCP_ADDR=10.0.0.1",
                                       "SOCKLENS_HELP=1",
                                       "OTHER=1",
                                       NULL};

    assert_int_equal(load(&one, NULL, environment), 0);
    assert_took(&one.warnings.lines,
                "SOCKLENS_WORKRES: unknown variable; did you mean SOCKLENS_WORKERS?\n"
                "SOCKLENS_BANANA: unknown variable\n"
                "SOCKLENS_HELP: unknown variable\n");
    unload(&one);
}

static void reads_a_file(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load_file(&one,
                               "\xef\xbb\xbf# first\r\n"
                               "; second\r\n"
                               "\r\n"
                               "udp_upper = :1, 127.0.0.1:2 ; the course's\r\n"
                               "udp-upper: [::1]:3\r\n"
                               "[socklens]\r\n"
                               "bind = 127.0.0.1\r\n"
                               "   workers=2\r\n"
                               "\ttranscript = on\r\n"
                               "allow-host = a.example b.example\r\n"
                               "allow-origin = HTTPS://A.example:443 http://b.example:8080\r\n"
                               "ready_file = a=b"),
                     0);
    assert_int_equal(one.config.services[SL_UDP_UPPER].count, 3);
    assert_endpoint(&one.config.services[SL_UDP_UPPER], 2, "::1", 3);
    assert_int_equal(one.config.workers, 2);
    assert_true(one.config.transcript);
    assert_int_equal(one.config.allow_hosts.count, 2);
    assert_string_equal(one.config.allow_hosts.items[1], "b.example");
    assert_int_equal(one.config.allow_origins.count, 2);
    assert_string_equal(one.config.allow_origins.items[0], "https://a.example");
    assert_string_equal(one.config.allow_origins.items[1], "http://b.example:8080");
    assert_string_equal(one.config.ready_file, "a=b");
    unload(&one);
}

static void finds_all_that_is_wrong_in_a_file(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load_file(&one,
                               "udp-uper = :4\n"
                               "workers = 3\n"
                               "  workers = 4\n"
                               "journal-size =\n"
                               "nonsense\n"
                               "more nonsense\n"
                               "[http]\n"
                               "x = 1\n"
                               "[socklens\n"
                               "[socklens]\n"
                               "max-connections = 5 # five\n"
                               "config = x\n"
                               "http = , ,\n"
                               "transcript =\n"
                               "= 4"),
                     -EINVAL);
    assert_file_problems(
        &one,
        "%s:1: unknown key \"udp-uper\"; did you mean \"udp-upper\"?\n"
        "%s:3: \"workers\" stands in line 2 already\n"
        "%s:4: journal-size: \"\" is not a size from 4M to 1T (bytes, or with K, M, G)\n"
        "%s:5: this is not \"name = value\"\n"
        "%s:6: this is not \"name = value\"\n"
        "%s:8: unknown section [http]; keys stand before any section or in [socklens]\n"
        "%s:9: the section has no closing ]\n"
        "%s:11: a comment behind a value begins with \";\"\n"
        "%s:12: \"config\" is for the command line, not for a file\n"
        "%s:13: http: ADDR is missing\n"
        "%s:14: transcript: \"\" is neither yes nor no\n"
        "%s:15: unknown key \"\"\n");
    assert_int_equal(one.problems.count, 12);
    unload(&one);
}

static void refuses_lines_that_would_be_split_or_cut(void **state)
{
    (void)state;
    struct load one = {0};
    char text[600];

    /* The part behind the limit would be a valid line of its own. */
    memset(text, ' ', sizeof(text));
    memcpy(text, "workers = 2 ;", 13);
    memcpy(text + 220, "tcp-idle = 2s\n", 15);
    assert_int_equal(load_file(&one, text), -EINVAL);
    assert_file_problems(&one,
                         "%s:1: the line is too long; a list can go on by giving its key again\n");
    unload(&one);

    assert_int_equal(load_file_bytes(&one, BYTES("workers = 2\0 = 3\nudp-rate = 7\n")), -EINVAL);
    assert_file_problems(&one, "%s:1: there is a NUL byte in it\n");
    assert_int_equal(one.config.udp_rate, 7);
    unload(&one);
}

static void says_why_a_file_cannot_be_read(void **state)
{
    (void)state;
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--config=/nowhere/x", NULL}, NULL), -EINVAL);
    assert_took(&one.problems.lines, "cannot read /nowhere/x: No such file or directory\n");
    unload(&one);
    assert_int_equal(load(&one, (const char *const[]){"--config=/", NULL}, NULL), -EINVAL);
    assert_took(&one.problems.lines, "cannot read /: Is a directory\n");
    unload(&one);
}

static void helps_whatever_else_is_wrong(void **state)
{
    (void)state;
    struct load one = {0};
    const char *const environment[] = {"SOCKLENS_WORKERS=many", NULL};

    assert_int_equal(load(&one, (const char *const[]){"--help", "--nonsense", NULL}, environment),
                     0);
    assert_true(one.config.help);
    unload(&one);
    assert_int_equal(load(&one, (const char *const[]){"-h", NULL}, environment), 0);
    assert_true(one.config.help);
    unload(&one);
    assert_int_equal(load(&one, (const char *const[]){"--version", NULL}, environment), 0);
    assert_true(one.config.version);
    assert_false(one.config.help);
    unload(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_defaults_of_the_course),
        cmocka_unit_test(agrees_with_the_defaults_of_net),
        cmocka_unit_test(takes_good_values),
        cmocka_unit_test(says_what_is_wrong_with_an_argument),
        cmocka_unit_test(names_an_address_it_cannot_read),
        cmocka_unit_test(replaces_the_default_listeners),
        cmocka_unit_test(binds_every_host_that_is_given),
        cmocka_unit_test(refuses_hosts_that_hold_each_other),
        cmocka_unit_test(finds_the_loopback_address_of_its_own_name),
        cmocka_unit_test(refuses_none_beside_an_address),
        cmocka_unit_test(lets_two_listeners_have_port_zero),
        cmocka_unit_test(refuses_an_address_given_twice),
        cmocka_unit_test(prefers_argument_to_environment_to_file),
        cmocka_unit_test(undoes_none_in_a_stronger_place),
        cmocka_unit_test(names_the_variable_that_is_wrong),
        cmocka_unit_test(warns_of_unknown_variables_but_not_of_service_links),
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(finds_all_that_is_wrong_in_a_file),
        cmocka_unit_test(refuses_lines_that_would_be_split_or_cut),
        cmocka_unit_test(says_why_a_file_cannot_be_read),
        cmocka_unit_test(helps_whatever_else_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
