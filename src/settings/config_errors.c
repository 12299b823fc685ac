/* Errors of the settings, a line each, so that one start tells all of them. */
#include "socklens/config_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "socklens/text.h"

void sl_config_errors_deinit(struct sl_config_errors *errors)
{
    sl_buffer_deinit(&errors->lines);
    errors->count = 0;
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

void sl_config_errors_add(struct sl_config_errors *errors, const char *format, ...)
{
    size_t before = errors->lines.size;
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (sl_text_escape((const uint8_t *)line, strlen(line), &errors->lines) != 0 ||
        sl_buffer_append_text(&errors->lines, "\n") != 0)
        errors->lines.size = before;
    if (errors->lines.size > before && is_repeated(&errors->lines, before))
        errors->lines.size = before;
    else
        errors->count++;
}
