/* One message, as JSON or as the bytes of one side. A number is that of a run: see check_run. */
#include <inttypes.h>
#include <string.h>

#include "api/state.h"
#include "socklens/message_json.h"

static void refuse_gone(struct sl_request *request, struct sl_problem *problem)
{
    uint64_t oldest, newest;

    sl_history_bounds(&sl_api_of(request)->history, &oldest, &newest);
    sl_problem_set(problem, 410, "seq", NULL,
                   "message %" PRIu64 " has been removed; the oldest is %" PRIu64, request->id,
                   oldest);
    problem->oldest_seq = oldest;
}

/* As the words of `side` are numbered. */
enum { SIDE_RECEIVED, SIDE_SENT };

/* Where a step writes what it is asked for. */
struct target {
    struct sl_answer *answer;
    struct sl_message_params asked;
    char run[SL_RUN_SIZE]; /* that has recorded the message; "": unknown */
};

/* Numbers are those of a run: one that another run has given is not that message. */
static unsigned check_run(struct sl_request *request, const struct target *target,
                          struct sl_problem *problem)
{
    const char *run = target->asked.run;

    if (!run || strncmp(target->run, run, strlen(run)) == 0)
        return 0;
    return sl_problem_set(problem, 410, "run", NULL,
                          "message %" PRIu64 " here is one of run %s, not of run %s", request->id,
                          *target->run ? target->run : "unknown", run);
}

/* Shows the message to `write`, or answers why there is none. */
static enum sl_step show(struct sl_request *request, struct target *target,
                         void (*write)(void *context, const struct sl_record *record,
                                       const char *listener))
{
    struct sl_problem problem;

    if (sl_query_read(&request->query, &target->asked, &problem) != 0)
        return sl_request_refuse(target->answer, &problem);
    sl_history_run_of(&sl_api_of(request)->history, request->id, target->run);
    if (check_run(request, target, &problem) != 0)
        return sl_request_refuse(target->answer, &problem);
    switch (sl_history_get(&sl_api_of(request)->history, request->id, write, target)) {
    case SL_FOUND:
        return SL_STEP_ANSWER;
    case SL_FOUND_GONE:
        refuse_gone(request, &problem);
        break;
    case SL_FOUND_NOTHING:
        sl_problem_set(&problem, 404, "seq", NULL, "there is no message %" PRIu64 " yet",
                       request->id);
        break;
    case SL_FOUND_BEHIND:
        sl_problem_set(&problem, 503, "seq", NULL, "message %" PRIu64 " is just being written",
                       request->id);
        break;
    }
    return sl_request_refuse(target->answer, &problem);
}

static void write_json(void *context, const struct sl_record *record, const char *listener)
{
    struct target *target = context;
    struct sl_json json;

    sl_json_init(&json, &target->answer->body);
    sl_message_json_with_run(&json, record, listener, target->run);
    sl_answer_json(target->answer, json.failed);
    if (*target->run)
        sl_answer_header(target->answer, "ETag", "\"%s:%" PRIu64 "\"", target->run, record->seq);
}

enum sl_step sl_api_message(struct sl_request *request, struct sl_answer *answer)
{
    return show(request, &(struct target){.answer = answer}, write_json);
}

static void write_raw(const struct sl_record *record, bool sent, struct sl_answer *answer)
{
    const struct sl_exchange *exchange = &record->exchange;
    const uint8_t *bytes = sent ? sl_record_sent(record) : sl_record_received(record);
    size_t size = sent ? exchange->sent_stored : exchange->received_stored;
    uint64_t whole = sent ? exchange->sent_size : exchange->received_size;

    if (sl_buffer_append(&answer->body, bytes, size) < 0) {
        sl_answer_json(answer, true);
        return;
    }
    answer->status = 200;
    answer->content_type = "application/octet-stream";
    sl_answer_header(answer, "Content-Disposition",
                     "attachment; filename=\"message-%" PRIu64 "-%s.bin\"", record->seq,
                     sent ? "sent" : "received");
    if (whole > size)
        sl_answer_header(answer, "Socklens-Truncated", "%" PRIu64, whole);
}

static void write_side(void *context, const struct sl_record *record, const char *listener)
{
    struct target *target = context;
    struct sl_problem problem;
    bool sent = target->asked.side == SIDE_SENT;

    (void)listener;
    if (!sent || sl_record_has_reply(record)) {
        write_raw(record, sent, target->answer);
        return;
    }
    sl_problem_set(&problem, 404, "side", "received", "message %" PRIu64 " got no reply (%s)",
                   record->seq, sl_outcome_name(record->exchange.outcome));
    sl_answer_problem(target->answer, &problem);
}

enum sl_step sl_api_raw(struct sl_request *request, struct sl_answer *answer)
{
    return show(request, &(struct target){.answer = answer}, write_side);
}
