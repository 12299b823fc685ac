/* A request's header fields as they came, in order. */
#ifndef SOCKLENS_HTTP_HEADER_H
#define SOCKLENS_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#define SL_HEADERS_MAX 64

struct sl_header {
    const char *name, *value;     /* NUL-terminated; borrowed for as long as the request lives */
    size_t name_size, value_size; /* as received: more than strlen where a NUL came within */
};

struct sl_headers {
    struct sl_header items[SL_HEADERS_MAX];
    size_t count;
    bool overflow; /* there were more */
};

/* The first with that name (any case), or NULL. */
const char *sl_headers_get(const struct sl_headers *headers, const char *name);
size_t sl_headers_count(const struct sl_headers *headers, const char *name);

/* True where a comma-separated list (RFC 9110 section 5.6.1) has `token`, without its parameters,
 * in any case. With "q=0" it does not count. `list` may be NULL. */
bool sl_list_has(const char *list, const char *token);

#endif
