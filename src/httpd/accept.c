/* Accepts, and turns away where there is no descriptor: see accept.h for why libmicrohttpd does
 * not. */
#include "httpd/accept.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd/mhd.h"
#include "httpd/response_headers.h"
#include "httpd/state.h"
#include "socklens/socket_open.h"
#include "socklens/thread.h"

#define ACCEPTS_A_TURN    64
#define PAUSE_MS          100
#define COMPLAIN_EVERY_NS SL_NS_PER_S

#define NO_DESCRIPTOR                                                                              \
    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"                  \
    "\"detail\":\"the gateway is out of descriptors\"}"

_Static_assert(sizeof(NO_DESCRIPTOR) == 110 + 1, "its length stands in the head");

#define LINE(name, value) name ": " value "\r\n"

static const char no_descriptor_answer[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    "Content-Length: 110\r\n"
    "Retry-After: 5\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n" SL_SECURITY_HEADERS(LINE) "\r\n" NO_DESCRIPTOR;

/* The first at once, then one line a second at most with the number of those it stands for. */
static void complain(struct sl_acceptor *acceptor)
{
    int64_t now_ns = sl_clock_mono_ns();

    acceptor->turned_away++;
    if (now_ns < acceptor->quiet_until_ns)
        return;
    sl_log_warning(acceptor->httpd->log,
                   "http: out of file descriptors: %llu connection%s turned away (raise the "
                   "limit: ulimit -n, LimitNOFILE=)",
                   (unsigned long long)acceptor->turned_away,
                   acceptor->turned_away == 1 ? " was" : "s were");
    acceptor->turned_away = 0;
    acceptor->quiet_until_ns = now_ns + COMPLAIN_EVERY_NS;
}

/* What the peer sent is read first where it is there already: with unread bytes close() sends a
 * reset, which can overtake the answer. */
static void answer_and_close(int fd)
{
    char request[4096];
    ssize_t size = recv(fd, request, sizeof(request), MSG_DONTWAIT);

    if (size != 0)
        size = send(fd, no_descriptor_answer, sizeof(no_descriptor_answer) - 1, MSG_NOSIGNAL);
    if (size > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

enum turn { TURN_MORE, TURN_EMPTY, TURN_PAUSE };

/* Tells one peer, by the spare descriptor. */
static enum turn turn_away(struct sl_acceptor *acceptor, int listen_fd)
{
    int fd = sl_socket_accept_by_spare(listen_fd, &acceptor->spare_fd);

    if (fd >= 0) {
        complain(acceptor);
        if (acceptor->httpd->tls) /* there is no time for a handshake */
            close(fd);
        else
            answer_and_close(fd);
        atomic_fetch_add(&acceptor->httpd->connections.rejected, 1);
    }
    acceptor->spare_fd = sl_socket_spare();
    return fd >= 0 ? TURN_MORE : fd == -EMFILE ? TURN_PAUSE : TURN_EMPTY;
}

static enum turn accept_failed(struct sl_acceptor *acceptor, int listen_fd, int error)
{
    switch (error) {
    case EMFILE:
        return turn_away(acceptor, listen_fd);
    case ENFILE: /* the whole system's matter: nothing to do but to wait a moment */
    case ENOBUFS:
    case ENOMEM:
        return TURN_PAUSE;
    case EAGAIN:
        return TURN_EMPTY;
    default: /* this connection died in the backlog: its peer's matter */
        return TURN_MORE;
    }
}

static enum turn accept_one(struct sl_acceptor *acceptor, int listen_fd)
{
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof(storage);
    int fd = accept4(listen_fd, (struct sockaddr *)&storage, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return accept_failed(acceptor, listen_fd, errno);
    sl_mhd_take(acceptor->httpd, fd, (struct sockaddr *)&storage, size);
    return TURN_MORE;
}

static enum turn accept_some(struct sl_acceptor *acceptor, int listen_fd)
{
    enum turn turn = TURN_MORE;

    for (int i = 0; i < ACCEPTS_A_TURN && turn == TURN_MORE; i++)
        turn = accept_one(acceptor, listen_fd);
    return turn;
}

/* Watches the wake descriptor, and the listeners unless it pauses. */
static void *run(void *context)
{
    struct sl_acceptor *acceptor = context;
    struct sl_httpd *httpd = acceptor->httpd;
    struct pollfd watched[1 + SL_HTTP_LISTENERS_MAX] = {
        {.fd = acceptor->wake_fd, .events = POLLIN}};
    bool pause = false;

    for (size_t i = 0; i < httpd->listener_count; i++)
        watched[1 + i] = (struct pollfd){.fd = httpd->listeners[i].fd, .events = POLLIN};
    while (!watched[0].revents) {
        size_t count = pause ? 1 : 1 + httpd->listener_count;

        if (poll(watched, count, pause ? PAUSE_MS : -1) < 0)
            continue;
        pause = false;
        for (size_t i = 1; i < count; i++) {
            if (watched[i].revents && accept_some(acceptor, watched[i].fd) == TURN_PAUSE)
                pause = true;
        }
    }
    return NULL;
}

static void close_descriptors(struct sl_acceptor *acceptor)
{
    if (acceptor->wake_fd >= 0)
        close(acceptor->wake_fd);
    if (acceptor->spare_fd >= 0)
        close(acceptor->spare_fd);
}

int sl_acceptor_start(struct sl_acceptor *acceptor, struct sl_httpd *httpd, struct sl_error *error)
{
    int code;

    *acceptor = (struct sl_acceptor){
        .httpd = httpd, .wake_fd = eventfd(0, EFD_CLOEXEC), .spare_fd = sl_socket_spare()};
    code = acceptor->wake_fd < 0 ? -errno : sl_thread_start(&acceptor->thread, run, acceptor, 0);
    if (code < 0) {
        close_descriptors(acceptor);
        return sl_error_set(error, code, "cannot start the web server's accepting thread: %s",
                            strerror(-code));
    }
    pthread_setname_np(acceptor->thread, "sl-accept");
    acceptor->running = true;
    return 0;
}

void sl_acceptor_stop(struct sl_acceptor *acceptor)
{
    if (!acceptor->running)
        return;
    eventfd_write(acceptor->wake_fd, 1);
    pthread_join(acceptor->thread, NULL);
    acceptor->running = false;
    close_descriptors(acceptor);
}
