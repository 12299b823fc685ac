#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/download.h"
#include "api/filter_params.h"

/* socklens-20260131T120000Z.pcapng */
static void name_file(struct sl_answer *answer, enum sl_export_format format)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32];

    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
    sl_answer_header(answer, "Content-Disposition", "attachment; filename=\"socklens-%s.%s\"", text,
                     sl_export_extension(format));
}

static void open_download(struct sl_request *request, struct sl_download_options *options,
                          struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct sl_problem problem;

    if (atomic_load(&api->streams) >= api->streams_max) {
        sl_filter_deinit(&options->filter);
        sl_problem_set(&problem, 503, NULL, NULL, "all %zu streams are taken", api->streams_max);
        sl_answer_problem(answer, &problem);
        return;
    }
    answer->source = sl_download_new(api, options);
    if (!answer->source)
        sl_answer_json(answer, true);
}

enum sl_step sl_api_export(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_download_options options;
    struct sl_problem problem;

    if (sl_download_options_from_query(&options, &request->query, &problem) != 0)
        return sl_request_refuse(answer, &problem);
    /* The address has named a format, whatever Accept says: many clients always ask for JSON. */
    answer->status = 200;
    answer->content_type = sl_export_content_type(options.format);
    name_file(answer, options.format);
    if (strcmp(request->method, "HEAD") == 0)
        sl_filter_deinit(&options.filter);
    else
        open_download(request, &options, answer);
    return SL_STEP_ANSWER;
}
