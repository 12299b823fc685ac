/* Applies defaults, config file, environment and command line in this order, then checks what no
 * single option can tell. */
#include "socklens/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/arguments.h"
#include "settings/bind_hosts.h"
#include "settings/config_file.h"
#include "settings/options.h"
#include "socklens/service.h"

#define PREFIX "SOCKLENS_"

struct load {
    struct sl_config *config;
    struct sl_config_errors *errors, *warnings;
    const char *file; /* being read */
    struct sl_argument *arguments;
    size_t argument_count;
};

/* Adds `text` to what is known of the option, or replaces that. `place` may end in ": name". */
static void remember(struct load *load, const struct sl_option *option, const char *text,
                     const char *place, bool add)
{
    struct sl_origin *origin = sl_option_origin(option, load->config);
    const char *end = strstr(place, ": ");
    char *joined;

    const char *between = option->kind == SL_OPTION_LINES ? "; " : ", ";

    if (asprintf(&joined, "%s%s%s", add ? origin->text : "", add ? between : "", text) < 0)
        return; /* the place that it came from is told less exactly */
    free(origin->text);
    free(origin->place);
    origin->text = joined;
    origin->place = strndup(place, end ? (size_t)(end - place) : strlen(place));
}

/* One text for an option; `place` is where it came from, for the error. */
static void set_one(struct load *load, const struct sl_option *option, const char *text,
                    const char *place)
{
    struct sl_error error;

    if (option->set(option, sl_option_field(option, load->config), text, &error) < 0)
        sl_config_errors_add(load->errors, "%s: %s", place, error.text);
}

static void set_each(struct load *load, const struct sl_option *option, const char *text,
                     const char *place)
{
    char *copy = strdup(text), *rest = copy;
    size_t count = 0;

    for (char *item; copy && (item = sl_option_next_item(option, &rest));) {
        if (!*item)
            continue;
        set_one(load, option, item, place);
        count++;
    }
    if (count == 0)
        sl_config_errors_add(load->errors, "%s: %s is missing", place, option->metavar);
    free(copy);
}

static void apply(struct load *load, const struct sl_option *option, const char *text,
                  enum sl_source source, const char *place)
{
    struct sl_origin *origin = sl_option_origin(option, load->config);
    bool first = !(origin->sources & source);

    origin->sources |= source;
    remember(load, option, text, place, sl_option_is_list(option) && !first);
    if (!sl_option_is_list(option)) {
        set_one(load, option, text, place);
        return;
    }
    if (first)
        option->clear(sl_option_field(option, load->config));
    if (source == SL_FROM_ARGUMENTS || (source == SL_FROM_FILE && option->kind == SL_OPTION_LINES))
        set_one(load, option, text, place);
    else
        set_each(load, option, text, place);
}

static void apply_defaults(struct load *load)
{
    for (size_t i = 0; i < sl_option_count; i++) {
        const struct sl_option *option = &sl_options[i];

        if (!option->fallback)
            continue;
        if (sl_option_is_list(option))
            set_each(load, option, option->fallback, option->name);
        else
            set_one(load, option, option->fallback, option->name);
        remember(load, option, option->fallback, "default", false);
    }
}

/* --- file --- */

static void refuse_key(struct load *load, const struct sl_option *option, const char *name,
                       unsigned line)
{
    const struct sl_option *nearest = sl_options_nearest(name, SL_FROM_FILE);

    if (option)
        sl_config_errors_add(load->errors, "%s:%u: \"%s\" is not allowed in a config file",
                             load->file, line, name);
    else if (nearest)
        sl_config_errors_add(load->errors, "%s:%u: unknown key \"%s\"; did you mean \"%s\"?",
                             load->file, line, name, nearest->name);
    else
        sl_config_errors_add(load->errors, "%s:%u: unknown key \"%s\"", load->file, line, name);
}

static void take_key(void *context, const char *name, const char *value, unsigned line)
{
    struct load *load = context;
    const struct sl_option *option = sl_options_find(name);
    char place[512];
    unsigned *first;

    if (!option || !(option->sources & SL_FROM_FILE)) {
        refuse_key(load, option, name, line);
        return;
    }
    first = &sl_option_origin(option, load->config)->line;
    if (*first != 0 && !sl_option_is_list(option)) {
        sl_config_errors_add(load->errors, "%s:%u: \"%s\" is already set in line %u", load->file,
                             line, option->name, *first);
        return;
    }
    if (*first == 0)
        *first = line;
    snprintf(place, sizeof(place), "%s:%u: %s", load->file, line, option->name);
    apply(load, option, value, SL_FROM_FILE, place);
}

/* --- environment --- */

/* Kubernetes and Docker links tell a container where a service called "socklens" is. */
static bool is_service_link(const char *name)
{
    return strncmp(name, "SERVICE_", 8) == 0 || strncmp(name, "PORT=", 5) == 0 ||
           strncmp(name, "PORT_", 5) == 0;
}

