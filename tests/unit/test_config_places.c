#include "config_fixture.h"

TEST(prefers_argument_to_environment_to_file)
{
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

TEST(undoes_none_in_a_stronger_place)
{
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--http=:7", NULL},
                          (const char *const[]){"SOCKLENS_HTTP=none", NULL}),
                     0);
    assert_false(one.config.http.off);
    assert_endpoint(&one.config.http, 0, "127.0.0.1", 7);
    unload(&one);
}

TEST(names_the_variable_that_is_wrong)
{
    struct load one = {0};

    assert_int_equal(load(&one, NULL, (const char *const[]){"SOCKLENS_WORKERS=many", NULL}),
                     -EINVAL);
    assert_took(&one.errors.lines, "SOCKLENS_WORKERS: \"many\" is not a number from 1 to 64\n");
    unload(&one);
}

TEST(warns_of_unknown_variables_but_not_of_service_links)
{
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

TEST(reads_a_file)
{
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

TEST(finds_all_that_is_wrong_in_a_file)
{
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
    assert_file_errors(
        &one,
        "%s:1: unknown key \"udp-uper\"; did you mean \"udp-upper\"?\n"
        "%s:3: \"workers\" is already set in line 2\n"
        "%s:4: journal-size: \"\" is not a size from 4M to 1T (bytes, or with K, M, G)\n"
        "%s:5: expected \"name = value\"\n"
        "%s:6: expected \"name = value\"\n"
        "%s:8: unknown section [http]; the only section is [socklens]\n"
        "%s:9: the ] after the section name is missing\n"
        "%s:11: a comment after a value begins with \";\"\n"
        "%s:12: \"config\" is not allowed in a config file\n"
        "%s:13: http: ADDR is missing\n"
        "%s:14: transcript: \"\" is neither yes nor no\n"
        "%s:15: unknown key \"\"\n");
    assert_int_equal(one.errors.count, 12);
    unload(&one);
}

TEST(refuses_lines_that_would_be_split_or_cut)
{
    struct load one = {0};
    char text[600];

    /* The part behind the limit would be a valid line of its own. */
    memset(text, ' ', sizeof(text));
    memcpy(text, "workers = 2 ;", 13);
    memcpy(text + 220, "tcp-idle = 2s\n", 15);
    assert_int_equal(load_file(&one, text), -EINVAL);
    assert_file_errors(&one, "%s:1: the line is too long; split a list by repeating its key\n");
    unload(&one);

    assert_int_equal(load_file_bytes(&one, BYTES("workers = 2\0 = 3\nudp-rate = 7\n")), -EINVAL);
    assert_file_errors(&one, "%s:1: the line has a NUL byte\n");
    assert_int_equal(one.config.udp_rate, 7);
    unload(&one);
}

TEST(says_why_a_file_cannot_be_read)
{
    struct load one = {0};

    assert_int_equal(load(&one, (const char *const[]){"--config=/nowhere/x", NULL}, NULL), -EINVAL);
    assert_took(&one.errors.lines, "cannot read /nowhere/x: No such file or directory\n");
    unload(&one);
    assert_int_equal(load(&one, (const char *const[]){"--config=/", NULL}, NULL), -EINVAL);
    assert_took(&one.errors.lines, "cannot read /: Is a directory\n");
    unload(&one);
}
