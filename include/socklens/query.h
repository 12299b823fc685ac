/* The part of a request's target behind "?" (application/x-www-form-urlencoded), and the parameters
 * that a route declares. */
#ifndef SOCKLENS_QUERY_H
#define SOCKLENS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/problem.h"

#define SL_QUERY_PARAMS_MAX 64

/* What a value is, and the type of the member that it becomes. */
enum sl_param_kind {
    SL_PARAM_TEXT,     /* const char *, as long as the query is there */
    SL_PARAM_HEX,      /* the same: `min` to `max` hexadecimal digits, in small letters */
    SL_PARAM_UINT,     /* uint64_t, `min` to `max` */
    SL_PARAM_DURATION, /* int64_t in nanoseconds, at most `max` seconds */
    SL_PARAM_WORD,     /* unsigned: the index of one of `words` */
    SL_PARAM_WORDS,    /* unsigned: bits 1 << index, several with commas between */
    SL_PARAM_OTHER,    /* what `read` makes of it */
};

/* One parameter of a route. */
struct sl_param {
    const char *name; /* NULL ends the array */
    enum sl_param_kind kind;
    size_t offset;        /* of its member in the struct that is filled */
    bool list;            /* it may be given several times */
    bool required;        /* it must be given */
    const char *fallback; /* is read where it is not given; NULL: its member stays as it is */
    uint64_t min, max;
    const char *words; /* "open, closed, all" */
    const char *what;  /* that there is none of, if another word does not do; NULL: its name */
    const char *wrong; /* the sentence if it is wrong or missing; NULL: one made from the others */
    const char *allowed; /* what would do; NULL: likewise */
    unsigned (*read)(const struct sl_param *param, const char *value, void *member,
                     struct sl_problem *problem); /* 0 or a status */
};

struct sl_query {
    char *text; /* owns the decoded values */
    const struct sl_param *declared;
    struct {
        const struct sl_param *declared;
        const char *value; /* decoded, NUL-terminated, valid UTF-8 without NUL */
    } params[SL_QUERY_PARAMS_MAX];
    size_t count;
};

/* Decodes `text` (NULL or "": no parameters). Refused by name are parameters that are not
 * `declared` (NULL: none), one that is no list and given twice, broken percent-encoding, NUL and
 * bytes that are not UTF-8. 0, or the HTTP status with `problem` set; deinit in any case. */
unsigned sl_query_parse(struct sl_query *query, const char *text, const struct sl_param *declared,
                        struct sl_problem *problem);
void sl_query_deinit(struct sl_query *query);

/* Reads all parameters into the struct that their declarations are of. 0, or the HTTP status with
 * `problem` set, and then some of them are read. */
unsigned sl_query_read(const struct sl_query *query, void *into, struct sl_problem *problem);

#endif
