/* What the server serves: which function answers which method on which path. */
#ifndef SOCKLENS_ROUTE_H
#define SOCKLENS_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/answer.h"
#include "socklens/query.h"

struct sl_due_look;
struct sl_request;

/* What a step function leaves behind. */
enum sl_step {
    SL_STEP_ANSWER, /* the answer is filled */
    SL_STEP_YIELD,  /* call again as soon as other requests had their turn */
    SL_STEP_WAIT,   /* call again when the request's waiter is due */
};

struct sl_route {
    const char *method;            /* "GET" also answers HEAD */
    const char *path;              /* "{name}" stands for one name, other braces for one number */
    const struct sl_param *params; /* the parameters it takes; NULL: none */
    size_t body_max;               /* bytes; 0: no body. With one, application/json is demanded */
    const char *type; /* the one media type of its answers; NULL: none, its step sees to it, or it
                         is for programs that may say nonsense in Accept */
    bool open; /* for everyone, also without the token: health checks, and the page that asks for it
                */
    enum sl_step (*step)(struct sl_request *request, struct sl_answer *answer);
};

/* An address that is none of the routes but is often tried, and where it leads. */
struct sl_redirect {
    const char *from, *to; /* `to` is relative, so that it works under a path of a proxy */
};

/* What it serves. All of it must outlive the server. */
struct sl_httpd_owner {
    void *context; /* sl_httpd_context; the hooks get it too */
    const struct sl_route *routes;
    size_t route_count;
    const struct sl_redirect *redirects;
    size_t redirect_count;
    /* See struct sl_waiter_hooks. */
    int wake_fd;
    unsigned (*due)(void *context, struct sl_due_look *look, int64_t now_ns);
    int64_t (*sweep)(void *context, int64_t now_ns);
};

#endif
