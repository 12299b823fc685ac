/* What a rule will do is known before it does it (see fault/draw.c), so it can be shown: a lecturer
 * chooses a seed with the fates that an exercise needs. */
#include "app/fate_command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/fault_list.h"

enum { STATUS_OK = 0, STATUS_USAGE = 2 };

static const char help[] =
    "Usage: socklens fate RULE [OPTION]...\n"
    "Shows which messages a fault rule hits (x) and which it spares (.), from the first on.\n"
    "RULE is one word, as in: socklens fate 'loss 4/11 seed 7'\n"
    "\n"
    "  --count N            so many messages, at most 1000 (default 20)\n"
    "  --place N            the rule's place among those of its effect, from 0 (default 0)\n"
    "  -h, --help\n";

static int fate_complain(const char *what, const char *which)
{
    fprintf(stderr, "socklens fate: %s: %s; see socklens fate --help\n", which, what);
    return STATUS_USAGE;
}

static bool fate_number(const char *text, unsigned long min, unsigned long max, unsigned *number)
{
    unsigned long value;
    char *end;

    if (*text < '0' || *text > '9' || strlen(text) > 9)
        return false;
    value = strtoul(text, &end, 10);
    *number = (unsigned)value;
    return *end == '\0' && value >= min && value <= max;
}

static int fate_show(const char *text, unsigned place, unsigned count)
{
    char fates[SL_FATES_MAX + 1], canonical[SL_FAULT_TEXT_SIZE];
    struct sl_rule_error error;
    struct sl_rule rule;
    size_t hits;

    if (sl_rule_parse(text, sl_fault_draw_seed(), &rule, &error) < 0) {
        fprintf(stderr, "socklens fate: %s%s%s\n", error.detail, error.allowed ? "; allowed: " : "",
                error.allowed ? error.allowed : "");
        return STATUS_USAGE;
    }
    sl_rule_format(&rule, canonical);
    hits = sl_rule_fates(&rule, place, count, fates);
    printf("%s   %zu of %u", fates, hits, count);
    if (rule.has_seed && !strstr(text, "seed"))
        printf("   %s", canonical);
    putchar('\n');
    return STATUS_OK;
}

int sl_fate_command(int argc, char **argv)
{
    static const struct option options[] = {{"count", required_argument, NULL, 'c'},
                                            {"place", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    unsigned count = 20, place = 0;
    int code;

    optind = 0;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (code == 'h') {
            fputs(help, stdout);
            return STATUS_OK;
        }
        if (code == ':')
            return fate_complain("its value is missing", argv[optind - 1]);
        if (code == '?')
            return fate_complain("unknown option", argv[optind - 1]);
        if (code == 'c' && !fate_number(optarg, 1, SL_FATES_MAX, &count))
            return fate_complain("not a number from 1 to 1000", optarg);
        if (code == 'p' && !fate_number(optarg, 0, SL_FAULTS_PER_LISTENER - 1, &place))
            return fate_complain("not a number from 0 to 15", optarg);
    }
    if (optind == argc)
        return fate_complain("it is missing", "RULE");
    if (optind + 1 < argc)
        return fate_complain("a rule is one argument: put it in quotes", argv[optind + 1]);
    return fate_show(argv[optind], place, count);
}
