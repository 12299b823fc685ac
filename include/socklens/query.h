/* The part of a request's target behind "?" (application/x-www-form-urlencoded). */
#ifndef SOCKLENS_QUERY_H
#define SOCKLENS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/problem.h"

#define SL_QUERY_PARAMS_MAX 64

struct sl_query_param {
    const char *name, *value; /* decoded, NUL-terminated, valid UTF-8 without NUL */
};

struct sl_query {
    char *text; /* owns the decoded names and values */
    struct sl_query_param params[SL_QUERY_PARAMS_MAX];
    size_t count;
};

/* Decodes `text` (NULL or "": no parameters). `names` (ends with NULL) are the parameters there
 * are; one that ends with a comma ("service,") takes a list, whose parts stand between commas, in
 * several parameters of that name, or both. Others, one without list given twice, broken
 * percent-encoding, NUL and bytes that are not UTF-8 are refused by name. 0, or the HTTP status
 * with `problem` set; deinit in any case. */
unsigned sl_query_parse(struct sl_query *query, const char *text, const char *const *names,
                        struct sl_problem *problem);
void sl_query_deinit(struct sl_query *query);

/* NULL where it was not given. Of a list it is the first parameter alone. */
const char *sl_query_get(const struct sl_query *query, const char *name);

/* The parts of a list in their order: call with *at 0 at first until it is false. `part` is not
 * terminated; `size` 0 is an empty part. */
struct sl_query_list {
    size_t param;
    const char *rest; /* NULL: at the beginning of a parameter */
};
bool sl_query_part(const struct sl_query *query, const char *name, struct sl_query_list *at,
                   const char **part, size_t *size);

/* The parameter as a number of `min` to `max`: 0 with *value set, or left alone where it was not
 * given; else 400. */
unsigned sl_query_uint(const struct sl_query *query, const char *name, uint64_t min, uint64_t max,
                       uint64_t *value, struct sl_problem *problem);

/* The same for bytes, with units as in sl_size_parse. */
unsigned sl_query_size(const struct sl_query *query, const char *name, uint64_t *value,
                       struct sl_problem *problem);

#endif
