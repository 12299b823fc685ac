/* socklens-udp: sends one line to the UDP uppercase server and prints the reply.
 *
 * The socket is not connected, as the course's is not: a server that is bound to every address may
 * answer from another one than was asked, and the kernel would drop that. A datagram from elsewhere
 * is shown with a line that says where it came from, and only where the server's own does not
 * follow soon. IP_RECVERR reports ICMP errors on such a socket too: without that, a server that is
 * not there looks like a lost datagram. */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/common.h"
#include "socklens/clock.h"
#include "socklens/port.h"

#define DATAGRAM_MAX 65535
#define GRACE_NS     (500 * SL_NS_PER_MS)

static const struct sl_cli_program program = {
    .name = "socklens-udp",
    .arguments = "BIND_PORT MESSAGE",
    .help =
        "\n"
        "Sends one line to a UDP uppercase server and prints the reply. Without arguments it\n"
        "asks for the line; with them it binds BIND_PORT (0: any) and sends MESSAGE.\n"
        "\n"
        "  -s, --server HOST   the server's name or address, or HOST:PORT (127.0.0.1)\n"
        "  -p, --port PORT     its port (12000)\n"
        "  -w, --wait TIME     how long to wait for a reply: 500ms, 2s, 1m, or seconds\n"
        "                      (2s)\n"
        "  -r, --retries N     send again that often while no reply comes (0)\n",
    .default_port = 12000,
    .default_wait_ns = 2 * SL_NS_PER_S,
    .datagram = true,
    .arguments_wanted = 2,
};

struct question {
    const struct sl_cli_options *options;
    uint16_t bind_port; /* 0: any */
    const uint8_t *message;
    size_t size;
    int64_t sent_ns;
    uint8_t *reply;     /* DATAGRAM_MAX bytes */
    uint8_t *other;     /* the same: what somebody else sent */
    ssize_t other_size; /* -1: nothing */
    struct sl_address other_from;
};

/* What came before we asked is no answer. */
static void forget_queued(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        ;
}

static int open_socket(const struct sl_address *server, uint16_t port, const char *name,
                       struct sl_error *error)
{
    bool v6 = server->family == AF_INET6;
    int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sl_error_set(error, -errno, "cannot open a socket for %s: %s", name,
                            strerror(errno));
    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &(int){1},
               sizeof(int));
    int result = sl_cli_bind(fd, server->family, port, error);
    if (result < 0) {
        close(fd);
        return result;
    }
    forget_queued(fd);
    return fd;
}

static int set_failure(struct sl_error *error, int failure, size_t size, const char *name)
{
    switch (failure) {
    case ECONNREFUSED:
        return sl_error_set(error, -failure,
                            "nobody listens at %s: ICMP port unreachable (is the server running?)",
                            name);
    case EMSGSIZE:
        return sl_error_set(error, -failure,
                            "cannot send %zu bytes to %s: a datagram carries at most 65,507", size,
                            name);
    default:
        return sl_error_set(error, -failure, "cannot reach %s: %s", name, strerror(failure));
    }
}

/* The server's own address, and for 0.0.0.0 or ::, which the kernel takes for this machine, that.
 */
static bool is_from(const struct sl_address *server, const struct sl_address *from)
{
    return sl_address_equal(server, from) ||
           (sl_address_is_wildcard(server) && server->port == from->port &&
            sl_address_is_loopback(from));
}

/* The reply's size, 0 or more, and who sent it; -EAGAIN where there is none. */
static ssize_t receive(int fd, struct question *question, struct sl_address *from)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    ssize_t got = recvfrom(fd, question->reply, DATAGRAM_MAX, MSG_DONTWAIT,
                           (struct sockaddr *)&address, &size);
    /* A datagram with a wrong checksum wakes us and is gone when we look. */
    if (got < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    *from = sl_address_from_sockaddr((struct sockaddr *)&address, size);
    return got;
}

/* Another's datagram is kept while the server's own may still come. */
static void keep_other(struct question *question, ssize_t got, const struct sl_address *from)
{
    uint8_t *reply = question->reply;
    question->reply = question->other;
    question->other = reply;
    question->other_size = got;
    question->other_from = *from;
}

/* Sends once. The server's reply's size, -ETIMEDOUT (question->other_size may tell of another's
 * datagram), or another negative errno. */
static ssize_t send_and_wait(int fd, struct question *question, const struct sl_address *server)
{
    struct sockaddr_storage address;
    socklen_t size = sl_address_to_sockaddr(server, &address);
    question->sent_ns = sl_clock_mono_ns();
    if (sendto(fd, question->message, question->size, 0, (struct sockaddr *)&address, size) < 0)
        return -errno;
    int64_t deadline_ns = question->sent_ns + question->options->wait_ns;
    for (;;) {
        struct sl_address from;
        int ready = sl_cli_wait(fd, POLLIN, deadline_ns);
        if (ready < 0)
            return ready;
        ssize_t got = receive(fd, question, &from);
        if (got == -EAGAIN)
            continue;
        if (got < 0 || is_from(server, &from))
            return got;
        if (question->other_size < 0) {
            int64_t grace_ns = sl_clock_mono_ns() + GRACE_NS;
            keep_other(question, got, &from);
            deadline_ns = grace_ns < deadline_ns ? grace_ns : deadline_ns;
        }
    }
}

/* Why nothing may have come, in brackets. */
static const char *guess(const struct question *question, const struct sl_address *server)
{
    if (question->bind_port != 0 && question->bind_port == server->port)
        return "a datagram from the server's own port is taken for a loop and not answered: bind "
               "another, or 0";
    if (sl_port_reflects(question->bind_port) && !sl_address_is_loopback(server))
        return "that port has a service that may be forged, so a server may not answer it: bind "
               "another, or 0";
    return "is the server running? UDP does not say";
}