/* `name` is what follows SOCKLENS_. */
static void warn_variable(struct load *load, const char *name)
{
    const struct sl_option *nearest;
    char plain[SL_VARIABLE_SIZE], meant[SL_VARIABLE_SIZE] = "";
    size_t size = strcspn(name, "=");

    if (is_service_link(name) || size >= sizeof(plain))
        return;
    for (size_t i = 0; i < size; i++)
        plain[i] = (char)tolower((unsigned char)name[i]);
    plain[size] = '\0';
    nearest = sl_options_nearest(plain, SL_FROM_ENVIRONMENT);
    if (nearest)
        sl_option_variable(nearest, meant);
    sl_config_errors_add(load->warnings, "%s%.*s: unknown variable%s%s%s", PREFIX, (int)size, name,
                         nearest ? "; did you mean " : "", meant, nearest ? "?" : "");
}

/* The value in `entry` ("NAME=value") where the name is `variable`, else NULL. */
static const char *value_of(const char *entry, const char *variable)
{
    size_t size = strlen(variable);

    return strncmp(entry, variable, size) == 0 && entry[size] == '=' ? entry + size + 1 : NULL;
}

static const struct sl_option *find_variable(const char *entry, char variable[SL_VARIABLE_SIZE])
{
    for (size_t i = 0; i < sl_option_count; i++) {
        const struct sl_option *option = &sl_options[i];

        if (!(option->sources & SL_FROM_ENVIRONMENT))
            continue;
        sl_option_variable(option, variable);
        if (value_of(entry, variable))
            return option;
    }
    return NULL;
}

/* An empty variable counts as unset: compose files hand those over. */
static void apply_environment(struct load *load, char *const *environment)
{
    for (char *const *entry = environment; *entry; entry++) {
        const struct sl_option *option;
        char variable[SL_VARIABLE_SIZE];
        const char *value = strchr(*entry, '=');

        if (strncmp(*entry, PREFIX, strlen(PREFIX)) != 0 || !value || !value[1])
            continue;
        option = find_variable(*entry, variable);
        if (option)
            apply(load, option, value + 1, SL_FROM_ENVIRONMENT, variable);
        else
            warn_variable(load, *entry + strlen(PREFIX));
    }
}

/* --- command line --- */

static void apply_arguments(struct load *load)
{
    for (size_t i = 0; i < load->argument_count; i++) {
        const struct sl_argument *argument = &load->arguments[i];
        char place[SL_VARIABLE_SIZE];

        snprintf(place, sizeof(place), "--%s", argument->option->name);
        apply(load, argument->option, argument->text, SL_FROM_ARGUMENTS, place);
    }
}

/* The config file's path has to be known before the rest can be put in order. */
static const char *find_file(const struct load *load, char *const *environment)
{
    const char *path = NULL;

    for (char *const *entry = environment; *entry; entry++) {
        const char *value = value_of(*entry, PREFIX "CONFIG");

        path = value && *value ? value : path;
    }
    for (size_t i = 0; i < load->argument_count; i++)
        if (load->arguments[i].option->offset == offsetof(struct sl_config, file))
            path = load->arguments[i].text;
    return path;
}

/* --- what no single option can tell --- */

static bool same_place(const struct sl_endpoint *a, const struct sl_endpoint *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->unix_path, b->unix_path) == 0 &&
           a->port == b->port && (a->port != 0 || *a->unix_path);
}

/* The listeners in one row, HTTP last. */
#define LISTENERS (SL_SERVICE_COUNT + 1)

static struct sl_endpoint_list *listeners(struct sl_config *config, size_t index)
{
    return index < SL_SERVICE_COUNT ? &config->services[index] : &config->http;
}

static bool is_stream(size_t index)
{
    return index >= SL_SERVICE_COUNT || sl_service_get((enum sl_service_id)index)->stream;
}

static const char *listener_option(size_t index)
{
    return index < SL_SERVICE_COUNT ? sl_service_get((enum sl_service_id)index)->option : "http";
}

/* Compares the endpoints of a listener with those before them, of another listener or its own. */
static void check_clash(struct load *load, size_t index, size_t other_index)
{
    const struct sl_endpoint_list *list = listeners(load->config, index);
    const struct sl_endpoint_list *other = listeners(load->config, other_index);

    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < (list == other ? i : other->count); j++)
            if (same_place(&list->items[i], &other->items[j]))
                sl_config_errors_add(load->errors, "%s: address already given for %s",
                                     listener_option(index), listener_option(other_index));
}

/* With SO_REUSEPORT the kernel would give each of two such listeners a part of the traffic. */
static void check_clashes(struct load *load)
{
    for (size_t i = 0; i < LISTENERS; i++)
        for (size_t j = 0; j <= i; j++)
            if (is_stream(i) == is_stream(j))
                check_clash(load, i, j);
}

