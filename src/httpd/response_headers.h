/* The headers that keep a browser from doing with an answer what it is not for; each answer has
 * them all. No Strict-Transport-Security: it goes by name and for all ports, so that one server
 * with a certificate would take plain HTTP from everything else that runs on localhost, and would
 * leave no way past a certificate that a browser does not know. */
#ifndef SOCKLENS_HTTPD_RESPONSE_HEADERS_H
#define SOCKLENS_HTTPD_RESPONSE_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "socklens/answer.h"

/* Nothing from elsewhere, no inline script or style, no frame around it. */
#define SL_CONTENT_SECURITY_POLICY                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "            \
    "require-trusted-types-for 'script'; trusted-types 'none'"

/* Calls X(name, value) for each. */
#define SL_SECURITY_HEADERS(X)                                                                     \
    X("Content-Security-Policy", SL_CONTENT_SECURITY_POLICY)                                       \
    X("X-Content-Type-Options", "nosniff")                                                         \
    X("Referrer-Policy", "no-referrer")                                                            \
    X("Cross-Origin-Resource-Policy", "same-origin")                                               \
    X("Cross-Origin-Opener-Policy", "same-origin")                                                 \
    X("X-Frame-Options", "DENY")

/* Adds them, Cache-Control, and what `answer` says. */
bool sl_response_add_headers(struct MHD_Response *response, const struct sl_answer *answer);

#endif
