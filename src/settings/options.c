/* Looks options up by name. */
#include "settings/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "socklens/suggest.h"

static const struct sl_option *find_nearest(const char *name, unsigned sources, size_t *least)
{
    const struct sl_option *nearest = NULL;

    *least = SIZE_MAX;
    for (size_t i = 0; i < sl_option_count; i++) {
        size_t distance = sl_edit_distance(sl_options[i].name, name);

        if (sl_options[i].sources & sources && distance < *least) {
            nearest = &sl_options[i];
            *least = distance;
        }
    }
    return nearest;
}

const struct sl_option *sl_options_find(const char *name)
{
    size_t distance;
    const struct sl_option *option = find_nearest(name, ~0u, &distance);

    return distance == 0 ? option : NULL;
}

const struct sl_option *sl_options_nearest(const char *name, enum sl_source source)
{
    size_t distance;
    const struct sl_option *option = find_nearest(name, source, &distance);

    return option && sl_is_near(name, distance) ? option : NULL;
}

void sl_option_variable(const struct sl_option *option, char variable[SL_VARIABLE_SIZE])
{
    snprintf(variable, SL_VARIABLE_SIZE, "SOCKLENS_%s", option->name);
    for (char *letter = variable; *letter; letter++)
        *letter = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
}

char *sl_option_next_item(const struct sl_option *option, char **rest)
{
    char *item = *rest, *end = item;
    bool quoted = false;

    if (option->kind != SL_OPTION_LINES || !item)
        return strsep(rest, ", \t");
    /* A semicolon within quotes separates nothing. */
    for (; *end && (quoted || *end != ';'); end++) {
        if (*end == '\\' && end[1])
            end++;
        else if (*end == '"')
            quoted = !quoted;
    }
    *rest = *end ? end + 1 : NULL;
    *end = '\0';
    return item + strspn(item, " \t");
}
