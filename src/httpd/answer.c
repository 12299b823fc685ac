/* What step functions fill an answer with. */
#include "socklens/answer.h"

#include <stdarg.h>
#include <stdio.h>

void sl_answer_deinit(struct sl_answer *answer)
{
    sl_buffer_deinit(&answer->body);
}

void sl_answer_header(struct sl_answer *answer, const char *name, const char *format, ...)
{
    struct sl_answer_header *header = &answer->headers[answer->header_count];
    va_list arguments;

    if (answer->header_count == SL_ANSWER_HEADERS_MAX)
        return;
    header->name = name;
    va_start(arguments, format);
    vsnprintf(header->value, sizeof(header->value), format, arguments);
    va_end(arguments);
    answer->header_count++;
}

void sl_answer_json(struct sl_answer *answer, bool failed)
{
    static const struct sl_problem no_memory = {.status = 503, .detail = "out of memory"};

    if (failed) {
        sl_answer_problem(answer, &no_memory);
        return;
    }
    answer->status = 200;
    answer->content_type = "application/json";
}

void sl_answer_problem(struct sl_answer *answer, const struct sl_problem *problem)
{
    answer->status = problem->status;
    answer->body.size = 0;
    answer->fixed = NULL;
    answer->content_type = "application/problem+json";
    if (sl_problem_write(problem, &answer->body) < 0) {
        answer->fixed = "{}";
        answer->fixed_size = 2;
    }
    if (problem->status == 503 || problem->status == 429)
        sl_answer_header(answer, "Retry-After", "%u",
                         problem->retry_after_s ? problem->retry_after_s : SL_RETRY_AFTER_S);
}
