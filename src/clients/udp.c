/* socklens-udp: sends one line to the UDP uppercase server and prints the reply.
 *
 * The socket is connected, which a student's client usually is not. The kernel then drops what
 * others send to our port, and tells us when the server's machine answers that nobody has the
 * port: without that, a server that is not there looks like a lost datagram. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/common.h"
#include "socklens/clock.h"
#include "socklens/port.h"

#define DATAGRAM_MAX 65535

static const struct sl_cli_program program = {
    .name = "socklens-udp",
    .arguments = "BIND_PORT MESSAGE",
    .help =
        "\n"
        "Sends one line to a UDP uppercase server and prints the reply. Without arguments it\n"
        "asks for the line; with them it binds BIND_PORT (0: any) and sends MESSAGE.\n"
        "\n"
        "  -s, --server HOST   the server's name or address (127.0.0.1)\n"
        "  -p, --port PORT     its port (12000)\n"
        "  -w, --wait TIME     how long to wait for a reply: 500ms, 2s, 1m (2s)\n"
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
    uint8_t *reply; /* DATAGRAM_MAX bytes */
};

static int bind_port(int fd, int family, uint16_t port, struct sl_error *error)
{
    struct sl_address any = SL_ADDRESS_NONE;
    any.family = (uint16_t)family;
    any.port = port;
    struct sockaddr_storage address;
    socklen_t size = sl_address_to_sockaddr(&any, &address);
    if (bind(fd, (struct sockaddr *)&address, size) == 0)
        return 0;
    int failure = errno;
    const char *hint = failure == EADDRINUSE ? " (another program has it; 0 takes any)"
                       : failure == EACCES   ? " (low ports are for root; 0 takes any)"
                                             : "";
    return sl_error_set(error, -failure, "cannot bind port %u: %s%s", port, strerror(failure),
                        hint);
}

/* What came between bind and connect may be from anyone; the kernel keeps it in the queue. */
static void forget_queued(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        ;
}

static int open_socket(const struct sl_address *server, uint16_t port, const char *name,
                       struct sl_error *error)
{
    struct sockaddr_storage address;
    socklen_t size = sl_address_to_sockaddr(server, &address);
    int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sl_error_set(error, -errno, "cannot open a socket for %s: %s", name,
                            strerror(errno));
    int result = bind_port(fd, server->family, port, error);
    if (result == 0 && connect(fd, (struct sockaddr *)&address, size) < 0)
        result = sl_error_set(error, -errno, "cannot reach %s: %s", name, strerror(errno));
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

/* Sends once. The reply's size, -ETIMEDOUT, or another negative errno. */
static ssize_t send_and_wait(int fd, const struct question *question)
{
    if (send(fd, question->message, question->size, 0) < 0)
        return -errno;
    int64_t deadline_ns = sl_clock_mono_ns() + question->options->wait_ns;
    for (;;) {
        int ready = sl_cli_wait(fd, POLLIN, deadline_ns);
        if (ready < 0)
            return ready;
        ssize_t got = recv(fd, question->reply, DATAGRAM_MAX, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        /* A datagram with a wrong checksum wakes us and is gone when we look. */
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
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

static ssize_t ask_on(int fd, const struct question *question, const struct sl_address *server,
                      const char *name, struct sl_error *error)
{
    const struct sl_cli_options *options = question->options;
    ssize_t got = -ETIMEDOUT;
    for (unsigned sent = 0; got == -ETIMEDOUT && sent <= options->retries; sent++)
        got = send_and_wait(fd, question);
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
static ssize_t ask(const struct question *question, struct sl_error *error)
{
    const struct sl_endpoint *server = &question->options->server;
    struct sl_address addresses[SL_CLI_ADDRESSES_MAX];
    int count = sl_endpoint_resolve(server->host, server->port, SOCK_DGRAM, addresses,
                                    SL_CLI_ADDRESSES_MAX, error);
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
    question->reply = malloc(DATAGRAM_MAX);
    if (question->reply == NULL) {
        warnx("out of memory");
        return 1;
    }
    ssize_t got = ask(question, &error);
    if (got >= 0)
        sl_cli_print("", question->reply, (size_t)got);
    else
        warnx("%s", error.text);
    free(question->reply);
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
