/* cJSON is lenient where a contract must not be: it takes numbers such as 007, and control
 * characters wherever blanks may be, takes control characters and broken UTF-8 in
 * strings, ends a string at an escaped NUL without a word, descends a thousand levels, and keeps
 * both of two members of one name. So the text is looked over first, and the tree after. */
#include "socklens/json_body.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/text.h"

static unsigned refuse(struct sl_problem *problem, const char *why)
{
    return sl_problem_set(problem, 400, NULL, "one JSON object", "the body is not usable: %s", why);
}

struct scan {
    bool in_string, escaped;
    unsigned depth;
};

/* NULL, or why the byte cannot stand there. */
static const char *scan_in_string(struct scan *scan, const uint8_t *at, size_t left)
{
    if (*at < 0x20)
        return "a control character within a text";
    if (scan->escaped) {
        scan->escaped = false;
        if (*at == 'u' && left >= 5 && memcmp(at + 1, "0000", 4) == 0)
            return "a text with a NUL; use base64 or hex";
    } else if (*at == '\\') {
        scan->escaped = true;
    } else if (*at == '"') {
        scan->in_string = false;
    }
    return NULL;
}

static size_t digits(const uint8_t *at, size_t left)
{
    size_t count = 0;

    while (count < left && at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

/* RFC 8259, section 6: the bytes at the start of `at` that are a number, 0 where none is. */
static size_t number_size(const uint8_t *at, size_t left)
{
    size_t size = left > 0 && at[0] == '-', count = digits(at + size, left - size);

    if (count == 0 || (count > 1 && at[size] == '0'))
        return 0;
    size += count;
    if (size < left && at[size] == '.') {
        count = digits(at + size + 1, left - size - 1);
        if (count == 0)
            return 0;
        size += 1 + count;
    }
    if (size < left && (at[size] == 'e' || at[size] == 'E')) {
        size_t sign = size + 1 < left && (at[size + 1] == '+' || at[size + 1] == '-');

        count = digits(at + size + 1 + sign, left - size - 1 - sign);
        if (count == 0)
            return 0;
        size += 1 + sign + count;
    }
    return size;
}

static bool is_number_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.';
}

/* cJSON takes what strtod() takes, so numbers are checked here. `*size` is what was looked at. */
static const char *scan_number(const uint8_t *at, size_t left, size_t *size)
{
    *size = number_size(at, left);
    if (*size > 0 && (*size == left || !is_number_byte(at[*size])))
        return NULL;
    return "a number that JSON does not know (RFC 8259, section 6)";
}

static const char *scan_outside(struct scan *scan, uint8_t byte)
{
    if (byte < 0x20 && byte != '\0' && !strchr("\t\r\n", byte))
        return "a control character between its parts";
    if (byte == '"')
        scan->in_string = true;
    else if ((byte == '{' || byte == '[') && ++scan->depth > 1)
        return "an object or array within the object";
    return byte == '\0' ? "a NUL" : NULL;
}

static const char *look_over(const uint8_t *bytes, size_t size)
{
    struct scan scan = {0};
    const char *why = NULL;

    if (!sl_text_is_utf8(bytes, size))
        return "it is not UTF-8";
    for (size_t i = 0; i < size && !why; i++) {
        size_t looked_at = 1;

        if (scan.in_string)
            why = scan_in_string(&scan, bytes + i, size - i);
        else if (is_number_byte(bytes[i]))
            why = scan_number(bytes + i, size - i, &looked_at);
        else
            why = scan_outside(&scan, bytes[i]);
        if (!why)
            i += looked_at - 1;
    }
    return why;
}

static struct sl_member *find(struct sl_member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

static unsigned refuse_unknown(const struct sl_member *members, size_t count, const char *name,
                               struct sl_problem *problem)
{
    char allowed[256] = "";

    for (size_t i = 0; i < count; i++) {
        strncat(allowed, i ? ", " : "", sizeof(allowed) - strlen(allowed) - 1);
        strncat(allowed, members[i].name, sizeof(allowed) - strlen(allowed) - 1);
    }
    return sl_problem_set_unknown(problem, 400, name, allowed, "there is no member \"%s\" here",
                                  sl_quote(name).text);
}

static unsigned take_text(struct sl_member *member, const cJSON *item, struct sl_problem *problem)
{
    if (!cJSON_IsString(item))
        return sl_problem_set(problem, 400, member->name, "a text", "%s must be a text",
                              member->name);
    member->text = strdup(item->valuestring);
    if (!member->text)
        return sl_problem_set(problem, 503, NULL, NULL, "out of memory");
    return 0;
}

static unsigned take_number(struct sl_member *member, const cJSON *item, struct sl_problem *problem)
{
    char allowed[64];

    if (cJSON_IsNumber(item) && item->valuedouble >= (double)member->min &&
        item->valuedouble <= (double)member->max) {
        member->number = (int64_t)item->valuedouble;
        if ((double)member->number >= item->valuedouble &&
            (double)member->number <= item->valuedouble)
            return 0;
    }
    snprintf(allowed, sizeof(allowed), "%" PRId64 " to %" PRId64, member->min, member->max);
    return sl_problem_set(problem, 400, member->name, allowed, "%s must be a whole number, %s",
                          member->name, allowed);
}

static unsigned take_boolean(struct sl_member *member, const cJSON *item,
                             struct sl_problem *problem)
{
    if (!cJSON_IsBool(item))
        return sl_problem_set(problem, 400, member->name, "true, false", "%s must be true or false",
                              member->name);
    member->number = cJSON_IsTrue(item);
    return 0;
}

static unsigned take(struct sl_member *members, size_t count, const cJSON *item,
                     struct sl_problem *problem)
{
    struct sl_member *member = find(members, count, item->string);

    if (!member)
        return refuse_unknown(members, count, item->string, problem);
    if (member->present)
        return sl_problem_set(problem, 400, member->name, "once", "%s is given twice",
                              member->name);
    member->present = true;
    switch (member->type) {
    case SL_MEMBER_TEXT:
        return take_text(member, item, problem);
    case SL_MEMBER_BOOLEAN:
        return take_boolean(member, item, problem);
    default:
        return take_number(member, item, problem);
    }
}

static unsigned take_all(struct sl_member *members, size_t count, const cJSON *tree,
                         struct sl_problem *problem)
{
    const cJSON *item;
    unsigned status = 0;

    if (!cJSON_IsObject(tree))
        return refuse(problem, "it is not an object");
    cJSON_ArrayForEach(item, tree)
    {
        status = take(members, count, item, problem);
        if (status)
            break;
    }
    return status;
}

static bool only_blanks(const char *text, const char *end)
{
    while (text < end && strchr(" \t\r\n", *text))
        text++;
    return text == end;
}

unsigned sl_members_parse(struct sl_member *members, size_t count, const void *bytes, size_t size,
                          struct sl_problem *problem)
{
    const char *why = look_over(bytes, size), *end = NULL;
    unsigned status;
    cJSON *tree;

    if (why)
        return refuse(problem, why);
    tree = cJSON_ParseWithLengthOpts(bytes, size, &end, 0);
    if (tree && only_blanks(end, (const char *)bytes + size))
        status = take_all(members, count, tree, problem);
    else
        status = refuse(problem, "it is not JSON");
    cJSON_Delete(tree);
    return status;
}

void sl_members_deinit(struct sl_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(members[i].text);
        members[i].text = NULL;
    }
}
