/* What a request is answered with, before it becomes a response of libmicrohttpd. */
#ifndef SOCKLENS_ANSWER_H
#define SOCKLENS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "socklens/buffer.h"
#include "socklens/problem.h"

#define SL_ANSWER_HEADERS_MAX 4

struct sl_body_stream;

struct sl_answer {
    unsigned status;
    const char *content_type; /* NULL where there is no body */
    struct sl_buffer body;    /* owned */
    const void *fixed;        /* instead of `body`: constant bytes of the program */
    size_t fixed_size;
    struct sl_body_stream *body_stream; /* instead of both: made while it is sent; owned */
    bool cacheable;                     /* "no-cache" (ask again by ETag) instead of "no-store" */
    bool close;                         /* end the connection behind it */
    struct sl_answer_header {
        const char *name;
        char value[200];
    } headers[SL_ANSWER_HEADERS_MAX];
    size_t header_count;
};

/* Frees what it owns, except a body stream. */
void sl_answer_deinit(struct sl_answer *answer);

/* Adds a header; `value` must be ours or checked: it is sent as it is. */
__attribute__((format(printf, 3, 4))) void
sl_answer_header(struct sl_answer *answer, const char *name, const char *format, ...);

/* A JSON document that stands in `answer->body`; `failed` as sl_json says. */
void sl_answer_json(struct sl_answer *answer, bool failed);

/* problem+json; replaces whatever body there is. */
void sl_answer_problem(struct sl_answer *answer, const struct sl_problem *problem);

#endif
