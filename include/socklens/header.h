/* A request's header fields as they came, in order. */
#ifndef SOCKLENS_HEADER_H
#define SOCKLENS_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#define SL_HEADERS_MAX 64

struct sl_header {
    const char *name, *value; /* NUL-terminated */
    size_t name_size, value_size;
};

struct sl_headers {
    struct sl_header items[SL_HEADERS_MAX];
    size_t count;
    bool overflow; /* there were more */
    char *text;    /* owns names and values after sl_headers_own; before, they are borrowed */
};

/* Leaves the blanks around a value out (RFC 9110 section 5.5). */
void sl_header_trim(struct sl_header *header);

/* Copies names and values, the latter trimmed. 0 or -ENOMEM with nothing changed. */
int sl_headers_own(struct sl_headers *headers);
void sl_headers_deinit(struct sl_headers *headers);

/* The value of the first with that name (any case), or NULL. */
const char *sl_headers_get(const struct sl_headers *headers, const char *name);
size_t sl_headers_count(const struct sl_headers *headers, const char *name);

/* True where a comma-separated list (RFC 9110 section 5.6.1) has `token`, without its parameters,
 * in any case. With "q=0" it does not count. `list` may be NULL. */
bool sl_list_has(const char *list, const char *token);

/* Would who sent these take an answer of this media type? Its parameters do not count. What is not
 * said in Accept, or only in words that nobody understands, is no wish (RFC 9110 section 12.5.1).
 */
bool sl_headers_accept(const struct sl_headers *headers, const char *type);

#endif
