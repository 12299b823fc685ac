/* Loads settings as main does, from arguments, environment and a file of the test's own. */
#ifndef CONFIG_FIXTURE_H
#define CONFIG_FIXTURE_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "socklens/settings.h"

#define LIST_MAX 16

/* One load and what it said. */
struct load {
    struct sl_config config;
    struct sl_config_errors errors, warnings;
    char path[32]; /* of a config file; "" */
    int fd;        /* of that file */
};

/* A list that may be changed, of `first` (unless NULL) and all of `texts` (unless NULL). */
static inline size_t copy_list(char *list[LIST_MAX], const char *first, const char *const *texts)
{
    size_t count = 0;

    if (first)
        list[count++] = strdup(first);
    for (; texts && *texts; texts++)
        list[count++] = strdup(*texts);
    assert_true(count < LIST_MAX);
    list[count] = NULL;
    return count;
}

static inline void free_list(char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
}

static inline int load(struct load *load, const char *const *arguments,
                       const char *const *environment)
{
    char *argv[LIST_MAX], *environ_copy[LIST_MAX], *given[LIST_MAX];
    size_t argc = copy_list(argv, "socklens", arguments);
    size_t variables = copy_list(environ_copy, NULL, environment);

    memcpy(given, argv, sizeof(given)); /* getopt changes the order */
    int result = sl_config_load(&load->config, (int)argc, argv, environ_copy, &load->errors,
                                &load->warnings);
    free_list(given, argc);
    free_list(environ_copy, variables);
    return result;
}

static inline void unload(struct load *load)
{
    sl_config_deinit(&load->config);
    sl_config_errors_deinit(&load->errors);
    sl_config_errors_deinit(&load->warnings);
    if (*load->path)
        close(load->fd);
    *load = (struct load){0};
}

/* The file is in memory: a test that fails leaves nothing behind. */
static inline void write_file(struct load *load, const void *text, size_t size)
{
    load->fd = memfd_create("config", MFD_CLOEXEC);
    assert_true(load->fd >= 0);
    snprintf(load->path, sizeof(load->path), "/proc/self/fd/%d", load->fd);
    assert_int_equal(write(load->fd, text, size), size);
}

/* Loads with `text` as config file. */
static inline int load_file_bytes(struct load *one, const void *text, size_t size)
{
    char option[64];

    write_file(one, text, size);
    snprintf(option, sizeof(option), "--config=%s", one->path);
    return load(one, (const char *const[]){option, NULL}, NULL);
}

static inline int load_file(struct load *load, const char *text)
{
    return load_file_bytes(load, text, strlen(text));
}

/* `expected` has %s for the file's path, as often as it likes. */
static inline void assert_file_errors(struct load *load, const char *expected)
{
    char *text = strdup("");

    for (const char *mark; (mark = strstr(expected, "%s")); expected = mark + 2) {
        char *more;
        assert_true(
            asprintf(&more, "%s%.*s%s", text, (int)(mark - expected), expected, load->path) > 0);
        free(text);
        text = more;
    }
    char *whole;
    assert_true(asprintf(&whole, "%s%s", text, expected) > 0);
    assert_took(&load->errors.lines, whole);
    free(text);
    free(whole);
}

static inline void assert_endpoint(const struct sl_endpoint_list *list, size_t index,
                                   const char *host, unsigned port)
{
    assert_true(index < list->count);
    assert_string_equal(list->items[index].host, host);
    assert_int_equal(list->items[index].port, port);
}

#endif
