/* Whether the server is alive, and whether it is ready. */
#include "api/state.h"
#include "socklens/api.h"
#include "socklens/clock.h"

#define LOOK_NS (2 * SL_NS_PER_MS) /* between two looks at workers that were woken */

static enum sl_step say_ok(struct sl_answer *answer)
{
    static const char ok[] = "{\"status\":\"ok\"}";

    answer->status = 200;
    answer->content_type = "application/json";
    answer->fixed = ok;
    answer->fixed_size = sizeof(ok) - 1;
    return SL_STEP_ANSWER;
}

/* Alive it is without its log, but who asks should hear of it. */
static void say_log(struct sl_store *store, struct sl_answer *answer)
{
    struct sl_store_stats stats;

    if (!store)
        return;
    sl_store_stats(store, &stats);
    if (stats.state != SL_STORE_RECORDING)
        sl_answer_header(answer, SL_API_LOG_HEADER, "%s: %.150s", sl_store_state_name(stats.state),
                         stats.last_error);
}

/* 500, because 503 is also what a server says whose connections are all taken. */
static enum sl_step say_stuck(struct sl_answer *answer, const char *stuck)
{
    struct sl_problem problem;

    sl_problem_set(&problem, 500, NULL, NULL, "%s is stuck", stuck);
    sl_answer_problem(answer, &problem);
    sl_answer_header(answer, SL_API_STUCK_HEADER, "%s", stuck);
    return SL_STEP_ANSWER;
}

/* Waits for idle workers to have a turn. */
enum sl_step sl_api_healthz(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_waiters *waiters = sl_httpd_waiters(request->httpd);
    struct sl_api *api = sl_api_of(request);
    int64_t now_ns = sl_clock_mono_ns();
    const char *stuck = "";

    switch (api->net ? sl_net_health(api->net, now_ns, &stuck) : SL_NET_HEALTHY) {
    case SL_NET_STUCK:
        return say_stuck(answer, stuck);
    case SL_NET_ASKED:
        if (!request->waiter.added)
            sl_waiters_add(waiters, &request->waiter);
        if (sl_waiters_take(waiters, &request->waiter) & SL_DUE_STOP)
            break;
        request->waiter.deadline_ns = now_ns + LOOK_NS;
        return SL_STEP_WAIT;
    case SL_NET_HEALTHY:
        break;
    }
    say_log(api->store, answer);
    return say_ok(answer);
}

/* Ready is who serves and keeps what it serves: nothing goes wrong for the clients of a server
 * whose disk is full, but who relies on its log should know. */
enum sl_step sl_api_readyz(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_store *store = sl_api_of(request)->store;
    struct sl_store_stats stats = {.state = SL_STORE_RECORDING};
    struct sl_problem problem;

    if (store)
        sl_store_stats(store, &stats);
    if (!sl_httpd_is_ready(request->httpd)) {
        sl_problem_set(&problem, 503, NULL, NULL, "not ready: starting or stopping");
        return sl_request_refuse(answer, &problem);
    }
    if (stats.state == SL_STORE_RECORDING)
        return say_ok(answer);
    sl_problem_set(&problem, 503, NULL, NULL, "messages are served but not kept on disk (%s): %s",
                   sl_store_state_name(stats.state), stats.last_error);
    return sl_request_refuse(answer, &problem);
}
