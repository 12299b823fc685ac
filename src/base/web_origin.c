/* Parses a web origin: scheme, host and port as a browser writes them into Origin (RFC 6454
 * section 6.2). */
#include "socklens/web_origin.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX   255
#define PORT_CHARS 5

static bool skip_scheme(const char **text, const char *scheme)
{
    size_t size = strlen(scheme);

    if (strncasecmp(*text, scheme, size) != 0)
        return false;
    *text += size;
    return true;
}

static size_t host_size(const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t size;

    if (*text != '[')
        return strspn(text, name);
    size = strspn(text + 1, "0123456789abcdefABCDEF:.");
    return size > 0 && text[1 + size] == ']' ? size + 2 : 0;
}

static bool read_port(const char *text, unsigned *port)
{
    size_t size = strlen(text);

    if (size == 0)
        return true;
    if (*text != ':' || size < 2 || size > 1 + PORT_CHARS ||
        strspn(text + 1, "0123456789") != size - 1)
        return false;
    *port = (unsigned)strtoul(text + 1, NULL, 10);
    return *port > 0 && *port <= UINT16_MAX;
}

bool sl_web_origin_parse(const char *text, struct sl_web_origin *origin)
{
    bool https = skip_scheme(&text, "https://");
    unsigned own_port = https ? 443 : 80, port = own_port;
    size_t size;
    int length;

    if (!https && !skip_scheme(&text, "http://"))
        return false;
    size = host_size(text);
    if (size == 0 || size > HOST_MAX || !read_port(text + size, &port))
        return false;
    length = snprintf(origin->text, sizeof(origin->text), "http%s://%.*s", https ? "s" : "",
                      (int)size, text);
    if (port != own_port)
        snprintf(origin->text + length, sizeof(origin->text) - (size_t)length, ":%u", port);
    for (char *c = origin->text; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    }
    return true;
}
