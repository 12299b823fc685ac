#include "http/api.h"
#include "http/asset.h"
#include "http/status_json.h"

enum sl_step sl_api_status(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_status_json(&json, request->http);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

static enum sl_step say_ok(struct sl_answer *answer)
{
    static const char ok[] = "{\"status\":\"ok\"}";

    answer->status = 200;
    answer->content_type = "application/json";
    answer->fixed = ok;
    answer->fixed_size = sizeof(ok) - 1;
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_healthz(struct sl_request *request, struct sl_answer *answer)
{
    (void)request;
    return say_ok(answer);
}

/* Ready is who serves and keeps what it serves: nothing goes wrong for the clients of a gateway
 * whose disk is full, but who relies on its log should know. */
enum sl_step sl_api_readyz(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_store *store = request->http->context.store;
    struct sl_store_stats stats = {.state = SL_STORE_RECORDING};
    struct sl_problem problem;

    if (store)
        sl_store_stats(store, &stats);
    if (!atomic_load(&request->http->ready)) {
        sl_problem_set(&problem, 503, NULL, NULL, "not ready: starting or stopping");
        return sl_request_refuse(answer, &problem);
    }
    if (stats.state == SL_STORE_RECORDING)
        return say_ok(answer);
    sl_problem_set(&problem, 503, NULL, NULL, "messages are served but not kept on disk (%s): %s",
                   sl_store_state_name(stats.state), stats.last_error);
    return sl_request_refuse(answer, &problem);
}

enum sl_step sl_api_asset(struct sl_request *request, struct sl_answer *answer)
{
    sl_asset_answer(sl_asset_find(request->path), &request->headers, answer);
    return SL_STEP_ANSWER;
}
