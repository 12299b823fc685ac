#include "config_fixture.h"

#include "socklens/net.h"

TEST(has_the_defaults_of_the_course)
{
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

TEST(agrees_with_the_defaults_of_net)
{
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

TEST(takes_good_values)
{
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

TEST(takes_choices_in_the_order_of_the_enumeration)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    for (int level = SL_LOG_ERROR; level <= SL_LOG_DEBUG; level++) {
        struct load one = {0};
        char argument[32];

        snprintf(argument, sizeof(argument), "--log-level=%s", names[level]);
        assert_int_equal(
            load(&one, (const char *const[]){argument, "--log-format=json", NULL}, NULL), 0);
        assert_int_equal(one.config.log_level, level);
        assert_int_equal(one.config.log_format, SL_LOG_JSON);
        unload(&one);
    }
}

TEST(says_what_is_wrong_with_an_argument)
{
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
        {"--log-level=", "--log-level: \"\" is not one of error, warning, info, debug"},
        {"--log-level=info,", "--log-level: \"info,\" is not one of error, warning, info, debug"},
        {"--log-level=loud", "--log-level: \"loud\" is not one of error, warning, info, debug"},
        {"--log-format=xml", "--log-format: \"xml\" is not one of text, json"},
        {"--transcript=maybe", "--transcript: \"maybe\" is neither yes nor no"},
        {"--bind=", "--bind: \"\" is not a host name, an IP address or *"},
        {"--bind=localhost:1", "--bind: \"localhost:1\" is not a host name, an IP address or *"},
        {"--bind=::1,127.0.0.1",
         "--bind: \"::1,127.0.0.1\" is not a host name, an IP address or *"},
        {"--bind=[localhost]", "--bind: \"[localhost]\" is not a host name, an IP address or *"},
        {"--bind=127.0.0.0/8", "--bind: \"127.0.0.0/8\" is not a host name, an IP address or *"},
        {"--ready-file=", "--ready-file: FILE is missing"},
        {"--udp-upper=unix:/x", "--udp-upper: \"unix:/x\": Unix sockets are not supported for UDP"},
        {"--tcp-chat=:12000", "tcp-chat: address already given for tcp-upper"},
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
        assert_took(&one.errors.lines, line);
        assert_int_equal(one.errors.count, 1);
        free(line);
        unload(&one);
    }
}

TEST(helps_whatever_else_is_wrong)
{
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
