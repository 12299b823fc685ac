#include "app/health_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define WORDS_SIZE (sizeof(SL_HEALTH_WORDS) - 1)
#define NAMES_MAX  64 /* of a probe's own Unix socket, tried one by one */

static void end(struct sl_health_probe *probe, const char *fault)
{
    probe->done = true;
    probe->fault = fault;
}

static void fail(struct sl_health_probe *probe)
{
    end(probe, strerror(errno));
}

static bool is_unix(const struct sl_health_probe *probe)
{
    return probe->target->address.family == AF_UNIX;
}

static int bind_name(int fd, uint16_t number)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int size = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, SL_HEALTH_UNIX_NAME, number);

    return bind(fd, (struct sockaddr *)&name,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size));
}

static int bind_unix(struct sl_health_probe *probe)
{
    int result = -1;

    for (unsigned i = 0; i < NAMES_MAX && result < 0; i++) {
        probe->port = (uint16_t)(1 + ((unsigned)getpid() * NAMES_MAX + i) % UINT16_MAX);
        result = bind_name(probe->fd, probe->port);
        if (result < 0 && errno != EADDRINUSE)
            break;
    }
    return result;
}

static int bind_ip(struct sl_health_probe *probe)
{
    struct sl_address any = {.family = probe->target->address.family};
    struct sockaddr_storage storage;
    socklen_t size = sl_address_to_sockaddr(&any, &storage);

    if (bind(probe->fd, (struct sockaddr *)&storage, size) < 0)
        return -1;
    size = sizeof(storage);
    if (getsockname(probe->fd, (struct sockaddr *)&storage, &size) < 0)
        return -1;
    probe->port = sl_address_from_sockaddr((struct sockaddr *)&storage, size).port;
    return 0;
}

void sl_health_probe_open(struct sl_health_probe *probe, const struct sl_health_target *target)
{
    struct sl_message words = {
        .bytes = (const uint8_t *)SL_HEALTH_WORDS, .stored = WORDS_SIZE, .size = WORDS_SIZE};
    int type = target->service->stream ? SOCK_STREAM : SOCK_DGRAM;

    *probe = (struct sl_health_probe){.target = target};
    probe->fd = socket(target->address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (target->service->respond(&words, &probe->wanted) == SL_NO_MEMORY)
        end(probe, "out of memory");
    else if (probe->fd < 0 || (is_unix(probe) ? bind_unix(probe) : bind_ip(probe)) < 0)
        fail(probe);
}

static void say(struct sl_health_probe *probe)
{
    probe->connecting = false;
    if (send(probe->fd, SL_HEALTH_WORDS, WORDS_SIZE, MSG_NOSIGNAL) < 0)
        fail(probe);
}

void sl_health_probe_begin(struct sl_health_probe *probe)
{
    if (probe->done)
        return;
    if (sl_health_target_connect(probe->target, probe->fd) == 0)
        say(probe);
    else if (errno == EINPROGRESS)
        probe->connecting = true;
    else
        fail(probe);
}

short sl_health_probe_events(const struct sl_health_probe *probe)
{
    return probe->connecting ? POLLOUT : POLLIN;
}

/* The reply comes in one piece: each of these is much shorter than what a segment holds. */
static void hear(struct sl_health_probe *probe)
{
    uint8_t reply[256];
    ssize_t size = recv(probe->fd, reply, sizeof(reply), 0);

    if (size < 0 && errno == EAGAIN)
        return;
    if (size < 0)
        fail(probe);
    else if (size == 0 && probe->target->service->stream)
        end(probe, "it closed without an answer");
    else if ((size_t)size != probe->wanted.size ||
             memcmp(reply, probe->wanted.data, probe->wanted.size) != 0)
        end(probe, "it answered something else");
    else
        end(probe, NULL);
}

/* What a connection failed of shows when it is written to. */
void sl_health_probe_ready(struct sl_health_probe *probe)
{
    if (probe->connecting)
        say(probe);
    else
        hear(probe);
}

void sl_health_probe_repeat(struct sl_health_probe *probe)
{
    if (!probe->done && !probe->target->service->stream)
        say(probe);
}

void sl_health_probe_close(struct sl_health_probe *probe)
{
    if (probe->fd >= 0)
        close(probe->fd);
    sl_buffer_deinit(&probe->wanted);
}
