/* The API's description: openapi.json beside this file, embedded by openapi_embed.py. Whoever
 * changes a route, a parameter or a document's shape changes it there; tests compare. */
#ifndef SOCKLENS_HTTP_OPENAPI_H
#define SOCKLENS_HTTP_OPENAPI_H

#include "http/assets.h"

extern const struct sl_asset sl_openapi;

#endif
