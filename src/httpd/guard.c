/* The rules of RFC 9112 and of Fetch Metadata by which a request is let in: see guard.h. */
#include "httpd/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "socklens/query.h"
#include "socklens/web_origin.h"

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *text)
{
    static const char symbols[] = "!#$%&'*+-.^_`|~";

    if (!*text)
        return false;
    for (; *text; text++) {
        bool letter = (*text | 0x20) >= 'a' && (*text | 0x20) <= 'z';
        bool digit = *text >= '0' && *text <= '9';

        if (!letter && !digit && !strchr(symbols, *text))
            return false;
    }
    return true;
}

/* Visible characters, blanks, tabs and bytes over 0x7f (RFC 9110 section 5.5). */
static bool is_field_value(const struct sl_header *header)
{
    for (size_t i = 0; i < header->value_size; i++) {
        unsigned char c = (unsigned char)header->value[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static unsigned check_fields(const struct sl_headers *headers, struct sl_problem *problem)
{
    if (headers->overflow)
        return sl_problem_set(problem, 431, NULL, "64", "too many header fields");
    for (size_t i = 0; i < headers->count; i++) {
        const struct sl_header *header = &headers->items[i];

        if (strlen(header->name) != header->name_size || !is_token(header->name))
            return sl_problem_set(problem, 400, NULL, NULL, "a header field's name is malformed");
        if (!is_field_value(header))
            return sl_problem_set(problem, 400, NULL, NULL,
                                  "the header field %s has a control character",
                                  sl_quote(header->name).text);
    }
    return 0;
}

static unsigned check_target(const char *target, struct sl_problem *problem)
{
    if (*target != '/')
        return sl_problem_set(problem, 400, NULL, "a path that begins with /",
                              "the request target must be a path");
    for (; *target; target++) {
        if ((unsigned char)*target <= 0x20 || (unsigned char)*target >= 0x7f)
            return sl_problem_set(problem, 400, NULL, "visible ASCII, the rest percent-encoded",
                                  "the request target has a character that must be encoded");
    }
    return 0;
}

static unsigned check_host(const struct sl_guard_request *request, const struct sl_hosts *hosts,
                           struct sl_problem *problem)
{
    size_t count = sl_headers_count(request->headers, "Host");
    const char *host = sl_headers_get(request->headers, "Host");

    if (count > 1)
        return sl_problem_set(problem, 400, "Host", "one", "more than one Host header");
    if (count == 0 && strcmp(request->version, "HTTP/1.0") == 0)
        return 0; /* no browser, so no page of a stranger */
    if (count == 0)
        return sl_problem_set(problem, 400, "Host", "one", "no Host header");
    if (!sl_hosts_allow(hosts, host, request->local))
        return sl_problem_set(problem, 421, "Host",
                              "an address listened on, localhost, or a name given by --allow-host",
                              "\"%s\" is not a name of this server", sl_quote(host).text);
    return 0;
}

static unsigned check_length(const struct sl_headers *headers, struct sl_problem *problem)
{
    size_t lengths = sl_headers_count(headers, "Content-Length");
    size_t codings = sl_headers_count(headers, "Transfer-Encoding");
    const char *length = sl_headers_get(headers, "Content-Length");
    uint64_t number;

    if (lengths > 1)
        return sl_problem_set(problem, 400, "Content-Length", "one",
                              "more than one Content-Length header");
    if (length && !sl_parse_uint(length, &number))
        return *length && strspn(length, "0123456789") == strlen(length)
                   ? sl_problem_set(problem, 413, "Content-Length", NULL,
                                    "Content-Length is too large")
                   : sl_problem_set(problem, 400, "Content-Length", "a number",
                                    "Content-Length is not a number");
    if (codings > 0 && lengths > 0)
        return sl_problem_set(problem, 400, "Transfer-Encoding", NULL,
                              "Transfer-Encoding next to Content-Length");
    if (codings > 1 ||
        (codings && strcasecmp(sl_headers_get(headers, "Transfer-Encoding"), "chunked") != 0))
        return sl_problem_set(problem, 400, "Transfer-Encoding", "chunked",
                              "the only transfer coding here is chunked");
    return 0;
}

static unsigned check_version(const struct sl_guard_request *request, struct sl_problem *problem)
{
    if (strcmp(request->version, "HTTP/1.1") == 0)
        return 0;
    if (strcmp(request->version, "HTTP/1.0") == 0 &&
        !sl_headers_get(request->headers, "Transfer-Encoding"))
        return 0;
    return sl_problem_set(problem, 400, NULL, "HTTP/1.1 or HTTP/1.0", "not a version of HTTP/1");
}

unsigned sl_guard_frame(const struct sl_guard_request *request, const struct sl_hosts *hosts,
                        struct sl_problem *problem)
{
    unsigned status = check_version(request, problem);

    if (!status)
        status = check_fields(request->headers, problem);
    if (!status)
        status = check_target(request->target, problem);
    if (!status)
        status = check_length(request->headers, problem);
    if (!status)
        status = check_host(request, hosts, problem);
    return status;
}

static bool is_own_site(const char *site)
{
    return !site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

unsigned sl_guard_site(const struct sl_headers *headers, struct sl_problem *problem)
{
    const char *mode = sl_headers_get(headers, "Sec-Fetch-Mode");

    if (is_own_site(sl_headers_get(headers, "Sec-Fetch-Site")) ||
        (mode && strcmp(mode, "navigate") == 0))
        return 0;
    return sl_problem_set(problem, 403, "Sec-Fetch-Site", "same-origin or none",
                          "cross-site request refused");
}

static bool is_origin_under(const char *scheme, const char *host, const char *origin)
{
    char own[SL_WEB_ORIGIN_SIZE + 16];
    struct sl_web_origin parsed;

    return snprintf(own, sizeof(own), "%s://%s", scheme, host) < (int)sizeof(own) &&
           sl_web_origin_parse(own, &parsed) && strcmp(parsed.text, origin) == 0;
}

/* Plain HTTP may come from a proxy that speaks TLS with the browser. The other way round the page
 * would be one that anybody on the way could have changed. */
static bool is_own_origin(const struct sl_headers *headers, bool tls, const char *origin)
{
    const char *host = sl_headers_get(headers, "Host");

    return host && (is_origin_under("https", host, origin) ||
                    (!tls && is_origin_under("http", host, origin)));
}

static unsigned refuse_origin(const struct sl_headers *headers, bool tls, const char *origin,
                              const struct sl_web_origin *parsed, struct sl_problem *problem)
{
    const char *host = sl_headers_get(headers, "Host");
    char own[96] = "the address that Host names", allowed[sizeof(problem->allowed)];

    if (host)
        snprintf(own, sizeof(own), "%s://%s", tls ? "https" : "http", sl_quote(host).text);
    snprintf(allowed, sizeof(allowed),
             "a page of %s; where that is this gateway seen through a proxy: have the proxy pass "
             "Host on, or start socklens with --allow-origin %.240s",
             own, *parsed->text ? parsed->text : "ORIGIN");
    return sl_problem_set(problem, 403, "Origin", allowed,
                          "a page of %s must not do this: to socklens its own address is %s",
                          sl_quote(origin).text, own);
}

/* `same-origin` is the browser's own word on the address that it asked, which a proxy may have
 * replaced in Host. A page can neither write the field nor win it by DNS rebinding, not even where
 * the proxy hides the name it was asked by: browsers send the field only to https, where the
 * certificate stands for the name, and to loopback addresses (Fetch Metadata Request Headers,
 * section 2). Over plain HTTP to anything else there is only Origin to go by. */
unsigned sl_guard_origin(const struct sl_headers *headers, const struct sl_hosts *hosts, bool tls,
                         struct sl_problem *problem)
{
    const char *site = sl_headers_get(headers, "Sec-Fetch-Site");
    const char *origin = sl_headers_get(headers, "Origin");
    struct sl_web_origin parsed = {0};

    if (sl_headers_count(headers, "Sec-Fetch-Site") > 1 || sl_headers_count(headers, "Origin") > 1)
        return sl_problem_set(problem, 403, "Origin", "one", "the Origin header is given twice");
    if (!is_own_site(site))
        return sl_problem_set(problem, 403, "Sec-Fetch-Site", "same-origin or none",
                              "cross-site request refused");
    if (!origin || (site && strcmp(site, "same-origin") == 0))
        return 0;
    if (sl_web_origin_parse(origin, &parsed) &&
        (is_own_origin(headers, tls, parsed.text) || sl_hosts_allow_origin(hosts, parsed.text)))
        return 0;
    return refuse_origin(headers, tls, origin, &parsed, problem);
}

unsigned sl_guard_accept(const struct sl_headers *headers, const char *type,
                         struct sl_problem *problem)
{
    if (sl_headers_accept(headers, type))
        return 0;
    return sl_problem_set(problem, 406, "Accept", type, "cannot produce the requested media type");
}

unsigned sl_guard_has_body(const struct sl_headers *headers, struct sl_problem *problem)
{
    if (sl_headers_get(headers, "Content-Length") || sl_headers_get(headers, "Transfer-Encoding"))
        return 0;
    return sl_problem_set(problem, 411, "Content-Length", "the body's size, or chunked",
                          "a body is required: Content-Length or chunked");
}

unsigned sl_guard_content_type(const struct sl_headers *headers, struct sl_problem *problem)
{
    const char *type = sl_headers_get(headers, "Content-Type");

    if (type && sl_headers_count(headers, "Content-Type") == 1 && !strchr(type, ',') &&
        sl_list_has(type, "application/json"))
        return 0;
    return sl_problem_set(problem, 415, "Content-Type", "application/json",
                          "the body must be application/json");
}

struct sl_guard_body sl_guard_body(const struct sl_headers *headers)
{
    const char *length = sl_headers_get(headers, "Content-Length");
    struct sl_guard_body body = {.chunked = sl_headers_get(headers, "Transfer-Encoding") != NULL};

    if (length)
        sl_parse_uint(length, &body.length);
    return body;
}