/* --verbose. The socket is not connected, so another one says what our address is. */
static void describe(int fd, const struct sl_address *server, const char *name)
{
    struct sockaddr_storage to, local, bound;
    socklen_t to_size = sl_address_to_sockaddr(server, &to);
    socklen_t local_size = sizeof(local), bound_size = sizeof(bound);
    char text[SL_ADDRESS_TEXT_SIZE];
    int probe = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&to, to_size) == 0 &&
        getsockname(probe, (struct sockaddr *)&local, &local_size) == 0 &&
        getsockname(fd, (struct sockaddr *)&bound, &bound_size) == 0) {
        struct sl_address from = sl_address_from_sockaddr((struct sockaddr *)&local, local_size);
        from.port = sl_address_from_sockaddr((struct sockaddr *)&bound, bound_size).port;
        sl_address_format(&from, text);
        warnx("sending from %s to %s", text, name);
    }
    if (probe >= 0)
        close(probe);
}

static ssize_t settle_other(struct question *question, ssize_t got, const char *name)
{
    char from[SL_ADDRESS_TEXT_SIZE];
    sl_address_format(&question->other_from, from);
    if (got >= 0) {
        warnx("%zd bytes from %s, which was not asked, are left out", question->other_size, from);
        return got;
    }
    if (got != -ETIMEDOUT)
        return got;
    warnx("the reply came from %s, not from %s, which was asked", from, name);
    keep_other(question, question->other_size, &question->other_from);
    return question->other_size;
}

static ssize_t ask_on(int fd, struct question *question, const struct sl_address *server,
                      const char *name, struct sl_error *error)
{
    const struct sl_cli_options *options = question->options;
    ssize_t got = -ETIMEDOUT;
    question->other_size = -1;
    if (options->verbose)
        describe(fd, server, name);
    for (unsigned sent = 0; got == -ETIMEDOUT && sent <= options->retries; sent++) {
        got = send_and_wait(fd, question, server);
        if (question->other_size >= 0)
            got = settle_other(question, got, name);
    }
    if (got >= 0 && options->verbose)
        warnx("%zd bytes, RTT %.3f ms", got,
              (double)(sl_clock_mono_ns() - question->sent_ns) / SL_NS_PER_MS);
    if (got >= 0)
        return got;
    if (got != -ETIMEDOUT)
        return set_failure(error, (int)-got, question->size, name);
    char time[SL_CLI_TIME_SIZE], times[48] = "", from[24] = "";
    if (options->retries > 0)
        snprintf(times, sizeof(times), " of each of %u datagrams", options->retries + 1);
    if (question->bind_port != 0)
        snprintf(from, sizeof(from), " to port %u", question->bind_port);
    return sl_error_set(error, -ETIMEDOUT, "no reply from %s%s within %s%s (%s)", name, from,
                        sl_cli_format_time(options->wait_ns, time), times, guess(question, server));
}

/* Asks one address after the other until one answers: the reply's size, or a negative errno. */
static ssize_t ask(struct question *question, struct sl_error *error)
{
    struct sl_address addresses[SL_CLI_ADDRESSES_MAX];
    int count = sl_cli_resolve(question->options, SOCK_DGRAM, addresses, error);
    struct sl_error all = {0}, one;
    ssize_t got = count;
    for (int i = 0; i < count; i++) {
        char name[SL_ADDRESS_TEXT_SIZE];
        sl_address_format(&addresses[i], name);
        int fd = open_socket(&addresses[i], question->bind_port, name, &one);
        got = fd;
        if (fd >= 0) {
            got = ask_on(fd, question, &addresses[i], name, &one);
            close(fd);
        }
        if (got >= 0)
            return got;
        sl_cli_add_failure(&all, &one);
    }
    if (count > 0)
        *error = all;
    return got;
}

static bool take_arguments(const struct sl_cli_options *options, struct question *question)
{
    unsigned long port = 0;
    if (!sl_cli_parse_number(options->arguments[0], UINT16_MAX, &port)) {
        warnx("BIND_PORT is a port from 0 to 65535, not \"%s\"", options->arguments[0]);
        return false;
    }
    question->bind_port = (uint16_t)port;
    question->message = (const uint8_t *)options->arguments[1];
    question->size = strlen(options->arguments[1]);
    return true;
}

static bool read_message(struct sl_cli_input *input, struct question *question)
{
    sl_cli_prompt("Input lowercase sentence: ");
    int result = sl_cli_read_line(input, -1, &question->message, &question->size);
    if (result == SL_CLI_LINE)
        return true;
    sl_cli_end_prompt();
    if (result == SL_CLI_END)
        warnx("nothing sent: the input ended before a line came");
    else
        warnx("cannot read the input: %s", strerror(-result));
    return false;
}

static int run(struct question *question)
{
    struct sl_error error;
    uint8_t *room = malloc(2 * DATAGRAM_MAX);
    if (room == NULL) {
        warnx("out of memory");
        return 1;
    }
    question->reply = room;
    question->other = room + DATAGRAM_MAX;
    ssize_t got = ask(question, &error);
    if (got >= 0)
        sl_cli_print("", question->reply, (size_t)got);
    else
        warnx("%s", error.text);
    free(room);
    return got >= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct sl_cli_options options;
    struct sl_cli_input input = {0};
    int status;
    if (!sl_cli_parse(&program, argc, argv, &options, &status))
        return status;
    struct question question = {.options = &options};
    if (options.arguments != NULL && !take_arguments(&options, &question))
        return 2;
    bool asks = options.arguments != NULL || read_message(&input, &question);
    status = sl_cli_finish(asks ? run(&question) : 1);
    sl_buffer_deinit(&input.pending);
    return status;
}
