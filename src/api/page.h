/* Lists in pages: limit, cursor, and the "page" member that says how to go on. */
#ifndef SOCKLENS_API_PAGE_H
#define SOCKLENS_API_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/json.h"
#include "socklens/query.h"

#define SL_PAGE_LIMIT     100
#define SL_PAGE_LIMIT_MAX 1000

/* `limit`, 1 to 1000. */
unsigned sl_page_limit(const struct sl_query *query, uint64_t *limit, struct sl_problem *problem);

/* Writes the member "page"; `next` is NULL where there is no more. */
void sl_page_json(struct sl_json *json, uint64_t limit, const char *next);

/* What every malformed or foreign cursor is refused with. */
unsigned sl_page_bad_cursor(const char *cursor, struct sl_problem *problem);

#endif
