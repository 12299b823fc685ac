/* `socklens --healthcheck`: another process than the one that serves, so it asks over sockets.
 *
 * The web server answers for all: /healthz knows whether the workers go on. Without one, each
 * stream listener gets a connection that says nothing and ends, and its worker must accept and
 * close it; that is a client in the log, but no message. A UDP worker cannot be asked without a
 * message, so there the socket alone is looked for. */
#include "app/healthcheck.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/ready_file.h"
#include "socklens/api.h"
#include "socklens/clock.h"
#include "socklens/service.h"
#include "socklens/tls.h"

#define TARGETS_MAX      256
#define RESOLVED_MAX     16
#define ALL_NS           (5 * SL_NS_PER_S) /* less than a container's health check waits */
#define EACH_AT_LEAST_NS (100 * SL_NS_PER_MS)

struct target {
    const struct sl_service *service; /* NULL: the web server */
    struct sl_address address;        /* family AF_UNIX: see `unix_path` */
    char unix_path[108];
    char name[160]; /* "udp-upper 127.0.0.1:12000" */
};

struct healthcheck {
    struct target targets[TARGETS_MAX];
    size_t count;
    bool tls;
    char faults[400]; /* "" : none */
    char stuck[64];   /* the fault, where it is that */
    char note[200];   /* what keeps messages from the disk; "" : nothing */
};

static const char no_answer[] = "no answer", no_end[] = "it closed without an answer",
                  other_answer[] = "it answered something else";

/* --- whom to ask --- */

static void target_set_name(struct target *target, const char *kind, const char *place)
{
    snprintf(target->name, sizeof(target->name), "%s %s%s",
             target->service ? target->service->option : "http", kind, place);
}

static int add_addresses(struct healthcheck *check, const struct sl_service *service,
                         const struct sl_endpoint *endpoint, struct sl_error *error)
{
    int type = service && !service->stream ? SOCK_DGRAM : SOCK_STREAM;
    size_t room = TARGETS_MAX - check->count;
    struct sl_address addresses[RESOLVED_MAX];
    int count = sl_endpoint_resolve(endpoint->host, endpoint->port, type, addresses,
                                    room < RESOLVED_MAX ? room : RESOLVED_MAX, error);

    for (int i = 0; i < count; i++) {
        struct target *target = &check->targets[check->count++];
        char place[SL_ADDRESS_TEXT_SIZE];

        *target = (struct target){.service = service, .address = addresses[i]};
        sl_address_format(&addresses[i], place);
        target_set_name(target, "", place);
    }
    return count < 0 ? count : 0;
}

static int add(struct healthcheck *check, const struct sl_service *service,
               const struct sl_endpoint *endpoint, struct sl_error *error)
{
    struct target *target = &check->targets[check->count];

    if (check->count == TARGETS_MAX)
        return 0;
    if (!*endpoint->unix_path && endpoint->port == 0)
        return sl_error_set(error, -EINVAL,
                            "which port the kernel chose for %s is known to the ready file alone: "
                            "name it with --ready-file",
                            service ? service->option : "http");
    if (!*endpoint->unix_path)
        return add_addresses(check, service, endpoint, error);
    *target = (struct target){.service = service, .address.family = AF_UNIX};
    memcpy(target->unix_path, endpoint->unix_path, sizeof(target->unix_path));
    target_set_name(target, "unix:", endpoint->unix_path);
    check->count++;
    return 0;
}

static int add_list(struct healthcheck *check, const struct sl_service *service,
                    const struct sl_endpoint_list *list, struct sl_error *error)
{
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++)
        result = add(check, service, &list->items[i], error);
    return result;
}

static int add_from_config(struct healthcheck *check, const struct sl_config *config,
                           struct sl_error *error)
{
    int result = add_list(check, NULL, &config->http, error);

    for (int id = 0; id < SL_SERVICE_COUNT && result == 0 && config->http.count == 0; id++)
        result =
            add_list(check, sl_service_get((enum sl_service_id)id), &config->services[id], error);
    return result;
}

static int add_ready(void *context, const char *key, const char *address, struct sl_error *error)
{
    const struct sl_service *service = NULL;
    struct sl_endpoint endpoint;
    int result = sl_endpoint_parse(address, &endpoint, error);

    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        if (strcmp(sl_service_get((enum sl_service_id)id)->key, key) == 0)
            service = sl_service_get((enum sl_service_id)id);
    return result < 0 ? result : add(context, service, &endpoint, error);
}

/* From the ready file, which knows real ports and inherited sockets, else from the settings. */
static int find_targets(struct healthcheck *check, const struct sl_config *config,
                        struct sl_error *error)
{
    size_t web = 0;
    int result = config->ready_file
                     ? sl_ready_file_read(config->ready_file, add_ready, check, error)
                     : add_from_config(check, config, error);

    if (result < 0)
        return result;
    if (check->count == 0)
        return sl_error_set(error, -ENOTCONN, "there is nothing to ask: every listener is off");
    for (size_t i = 0; i < check->count; i++)
        if (!check->targets[i].service)
            check->targets[web++] = check->targets[i];
    check->count = web > 0 ? web : check->count;
    return 0;
}

/* --- asking; each returns what is wrong, or NULL --- */

