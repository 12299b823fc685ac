/* What all lists in pages have. */
#include "api/page.h"

void sl_page_json(struct sl_json *json, uint64_t limit, const char *next)
{
    sl_json_key(json, "page");
    sl_json_open_object(json);
    sl_json_key(json, "limit");
    sl_json_uint(json, limit);
    sl_json_key(json, "has_more");
    sl_json_bool(json, next != NULL);
    sl_json_key(json, "next");
    if (next)
        sl_json_string(json, next);
    else
        sl_json_null(json);
    sl_json_close_object(json);
}

unsigned sl_page_bad_cursor(const char *cursor, struct sl_problem *problem)
{
    return sl_problem_set(problem, 400, "cursor", "the \"next\" of the page before",
                          "\"%s\" is not a cursor of this list", sl_quote(cursor).text);
}
