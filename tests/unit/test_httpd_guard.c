#include "unit.h"

#include <arpa/inet.h>

#include "httpd/guard.h"

static struct sl_hosts hosts;
static struct sl_headers headers;
static struct sl_problem problem;

static struct sl_address address(const char *ip)
{
    struct sl_address made = {.family = strchr(ip, ':') ? AF_INET6 : AF_INET, .port = 8080};

    assert_int_equal(inet_pton(made.family, ip, made.ip), 1);
    return made;
}

static int setup(void **state)
{
    static const char *const names[] = {"gateway.example"};
    static const char *const origins[] = {"https://lab.example:8443"};
    struct sl_address listened = address("127.0.0.1");

    (void)state;
    assert_int_equal(sl_hosts_init(&hosts, names, 1, origins, 1), 0);
    sl_hosts_add_address(&hosts, &listened);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_hosts_deinit(&hosts);
    return 0;
}

static void field(const char *name, const char *value)
{
    headers.items[headers.count++] = (struct sl_header){name, value, strlen(name), strlen(value)};
}

/* Name, value, name, value, ... NULL. */
static void fields(const char *const *texts)
{
    headers = (struct sl_headers){0};
    for (; texts[0]; texts += 2)
        field(texts[0], texts[1]);
}

#define FIELDS(...) fields((const char *const[]){__VA_ARGS__, NULL})

static unsigned frame_of(const char *target, const char *version, const char *local)
{
    struct sl_address to = local ? address(local) : SL_ADDRESS_NONE;
    struct sl_guard_request request = {
        .method = "GET", .target = target, .version = version, .headers = &headers, .local = &to};

    problem = (struct sl_problem){0};
    return sl_guard_frame(&request, &hosts, &problem);
}

static unsigned frame(void)
{
    return frame_of("/", "HTTP/1.1", NULL);
}

static unsigned host(const char *value)
{
    FIELDS("Host", value);
    return frame();
}

TEST_GROUP(setup, teardown)

TEST(lets_our_names_pass)
{
    static const char *const ours[] = {"localhost",         "LOCALHOST:8080",  "127.0.0.1",
                                       "127.0.0.1:8080",    "127.0.0.1:18080", "gateway.example",
                                       "Gateway.Example:80"};

    for (size_t i = 0; i < COUNT_OF(ours); i++)
        assert_int_equal(host(ours[i]), 0);
}

TEST(sends_other_names_away)
{
    static const char *const others[] = {"evil.example",
                                         "localhost.evil.example",
                                         "127.0.0.1.evil.example",
                                         "127.0.0.2",
                                         "192.0.2.1",
                                         "0.0.0.0",
                                         "[::]",
                                         "[::1]",
                                         "",
                                         "localhost:x",
                                         "localhost:80:80",
                                         "[127.0.0.1",
                                         "user@localhost",
                                         "localhost ",
                                         "localhost:999999999"};

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(host(others[i]), 421);
        assert_string_equal(problem.param, "Host");
    }
}

TEST(knows_the_address_a_connection_came_to)
{
    FIELDS("Host", "192.0.2.7:8080");
    assert_int_equal(frame_of("/", "HTTP/1.1", "192.0.2.7"), 0);
    assert_int_equal(frame_of("/", "HTTP/1.1", "192.0.2.8"), 421);
    FIELDS("Host", "[2001:db8::7]:8080");
    assert_int_equal(frame_of("/", "HTTP/1.1", "2001:db8::7"), 0);
}

TEST(exactly_one_host_is_required)
{
    FIELDS("Host", "localhost", "host", "localhost");
    assert_int_equal(frame(), 400);
    FIELDS("Accept", "*/*");
    assert_int_equal(frame(), 400);
    assert_int_equal(frame_of("/", "HTTP/1.0", NULL), 0);
}

TEST(refuses_doubtful_lengths)
{
    FIELDS("Host", "localhost", "Content-Length", "5", "Content-Length", "5");
    assert_int_equal(frame(), 400);
    FIELDS("Host", "localhost", "Content-Length", "5", "Transfer-Encoding", "chunked");
    assert_int_equal(frame(), 400);
    FIELDS("Host", "localhost", "Transfer-Encoding", "chunked", "Content-Length", "5");
    assert_int_equal(frame(), 400);
    FIELDS("Host", "localhost", "content-length", "5");
    assert_int_equal(frame(), 0);
}

TEST(refuses_lengths_that_are_no_numbers)
{
    static const char *const lengths[] = {"",    "-1",  "+2",  "2, 2", "0x2", "2 2",
                                          "abc", "2.0", "1e1", "\xb2", "2;",  "\"2\""};

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        FIELDS("Host", "localhost", "Content-Length", lengths[i]);
        assert_int_equal(frame(), 400);
    }
    FIELDS("Host", "localhost", "Content-Length", "18446744073709551616");
    assert_int_equal(frame(), 413);
    FIELDS("Host", "localhost", "Content-Length", "9999999999999999999999999");
    assert_int_equal(frame(), 413);
}

