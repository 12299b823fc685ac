/* Reads the token's file, and compares what a request shows in a time that does not tell the token.
 * */
#include "httpd/token.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/="

static int read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    int code = 0;

    if (!file)
        return -errno;
    if (!fgets(line, size, file)) {
        code = ferror(file) ? -errno : 0;
        line[0] = '\0';
    }
    fclose(file);
    return code;
}

static int token_read(const char *path, char token[SL_TOKEN_SIZE_MAX + 1], struct sl_error *error)
{
    char line[SL_TOKEN_SIZE_MAX + 8] = "";
    int code = read_line(path, line, sizeof(line));
    size_t size = strcspn(line, " \t\r\n");

    if (code < 0)
        return sl_error_set(error, code, "cannot read the token file %s: %s", path,
                            strerror(-code));
    if (size < SL_TOKEN_SIZE_MIN || size > SL_TOKEN_SIZE_MAX || strspn(line, CHARACTERS) != size ||
        line[size + strspn(line + size, " \t\r\n")] != '\0')
        return sl_error_set(error, -EINVAL,
                            "the first line of the token file %s must be %d to %d letters, digits "
                            "and -._~+/=, as from: openssl rand -hex 24",
                            path, SL_TOKEN_SIZE_MIN, SL_TOKEN_SIZE_MAX);
    memcpy(token, line, size);
    token[size] = '\0';
    return 0;
}

int sl_tokens_read(const char *path, const char *view_path, struct sl_tokens *tokens,
                   struct sl_error *error)
{
    struct sl_tokens read = {.full = ""};
    int code = path ? token_read(path, read.full, error) : 0;

    if (code == 0 && view_path)
        code = token_read(view_path, read.view, error);
    if (code == 0 && *read.view && strcmp(read.full, read.view) == 0)
        code = sl_error_set(error, -EINVAL, "the token files %s and %s have the same token", path,
                            view_path);
    if (code == 0)
        *tokens = read;
    return code;
}

/* The loop is as long as what was sent, whatever it is. */
static bool is_same(const char *token, const char *shown)
{
    size_t size = strlen(token), shown_size = strlen(shown);
    unsigned char differs = size != shown_size;

    for (size_t i = 0; i < shown_size; i++)
        differs |= (unsigned char)(token[i < size ? i : 0] ^ shown[i]);
    return !differs;
}

const char *sl_token_shown(const struct sl_headers *headers)
{
    const char *field = sl_headers_get(headers, "Authorization");

    if (!field || strncasecmp(field, "Bearer ", 7) != 0 ||
        sl_headers_count(headers, "Authorization") > 1)
        return NULL;
    return field + 7;
}

unsigned sl_tokens_check(const struct sl_tokens *tokens, const struct sl_headers *headers,
                         bool changes, struct sl_problem *problem)
{
    const char *shown = sl_token_shown(headers);
    bool full = shown && is_same(tokens->full, shown);
    bool view = shown && *tokens->view && is_same(tokens->view, shown);

    if (!*tokens->full || full || (view && !changes))
        return 0;
    if (view)
        return sl_problem_set(problem, 403, "Authorization",
                              "Bearer and the token of the server's --token-file",
                              "this token only reads");
    return sl_problem_set(problem, 401, "Authorization",
                          "Bearer and the gateway's token, the first line of its --token-file",
                          shown ? "this is not the gateway's token" : "a token is needed");
}
