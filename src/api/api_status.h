/* The JSON shape of /api/v1/status. */
#ifndef SOCKLENS_API_API_STATUS_H
#define SOCKLENS_API_API_STATUS_H

#include "socklens/json.h"

struct sl_api;

/* Any thread. */
void sl_status_json(struct sl_json *json, struct sl_api *api);

#endif
