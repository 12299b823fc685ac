#include <stdlib.h>

#include "api/api.h"
#include "api/filter_params.h"
#include "api/message_list.h"

/* What a request for messages keeps between its steps. */
struct pending {
    struct sl_message_list list;
    bool waiting;
    int64_t until_ns; /* monotonic: the wait's end */
};

static void free_pending(void *state)
{
    struct pending *pending = state;

    sl_message_list_deinit(&pending->list);
    free(pending);
}

static void begin_wait(struct sl_request *request, struct pending *pending)
{
    pending->waiting = true;
    request->waiter.wants = SL_DUE_MESSAGES;
    pending->until_ns = sl_clock_mono_ns() + pending->list.wait_ns;
    sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
}

static bool begin(struct sl_request *request, struct sl_answer *answer)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};

    request->state = pending;
    request->free_state = free_pending;
    if (!pending || sl_message_list_from_query(&pending->list, &request->query, &problem) != 0 ||
        sl_message_list_check(&pending->list, &sl_api_of(request)->history, &problem) != 0) {
        sl_answer_problem(answer, &problem);
        return false;
    }
    if (pending->list.wait_ns > 0)
        begin_wait(request, pending);
    return true;
}

/* What comes next is just being written to the store. */
static enum sl_step retry_later(struct sl_request *request, int64_t until_ns)
{
    int64_t now_ns = sl_clock_mono_ns();

    if (!request->waiter.added)
        sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
    sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    request->waiter.deadline_ns = now_ns + SL_HISTORY_RETRY_NS;
    if (request->waiter.deadline_ns > until_ns)
        request->waiter.deadline_ns = until_ns;
    return SL_STEP_WAIT;
}

/* ANSWER: the wait is over, one way or the other. */
static enum sl_step wait_step(struct sl_request *request, struct pending *pending)
{
    unsigned due = sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    enum sl_progress progress = sl_message_list_count(&pending->list, &sl_api_of(request)->history);
    /* Whoever has hung up frees the place; who has only closed its direction is answered now. */
    bool over = due & SL_DUE_STOP || sl_clock_mono_ns() >= pending->until_ns ||
                sl_waiters_peer_is_gone(sl_httpd_waiters(request->httpd), &request->waiter);

    if (progress != SL_PROGRESS_DONE && !over) {
        if (progress == SL_PROGRESS_RETRY)
            return retry_later(request, pending->until_ns);
        request->waiter.deadline_ns = pending->until_ns;
        return progress == SL_PROGRESS_CUT ? SL_STEP_YIELD : SL_STEP_WAIT;
    }
    pending->waiting = false;
    sl_waiters_remove(sl_httpd_waiters(request->httpd), &request->waiter);
    request->waiter.wants = 0;
    return SL_STEP_ANSWER;
}

static void finish(struct pending *pending, struct sl_answer *answer)
{
    bool complete = sl_message_list_finish(&pending->list);

    answer->body = pending->list.body;
    pending->list.body = SL_BUFFER_INIT;
    sl_answer_json(answer, !complete);
}

enum sl_step sl_api_messages(struct sl_request *request, struct sl_answer *answer)
{
    struct pending *pending;
    enum sl_progress progress;
    enum sl_step step;

    if (!request->state && !begin(request, answer))
        return SL_STEP_ANSWER;
    pending = request->state;
    if (pending->waiting) {
        step = wait_step(request, pending);
        if (step != SL_STEP_ANSWER)
            return step;
    }
    progress = sl_message_list_fill(&pending->list, &sl_api_of(request)->history);
    if (!sl_request_hold(request, pending->list.body.size)) {
        sl_buffer_deinit(&pending->list.body);
        return sl_request_no_room(answer);
    }
    switch (progress) {
    case SL_PROGRESS_CUT:
        return SL_STEP_YIELD;
    case SL_PROGRESS_RETRY:
        if (!sl_httpd_is_stopping(request->httpd))
            return retry_later(request, INT64_MAX);
        break;
    default:
        break;
    }
    finish(pending, answer);
    return SL_STEP_ANSWER;
}
