/* Prints the option table and the settings. */
#include "socklens/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "settings/options.h"

#define LINE_MAX_SIZE  198 /* what the reader of config files takes */
#define VALUE_MAX_SIZE 150

static const char *fault_of(const char *text)
{
    size_t size = strlen(text);

    if (size > VALUE_MAX_SIZE)
        return "is too long for";
    for (const char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c))
            return "has control characters, which are not allowed in";
    if (*text == ' ' || text[size - 1] == ' ' || *text == ';' || strstr(text, " ;") ||
        strstr(text, " #"))
        return "has blanks or comment signs that are not allowed in";
    return NULL;
}

static void print_line(const char *name, const char *value, const char *place, FILE *out)
{
    char setting[LINE_MAX_SIZE + 1], line[LINE_MAX_SIZE + 1];

    snprintf(setting, sizeof(setting), "%s = %s", name, value);
    if ((size_t)snprintf(line, sizeof(line), "%-36s ; %s", setting, place) >= sizeof(line) ||
        fault_of(place))
        fprintf(out, "%s\n", setting);
    else
        fprintf(out, "%s\n", line);
}

static void print_value(const struct sl_option *option, const char *text, const char *place,
                        FILE *out)
{
    const char *fault = fault_of(text);

    if (fault)
        fprintf(out, "# %s: its value %s a file\n", option->name, fault);
    else
        print_line(option->name, text, place, out);
}

/* An item a line: a list may be longer than a line. */
static void print_list(const struct sl_option *option, const struct sl_origin *origin, FILE *out)
{
    char *copy = strdup(origin->text), *rest = copy;

    for (char *item; copy && (item = sl_option_next_item(option, &rest));)
        if (*item)
            print_value(option, item, origin->place, out);
    free(copy);
}

static void print_option(const struct sl_option *option, const struct sl_origin *origin, FILE *out)
{
    if (!origin->text && option->kind == SL_OPTION_FLAG)
        print_line(option->name, "no", "default", out);
    else if (!origin->text || !origin->place)
        fprintf(out, "# %s is not set\n", option->name);
    else if (sl_option_is_list(option))
        print_list(option, origin, out);
    else
        print_value(option, origin->text, origin->place, out);
}

void sl_config_print(const struct sl_config *config, FILE *out)
{
    fputs("# socklens " SOCKLENS_VERSION ": the settings, and where each comes from\n", out);
    for (size_t i = 0; i < sl_option_count; i++)
        if (sl_options[i].sources & SL_FROM_FILE)
            print_option(&sl_options[i], &config->origins[i], out);
}

static void print_help_row(const struct sl_option *option, FILE *out)
{
    char left[64];

    if (option->group)
        fprintf(out, "\n%s:\n", option->group);
    snprintf(left, sizeof(left), "--%s%s%s", option->name, option->metavar ? " " : "",
             option->metavar ? option->metavar : "");
    fprintf(out, "  %-24s%s%s", left, strlen(left) > 23 ? "\n                          " : "",
            option->help);
    if (option->fallback)
        fprintf(out, " (default %s)", option->fallback);
    fputc('\n', out);
}

void sl_config_print_help(FILE *out)
{
    fputs(
        "Usage: socklens [OPTION]...\n"
        "  or:  socklens export --format FORMAT [OPTION]...   (see socklens export --help)\n"
        "Runs UDP and TCP servers and shows their traffic in a browser.\n",
        out);
    for (size_t i = 0; i < sl_option_count; i++)
        print_help_row(&sl_options[i], out);
    fputs(
        "\n"
        "Settings can also be given in a config file (udp-upper = :12000, :12001) or in the\n"
        "environment (SOCKLENS_UDP_UPPER). The command line overrides the environment, and the\n"
        "environment overrides the file. --transcript=no turns off what the file turned on.\n",
        out);
}