TEST(only_chunked_coding_is_taken)
{
    static const char *const codings[] = {"gzip, chunked", "chunked, chunked", "identity",
                                          "xchunked",      "chunked;a=b",      "",
                                          "\"chunked\"",   "chunked,"};

    FIELDS("Host", "localhost", "Transfer-Encoding", "Chunked");
    assert_int_equal(frame(), 0);
    assert_int_equal(frame_of("/", "HTTP/1.0", NULL), 400);
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        FIELDS("Host", "localhost", "Transfer-Encoding", codings[i]);
        assert_int_equal(frame(), 400);
    }
    FIELDS("Host", "localhost", "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked");
    assert_int_equal(frame(), 400);
}

TEST(refuses_malformed_fields)
{
    static const char *const bad_names[] = {"", "A B", "A\t", "A(", "A\x80", "A/B", " A"};

    for (size_t i = 0; i < COUNT_OF(bad_names); i++) {
        FIELDS("Host", "localhost", bad_names[i], "x");
        assert_int_equal(frame(), 400);
    }
    FIELDS("Host", "localhost", "X", "a\x01z");
    assert_int_equal(frame(), 400);
    FIELDS("Host", "localhost", "X", "a\x7fz");
    assert_int_equal(frame(), 400);
    FIELDS("Host", "localhost", "X", "tab\tand \xc3\x9f");
    assert_int_equal(frame(), 0);
}

TEST(refuses_too_many_fields)
{
    FIELDS("Host", "localhost");
    headers.overflow = true;
    assert_int_equal(frame(), 431);
}

TEST(target_must_be_a_path)
{
    static const char *const targets[] = {
        "http://localhost/", "*", "", "localhost:80", "/a b", "/a\x01", "/\xc3", "/a\x7f"};

    FIELDS("Host", "localhost");
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        assert_int_equal(frame_of(targets[i], "HTTP/1.1", NULL), 400);
    assert_int_equal(frame_of("/a?b=%20", "HTTP/1.1", NULL), 0);
}

TEST(unknown_version_is_refused)
{
    FIELDS("Host", "localhost");
    assert_int_equal(frame_of("/", "HTTP/1.2", NULL), 400);
    assert_int_equal(frame_of("/", "HTTP/2.0", NULL), 400);
    assert_int_equal(frame_of("/", "", NULL), 400);
}

static unsigned origin(void)
{
    return sl_guard_origin(&headers, &hosts, false, &problem);
}

TEST(lets_our_own_page_change_things)
{
    FIELDS("Host", "localhost:8080");
    assert_int_equal(origin(), 0);
    FIELDS("Host", "localhost:8080", "Origin", "http://localhost:8080");
    assert_int_equal(origin(), 0);
    FIELDS("Host", "localhost:8080", "Sec-Fetch-Site", "same-origin");
    assert_int_equal(origin(), 0);
    FIELDS("Host", "localhost:8080", "Sec-Fetch-Site", "none");
    assert_int_equal(origin(), 0);
}

TEST(keeps_other_pages_from_changing_things)
{
    static const char *const origins[] = {"http://evil.example",
                                          "null",
                                          "http://localhost:8081",
                                          "http://localhost",
                                          "https://x",
                                          "",
                                          "file://localhost:8080",
                                          "http://localhost:8080.evil.example"};
    static const char *const sites[] = {"cross-site", "same-site", "", "Same-Origin"};

    for (size_t i = 0; i < COUNT_OF(origins); i++) {
        FIELDS("Host", "localhost:8080", "Origin", origins[i]);
        assert_int_equal(origin(), 403);
    }
    for (size_t i = 0; i < COUNT_OF(sites); i++) {
        FIELDS("Host", "localhost:8080", "Sec-Fetch-Site", sites[i]);
        assert_int_equal(origin(), 403);
    }
    FIELDS("Host", "localhost:8080", "Origin", "http://localhost:8080", "Origin", "http://x");
    assert_int_equal(origin(), 403);
}

/* The browser compares with the address that it asked, which a proxy may have replaced in Host. */
TEST(takes_the_browsers_word_for_its_own_page)
{
    static const char *const sites[] = {"none", "same-site", "cross-site", "same-origin "};

    FIELDS("Host", "127.0.0.1:8080", "Origin", "https://lab.example:19443", "Sec-Fetch-Site",
           "same-origin");
    assert_int_equal(origin(), 0);
    for (size_t i = 0; i < COUNT_OF(sites); i++) {
        FIELDS("Host", "127.0.0.1:8080", "Origin", "https://lab.example:19443", "Sec-Fetch-Site",
               sites[i]);
        assert_int_equal(origin(), 403);
    }
    FIELDS("Host", "127.0.0.1:8080", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site",
           "same-origin");
    assert_int_equal(origin(), 403);
}

