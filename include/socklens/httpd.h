/* An HTTP server on libmicrohttpd, one thread for all requests, that knows nothing of what it
 * serves: a table of routes, and what their step functions share, come from its owner.
 *
 * No step ever waits: what has to (an event stream, a `wait=`, a test datagram) suspends its
 * connection and goes on from a callback (waiters.h). */
#ifndef SOCKLENS_HTTPD_H
#define SOCKLENS_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/error.h"
#include "socklens/log.h"
#include "socklens/route.h"

struct sl_httpd_options {
    const char *const *allow_hosts; /* further names for the Host header */
    size_t allow_host_count;
    const char *const *allow_origins; /* further origins of our page: see web_origin.h */
    size_t allow_origin_count;
    size_t connections_max;                   /* 0: default 1024 */
    const char *token_file;                   /* NULL: nobody has to show a token */
    const char *view_token_file;              /* of one that only reads; NULL: none */
    const char *tls_cert_file, *tls_key_file; /* NULL both: plain HTTP; else TLS on all listeners */
};

struct sl_httpd;

/* Reads the files that `options` names, as sl_httpd_new would. 0, or a negative errno with `error`.
 */
int sl_httpd_check_files(const struct sl_httpd_options *options, struct sl_error *error);

/* `options` and `owner` are copied. NULL with `error` set on failure. */
struct sl_httpd *sl_httpd_new(const struct sl_httpd_options *options,
                              const struct sl_httpd_owner *owner, struct sl_log *log,
                              struct sl_error *error);

/* Listens on an address; before start, once or more (all are served by one thread).
 */
int sl_httpd_listen(struct sl_httpd *httpd, const struct sl_endpoint *endpoint,
                    struct sl_error *error);

/* Takes a listening TCP or Unix socket that another process has opened for us, on failure too; its
 * address and file stay theirs. Before start. */
int sl_httpd_adopt(struct sl_httpd *httpd, int fd, struct sl_error *error);

size_t sl_httpd_listener_count(const struct sl_httpd *httpd);
const char *sl_httpd_listener_name(const struct sl_httpd *httpd, size_t index); /* "127.0.0.1:80" */

const char *sl_httpd_scheme(const struct sl_httpd *httpd); /* "http" or "https" */

int sl_httpd_start(struct sl_httpd *httpd, struct sl_error *error);

/* Reads the tokens from their files again, where any were given. Any thread. 0, or a negative errno
 * with `error` set; the tokens are then what they were. */
int sl_httpd_renew_tokens(struct sl_httpd *httpd, const char *token_file,
                          const char *view_token_file, struct sl_error *error);

/* The same with certificate and key, for connections from then on. */
int sl_httpd_renew_certificate(struct sl_httpd *httpd, const char *cert_file, const char *key_file,
                               struct sl_error *error);

/* /readyz says yes from now on. */
void sl_httpd_set_ready(struct sl_httpd *httpd, bool ready);

/* Ends streams and waits, answers what is in flight, stops. Bounded by `timeout_ns`. Idempotent. */
void sl_httpd_stop(struct sl_httpd *httpd, int64_t timeout_ns);
void sl_httpd_free(struct sl_httpd *httpd); /* NULL is fine */

/* --- for the owner's step functions; any thread --- */

void *sl_httpd_context(const struct sl_httpd *httpd);
struct sl_waiters *sl_httpd_waiters(struct sl_httpd *httpd);
bool sl_httpd_is_ready(const struct sl_httpd *httpd);
bool sl_httpd_is_stopping(const struct sl_httpd *httpd);
size_t sl_httpd_connections_max(const struct sl_httpd *httpd);

struct sl_httpd_stats {
    size_t connections;    /* open, with those over a limit */
    uint64_t rejected;     /* connections over a limit, or without a descriptor or memory */
    size_t requests;       /* between head and the end of the answer */
    size_t held_bytes;     /* of bodies and answers */
    uint64_t wrong_tokens; /* that were shown */
};

void sl_httpd_stats(const struct sl_httpd *httpd, struct sl_httpd_stats *stats);

/* Calls `visit` for each route ("dashboard": its files, "none": no route) and status that was ever
 * answered, route by route. */
void sl_httpd_visit_traffic(struct sl_httpd *httpd,
                            void (*visit)(void *context, const char *method, const char *route,
                                          unsigned status, uint64_t answers),
                            void *context);

#endif
