#include <stdlib.h>

#include "http/api.h"
#include "http/filter_params.h"
#include "http/message_list.h"

const char *const sl_messages_params[] = {SL_FILTER_PARAMS, "limit", "cursor", "after",
                                          "wait",           "min",   NULL};

/* What a request for messages keeps between its steps. */
struct pending {
    struct sl_message_list list;
    bool waiting;
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
    request->waiter.deadline_ns = sl_clock_mono_ns() + pending->list.wait_ns;
    sl_ticker_add(&request->http->ticker, &request->waiter);
}

static bool begin(struct sl_request *request, struct sl_answer *answer)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    struct sl_problem problem = {.status = 503, .detail = "out of memory"};

    request->state = pending;
    request->free_state = free_pending;
    if (!pending || sl_message_list_from_query(&pending->list, &request->query, &problem) != 0) {
        sl_answer_problem(answer, &problem);
        return false;
    }
    if (pending->list.wait_ns > 0)
        begin_wait(request, pending);
    return true;
}

/* ANSWER: the wait is over, one way or the other. */
static enum sl_step wait_step(struct sl_request *request, struct pending *pending)
{
    unsigned due = sl_ticker_take(&request->http->ticker, &request->waiter);

    switch (sl_message_list_count(&pending->list, request->http->context.journal)) {
    case SL_PROGRESS_CUT:
        return SL_STEP_YIELD;
    case SL_PROGRESS_SHORT:
        if (due & SL_DUE_STOP || sl_clock_mono_ns() >= request->waiter.deadline_ns)
            break;
        return SL_STEP_WAIT;
    case SL_PROGRESS_DONE:
        break;
    }
    pending->waiting = false;
    sl_ticker_remove(&request->http->ticker, &request->waiter);
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
    const struct sl_http_context *context = &request->http->context;
    struct pending *pending;
    enum sl_step step;

    if (!request->state && !begin(request, answer))
        return SL_STEP_ANSWER;
    pending = request->state;
    if (pending->waiting) {
        step = wait_step(request, pending);
        if (step != SL_STEP_ANSWER)
            return step;
    }
    if (sl_message_list_fill(&pending->list, context->journal, context->registry) ==
        SL_PROGRESS_CUT)
        return SL_STEP_YIELD;
    finish(pending, answer);
    return SL_STEP_ANSWER;
}
