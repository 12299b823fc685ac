/* How a request goes through libmicrohttpd's callbacks, all of them on the HTTP thread:
 *
 *   on_connection   accept: the connection's record begins, with a deadline for its first request,
 *                   a TLS handshake included
 *   on_handshake    with TLS: lends the certificate
 *   on_target       request line: keeps the target as it came (libmicrohttpd cuts and decodes it)
 *   on_request      1. head complete: guard, route, and what can be said against it
 *                   2. body bytes, bounded
 *                   3. complete: a step; it answers, or the connection is suspended and this call
 *                      comes again when it is resumed
 *   on_completed    the answer has left, or the connection broke: the request's memory goes
 *
 * An answer that is queued in call 1 makes libmicrohttpd close the connection behind it, for it
 * does not read the body. That is right where the frame is in doubt (what follows could be a
 * smuggled request) or the body is too large; other refusals wait for call 3 and keep the
 * connection. */
#include "httpd/mhd.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "httpd/mhd_head_check.h"
#include "httpd/request_checks.h"
#include "httpd/response.h"
#include "httpd/tls_lend.h"

#define MEMORY_PER_CONNECTION ((size_t)32 << 10)
#define INACTIVITY_S          15u

static struct sl_http_connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void expect(struct sl_httpd *httpd, struct sl_http_connection *connection, int64_t in_ns)
{
    int64_t deadline_ns = sl_clock_mono_ns() + in_ns;

    sl_connections_expect(&httpd->connections, connection, deadline_ns);
    sl_waiters_expect(&httpd->waiters, deadline_ns);
}

/* One that is turned away must not hold its place for long. */
static int64_t head_deadline_ns(const struct sl_http_connection *connection)
{
    return connection->over ? SL_OVER_DEADLINE_NS : SL_HEAD_DEADLINE_NS;
}

static struct sl_http_connection *welcome(struct sl_httpd *httpd, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sl_http_connection *connection =
        sl_connections_add(&httpd->connections, info->connect_fd, 0);

    if (connection) {
        connection->httpd = httpd;
        expect(httpd, connection, head_deadline_ns(connection));
    }
    return connection;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sl_httpd *httpd = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = welcome(httpd, connection);
    } else if (*socket_context) {
        sl_connections_remove(&httpd->connections, *socket_context);
        *socket_context = NULL;
    }
}

static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct sl_http_connection *connection = connection_of(mhd);

    (void)context;
    if (connection) {
        free(connection->target);
        connection->target = strdup(target);
    }
    return NULL;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct sl_headers *headers = context;

    (void)kind;
    if (headers->count == SL_HEADERS_MAX) {
        headers->overflow = true;
        return MHD_NO;
    }
    headers->items[headers->count++] =
        (struct sl_header){name, value ? value : "", name_size, value ? value_size : 0};
    return MHD_YES;
}

/* --- call 1 --- */

static enum MHD_Result refuse_now(struct MHD_Connection *mhd, struct sl_request *request)
{
    struct sl_answer answer = {.close = true};

    sl_request_answer_refusal(request, &answer);
    return sl_response_queue(mhd, request, &answer);
}

/* With more fields than are kept the guard refuses in any case. */
static bool is_sound(struct MHD_Connection *mhd, const struct sl_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct sl_mhd_head layout = {.method = request->method,
                                 .target = request->target,
                                 .version = request->version,
                                 .headers = &request->headers,
                                 .size = info ? info->header_size : 0};

    return !info || request->headers.overflow || !sl_mhd_head_is_known(MHD_get_version()) ||
           sl_mhd_head_is_sound(&layout);
}

static enum MHD_Result begin(struct sl_httpd *httpd, struct MHD_Connection *mhd, const char *method,
                             const char *version, void **state)
{
    struct sl_http_connection *connection = connection_of(mhd);
    struct sl_request *request;
    bool sound;

    if (!connection || !connection->target)
        return MHD_NO;
    request = sl_request_new(httpd, connection, method, version);
    if (!request)
        return MHD_NO;
    *state = request;
    request->waiter.connection = mhd;
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, add_header, &request->headers);
    sound = is_sound(mhd, request);
    if (sl_headers_own(&request->headers) < 0)
        return MHD_NO;
    if (sl_request_head(request, sound) == SL_REQUEST_CLOSE)
        return refuse_now(mhd, request);
    expect(httpd, connection, SL_BODY_DEADLINE_NS);
    return MHD_YES;
}

/* --- call 3 --- */

/* A request that needs several steps yields between them, but is not kept from its end by a stop:
 * sl_waiters_park refuses then, and the step sees SL_DUE_STOP. */
