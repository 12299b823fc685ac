#include "api/api.h"
#include "api/openapi.h"

enum sl_step sl_api_openapi(struct sl_request *request, struct sl_answer *answer)
{
    sl_asset_answer(sl_openapi, &request->headers, answer);
    return SL_STEP_ANSWER;
}
