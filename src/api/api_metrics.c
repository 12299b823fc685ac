#include "api/api.h"
#include "api/metrics.h"

enum sl_step sl_api_metrics(struct sl_request *request, struct sl_answer *answer)
{
    int code = sl_metrics_write(sl_api_of(request), &answer->body);

    sl_answer_json(answer, code < 0);
    if (code == 0)
        answer->content_type = SL_METRICS_CONTENT_TYPE;
    return SL_STEP_ANSWER;
}
