/* Which function answers which method on which path. */
#ifndef SOCKLENS_ROUTE_H
#define SOCKLENS_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/answer.h"
#include "socklens/query.h"

struct sl_request;

/* What a step function leaves behind. */
enum sl_step {
    SL_STEP_ANSWER, /* the answer is filled */
    SL_STEP_YIELD,  /* call again as soon as other requests had their turn */
    SL_STEP_WAIT,   /* call again when the request's waiter is due */
};

struct sl_route {
    const char *method;            /* "GET" also answers HEAD */
    const char *path;              /* "{id}" stands for one number */
    const struct sl_param *params; /* the parameters it takes; NULL: none */
    size_t body_max;               /* bytes; 0: no body. With one, application/json is demanded */
    const char *type; /* the one media type of its answers; NULL: none, its step sees to it, or it
                         is for programs that may say nonsense in Accept */
    bool open; /* for everyone, also without the token: health checks, and the page that asks for it
                */
    enum sl_step (*step)(struct sl_request *request, struct sl_answer *answer);
};

struct sl_httpd_owner;

/* Finds the owner's row, or one for the dashboard's files and for redirects. NULL with 404 or 405
 * in `problem`, and then with 405 `allow` filled for the Allow header; 400 where a number in the
 * path is none. `id` gets the path's number. */
const struct sl_route *sl_route_find(const struct sl_httpd_owner *owner, const char *method,
                                     const char *path, uint64_t *id, char allow[64],
                                     struct sl_problem *problem);

#endif