static void check_secrets(struct load *load)
{
    const struct sl_config *config = load->config;

    if (config->view_token_file && !config->token_file)
        sl_config_errors_add(load->errors,
                             "view-token-file: changes need another token; add --token-file");
    if (config->tls_cert && !config->tls_key)
        sl_config_errors_add(load->errors,
                             "tls-cert: the private key of %s is missing; add --tls-key",
                             config->tls_cert);
    if (config->tls_key && !config->tls_cert)
        sl_config_errors_add(load->errors,
                             "tls-key: the certificate of %s is missing; add --tls-cert",
                             config->tls_key);
}

static void fill_hosts(struct load *load)
{
    const struct sl_name_list *hosts = &load->config->bind;
    const struct sl_option *option = sl_options_find("bind");
    bool usual = sl_option_origin(option, load->config)->sources == 0;
    const char *problem = sl_bind_hosts_problem(hosts);

    if (problem)
        sl_config_errors_add(load->errors, "bind: %s", problem);
    for (size_t i = 0; i < LISTENERS; i++)
        if (sl_bind_hosts_fill(listeners(load->config, i), hosts, usual) != 0)
            sl_config_errors_add(load->errors, "out of memory");
}

static void finish(struct load *load)
{
    check_secrets(load);
    fill_hosts(load);
    if (load->errors->count == 0)
        check_clashes(load);
}

/* --help and --version end the command line: nothing else matters then. */
static bool apply_last_word(struct load *load)
{
    struct sl_config *config = load->config;
    const struct sl_argument *last;

    if (load->argument_count == 0)
        return false;
    last = &load->arguments[load->argument_count - 1];
    config->help = strcmp(last->option->name, "help") == 0;
    config->version = strcmp(last->option->name, "version") == 0;
    return config->help || config->version;
}

static void load_all(struct load *load, char *const *environment)
{
    if (apply_last_word(load))
        return;
    apply_defaults(load);
    load->file = find_file(load, environment);
    if (load->file && *load->file)
        sl_config_file_read(load->file, take_key, load, load->errors);
    apply_environment(load, environment);
    apply_arguments(load);
    finish(load);
}

int sl_config_load(struct sl_config *config, int argc, char **argv, char *const *environment,
                   struct sl_config_errors *errors, struct sl_config_errors *warnings)
{
    struct load load = {.config = config, .errors = errors, .warnings = warnings};

    config->origins = calloc(sl_option_count, sizeof(*config->origins));
    load.arguments = sl_arguments_parse(argc, argv, &load.argument_count, errors);
    if (!load.arguments || !config->origins)
        sl_config_errors_add(errors, "out of memory");
    if (errors->count == 0)
        load_all(&load, environment);
    free(load.arguments);
    return errors->count == 0 ? 0 : -EINVAL;
}

void sl_config_deinit(struct sl_config *config)
{
    for (size_t i = 0; i < sl_option_count; i++) {
        if (sl_options[i].clear)
            sl_options[i].clear(sl_option_field(&sl_options[i], config));
        if (config->origins) {
            free(config->origins[i].text);
            free(config->origins[i].place);
        }
    }
    free(config->origins);
    *config = (struct sl_config){0};
}

static void exchange(void *a, void *b, size_t size)
{
    for (uint8_t *x = a, *y = b; size > 0; x++, y++, size--) {
        uint8_t byte = *x;

        *x = *y;
        *y = byte;
    }
}

/* False where the setting is the same. */
static bool update_one(const struct sl_option *option, struct sl_config *config,
                       struct sl_config *fresh, struct sl_log *log)
{
    struct sl_origin *ours = sl_option_origin(option, config);
    struct sl_origin *theirs = sl_option_origin(option, fresh);
    const char *before = ours->text ? ours->text : "unset";
    const char *after = theirs->text ? theirs->text : "unset";

    if (!ours->text == !theirs->text && strcmp(before, after) == 0)
        return false;
    if (!option->live) {
        sl_log_warning(log, "%s: stays %s until a restart; then it will be %s", option->name,
                       before, after);
        return true;
    }
    sl_log_info(log, "%s: %s is now %s (%s)", option->name, before, after,
                theirs->place ? theirs->place : "default");
    exchange(ours, theirs, sizeof(*ours));
    exchange(sl_option_field(option, config), sl_option_field(option, fresh), option->size);
    return true;
}

void sl_config_update(struct sl_config *config, struct sl_config *fresh, struct sl_log *log)
{
    bool changed = false;

    for (size_t i = 0; i < sl_option_count; i++)
        changed |= update_one(&sl_options[i], config, fresh, log);
    if (!changed)
        sl_log_info(log, "the settings have not changed");
}
