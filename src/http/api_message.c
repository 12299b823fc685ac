#include <inttypes.h>
#include <string.h>

#include "http/api.h"
#include "http/client_json.h"
#include "socklens/message_json.h"

const char *const sl_raw_params[] = {"side", NULL};

static void refuse(struct sl_request *request, bool evicted, struct sl_answer *answer)
{
    struct sl_problem problem;
    struct sl_journal_stats stats;

    sl_journal_stats(request->http->context.journal, &stats);
    if (!evicted) {
        sl_problem_set(&problem, 404, "seq", NULL, "there is no message %" PRIu64 " yet",
                       request->id);
    } else {
        sl_problem_set(&problem, 410, "seq", NULL,
                       "message %" PRIu64 " is no longer held; the oldest is %" PRIu64, request->id,
                       stats.oldest_seq);
        problem.oldest_seq = stats.oldest_seq;
    }
    sl_answer_problem(answer, &problem);
}

/* Places the cursor and returns its record, or answers 404 or 410 and returns NULL. */
static const struct sl_record *find(struct sl_request *request, struct sl_cursor *cursor,
                                    struct sl_answer *answer)
{
    const struct sl_record *record;
    enum sl_read read = SL_READ_END;
    struct sl_gap gap;

    if (request->id > 0) {
        sl_cursor_seek(cursor, request->http->context.journal, request->id);
        do {
            read = sl_cursor_next(cursor, &record, &gap);
        } while (read == SL_READ_RECORD && record->kind != SL_RECORD_EXCHANGE);
    }
    if (read == SL_READ_RECORD && record->seq == request->id)
        return record;
    refuse(request, read == SL_READ_GAP, answer);
    return NULL;
}

enum sl_step sl_api_message(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_cursor cursor = {0};
    const struct sl_record *record = find(request, &cursor, answer);
    struct sl_json json;

    if (record) {
        sl_json_init(&json, &answer->body);
        sl_message_json(&json, record,
                        sl_listener_name(request->http->context.registry, record->listener));
        sl_answer_json(answer, json.failed);
    }
    sl_cursor_close(&cursor);
    return SL_STEP_ANSWER;
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
    struct sl_cursor cursor = {0};
    const struct sl_record *record;
    struct sl_problem problem;
    bool sent;

    if (!read_side(request, &sent, answer))
        return SL_STEP_ANSWER;
    record = find(request, &cursor, answer);
    if (record && sent && !sl_record_has_reply(record)) {
        sl_problem_set(&problem, 404, "side", "received", "message %" PRIu64 " got no reply (%s)",
                       record->seq, sl_outcome_name(record->outcome));
        sl_answer_problem(answer, &problem);
    } else if (record) {
        write_raw(record, sent, answer);
    }
    sl_cursor_close(&cursor);
    return SL_STEP_ANSWER;
}
