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

void sl_problems_add(struct sl_problems *problems, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    problems->count++;
    if (sl_text_escape((const uint8_t *)line, strlen(line), &problems->lines) == 0)
        sl_buffer_append_text(&problems->lines, "\n");
}
