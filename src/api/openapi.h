/* The API's description: openapi.json beside this file, embedded by web/tools/embed.py. Whoever
 * changes a route, a parameter or a document's shape changes it there; tests compare. */
#ifndef SOCKLENS_API_OPENAPI_H
#define SOCKLENS_API_OPENAPI_H

#include "socklens/asset.h"

extern const struct sl_asset sl_openapi[]; /* one */

#endif
