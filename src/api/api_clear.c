/* Clears the log. The journal goes only when the file has what is in it, because what leaves the
 * journal unwritten would count as lost; a file that cannot be written is not waited for. */
#include <stdlib.h>
#include <string.h>

#include "api/state.h"

#define WAIT_NS (500 * SL_NS_PER_MS)
#define LOOK_NS (5 * SL_NS_PER_MS)

/* What a request keeps between its steps. */
struct clearing {
    uint64_t seq;     /* the newest when it came */
    int64_t until_ns; /* monotonic */
};

static bool is_written(struct sl_api *api, const struct clearing *clearing)
{
    struct sl_store_stats stats;

    if (!api->store)
        return true;
    sl_store_stats(api->store, &stats);
    return stats.newest_seq >= clearing->seq || stats.state != SL_STORE_RECORDING;
}

static bool begin(struct sl_request *request, struct sl_problem *problem)
{
    struct sl_clear_params asked;
    struct sl_journal_stats stats;
    struct clearing *clearing;

    if (sl_query_read(&request->query, &asked, problem) != 0)
        return false;
    clearing = malloc(sizeof(*clearing));
    request->state = clearing;
    request->free_state = free;
    if (!clearing)
        return false;
    sl_journal_stats(sl_api_of(request)->journal, &stats);
    clearing->seq = stats.newest_seq;
    clearing->until_ns = sl_clock_mono_ns() + WAIT_NS;
    sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
    return true;
}

static bool clear(struct sl_api *api)
{
    uint64_t seq;

    if (sl_journal_clear(api->journal, &seq) < 0)
        return false;
    sl_history_clear(&api->history, seq);
    if (api->store)
        sl_store_clear(api->store, seq);
    sl_waiters_wake(sl_httpd_waiters(api->httpd), SL_DUE_MESSAGES);
    sl_log_info(api->log, "messages up to %llu were cleared over HTTP", (unsigned long long)seq);
    return true;
}

enum sl_step sl_api_clear(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};
    struct clearing *clearing;
    int64_t now_ns;
    unsigned due;

    if (!request->state && !begin(request, &problem))
        return sl_request_refuse(answer, &problem);
    clearing = request->state;
    now_ns = sl_clock_mono_ns();
    due = sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    if (!is_written(sl_api_of(request), clearing) && now_ns < clearing->until_ns &&
        !(due & SL_DUE_STOP)) {
        request->waiter.deadline_ns = now_ns + LOOK_NS;
        return SL_STEP_WAIT;
    }
    if (!clear(sl_api_of(request)))
        return sl_request_refuse(answer, &problem);
    answer->status = 204;
    return SL_STEP_ANSWER;
}