TEST(lets_pages_of_an_allowed_origin_change_things)
{
    static const char *const others[] = {"http://lab.example:8443", "https://lab.example",
                                         "https://x.lab.example:8443", "https://lab.example:8443/"};

    FIELDS("Host", "127.0.0.1:8080", "Origin", "https://Lab.example:8443");
    assert_int_equal(origin(), 0);
    assert_int_equal(sl_guard_origin(&headers, &hosts, true, &problem), 0);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        FIELDS("Host", "127.0.0.1:8080", "Origin", others[i]);
        assert_int_equal(origin(), 403);
    }
    FIELDS("Host", "127.0.0.1:8080", "Origin", "https://lab.example:8443", "Sec-Fetch-Site",
           "cross-site");
    assert_int_equal(origin(), 403);
}

TEST(says_what_would_let_a_page_behind_a_proxy_in)
{
    FIELDS("Host", "127.0.0.1:8080", "Origin", "http://lab.example:18081");
    assert_int_equal(origin(), 403);
    assert_string_equal(problem.param, "Origin");
    assert_non_null(strstr(problem.detail, "http://lab.example:18081"));
    assert_non_null(strstr(problem.detail, "http://127.0.0.1:8080"));
    assert_non_null(strstr(problem.allowed, "pass Host on"));
    assert_non_null(strstr(problem.allowed, "--allow-origin http://lab.example:18081"));
    FIELDS("Host", "127.0.0.1:8080", "Origin", "null");
    assert_int_equal(origin(), 403);
    assert_non_null(strstr(problem.allowed, "--allow-origin ORIGIN"));
}

TEST(compares_origins_and_not_texts)
{
    FIELDS("Host", "localhost:443", "Origin", "https://localhost");
    assert_int_equal(origin(), 0);
    FIELDS("Host", "localhost:80", "Origin", "http://localhost");
    assert_int_equal(origin(), 0);
    FIELDS("Host", "localhost:443", "Origin", "http://localhost");
    assert_int_equal(origin(), 403);
}

static unsigned site(const char *from, const char *mode)
{
    FIELDS("Host", "localhost:8080", "Sec-Fetch-Site", from, "Sec-Fetch-Mode", mode);
    return sl_guard_site(&headers, &problem);
}

TEST(lets_other_pages_only_link_here)
{
    FIELDS("Host", "localhost:8080");
    assert_int_equal(sl_guard_site(&headers, &problem), 0);
    assert_int_equal(site("same-origin", "cors"), 0);
    assert_int_equal(site("none", "navigate"), 0);
    assert_int_equal(site("cross-site", "navigate"), 0);
    assert_int_equal(site("cross-site", "no-cors"), 403);
    assert_int_equal(site("same-site", "cors"), 403);
    FIELDS("Host", "localhost:8080", "Sec-Fetch-Site", "cross-site");
    assert_int_equal(sl_guard_site(&headers, &problem), 403);
}

TEST(wants_a_page_from_tls_over_tls)
{
    FIELDS("Host", "localhost:8443", "Origin", "https://localhost:8443");
    assert_int_equal(sl_guard_origin(&headers, &hosts, true, &problem), 0);
    assert_int_equal(sl_guard_origin(&headers, &hosts, false, &problem), 0);
    FIELDS("Host", "localhost:8443", "Origin", "http://localhost:8443");
    assert_int_equal(sl_guard_origin(&headers, &hosts, true, &problem), 403);
}

static unsigned content_type(const char *type)
{
    FIELDS("Content-Type", type);
    return sl_guard_content_type(&headers, &problem);
}

TEST(body_must_be_json)
{
    assert_int_equal(content_type("application/json"), 0);
    assert_int_equal(content_type("Application/JSON; charset=utf-8"), 0);
    assert_int_equal(content_type("text/plain"), 415);
    assert_int_equal(content_type("text/plain, application/json"), 415);
    assert_int_equal(content_type("text/plain; application/json"), 415);
    assert_int_equal(content_type("application/x-www-form-urlencoded"), 415);
    assert_int_equal(content_type("multipart/form-data; boundary=x"), 415);
    assert_int_equal(content_type("application/jsonx"), 415);
    assert_int_equal(content_type(""), 415);
    FIELDS("Accept", "application/json");
    assert_int_equal(sl_guard_content_type(&headers, &problem), 415);
}

TEST(body_must_be_announced)
{
    FIELDS("Content-Length", "0");
    assert_int_equal(sl_guard_has_body(&headers, &problem), 0);
    FIELDS("Transfer-Encoding", "chunked");
    assert_int_equal(sl_guard_has_body(&headers, &problem), 0);
    FIELDS("Host", "localhost");
    assert_int_equal(sl_guard_has_body(&headers, &problem), 411);
}

TEST(tells_the_body_size)
{
    FIELDS("Content-Length", "123");
    assert_int_equal(sl_guard_body(&headers).length, 123);
    assert_false(sl_guard_body(&headers).chunked);
    FIELDS("Transfer-Encoding", "chunked");
    assert_true(sl_guard_body(&headers).chunked);
}
