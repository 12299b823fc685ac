/* socklens-tcp: connects to the TCP uppercase server, sends one line and prints the reply.
 *
 * TCP has no messages: a reply may come in parts, and only the server's close says that it is
 * whole. So this client reads until then, where the course's takes what the first recv() gives. */
#include <err.h>
#include <errno.h>
#include <string.h>

#include "clients/common.h"
#include "socklens/clock.h"

static const struct sl_cli_program program = {
    .name = "socklens-tcp",
    .help =
        "\n"
        "Asks for a line, sends it to a TCP uppercase server and prints the reply.\n"
        "\n"
        "  -s, --server HOST   the server's name or address, or unix:PATH (127.0.0.1)\n"
        "  -p, --port PORT     its port (12000)\n"
        "  -w, --wait TIME     how long to wait for a connection, and then for the whole\n"
        "                      reply: 500ms, 2s, 1m (10s)\n",
    .default_port = 12000,
    .default_wait_ns = 10 * SL_NS_PER_S,
};

/* One line of input; an empty one cannot be sent, so it is asked for again. */
static bool read_sentence(struct sl_cli_input *input, const uint8_t **line, size_t *size)
{
    for (;;) {
        sl_cli_prompt("Input lowercase sentence: ");
        int result = sl_cli_read_line(input, -1, line, size);
        if (result == SL_CLI_LINE && *size > 0)
            return true;
        if (result == SL_CLI_LINE) {
            warnx("TCP cannot carry an empty line: nothing would be sent");
            continue;
        }
        sl_cli_end_prompt();
        if (result == SL_CLI_END)
            warnx("nothing sent: the input ended before a line came");
        else
            warnx("cannot read the input: %s", strerror(-result));
        return false;
    }
}

/* Sends, and receives until the server closes: 0, or a negative errno. */
static int exchange(struct sl_cli_stream *stream, int64_t wait_ns)
{
    int64_t deadline_ns = sl_clock_mono_ns() + wait_ns;
    for (;;) {
        size_t unsent = stream->unsent_size;
        int result = sl_cli_stream_step(stream, deadline_ns);
        if (result <= 0)
            return result;
        if (stream->unsent_size < unsent)
            deadline_ns = sl_clock_mono_ns() + wait_ns;
    }
}

/* Says what was wrong with the exchange; false where nothing was. */
static bool complain(const struct sl_cli_stream *stream, int result, int64_t wait_ns)
{
    bool replied = stream->received.size > 0;
    bool cut_off = result == -ECONNRESET || (result == 0 && stream->unsent_size > 0);
    char time[SL_CLI_TIME_SIZE];
    if (replied && result == 0 && !cut_off)
        return false;
    if (replied && cut_off)
        warnx("%s closed the connection without reading all of the message", stream->name);
    else if (replied && result == -ETIMEDOUT)
        warnx("%s has not closed the connection within %s: there may be more to come", stream->name,
              sl_cli_format_time(wait_ns, time));
    else if (result == 0)
        warnx("%s closed the connection without a reply", stream->name);
    else
        sl_cli_stream_complain(stream, result, wait_ns);
    return true;
}

static int run(const struct sl_cli_options *options, struct sl_cli_stream *stream)
{
    struct sl_cli_input input = {0};
    int status = 1;
    if (read_sentence(&input, &stream->unsent, &stream->unsent_size)) {
        int result = exchange(stream, options->wait_ns);
        /* print(' From Server: ', text) puts a blank between its arguments. */
        if (stream->received.size > 0)
            sl_cli_print(" From Server:  ", stream->received.data, stream->received.size);
        status = complain(stream, result, options->wait_ns);
    }
    sl_buffer_deinit(&input.pending);
    return status;
}

int main(int argc, char **argv)
{
    struct sl_cli_options options;
    struct sl_cli_stream stream;
    struct sl_error error;
    int status;
    if (!sl_cli_parse(&program, argc, argv, &options, &status))
        return status;
    if (sl_cli_connect(&options.server, options.wait_ns, &stream, &error) < 0) {
        warnx("%s", error.text);
        return 1;
    }
    status = run(&options, &stream);
    sl_cli_stream_close(&stream);
    return sl_cli_finish(status);
}
