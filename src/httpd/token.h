/* The tokens that a client must show, where any were given: RFC 6750, "Authorization: Bearer ...".
 * One is for everything, a second one is for reading only. */
#ifndef SOCKLENS_HTTPD_TOKEN_H
#define SOCKLENS_HTTPD_TOKEN_H

#include <stdbool.h>

#include "socklens/error.h"
#include "socklens/header.h"
#include "socklens/problem.h"

#define SL_TOKEN_SIZE_MIN 16
#define SL_TOKEN_SIZE_MAX 256

struct sl_tokens {
    char full[SL_TOKEN_SIZE_MAX + 1]; /* "": nobody has to show one */
    char view[SL_TOKEN_SIZE_MAX + 1]; /* "": there is none */
};

/* The first line of each file, without blanks at its end: letters, digits and -._~+/= . A path that
 * is NULL gives "". 0, or a negative errno with `error` set and `tokens` untouched. */
int sl_tokens_read(const char *path, const char *view_path, struct sl_tokens *tokens,
                   struct sl_error *error);

/* The token that a request shows in its one Authorization field, or NULL. */
const char *sl_token_shown(const struct sl_headers *headers);

/* 0; 401 where a token is needed and the request shows none of ours; 403 where it shows the one for
 * reading, and `changes` something. How long it takes depends on the sizes only. */
unsigned sl_tokens_check(const struct sl_tokens *tokens, const struct sl_headers *headers,
                         bool changes, struct sl_problem *problem);

#endif
