/* Reads the one shape of JSON that ready_file.c writes: lists of strings, each under its key. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ready_file.h"

#define SIZE_MAX_READ 65536

struct reader {
    const char *at;
};

static bool skip(struct reader *reader, char wanted)
{
    reader->at += strspn(reader->at, " \t\r\n");
    if (*reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

/* What stands behind a backslash, as sl_json_string escapes it. */
static bool read_escape(struct reader *reader, char *byte)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *known = *reader->at ? strchr(letters, *reader->at) : NULL;
    unsigned code;
    int size = 0;

    if (known) {
        *byte = bytes[known - letters];
        reader->at++;
        return true;
    }
    if (sscanf(reader->at, "u%4x%n", &code, &size) != 1 || size != 5 || code == 0 || code > 0x7f)
        return false;
    *byte = (char)code;
    reader->at += size;
    return true;
}

static bool read_string(struct reader *reader, char *text, size_t capacity)
{
    size_t size = 0;

    if (!skip(reader, '"'))
        return false;
    while (*reader->at && *reader->at != '"' && size + 1 < capacity) {
        char byte = *reader->at++;

        if (byte == '\\' && !read_escape(reader, &byte))
            return false;
        text[size++] = byte;
    }
    text[size] = '\0';
    return *reader->at++ == '"';
}

typedef int take_function(void *context, const char *key, const char *address,
                          struct sl_error *error);

/* -EBADMSG where it is not that shape. */
static int read_list(struct reader *reader, const char *key, take_function *take, void *context,
                     struct sl_error *error)
{
    char address[512];
    int result = 0;

    if (!skip(reader, ':') || !skip(reader, '['))
        return -EBADMSG;
    if (skip(reader, ']'))
        return 0;
    do {
        result = read_string(reader, address, sizeof(address)) ? take(context, key, address, error)
                                                               : -EBADMSG;
    } while (result == 0 && skip(reader, ','));
    return result != 0 || skip(reader, ']') ? result : -EBADMSG;
}

static int read_lists(struct reader *reader, take_function *take, void *context,
                      struct sl_error *error)
{
    char key[32];
    int result;

    if (!skip(reader, '{'))
        return -EBADMSG;
    do {
        result = read_string(reader, key, sizeof(key))
                     ? read_list(reader, key, take, context, error)
                     : -EBADMSG;
    } while (result == 0 && skip(reader, ','));
    return result != 0 || skip(reader, '}') ? result : -EBADMSG;
}

static int read_file(const char *path, char text[SIZE_MAX_READ])
{
    FILE *file = fopen(path, "re");
    size_t size;
    int code;

    if (!file)
        return -errno;
    size = fread(text, 1, SIZE_MAX_READ - 1, file);
    code = ferror(file) ? -EIO : 0;
    fclose(file);
    text[size] = '\0';
    return code;
}

int sl_ready_file_read(const char *path, take_function *take, void *context, struct sl_error *error)
{
    char *text = malloc(SIZE_MAX_READ);
    struct reader reader = {.at = text};
    int result = text ? read_file(path, text) : -ENOMEM;

    if (result < 0) {
        sl_error_set(error, result, "the ready file %s cannot be read: %s", path,
                     strerror(-result));
    } else {
        result = read_lists(&reader, take, context, error);
        if (result == -EBADMSG)
            sl_error_set(error, result, "the ready file %s is not one of this program", path);
    }
    free(text);
    return result;
}
