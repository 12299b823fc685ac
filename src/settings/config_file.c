/* inih (r55) does the syntax, with its traps closed by the reader that hands it the lines:
 *   - it silently splits a line over its limit (200 bytes as Debian builds it): refused here;
 *   - it takes an indented line for a continuation of the value above: blanks are stripped here;
 *   - it stops a line at a NUL byte: refused here;
 *   - it reports only the first malformed line: the reader notices each line that came to nothing;
 *   - it does not tell its handler the line number: the reader counts. */
#include "settings/config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct reader {
    const char *path;
    FILE *file;
    char *line; /* getline(3)'s */
    size_t capacity;
    unsigned number;    /* of the line that inih has */
    bool wants_setting; /* that line has to become a call of the handler */
    void (*visit)(void *context, const char *name, const char *value, unsigned line);
    void *context;
    struct sl_config_errors *errors;
};

/* Without the byte order mark, blanks and line end around it. */
static char *strip(char *line, unsigned number)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size;

    if (number == 1 && strncmp(line, mark, strlen(mark)) == 0)
        line += strlen(mark);
    line += strspn(line, " \t\r\n\v\f");
    size = strlen(line);
    while (size > 0 && strchr(" \t\r\n\v\f", line[size - 1]))
        line[--size] = '\0';
    return line;
}

/* Why inih must not see the line; NULL where it may. */
static const char *refuse(const char *line, bool has_nul, size_t limit)
{
    if (has_nul)
        return "the line has a NUL byte";
    if (strlen(line) >= limit)
        return "the line is too long; split a list by repeating its key";
    if (*line == '[' && !strchr(line, ']'))
        return "the ] after the section name is missing";
    return NULL;
}

/* An ini_reader: one line in, without its end. Refused lines arrive empty. */
static char *next_line(char *out, int size, void *stream)
{
    struct reader *reader = stream;

    if (reader->wants_setting)
        sl_config_errors_add(reader->errors, "%s:%u: expected \"name = value\"", reader->path,
                             reader->number);
    reader->wants_setting = false;
    ssize_t read_size = getline(&reader->line, &reader->capacity, reader->file);
    if (read_size < 0)
        return NULL;
    bool has_nul = memchr(reader->line, '\0', (size_t)read_size) != NULL;
    char *line = strip(reader->line, ++reader->number);
    const char *reason = refuse(line, has_nul, (size_t)size);
    if (reason) {
        sl_config_errors_add(reader->errors, "%s:%u: %s", reader->path, reader->number, reason);
        *line = '\0';
    }
    reader->wants_setting = *line && !strchr("#;[", *line);
    return strcpy(out, line);
}

static int take_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;

    reader->wants_setting = false;
    if (*section && strcmp(section, "socklens") != 0)
        sl_config_errors_add(reader->errors,
                             "%s:%u: unknown section [%s]; the only section is [socklens]",
                             reader->path, reader->number, section);
    else if (strstr(value, " #"))
        sl_config_errors_add(reader->errors, "%s:%u: a comment after a value begins with \";\"",
                             reader->path, reader->number);
    else
        reader->visit(reader->context, name, value, reader->number);
    return 1;
}

void sl_config_file_read(const char *path,
                         void (*visit)(void *context, const char *name, const char *value,
                                       unsigned line),
                         void *context, struct sl_config_errors *errors)
{
    struct reader reader = {.path = path, .visit = visit, .context = context, .errors = errors};

    reader.file = fopen(path, "re");
    if (!reader.file) {
        sl_config_errors_add(errors, "cannot read %s: %s", path, strerror(errno));
        return;
    }
    errno = 0;
    if (ini_parse_stream(next_line, &reader, take_setting, &reader) == -2)
        sl_config_errors_add(errors, "%s: out of memory", path);
    if (ferror(reader.file))
        sl_config_errors_add(errors, "cannot read %s: %s", path, strerror(errno));
    fclose(reader.file);
    free(reader.line);
}