static enum MHD_Result step(struct MHD_Connection *mhd, struct sl_request *request)
{
    struct sl_waiters *waiters = &request->httpd->waiters;
    struct sl_answer answer = {0};

    sl_connections_expect(&request->httpd->connections, request->connection, 0);
    sl_waiters_begin_turn(waiters, &request->waiter);
    for (;;) {
        switch (sl_request_step(request, &answer)) {
        case SL_STEP_ANSWER:
            if (!answer.body_stream)
                expect(request->httpd, request->connection, SL_ANSWER_DEADLINE_NS);
            return sl_response_queue(mhd, request, &answer);
        case SL_STEP_YIELD:
            sl_waiters_yield(waiters, &request->waiter);
            return MHD_YES;
        case SL_STEP_WAIT:
            if (request->waiter.wants)
                sl_waiters_watch_peer(waiters, &request->waiter, request->connection->fd);
            if (sl_waiters_park(waiters, &request->waiter))
                return MHD_YES;
            break;
        }
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **state)
{
    struct sl_request *request = *state;

    (void)url;
    if (!request)
        return begin(context, mhd, method, version, state);
    if (*size > 0) {
        bool taken = sl_request_body(request, bytes, *size);

        *size = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    return step(mhd, request);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct sl_request *request = *state;

    (void)mhd;
    if (!request)
        return;
    *state = NULL;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        expect(context, request->connection, SL_HEAD_DEADLINE_NS);
    sl_request_free(request);
}

/* --- the daemon --- */

/* May come with any lock held and from a loop that must not block: only worth a debugging line. */
__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list arguments)
{
    struct sl_httpd *httpd = context;
    char line[256];

    if (vsnprintf(line, sizeof(line), format, arguments) < 0)
        return;
    line[strcspn(line, "\n")] = '\0';
    sl_log_debug(httpd->log, "http: %s", line);
}

/* In a handshake: which certificate? libmicrohttpd has put its connection into the session. */
static int on_handshake(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                        gnutls_pcert_st **certs, unsigned *count, gnutls_ocsp_data_st **ocsp,
                        unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    const struct sl_http_connection *connection = connection_of(gnutls_session_get_ptr(session));

    (void)info;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return connection ? sl_tls_lend(connection->httpd->tls, certs, count, key) : -1;
}

/* libmicrohttpd 0.9.75 keeps a connection whose TLS handshake waits for its peer on epoll's list of
 * ready ones, and so never sleeps. Its loop over poll() has no such list. */
static unsigned loop_flags(const struct sl_httpd *httpd)
{
    return httpd->tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD;
}

/* The daemon's own limit must never be reached: 0.9.75 then locks a mutex twice, and stands. */
int sl_mhd_start(struct sl_httpd *httpd, struct sl_error *error)
{
    static const char priorities[] = SL_TLS_PRIORITIES;
    struct MHD_OptionItem tls_options[] = {
        {httpd->tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0,
         (void *)(uintptr_t)priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)on_handshake},
        {MHD_OPTION_END, 0, NULL}};

    httpd->daemon = MHD_start_daemon(
        loop_flags(httpd) | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_request, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_log, httpd,
        MHD_OPTION_ARRAY, tls_options, MHD_OPTION_CONNECTION_LIMIT, UINT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, INACTIVITY_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        MEMORY_PER_CONNECTION, MHD_OPTION_NOTIFY_COMPLETED, on_completed, httpd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, httpd, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        httpd, MHD_OPTION_END);
    if (httpd->daemon)
        return 0;
    return sl_error_set(error, -EIO, "cannot start the web server: %s", strerror(errno));
}

void sl_mhd_take(struct sl_httpd *httpd, int fd, const struct sockaddr *peer, socklen_t size)
{
    struct sl_connections *connections = &httpd->connections;
    int one = 1;

    /* A handshake is several small writes in a row: without this the second waits 40 ms for the
     * peer's delayed acknowledgement of the first. libmicrohttpd sets it for answers by itself. */
    if (httpd->tls)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (atomic_load(&connections->count) >= connections->max + SL_CONNECTIONS_OVER_MAX)
        close(fd);
    else if (MHD_add_connection(httpd->daemon, fd, peer, size) == MHD_YES)
        return;
    atomic_fetch_add(&connections->rejected, 1);
}

void sl_mhd_stop(struct sl_httpd *httpd)
{
    if (httpd->daemon)
        MHD_stop_daemon(httpd->daemon);
    httpd->daemon = NULL;
}

void sl_mhd_suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

void sl_mhd_resume(void *connection)
{
    MHD_resume_connection(connection);
}
