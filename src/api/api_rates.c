#include "api/api.h"
#include "api/rates.h"

enum sl_step sl_api_rates(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    sl_rates_json(&sl_api_of(request)->rates, sl_api_of(request)->registry, &json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}
