#include <string.h>

#include "api/api.h"
#include "api/filter_params.h"
#include "api/stream.h"

static void open_stream(struct sl_request *request, struct sl_stream_options *options,
                        struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct sl_problem problem;
    struct sl_stream *stream;

    if (atomic_load(&api->streams) >= api->streams_max) {
        sl_filter_deinit(&options->filter);
        sl_problem_set(&problem, 503, NULL, NULL, "all %zu event streams are taken",
                       api->streams_max);
        sl_answer_problem(answer, &problem);
        return;
    }
    stream = sl_stream_new(api, options, sl_headers_get(&request->headers, "Last-Event-ID"));
    if (stream)
        answer->source = sl_stream_source(stream);
    else
        sl_answer_json(answer, true);
}

enum sl_step sl_api_events(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_stream_options options;
    struct sl_problem problem;

    if (sl_stream_options_from_query(&options, &request->query, &problem) != 0)
        return sl_request_refuse(answer, &problem);
    answer->status = 200;
    answer->content_type = "text/event-stream";
    if (strcmp(request->method, "HEAD") == 0)
        sl_filter_deinit(&options.filter);
    else
        open_stream(request, &options, answer);
    return SL_STEP_ANSWER;
}
