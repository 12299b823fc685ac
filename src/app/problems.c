#include "app/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "socklens/text.h"

void sl_problems_deinit(struct sl_problems *problems)
{
    sl_buffer_deinit(&problems->lines);
    problems->count = 0;
}

/* One setting can stand for several addresses, each with the same problem. */
static bool is_repeated(const struct sl_buffer *lines, size_t from)
{
    size_t size = lines->size - from;

    for (const uint8_t *at = lines->data, *end = lines->data + from; at < end;) {
        const uint8_t *next = (const uint8_t *)memchr(at, '\n', (size_t)(end - at)) + 1;

        if ((size_t)(next - at) == size && memcmp(at, lines->data + from, size) == 0)
            return true;
        at = next;
    }
    return false;
}

void sl_problems_add(struct sl_problems *problems, const char *format, ...)
{
    size_t before = problems->lines.size;
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (sl_text_escape((const uint8_t *)line, strlen(line), &problems->lines) != 0 ||
        sl_buffer_append_text(&problems->lines, "\n") != 0)
        problems->lines.size = before;
    if (problems->lines.size > before && is_repeated(&problems->lines, before))
        problems->lines.size = before;
    else
        problems->count++;
}
