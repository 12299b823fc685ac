/* The token that a client must show, where one was given: RFC 6750, "Authorization: Bearer ...". */
#ifndef SOCKLENS_HTTPD_TOKEN_H
#define SOCKLENS_HTTPD_TOKEN_H

#include "socklens/error.h"
#include "socklens/header.h"
#include "socklens/problem.h"

#define SL_TOKEN_SIZE_MIN 16
#define SL_TOKEN_SIZE_MAX 256

/* The file's first line, without blanks at its end: letters, digits and -._~+/= . 0, or a negative
 * errno with `error` set. */
int sl_token_read(const char *path, char token[SL_TOKEN_SIZE_MAX + 1], struct sl_error *error);

/* The token that a request shows in its one Authorization field, or NULL. */
const char *sl_token_shown(const struct sl_headers *headers);

/* 0, or 401 where `token` is not "" and the request does not show it. How long it takes depends on
 * the sizes only. */
unsigned sl_token_check(const char *token, const struct sl_headers *headers,
                        struct sl_problem *problem);

#endif
