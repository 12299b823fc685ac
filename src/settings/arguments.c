#include "settings/arguments.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long returns for row i is FIRST + i: clear of every character. */
#define FIRST 256

static int argument_need(const struct sl_option *option)
{
    return option->kind == SL_OPTION_FLAG ? optional_argument : required_argument;
}

static void fill_long_options(const struct sl_options *options,
                              struct option long_options[SL_OPTIONS_MAX + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < options->count; i++)
        if (options->rows[i].name)
            long_options[count++] = (struct option){.name = options->rows[i].name,
                                                    .has_arg = argument_need(&options->rows[i]),
                                                    .val = FIRST + (int)i};
    long_options[count] = (struct option){0};
}

/* `text` is the argument as given, e.g. "--udp-uper=:1", "-x" or an ambiguous "--udp". */
static void refuse_unknown(const struct sl_options *options, const char *text,
                           struct sl_config_errors *errors)
{
    size_t size = strcspn(text, "=");
    char *name = strndup(text, size);
    const struct sl_option *nearest = NULL;

    if (name && strncmp(name, "--", 2) == 0)
        nearest = sl_options_nearest(options, name + 2, SL_FROM_ARGUMENTS);
    if (nearest)
        sl_config_errors_add(errors, "%.*s: unknown option; did you mean --%s?", (int)size, text,
                             nearest->name);
    else
        sl_config_errors_add(errors, "%.*s: unknown option; see --help", (int)size, text);
    free(name);
}

/* False where the command line ends here. */
static bool take(const struct sl_options *options, int code, struct sl_argument *argument)
{
    const char *name;

    argument->option = &options->rows[code - FIRST];
    argument->text = optarg ? optarg : "yes";
    name = argument->option->name;
    return strcmp(name, "help") != 0 && strcmp(name, "version") != 0;
}

struct sl_argument *sl_arguments_parse(const struct sl_options *options, int argc, char **argv,
                                       size_t *count, struct sl_config_errors *errors)
{
    struct sl_argument *arguments = calloc((size_t)argc + 1, sizeof(*arguments));
    struct option long_options[SL_OPTIONS_MAX + 1];
    int code;

    *count = 0;
    if (!arguments)
        return NULL;
    fill_long_options(options, long_options);
    optind = 0; /* glibc: begin anew, also after an earlier call */
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (code == 'h')
            code = FIRST + (int)(sl_options_find(options, "help") - options->rows);
        if (code == ':')
            sl_config_errors_add(errors, "%s: %s is missing", argv[optind - 1],
                                 options->rows[optopt - FIRST].metavar);
        else if (code == '?')
            refuse_unknown(options, argv[optind - 1], errors);
        if (code < FIRST || !take(options, code, &arguments[(*count)++]))
            return arguments;
    }
    if (optind < argc)
        sl_config_errors_add(errors, "unexpected argument \"%s\"; see --help", argv[optind]);
    return arguments;
}
