/* A request's JSON body as a flat table of members. The one place that builds cJSON trees. */
#ifndef SOCKLENS_JSON_BODY_H
#define SOCKLENS_JSON_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/problem.h"

enum sl_member_type { SL_MEMBER_TEXT, SL_MEMBER_NUMBER, SL_MEMBER_BOOLEAN };

/* One member that the object may have. */
struct sl_member {
    const char *name;
    enum sl_member_type type;
    int64_t min, max; /* of a number: whole, within these */
    /* The result. */
    bool present;
    char *text;     /* owned; NUL-terminated UTF-8 without a NUL in it */
    int64_t number; /* of a boolean: 1 or 0 */
};

/* Reads one object with members of the table and nothing else. Refused by name: unknown members,
 * members given twice, wrong types, numbers out of range. Refused as a whole: what is not JSON
 * (RFC 8259) in UTF-8, nesting, a NUL in a text. 0, or 400 or 503 with `problem`; deinit in any
 * case. */
unsigned sl_members_parse(struct sl_member *members, size_t count, const void *bytes, size_t size,
                          struct sl_problem *problem);
void sl_members_deinit(struct sl_member *members, size_t count);

#endif
