/*
 * Holds idle TCP connections while someone else measures the server.
 *
 * They come from several loopback addresses, since a server may limit how many it takes from one.
 */
#include "tcp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { REPLY_WAIT_MS = 2000, SOURCES_PER_NET = 250 };

struct hold {
    const struct sl_hold_load *load;
    int *fds;
    size_t count, count_max;
    size_t closed_by_server, wrong;
};

static void source_address(const struct hold *hold, struct sl_target *source)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&source->address;
    uint32_t i = (uint32_t)(hold->count % hold->load->sources);

    *source = (struct sl_target){.length = sizeof(*address)};
    address->sin_family = AF_INET;
    address->sin_addr.s_addr =
        htonl(0x7f000100 + (i / SOURCES_PER_NET) * 256 + i % SOURCES_PER_NET + 1);
}

static int hold_open(struct hold *hold, size_t count)
{
    if (count > hold->count_max - hold->count)
        count = hold->count_max - hold->count;
    for (size_t i = 0; i < count; i++) {
        struct sl_target source;
        int fd;

        source_address(hold, &source);
        fd = sl_tcp_socket_connect(&hold->load->target, hold->load->sources > 1 ? &source : NULL);
        if (fd < 0)
            return fd;
        hold->fds[hold->count++] = fd;
    }
    return 0;
}

/* An idle connection has nothing to read; one that has was closed by the server. */
static void hold_check(struct hold *hold)
{
    size_t kept = 0;

    for (size_t i = 0; i < hold->count; i++) {
        char byte;

        if (recv(hold->fds[i], &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
            hold->fds[kept++] = hold->fds[i];
        } else {
            close(hold->fds[i]);
            hold->closed_by_server++;
        }
    }
    hold->count = kept;
}

static int connection_talk(struct hold *hold, int fd)
{
    static const char line[] = "one line of a client\n";
    static const char expected[] = "Your data was 20 bytes\n";
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char reply[128];
    ssize_t size;

    if (sl_tcp_socket_send(fd, line, sizeof(line) - 1) < 0 ||
        poll(&readable, 1, REPLY_WAIT_MS) != 1)
        return -ETIMEDOUT;
    size = recv(fd, reply, sizeof(reply), 0);
    if (size != (ssize_t)sizeof(expected) - 1 || memcmp(reply, expected, (size_t)size) != 0)
        hold->wrong++;
    return 0;
}

static int hold_talk(struct hold *hold)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < hold->count; i++)
        rc = connection_talk(hold, hold->fds[i]);
    return rc;
}

/* Returns 1 to go on, 0 to end, or a negative errno. */
static int hold_command(struct hold *hold, const char *line)
{
    size_t count;
    int rc = 0;

    if (sscanf(line, "open %zu", &count) == 1)
        rc = hold_open(hold, count);
    else if (strcmp(line, "talk\n") == 0)
        rc = hold_talk(hold);
    else if (strcmp(line, "check\n") == 0)
        hold_check(hold);
    else if (strcmp(line, "quit\n") == 0)
        return 0;
    else
        rc = -EINVAL;
    printf("{\"open\":%zu,\"closed_by_server\":%zu,\"wrong\":%zu,\"errno\":%d}\n", hold->count,
           hold->closed_by_server, hold->wrong, -rc);
    fflush(stdout);
    return rc < 0 ? rc : 1;
}

static size_t descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur;
}

int sl_hold_load_run(const struct sl_hold_load *load)
{
    struct hold hold = {.load = load, .count_max = descriptor_limit()};
    char line[64];
    int rc = 1;

    hold.fds = calloc(hold.count_max, sizeof(*hold.fds));
    if (!hold.fds)
        return sl_load_failed("no memory");
    alarm((unsigned int)load->seconds_max);
    while (rc > 0 && fgets(line, sizeof(line), stdin))
        rc = hold_command(&hold, line);
    for (size_t i = 0; i < hold.count; i++)
        close(hold.fds[i]);
    free(hold.fds);
    return rc < 0 ? rc : 0;
}