/* Linux takes 0.0.0.0 and [::] as "this machine" when it connects. */
static socklen_t target_to_sockaddr(const struct target *target, struct sockaddr_storage *storage)
{
    struct sockaddr_un *name = (struct sockaddr_un *)storage;

    if (target->address.family != AF_UNIX)
        return sl_address_to_sockaddr(&target->address, storage);
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path, target->unix_path, sizeof(name->sun_path));
    return sizeof(*name);
}

static void copy_field(const char *reply, const char *name, char *value, size_t size)
{
    const char *at = strstr(reply, name);

    if (at)
        snprintf(value, size, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
}

/* The status line's first part in one piece: nothing sends it in two. A web server that turns
 * everybody away because its connections are all taken (503) is busy, not ill. */
static const char *judge_web(struct healthcheck *check, const char *reply)
{
    char worker[32] = "";

    copy_field(reply, "\r\n" SL_API_LOG_HEADER ": ", check->note, sizeof(check->note));
    copy_field(reply, "\r\n" SL_API_STUCK_HEADER ": ", worker, sizeof(worker));
    if (strncmp(reply, "HTTP/1.1 200 ", 13) == 0 || strncmp(reply, "HTTP/1.1 503 ", 13) == 0)
        return NULL;
    if (*worker) {
        snprintf(check->stuck, sizeof(check->stuck), "%s is stuck", worker);
        return check->stuck;
    }
    return *reply ? other_answer : no_end;
}

static const char *ask_web(struct healthcheck *check, int fd)
{
    static const char request[] =
        "GET /healthz HTTP/1.1\r\n"
        "Host: localhost\r\n"
        "Connection: close\r\n"
        "\r\n";
    char reply[2048] = ""; /* a head with all its fields */

    if (check->tls && sl_tls_ask(fd, request, reply, sizeof(reply) - 1) < 0)
        return "no answer over TLS";
    if (!check->tls && (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
                        recv(fd, reply, sizeof(reply) - 1, 0) < 0))
        return errno == EAGAIN ? no_answer : strerror(errno);
    return judge_web(check, reply);
}

static const char *ask_stream(int fd)
{
    char byte;
    ssize_t size;

    shutdown(fd, SHUT_WR);
    size = recv(fd, &byte, 1, 0);
    if (size < 0)
        return errno == EAGAIN ? no_answer : strerror(errno);
    return size > 0 ? other_answer : NULL;
}

/* An address that can be bound has nobody there. Where a low port may not be bound, nothing can be
 * said. */
static const char *look_for_datagram_socket(int fd, const struct sockaddr_storage *name,
                                            socklen_t size)
{
    int on = 1;

    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)); /* fails on IPv4: not needed */
    if (bind(fd, (const struct sockaddr *)name, size) == 0)
        return "nobody listens";
    return errno == EADDRINUSE || errno == EACCES ? NULL : strerror(errno);
}

static const char *ask(struct healthcheck *check, const struct target *target, int fd)
{
    struct sockaddr_storage name;
    socklen_t size = target_to_sockaddr(target, &name);

    if (target->service && !target->service->stream)
        return look_for_datagram_socket(fd, &name, size);
    if (connect(fd, (const struct sockaddr *)&name, size) < 0)
        return errno == EINPROGRESS || errno == EAGAIN ? no_answer : strerror(errno);
    return target->service ? ask_stream(fd) : ask_web(check, fd);
}

static const char *open_and_ask(struct healthcheck *check, const struct target *target,
                                int64_t timeout_ns)
{
    int type = target->service && !target->service->stream ? SOCK_DGRAM : SOCK_STREAM;
    int64_t timeout_us = timeout_ns / SL_NS_PER_US;
    struct timeval timeout = {.tv_sec = timeout_us / 1000000, .tv_usec = timeout_us % 1000000};
    int fd = socket(target->address.family, type | SOCK_CLOEXEC, 0);
    const char *fault;

    if (fd < 0)
        return strerror(errno);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    fault = ask(check, target, fd);
    close(fd);
    return fault;
}

static void ask_all(struct healthcheck *check)
{
    int64_t by = sl_clock_mono_ns() + ALL_NS;

    for (size_t i = 0; i < check->count; i++) {
        int64_t left_ns = by - sl_clock_mono_ns();
        const char *fault = open_and_ask(check, &check->targets[i],
                                         left_ns > EACH_AT_LEAST_NS ? left_ns : EACH_AT_LEAST_NS);
        size_t size = strlen(check->faults);

        if (fault)
            snprintf(check->faults + size, sizeof(check->faults) - size, "%s%s: %s",
                     size ? "; " : "", check->targets[i].name, fault);
    }
}

int sl_healthcheck(const struct sl_config *config, struct sl_error *error)
{
    struct healthcheck *check = calloc(1, sizeof(*check));
    int result;

    if (!check)
        return sl_error_set(error, -ENOMEM, "out of memory");
    check->tls = config->tls_cert != NULL;
    result = find_targets(check, config, error);
    if (result == 0) {
        ask_all(check);
        if (*check->faults)
            result = sl_error_set(error, -EHOSTDOWN, "not healthy: %s", check->faults);
        else if (*check->note)
            printf("healthy, but messages are not kept on disk (%s)\n", check->note);
        else
            puts("healthy");
    }
    free(check);
    return result;
}
