/* Header fields and their lists (RFC 9110 section 5). */
#include "socklens/header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *copy(char **to, const char *text, size_t size)
{
    char *begin = *to;

    memcpy(begin, text, size);
    begin[size] = '\0';
    *to += size + 1;
    return begin;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void sl_header_trim(struct sl_header *header)
{
    while (header->value_size > 0 && is_blank(*header->value)) {
        header->value++;
        header->value_size--;
    }
    while (header->value_size > 0 && is_blank(header->value[header->value_size - 1]))
        header->value_size--;
}

int sl_headers_own(struct sl_headers *headers)
{
    size_t size = 1;
    char *to;

    for (size_t i = 0; i < headers->count; i++)
        size += headers->items[i].name_size + headers->items[i].value_size + 2;
    to = headers->text = malloc(size);
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < headers->count; i++) {
        struct sl_header *header = &headers->items[i];

        sl_header_trim(header);
        header->name = copy(&to, header->name, header->name_size);
        header->value = copy(&to, header->value, header->value_size);
    }
    return 0;
}

void sl_headers_deinit(struct sl_headers *headers)
{
    free(headers->text);
    headers->text = NULL;
    headers->count = 0;
}

const char *sl_headers_get(const struct sl_headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].name, name) == 0)
            return headers->items[i].value;
    }
    return NULL;
}

size_t sl_headers_count(const struct sl_headers *headers, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < headers->count; i++)
        count += strcasecmp(headers->items[i].name, name) == 0;
    return count;
}

/* "q=0", "q=0.0", "q=0.000": not acceptable (RFC 9110 section 12.4.2). */
static bool is_zero_weight(const char *parameter, size_t size)
{
    size_t at = 3;

    if (size < at || strncasecmp(parameter, "q=0", at) != 0)
        return false;
    while (at < size && (parameter[at] == '.' || parameter[at] == '0'))
        at++;
    return at == size || is_blank(parameter[at]);
}

/* `parameters` begin with what separates them from what they belong to. */
static bool is_refused(const char *parameters, size_t size)
{
    const char *at = parameters, *end = parameters + size;

    while (at < end) {
        const char *next;

        while (at < end && (*at == ';' || is_blank(*at)))
            at++;
        next = memchr(at, ';', (size_t)(end - at));
        if (is_zero_weight(at, (size_t)((next ? next : end) - at)))
            return true;
        at = next ? next : end;
    }
    return false;
}

static bool item_is(const char *item, size_t size, const char *token)
{
    size_t length = strlen(token);
    size_t name = strcspn(item, "; \t,");

    return name == length && strncasecmp(item, token, length) == 0 &&
           !is_refused(item + name, size - name);
}

bool sl_list_has(const char *list, const char *token)
{
    while (list && *list) {
        size_t size;

        list += strspn(list, " \t,");
        size = strcspn(list, ",");
        if (size && item_is(list, size, token))
            return true;
        list += size;
    }
    return false;
}

/* --- media ranges --- */

enum closeness { ELSEWHERE, ANY_TYPE, ANY_SUBTYPE, EXACT };

static enum closeness compare_range(const char *range, const char *type)
{
    size_t size = strcspn(range, "; \t,"), type_size = strcspn(type, "; \t");
    size_t main_size = strcspn(type, "/") + 1;

    if (size == 3 && memcmp(range, "*/*", 3) == 0)
        return ANY_TYPE;
    if (size == type_size && strncasecmp(range, type, size) == 0)
        return EXACT;
    if (size == main_size + 1 && range[main_size] == '*' &&
        strncasecmp(range, type, main_size) == 0)
        return ANY_SUBTYPE;
    return ELSEWHERE;
}

/* What one Accept field says of a type; of ranges the closest counts. */
struct wish {
    enum closeness closeness;
    bool any, refused;
};

static void read_wish(struct wish *wish, const char *accept, const char *type)
{
    while (*accept) {
        size_t size;

        accept += strspn(accept, " \t,");
        size = strcspn(accept, ",");
        if (memchr(accept, '/', size)) {
            enum closeness closeness = compare_range(accept, type);
            size_t name = strcspn(accept, "; \t,");

            wish->any = true;
            if (closeness > wish->closeness) {
                wish->closeness = closeness;
                wish->refused = is_refused(accept + name, size - name);
            }
        }
        accept += size;
    }
}

bool sl_headers_accept(const struct sl_headers *headers, const char *type)
{
    struct wish wish = {0};

    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].name, "Accept") == 0)
            read_wish(&wish, headers->items[i].value, type);
    }
    return !wish.any || (wish.closeness != ELSEWHERE && !wish.refused);
}
