/* Endpoints as a person writes them. Every error names what was written and what would be right. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "socklens/address.h"

#define FORMS "HOST:PORT, :PORT, PORT, [IPV6]:PORT or unix:PATH"

/* Long texts are shown cut: the error is one line. */
#define SHOWN "'%.120s'"

static int parse_port(const char *text, uint16_t *port, struct sl_error *error)
{
    unsigned value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value <= UINT16_MAX; at++)
        value = value * 10 + (unsigned)(*at - '0');
    if (*at || at == text || value > UINT16_MAX)
        return sl_error_set(error, -EINVAL, SHOWN " is not a port: give a number from 0 to 65535",
                            text);
    *port = (uint16_t)value;
    return 0;
}

static int parse_unix(const char *path, struct sl_endpoint *endpoint, struct sl_error *error)
{
    size_t length = strlen(path);
    if (length == 0)
        return sl_error_set(error, -EINVAL, "'unix:' has no path: write unix:/run/socket");
    if (length >= sizeof(endpoint->unix_path))
        return sl_error_set(error, -EINVAL,
                            "the path " SHOWN
                            " has %zu bytes: a Unix socket's path can have "
                            "at most %zu",
                            path, length, sizeof(endpoint->unix_path) - 1);
    memcpy(endpoint->unix_path, path, length + 1);
    return 0;
}

/* `host` is a part of `text`, not terminated. */
static int copy_host(const char *host, size_t length, struct sl_endpoint *endpoint,
                     struct sl_error *error)
{
    if (length >= sizeof(endpoint->host))
        return sl_error_set(error, -EINVAL,
                            "the host '%.40s...' has %zu bytes: a host name can have at most %zu",
                            host, length, sizeof(endpoint->host) - 1);
    memcpy(endpoint->host, host, length);
    endpoint->host[length] = '\0';
    size_t bad = strcspn(endpoint->host, "/[]@ \t\r\n");
    if (endpoint->host[bad])
        return sl_error_set(error, -EINVAL, SHOWN " is not a host name or address: write " FORMS,
                            endpoint->host);
    return 0;
}

/* fe80::1%eth0 too: the part from % on is getaddrinfo's business. */
static bool is_ipv6(const char *host)
{
    char bare[INET6_ADDRSTRLEN];
    size_t length = strcspn(host, "%");
    if (length >= sizeof(bare))
        return false;
    memcpy(bare, host, length);
    bare[length] = '\0';
    struct in6_addr ip;
    return inet_pton(AF_INET6, bare, &ip) == 1;
}

static int parse_bracketed(const char *text, struct sl_endpoint *endpoint, struct sl_error *error)
{
    const char *close = strchr(text, ']');
    if (!close)
        return sl_error_set(error, -EINVAL, SHOWN " has no ']': write [::1]:PORT", text);
    int status = copy_host(text + 1, (size_t)(close - text - 1), endpoint, error);
    if (status < 0)
        return status;
    if (!is_ipv6(endpoint->host))
        return sl_error_set(error, -EINVAL,
                            SHOWN " is not an IPv6 address: only those stand in brackets",
                            endpoint->host);
    if (close[1] != ':')
        return sl_error_set(error, -EINVAL, SHOWN " has no port: write %.*s:PORT", text,
                            (int)(close + 1 - text), text);
    return parse_port(close + 2, &endpoint->port, error);
}

static int parse_host_port(const char *text, struct sl_endpoint *endpoint, struct sl_error *error)
{
    const char *colon = strchr(text, ':');
    /* A number alone is a port: no host is named so. */
    if (!colon && text[strspn(text, "0123456789")] == '\0')
        return parse_port(text, &endpoint->port, error);
    if (!colon)
        return sl_error_set(error, -EINVAL, SHOWN " has no port: write " FORMS, text);
    if (strstr(text, "://"))
        return sl_error_set(error, -EINVAL, SHOWN " is a URL: write " FORMS, text);
    if (strchr(colon + 1, ':'))
        return sl_error_set(error, -EINVAL,
                            SHOWN
                            " has more than one colon: write an IPv6 address in brackets, "
                            "as in [::1]:12000",
                            text);
    int status = copy_host(text, (size_t)(colon - text), endpoint, error);
    return status < 0 ? status : parse_port(colon + 1, &endpoint->port, error);
}

int sl_endpoint_parse(const char *text, struct sl_endpoint *endpoint, struct sl_error *error)
{
    struct sl_endpoint parsed = {0};
    int status;
    if (!*text)
        status = sl_error_set(error, -EINVAL, "an empty address: write " FORMS);
    else if (strncmp(text, "unix:", 5) == 0)
        status = parse_unix(text + 5, &parsed, error);
    else if (text[0] == '[')
        status = parse_bracketed(text, &parsed, error);
    else
        status = parse_host_port(text, &parsed, error);
    if (status == 0)
        *endpoint = parsed;
    return status;
}

static int resolve_failure(int code, const char *host, struct sl_error *error)
{
    if (code == EAI_SYSTEM) {
        int saved = errno ? errno : EIO;
        return sl_error_set(error, -saved, "cannot resolve " SHOWN ": %s", host, strerror(saved));
    }
    return sl_error_set(error, code == EAI_MEMORY ? -ENOMEM : -ENOENT,
                        "cannot resolve " SHOWN ": %s", host, gai_strerror(code));
}

static size_t collect(const struct addrinfo *list, struct sl_address *addresses, size_t capacity)
{
    size_t count = 0;
    for (; list && count < capacity; list = list->ai_next) {
        struct sl_address address = sl_address_from_sockaddr(list->ai_addr, list->ai_addrlen);
        bool known = address.family == AF_UNSPEC;
        for (size_t i = 0; i < count && !known; i++)
            known = sl_address_equal(&addresses[i], &address);
        if (!known)
            addresses[count++] = address;
    }
    return count;
}

int sl_endpoint_resolve(const char *host, uint16_t port, int socktype, struct sl_address *addresses,
                        size_t capacity, struct sl_error *error)
{
    if (!*host)
        return sl_error_set(error, -EINVAL, "no host was given: write a name or an address");
    if (strcmp(host, "*") == 0)
        return sl_error_set(error, -EINVAL, "'*' is every address: only a server's can be that");
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = socktype, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(host, service, &hints, &list);
    if (code != 0)
        return resolve_failure(code, host, error);
    size_t count = collect(list, addresses, capacity);
    freeaddrinfo(list);
    if (count == 0)
        return sl_error_set(error, -ENOENT, "cannot resolve " SHOWN ": no IPv4 or IPv6 address",
                            host);
    return (int)count;
}
