#include "api/api.h"
#include "api/status_json.h"
#include "socklens/health.h"

enum sl_step sl_api_status(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_status_json(&json, sl_api_of(request));
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

static bool read_port(const char **at, uint16_t *port)
{
    uint64_t number;
    char digits[6];
    size_t size = strcspn(*at, ",");

    if (size >= sizeof(digits) || strcmp(*at + size, ",") == 0)
        return false;
    memcpy(digits, *at, size);
    digits[size] = '\0';
    if (!sl_parse_uint(digits, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    *at += size + ((*at)[size] == ',');
    return true;
}

/* The ports from which probes will come: see health.h. */
static bool announce(struct sl_net *net, const char *ports, struct sl_problem *problem)
{
    uint16_t list[SL_HEALTH_PROBES_MAX];
    size_t count = 0;

    while (*ports && count < SL_HEALTH_PROBES_MAX && read_port(&ports, &list[count]))
        count++;
    if (*ports || count == 0) {
        sl_problem_set(problem, 400, "probes", "1 to 256 port numbers with commas between",
                       "probes is not a list of ports");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        sl_health_expect(net, list[i]);
    return true;
}

/* Alive it is without its log, but who asks should hear of it. */
static void say_log(struct sl_store *store, struct sl_answer *answer)
{
    struct sl_store_stats stats;

    if (!store)
        return;
    sl_store_stats(store, &stats);
    if (stats.state != SL_STORE_RECORDING)
        sl_answer_header(answer, SL_HEALTH_LOG_HEADER, "%s: %.150s",
                         sl_store_state_name(stats.state), stats.last_error);
}

enum sl_step sl_api_healthz(struct sl_request *request, struct sl_answer *answer)
{
    const char *ports = sl_query_get(&request->query, "probes");
    struct sl_problem problem;

    if (ports && sl_request_check_origin(request, &problem) != 0)
        return sl_request_refuse(answer, &problem);
    if (ports && !announce(sl_api_of(request)->net, ports, &problem))
        return sl_request_refuse(answer, &problem);
    say_log(sl_api_of(request)->store, answer);
    return say_ok(answer);
}

/* Ready is who serves and keeps what it serves: nothing goes wrong for the clients of a gateway
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
