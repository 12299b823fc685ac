/* The table of options: command line, environment, file and --help all come from it. */
#ifndef SOCKLENS_OPTIONS_H
#define SOCKLENS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "socklens/config.h"
#include "socklens/error.h"

enum sl_option_kind {
    SL_OPTION_FLAG,  /* --name, or =yes/=no; in the other places always with yes or no */
    SL_OPTION_VALUE, /* once in each source; on the command line the last one counts */
    SL_OPTION_LIST,  /* repeatable; in environment and file also separated by commas or blanks */
};

/* Where an option may stand. */
enum sl_source {
    SL_FROM_FILE = 1 << 0,
    SL_FROM_ENVIRONMENT = 1 << 1,
    SL_FROM_ARGUMENTS = 1 << 2,
    SL_FROM_ANYWHERE = SL_FROM_FILE | SL_FROM_ENVIRONMENT | SL_FROM_ARGUMENTS,
};

struct sl_option {
    const char *name;    /* "max-connections"; NULL begins a group of --help titled `help` */
    const char *metavar; /* NULL for a flag */
    const char *help;
    const char *fallback; /* the default as a person would write it; NULL: none */
    enum sl_option_kind kind;
    unsigned sources; /* bits of enum sl_source */
    size_t offset;    /* of its field in struct sl_config */
    uint64_t min, max;
    bool stream; /* listeners: Unix sockets are possible */
    bool live;   /* can change while the gateway runs */
    /* Sets the field from a text; a list's grows. */
    int (*set)(const struct sl_option *option, void *field, const char *text,
               struct sl_error *error);
    /* Lists: back to empty. */
    void (*clear)(void *field);
};

#define SL_OPTIONS_MAX 48

struct sl_options {
    struct sl_option rows[SL_OPTIONS_MAX];
    size_t count;
    char ports[SL_SERVICE_COUNT][8]; /* the services' defaults, ":12000" */
};

/* A row for each service of the service table, and all others. */
void sl_options_init(struct sl_options *options);

/* By name, with '-' and '_' alike; NULL where there is none. */
const struct sl_option *sl_options_find(const struct sl_options *options, const char *name);

/* The one that may have been meant and may stand in `source`, or NULL where none is near. */
const struct sl_option *sl_options_nearest(const struct sl_options *options, const char *name,
                                           enum sl_source source);

/* "SOCKLENS_MAX_CONNECTIONS" */
#define SL_VARIABLE_SIZE 64
void sl_option_variable(const struct sl_option *option, char variable[SL_VARIABLE_SIZE]);

static inline void *sl_option_field(const struct sl_option *option, struct sl_config *config)
{
    return (char *)config + option->offset;
}

void sl_options_print_help(const struct sl_options *options, FILE *out);

#endif
