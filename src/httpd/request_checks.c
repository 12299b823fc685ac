/* The way of a request from its head to its answer, but for libmicrohttpd. */
#include "httpd/request_checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/find_route.h"
#include "httpd/guard.h"
#include "httpd/state.h"

struct sl_request *sl_request_new(struct sl_httpd *httpd, struct sl_http_connection *connection,
                                  const char *method, const char *version)
{
    struct sl_request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    atomic_fetch_add(&httpd->requests, 1);
    request->httpd = httpd;
    request->connection = connection;
    request->method = method;
    request->version = version;
    request->target = connection->target;
    connection->target = NULL;
    request->waiter.fd = -1;
    return request;
}

void sl_request_free(struct sl_request *request)
{
    /* First, so that nothing is watched any more when the state closes its sockets. */
    sl_waiters_remove(&request->httpd->waiters, &request->waiter);
    if (request->guessed)
        sl_guesses_release(&request->httpd->guesses);
    if (request->state)
        request->free_state(request->state);
    sl_headers_deinit(&request->headers);
    sl_query_deinit(&request->query);
    sl_buffer_deinit(&request->body);
    sl_request_hold(request, 0);
    atomic_fetch_sub(&request->httpd->requests, 1);
    free(request->target);
    free(request);
}

static bool changes_something(const struct sl_request *request)
{
    return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

static unsigned refuse_connection(struct sl_request *request)
{
    const struct sl_connections *connections = &request->httpd->connections;

    if (request->connection->over == SL_OVER_ALL)
        return sl_problem_set(&request->refusal, 503, NULL, NULL, "more than %zu connections",
                              connections->max);
    return sl_problem_set(&request->refusal, 503, NULL, NULL,
                          "more than %zu connections from one address",
                          connections->per_address_max);
}

/* Anything but 0 closes the connection. */
static unsigned check_frame(struct sl_request *request, bool sound)
{
    struct sl_guard_request guarded = {
        .method = request->method,
        .version = request->version,
        .target = request->target,
        .headers = &request->headers,
        .local = &request->connection->local,
    };
    struct sl_problem *problem = &request->refusal;

    if (atomic_load(&request->httpd->stopping))
        return sl_problem_set(problem, 503, NULL, NULL, "the gateway is stopping");
    if (request->connection->over)
        return refuse_connection(request);
    if (!sound)
        return sl_problem_set(problem, 400, NULL, "one \"name: value\" on each line, without NUL",
                              "the header fields are malformed");
    return sl_guard_frame(&guarded, &request->httpd->hosts, problem);
}

/* The token is wrong: 401 when its turn comes, or 429. */
static unsigned refuse_guess(struct sl_request *request)
{
    const struct sl_address *peer = &request->connection->peer;
    struct sl_guesses *guesses = &request->httpd->guesses;
    int64_t now_ns = sl_clock_mono_ns(), wait_ns = sl_guesses_take(guesses, peer, now_ns);
    char from[SL_ADDRESS_TEXT_SIZE];

    request->connection->guesses++;
    sl_address_format(peer, from);
    sl_log_warning(request->httpd->log,
                   "http: wrong token from %s, number %" PRIu64 " since the start", from,
                   atomic_load(&guesses->count));
    if (wait_ns < 0)
        return sl_problem_set(&request->refusal, 429, "Authorization", NULL,
                              "too many wrong tokens: about %d a second from one address are "
                              "answered",
                              SL_GUESSES_PER_S);
    if (wait_ns > 0) {
        request->guessed = true;
        request->waiter.deadline_ns = now_ns + wait_ns;
    }
    return request->refusal.status;
}

const struct sl_address *sl_request_peer(const struct sl_request *request)
{
    return &request->connection->peer;
}

/* A token that the server has now must be shown. */
static unsigned demand_token(struct sl_request *request)
{
    struct sl_httpd *httpd = request->httpd;
    struct sl_tokens tokens;

    pthread_mutex_lock(&httpd->token_lock);
    tokens = httpd->tokens;
    pthread_mutex_unlock(&httpd->token_lock);
    return sl_tokens_check(&tokens, &request->headers, changes_something(request),
                           &request->refusal);
}

static unsigned find_route(struct sl_request *request)
{
    char *query = strchr(request->target, '?');

    if (query)
        *query++ = '\0';
    request->path = request->target;
    request->route = sl_route_find(&request->httpd->owner, request->method, request->path,
                                   &request->id, request->allow, &request->refusal);
    if (!request->route)
        return request->refusal.status;
    if (!request->route->open && demand_token(request) != 0)
        return request->refusal.status == 401 && sl_token_shown(&request->headers)
                   ? refuse_guess(request)
                   : request->refusal.status;
    return sl_query_parse(&request->query, query, request->route->params, &request->refusal);
}

static unsigned check_rights(struct sl_request *request)
{
    unsigned status = 0;

    if (changes_something(request))
        status = sl_guard_origin(&request->headers, &request->httpd->hosts,
                                 request->httpd->tls != NULL, &request->refusal);
    else if (!request->route->open)
        status = sl_guard_site(&request->headers, &request->refusal);
    if (!status && request->route->type)
        status = sl_guard_accept(&request->headers, request->route->type, &request->refusal);
    if (!status && request->route->body_max > 0)
        status = sl_guard_has_body(&request->headers, &request->refusal);
    if (!status && request->route->body_max > 0)
        status = sl_guard_content_type(&request->headers, &request->refusal);
    return status;
}

static unsigned refuse_size(struct sl_request *request)
{
    size_t max = request->route ? request->route->body_max : 0;

    if (max == 0)
        return sl_problem_set(&request->refusal, 413, NULL, "no body", "no body allowed");
    return sl_problem_set(&request->refusal, 413, NULL, NULL,
                          "the body must not be larger than %zu bytes", max);
}

/* Behind a body that nobody announced nothing is sure; and a guess that waits for its turn would
 * not wait for it with a large body announced. */
static bool must_close(const struct sl_request *request, uint64_t length)
{
    if (request->guessed)
        return false;
    return request->refusal.status == 411 || request->refusal.status == 429 ||
           length > SL_REQUEST_DISCARD_MAX;
}

enum sl_request_check sl_request_head(struct sl_request *request, bool sound)
{
    struct sl_guard_body body;
    unsigned status = check_frame(request, sound);

    if (status)
        return SL_REQUEST_CLOSE;
    status = find_route(request);
    if (!status)
        status = check_rights(request);
    body = sl_guard_body(&request->headers);
    if (status)
        return must_close(request, body.length) ? SL_REQUEST_CLOSE : SL_REQUEST_GO_ON;
    if (body.length > request->route->body_max) {
        refuse_size(request);
        return SL_REQUEST_CLOSE;
    }
    return SL_REQUEST_GO_ON;
}

bool sl_request_hold(struct sl_request *request, size_t size)
{
    size_t before = request->held_bytes;
    size_t others = atomic_fetch_add(&request->httpd->held_bytes, size - before) - before;

    request->held_bytes = size;
    return size <= SL_REQUEST_HELD_SMALL || others + size <= SL_REQUEST_HELD_MAX;
}

static unsigned set_no_room(struct sl_problem *problem)
{
    return sl_problem_set(problem, 503, NULL, NULL,
                          "the server is busy: memory for large requests is in use");
}

/* Content-Length was checked; a chunked body shows its size only as it comes. */
bool sl_request_body(struct sl_request *request, const char *bytes, size_t size)
{
    request->body_seen += size;
    if (!request->refusal.status && request->body_seen > request->route->body_max) {
        sl_buffer_deinit(&request->body);
        refuse_size(request);
    }
    if (!request->refusal.status && !sl_request_hold(request, request->body.size + size)) {
        sl_buffer_deinit(&request->body);
        sl_request_hold(request, 0);
        set_no_room(&request->refusal);
    }
    if (request->refusal.status)
        return request->body_seen <= SL_REQUEST_DISCARD_MAX;
    return sl_buffer_append(&request->body, bytes, size) == 0;
}

void sl_request_answer_refusal(struct sl_request *request, struct sl_answer *answer)
{
    sl_answer_problem(answer, &request->refusal);
    if (request->refusal.status == 405)
        sl_answer_header(answer, "Allow", "%s", request->allow);
    if (request->refusal.status == 401)
        sl_answer_header(answer, "WWW-Authenticate", "Bearer realm=\"socklens\"");
}

enum sl_step sl_request_no_room(struct sl_answer *answer)
{
    struct sl_problem problem;

    set_no_room(&problem);
    sl_answer_deinit(answer);
    *answer = (struct sl_answer){0};
    sl_answer_problem(answer, &problem);
    return SL_STEP_ANSWER;
}

/* The answer to a guess waits for its turn. */
static bool must_wait(struct sl_request *request)
{
    struct sl_waiters *waiters = &request->httpd->waiters;

    if (!request->guessed)
        return false;
    if (!request->waiter.added)
        sl_waiters_add(waiters, &request->waiter);
    return !(sl_waiters_take(waiters, &request->waiter) & SL_DUE_STOP) &&
           sl_clock_mono_ns() < request->waiter.deadline_ns;
}

enum sl_step sl_request_step(struct sl_request *request, struct sl_answer *answer)
{
    enum sl_step step = SL_STEP_ANSWER;

    if (must_wait(request))
        return SL_STEP_WAIT;
    if (request->refusal.status) {
        sl_request_answer_refusal(request, answer);
        answer->close = request->connection->guesses >= SL_GUESSES_A_CONNECTION;
    } else {
        step = request->route->step(request, answer);
    }
    if (step == SL_STEP_ANSWER && !answer->body_stream &&
        !sl_request_hold(request, request->body.size + answer->body.size))
        return sl_request_no_room(answer);
    return step;
}
