/* The table of settings, generated from options.toml: command line, environment and config file are
 * read by it. */
#ifndef SOCKLENS_SETTINGS_OPTIONS_H
#define SOCKLENS_SETTINGS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/config.h"
#include "socklens/error.h"

enum sl_option_kind {
    SL_OPTION_FLAG,  /* --name, or =yes/=no; in the other places always with yes or no */
    SL_OPTION_VALUE, /* once in each source; on the command line the last one counts */
    SL_OPTION_LIST,  /* repeatable; in environment and file also separated by commas or blanks */
    SL_OPTION_LINES, /* repeatable; in the environment also separated by semicolons */
};

/* Where an option may be given. */
enum sl_source {
    SL_FROM_FILE = 1 << 0,
    SL_FROM_ENVIRONMENT = 1 << 1,
    SL_FROM_ARGUMENTS = 1 << 2,
};

struct sl_option {
    const char *group;    /* heading of --help above this option; NULL: none */
    const char *name;     /* "max-connections" */
    const char *metavar;  /* NULL for a flag */
    const char *help;     /* one line */
    const char *fallback; /* the default as a person would write it; NULL: none */
    const char *choices;  /* "text, json", in the order of the enumeration; NULL: any value */
    enum sl_option_kind kind;
    unsigned sources;    /* bits of enum sl_source */
    size_t offset, size; /* of its field in struct sl_config */
    uint64_t min, max;   /* bytes or nanoseconds where it has a unit */
    bool stream;         /* listeners: Unix sockets are possible */
    bool live;           /* SIGHUP can change it */
    /* Sets the field from a text; a list's grows. */
    int (*set)(const struct sl_option *option, void *field, const char *text,
               struct sl_error *error);
    void (*clear)(void *field); /* frees what the field owns; NULL: nothing */
};

extern const struct sl_option sl_options[];
extern const size_t sl_option_count;

/* By name, with '-' and '_' alike; NULL where there is none. */
const struct sl_option *sl_options_find(const char *name);

/* The option that may have been meant and is allowed in `source`; NULL where none is similar. */
const struct sl_option *sl_options_nearest(const char *name, enum sl_source source);

/* Can it be given several times in one source? */
static inline bool sl_option_is_list(const struct sl_option *option)
{
    return option->kind == SL_OPTION_LIST || option->kind == SL_OPTION_LINES;
}

/* As strsep(3): cuts the next item off a text that has several. It may be empty. */
char *sl_option_next_item(const struct sl_option *option, char **rest);

/* "SOCKLENS_MAX_CONNECTIONS" */
#define SL_VARIABLE_SIZE 64
void sl_option_variable(const struct sl_option *option, char variable[SL_VARIABLE_SIZE]);

static inline void *sl_option_field(const struct sl_option *option, struct sl_config *config)
{
    return (char *)config + option->offset;
}

/* Where the value of `config` comes from. */
static inline struct sl_origin *sl_option_origin(const struct sl_option *option,
                                                 const struct sl_config *config)
{
    return &config->origins[option - sl_options];
}

#endif
