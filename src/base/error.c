/* Fills struct sl_error: one line for a person. */
#include "socklens/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sl_error_set(struct sl_error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0)
        error->text[0] = '\0';
    va_end(arguments);
    return code;
}

void sl_error_prefix(struct sl_error *error, const char *place)
{
    struct sl_error what = *error;

    snprintf(error->text, sizeof(error->text), "%s: %.*s", place,
             (int)(sizeof(error->text) - strlen(place) - 3), what.text);
}
