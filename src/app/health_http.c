#include "app/health_http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "socklens/health.h"
#include "socklens/tls.h"

/* As many ports as there can be. */
#define REQUEST_SIZE (256 + 6 * SL_HEALTH_PROBES_MAX)
#define REPLY_SIZE   2048 /* a head with all its fields */

/* The status line's first part in one piece: nothing sends it in two. A web server that turns
 * everybody away because its connections are all taken (503) is busy, not ill. */
static const char *judge(const char *reply)
{
    if (strncmp(reply, "HTTP/1.1 200 ", 13) == 0 || strncmp(reply, "HTTP/1.1 503 ", 13) == 0)
        return NULL;
    return *reply ? "it answered something else" : "it closed without an answer";
}

static void take_note(const char *reply, char note[SL_HEALTH_NOTE_SIZE])
{
    static const char name[] = "\r\n" SL_HEALTH_LOG_HEADER ": ";
    const char *value = strstr(reply, name);

    *note = '\0';
    if (!value)
        return;
    value += sizeof(name) - 1;
    snprintf(note, SL_HEALTH_NOTE_SIZE, "%.*s", (int)strcspn(value, "\r\n"), value);
}

static const char *ask(int fd, const char *ports, bool tls, char note[SL_HEALTH_NOTE_SIZE])
{
    char request[REQUEST_SIZE], reply[REPLY_SIZE] = "";

    snprintf(request, sizeof(request),
             "GET /healthz%s%s HTTP/1.1\r\n"
             "Host: localhost\r\n"
             "Connection: close\r\n"
             "\r\n",
             *ports ? "?probes=" : "", ports);
    if (tls && sl_tls_ask(fd, request, reply, sizeof(reply) - 1) < 0)
        return "no answer over TLS";
    if (!tls && (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
                 recv(fd, reply, sizeof(reply) - 1, 0) < 0))
        return errno == EAGAIN ? "no answer" : strerror(errno);
    take_note(reply, note);
    return judge(reply);
}

const char *sl_health_http_ask(const struct sl_health_target *target, const char *ports, bool tls,
                               int timeout_ms, char note[SL_HEALTH_NOTE_SIZE])
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    int fd = socket(target->address.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *fault;

    if (fd < 0)
        return strerror(errno);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (sl_health_target_connect(target, fd) < 0)
        fault = errno == EINPROGRESS ? "no answer" : strerror(errno);
    else
        fault = ask(fd, ports, tls, note);
    close(fd);
    return fault;
}
