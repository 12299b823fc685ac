/* The parameters that a route declares. */
#ifndef PARAMS_OF_H
#define PARAMS_OF_H

#include <stdlib.h>
#include <string.h>

#include "api/routes.h"

static inline const struct sl_param *params_of_get(const char *path)
{
    for (size_t i = 0; i < sl_routes_count; i++) {
        if (strcmp(sl_routes[i].path, path) == 0 && strcmp(sl_routes[i].method, "GET") == 0)
            return sl_routes[i].params;
    }
    abort();
}

#endif
