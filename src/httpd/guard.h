/* The request guard: what may pass before anything else looks at a request.
 *
 * libmicrohttpd 0.9.75 accepts several Host fields, several Content-Lengths and Content-Length next
 * to Transfer-Encoding. Two programs that read such a request differently can be made to see two
 * different requests (smuggling, RFC 9112 section 11.2), so all of it ends in 400 and a closed
 * connection. What it lets pass within a chunked body - line feeds alone, any extension - nobody
 * can see from here: such a request is the last of its connection.
 *
 * Pure: header fields in, problem out. */
#ifndef SOCKLENS_HTTPD_GUARD_H
#define SOCKLENS_HTTPD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "httpd/hosts.h"
#include "socklens/header.h"
#include "socklens/problem.h"

struct sl_guard_request {
    const char *method, *target, *version; /* "GET", "/x?y", "HTTP/1.1" */
    const struct sl_headers *headers;
    const struct sl_address *local; /* address the connection came to */
};

/* The message's frame: target form, fields, Host, lengths. 0, or a status after which the
 * connection must close. */
unsigned sl_guard_frame(const struct sl_guard_request *request, const struct sl_hosts *hosts,
                        struct sl_problem *problem);

/* For methods that change something: Sec-Fetch-Site and Origin, where present, must say that our
 * own page asks, which over TLS is an https one, or one that `hosts` allows. After sl_guard_frame,
 * which has judged Host. 0 or 403. */
unsigned sl_guard_origin(const struct sl_headers *headers, const struct sl_hosts *hosts, bool tls,
                         struct sl_problem *problem);

/* For methods that only read: a page of another site may link to us, but not ask for anything on
 * its own. It could not read the answer, but take places and time. 0 or 403. */
unsigned sl_guard_site(const struct sl_headers *headers, struct sl_problem *problem);

/* Accept must let the one type pass that there is. 0 or 406. */
unsigned sl_guard_accept(const struct sl_headers *headers, const char *type,
                         struct sl_problem *problem);

/* A body must be announced. 0 or 411. */
unsigned sl_guard_has_body(const struct sl_headers *headers, struct sl_problem *problem);

/* A body must be JSON. 0 or 415. */
unsigned sl_guard_content_type(const struct sl_headers *headers, struct sl_problem *problem);

struct sl_guard_body {
    bool chunked;
    uint64_t length; /* Content-Length, 0 where there is none */
};

/* After sl_guard_frame. */
struct sl_guard_body sl_guard_body(const struct sl_headers *headers);

#endif
