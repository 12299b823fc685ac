/* One request on its way through the room. It lives from its complete head to the end of its
 * answer, on the HTTP thread. */
#ifndef SOCKLENS_REQUEST_H
#define SOCKLENS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/header.h"
#include "socklens/query.h"
#include "socklens/route.h"
#include "socklens/waiters.h"

struct sl_httpd;
struct sl_http_connection;

struct sl_request {
    struct sl_httpd *httpd;
    struct sl_http_connection *connection;
    const char *method, *version;
    char *target;     /* owned: path, NUL, query */
    const char *path; /* within target */
    struct sl_query query;
    struct sl_headers headers;
    const struct sl_route *route; /* NULL where `refusal` says why */
    uint64_t id;                  /* the number in the path */
    struct sl_buffer body;
    uint64_t body_seen;        /* bytes that came, also those that were thrown away */
    struct sl_problem refusal; /* status 0: none */
    char allow[64];            /* for the Allow header with 405 */
    bool guessed;              /* it holds a place in httpd->guesses until its turn */
    size_t held_bytes;         /* counted in httpd->held_bytes */
    struct sl_waiter waiter;
    void *state; /* what its step function keeps between calls; NULL at first */
    void (*free_state)(void *state);
};

/* Who asks. */
const struct sl_address *sl_request_peer(const struct sl_request *request);

/* The request and its answer hold `size` bytes by now, until its end. False where that is too much.
 */
bool sl_request_hold(struct sl_request *request, size_t size);

/* Answers that there is no room for the answer. */
enum sl_step sl_request_no_room(struct sl_answer *answer);

/* Answers with the problem. */
static inline enum sl_step sl_request_refuse(struct sl_answer *answer,
                                             const struct sl_problem *problem)
{
    sl_answer_problem(answer, problem);
    return SL_STEP_ANSWER;
}

#endif
