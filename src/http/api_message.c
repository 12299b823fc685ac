#include <inttypes.h>
#include <string.h>

#include "http/api.h"
#include "socklens/message_json.h"

const char *const sl_raw_params[] = {"side", NULL};

static void refuse_gone(struct sl_request *request, struct sl_problem *problem)
{
    uint64_t oldest, newest;

    sl_trail_bounds(&request->http->trail, &oldest, &newest);
    sl_problem_set(problem, 410, "seq", NULL,
                   "message %" PRIu64 " is no longer held; the oldest is %" PRIu64, request->id,
                   oldest);
    problem->oldest_seq = oldest;
}

/* Where a step writes what it is asked for. */
struct target {
    struct sl_answer *answer;
    bool sent;
};

/* Shows the message to `write`, or answers why there is none. */
static enum sl_step show(struct sl_request *request, struct target *target,
                         void (*write)(void *context, const struct sl_record *record,
                                       const char *listener))
{
    struct sl_problem problem;

    switch (sl_trail_get(&request->http->trail, request->id, write, target)) {
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
    sl_message_json(&json, record, listener);
    sl_answer_json(target->answer, json.failed);
}

enum sl_step sl_api_message(struct sl_request *request, struct sl_answer *answer)
{
    return show(request, &(struct target){.answer = answer}, write_json);
}

static void write_raw(const struct sl_record *record, bool sent, struct sl_answer *answer)
{
    const uint8_t *bytes = sent ? sl_record_sent(record) : sl_record_received(record);
    size_t size = sent ? record->sent_stored : record->received_stored;
    uint64_t whole = sent ? record->sent_size : record->received_size;

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

    (void)listener;
    if (!target->sent || sl_record_has_reply(record)) {
        write_raw(record, target->sent, target->answer);
        return;
    }
    sl_problem_set(&problem, 404, "side", "received", "message %" PRIu64 " got no reply (%s)",
                   record->seq, sl_outcome_name(record->outcome));
    sl_answer_problem(target->answer, &problem);
}

static bool read_side(struct sl_request *request, bool *sent, struct sl_answer *answer)
{
    const char *side = sl_query_get(&request->query, "side");
    struct sl_problem problem;

    *sent = side && strcmp(side, "sent") == 0;
    if (!side || *sent || strcmp(side, "received") == 0)
        return true;
    sl_problem_set(&problem, 400, "side", "received, sent", "there is no side \"%s\"",
                   sl_quote(side).text);
    sl_answer_problem(answer, &problem);
    return false;
}

enum sl_step sl_api_raw(struct sl_request *request, struct sl_answer *answer)
{
    struct target target = {.answer = answer};

    if (!read_side(request, &target.sent, answer))
        return SL_STEP_ANSWER;
    return show(request, &target, write_side);
}
