/* Lists in pages: limit, cursor, and the "page" member that says how to go on. */
#ifndef SOCKLENS_API_PAGE_H
#define SOCKLENS_API_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "socklens/json.h"
#include "socklens/problem.h"

/* Writes the member "page"; `next` is NULL where there is no more. */
void sl_page_json(struct sl_json *json, uint64_t limit, const char *next);

/* What every malformed or foreign cursor is refused with. */
unsigned sl_page_bad_cursor(const char *cursor, struct sl_problem *problem);

#endif
