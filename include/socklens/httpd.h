/* The web side: dashboard, JSON API and event stream on libmicrohttpd, one thread.
 *
 * It reads journal and registry and never waits in a handler: what has to wait (an event stream, a
 * `wait=`, a test datagram) suspends its connection and goes on from a callback. */
#ifndef SOCKLENS_HTTP_H
#define SOCKLENS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/error.h"
#include "socklens/journal.h"
#include "socklens/log.h"
#include "socklens/net.h"
#include "socklens/registry.h"
#include "socklens/store.h"

struct sl_http_options {
    const char *const *allow_hosts; /* further names for the Host header */
    size_t allow_host_count;
    const char *const *allow_origins; /* further origins of our page: see web_origin.h */
    size_t allow_origin_count;
    const char *const *allow_targets; /* for test datagrams: see target.h */
    size_t allow_target_count;
    size_t connections_max; /* 0: default 1024 */
    size_t streams_max;     /* event streams at once; 0: three quarters of connections_max */
    const char *token_file; /* NULL: nobody has to show a token */
    const char *tls_cert_file, *tls_key_file; /* NULL both: plain HTTP; else TLS on all listeners */
    const char *version;
    char log_id[33]; /* identity of the log whose sequence numbers these are, hex */
    char run[33];    /* of this start, hex */
};

struct sl_http_context {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_net *net;
    struct sl_store *store; /* NULL: the journal is all there is */
    struct sl_log *log;
};

struct sl_http;

/* Reads the files that `options` names, as sl_http_new would. 0, or a negative errno with `error`.
 */
int sl_http_check_files(const struct sl_http_options *options, struct sl_error *error);

/* `options` and what it points to are copied. NULL with `error` set on failure. */
struct sl_http *sl_http_new(const struct sl_http_options *options,
                            const struct sl_http_context *context, struct sl_error *error);

/* Listens on an address; before start, once or more (all are served by one thread).
 */
int sl_http_listen(struct sl_http *http, const struct sl_endpoint *endpoint,
                   struct sl_error *error);

/* Takes a listening TCP or Unix socket that another process has opened for us, on failure too; its
 * address and file stay theirs. Before start. */
int sl_http_adopt(struct sl_http *http, int fd, struct sl_error *error);

size_t sl_http_listener_count(const struct sl_http *http);
const char *sl_http_listener_name(const struct sl_http *http, size_t index); /* "127.0.0.1:8080" */

const char *sl_http_scheme(const struct sl_http *http); /* "http" or "https" */

int sl_http_start(struct sl_http *http, struct sl_error *error);

/* Reads the token from its file again, where one was given. Any thread. 0, or a negative errno with
 * `error` set; the token is then what it was. */
int sl_http_renew_token(struct sl_http *http, const char *token_file, struct sl_error *error);

/* The same with certificate and key, for connections from then on. */
int sl_http_renew_certificate(struct sl_http *http, const char *cert_file, const char *key_file,
                              struct sl_error *error);

/* /readyz says yes from now on. */
void sl_http_set_ready(struct sl_http *http, bool ready);

/* Ends streams and waits, answers what is in flight, stops. Bounded by `timeout_ns`. Idempotent. */
void sl_http_stop(struct sl_http *http, int64_t timeout_ns);
void sl_http_free(struct sl_http *http);

#endif
