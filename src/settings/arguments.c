/* The command line, by getopt_long(3), whose table of long options is made from the table of
 * settings. */
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

/* On the heap; NULL where there is no memory. */
static struct option *long_options_new(void)
{
    struct option *long_options = calloc(sl_option_count + 1, sizeof(*long_options));

    for (size_t i = 0; long_options && i < sl_option_count; i++)
        long_options[i] = (struct option){.name = sl_options[i].name,
                                          .has_arg = argument_need(&sl_options[i]),
                                          .val = FIRST + (int)i};
    return long_options;
}

/* `text` is the argument as given, e.g. "--udp-uper=:1", "-x" or an ambiguous "--udp". */
static void refuse_unknown(const char *text, struct sl_config_errors *errors)
{
    size_t size = strcspn(text, "=");
    char *name = strndup(text, size);
    const struct sl_option *nearest = NULL;

    if (name && strncmp(name, "--", 2) == 0)
        nearest = sl_options_nearest(name + 2, SL_FROM_ARGUMENTS);
    if (nearest)
        sl_config_errors_add(errors, "%.*s: unknown option; did you mean --%s?", (int)size, text,
                             nearest->name);
    else
        sl_config_errors_add(errors, "%.*s: unknown option; see --help", (int)size, text);
    free(name);
}

/* False where the command line ends here. */
static bool take(int code, struct sl_argument *argument)
{
    const char *name;

    argument->option = &sl_options[code - FIRST];
    argument->text = optarg ? optarg : "yes";
    name = argument->option->name;
    return strcmp(name, "help") != 0 && strcmp(name, "version") != 0;
}

struct sl_argument *sl_arguments_parse(int argc, char **argv, size_t *count,
                                       struct sl_config_errors *errors)
{
    struct sl_argument *arguments = calloc((size_t)argc + 1, sizeof(*arguments));
    struct option *long_options = long_options_new();
    bool ended = !arguments || !long_options;
    int code;

    *count = 0;
    optind = 0; /* glibc: begin anew, also after an earlier call */
    opterr = 0;
    while (!ended && (code = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (code == 'h')
            code = FIRST + (int)(sl_options_find("help") - sl_options);
        if (code == ':')
            sl_config_errors_add(errors, "%s: %s is missing", argv[optind - 1],
                                 sl_options[optopt - FIRST].metavar);
        else if (code == '?')
            refuse_unknown(argv[optind - 1], errors);
        ended = code < FIRST || !take(code, &arguments[(*count)++]);
    }
    if (!ended && optind < argc)
        sl_config_errors_add(errors, "unexpected argument \"%s\"; see --help", argv[optind]);
    if (!long_options) {
        free(arguments);
        arguments = NULL;
    }
    free(long_options);
    return arguments;
}
