/* From a method and a path to the route that answers. */
#ifndef SOCKLENS_HTTPD_FIND_ROUTE_H
#define SOCKLENS_HTTPD_FIND_ROUTE_H

#include "socklens/route.h"

/* Finds the owner's row, or one for the dashboard's files and for redirects. NULL with 404 or 405
 * in `problem`, and then with 405 `allow` filled for the Allow header; 400 where a number in the
 * path is none. `id` gets the path's number. */
const struct sl_route *sl_route_find(const struct sl_httpd_owner *owner, const char *method,
                                     const char *path, uint64_t *id, char allow[64],
                                     struct sl_problem *problem);

/* Answers a request for a path from which one of the owner's redirects leads with 307. */
enum sl_step sl_redirect_step(struct sl_request *request, struct sl_answer *answer);

#endif
