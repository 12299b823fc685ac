/* socklens-tcp: connects to the TCP uppercase server, sends one line and prints the reply.
 *
 * TCP has no messages: a reply may come in parts, and only the server's close says that it is
 * whole. So this client reads until then, where the course's takes what the first recv() gives;
 * each part is shown when it comes, and a server that forgets to close has answered all the same.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/common.h"
#include "socklens/clock.h"
#include "socklens/text.h"

#define QUIET_NS (2 * SL_NS_PER_S)
/* A server that sends more does not stop. */
#define REPLY_MAX (64u << 20)

static const struct sl_cli_program program = {
    .name = "socklens-tcp",
    .arguments = "MESSAGE",
    .help =
        "\n"
        "Asks for a line, or takes MESSAGE, sends it to a TCP uppercase server and prints the\n"
        "reply as it comes.\n"
        "\n"
        "  -s, --server HOST   the server's name or address, HOST:PORT or unix:PATH (127.0.0.1)\n"
        "  -p, --port PORT     its port (12000)\n"
        "  -w, --wait TIME     how long to wait for a connection, and then for the whole\n"
        "                      reply: 500ms, 2s, 1m, or seconds (10s)\n",
    .default_port = 12000,
    .default_wait_ns = 10 * SL_NS_PER_S,
    .arguments_wanted = 1,
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

/* What came, shown as it came, and compared with what an uppercase server should say: a reply that
 * stops short of that is not whole, and TCP itself does not tell. */
struct reply {
    struct sl_cli_text text;
    struct sl_buffer upper; /* of the sentence */
    uint64_t size;
    size_t matched; /* bytes of `upper` */
    bool differs;
    int64_t last_ns; /* when something came */
};

static void match(struct reply *reply, const uint8_t *piece, size_t size)
{
    for (size_t i = 0; i < size && !reply->differs; i++) {
        if (reply->matched < reply->upper.size && reply->upper.data[reply->matched] == piece[i])
            reply->matched++;
        else if (piece[i] != '\n' && piece[i] != '\r')
            reply->differs = true;
    }
}

static void take(struct reply *reply, struct sl_buffer *received)
{
    if (received->size == 0)
        return;
    /* print(' From Server: ', text) puts a blank between its arguments. */
    if (reply->size == 0)
        fputs(" From Server:  ", stdout);
    match(reply, received->data, received->size);
    sl_cli_text_add(&reply->text, received->data, received->size);
    reply->size += received->size;
    reply->last_ns = sl_clock_mono_ns();
    received->size = 0;
}

/* Once there is a reply, a server that leaves the connection open is not waited for that long. */
static int64_t quiet_ns(const struct sl_cli_options *options)
{
    return options->wait_ns / 2 < QUIET_NS ? options->wait_ns / 2 : QUIET_NS;
}

/* Sends, and shows what comes until the server closes (0) or was quiet (1); or a negative errno. */
static int exchange(struct sl_cli_stream *stream, const struct sl_cli_options *options,
                    struct reply *reply)
{
    int64_t deadline_ns = sl_clock_mono_ns() + options->wait_ns;
    bool open = true;
    for (;;) {
        size_t unsent = stream->unsent_size;
        if (unsent == 0 && open && options->shutdown)
            sl_cli_stream_shutdown(stream);
        open = unsent > 0;
        int64_t until_ns = deadline_ns;
        if (reply->size > 0 && unsent == 0 && reply->last_ns + quiet_ns(options) < deadline_ns)
            until_ns = reply->last_ns + quiet_ns(options);
        int result = sl_cli_stream_step(stream, until_ns);
        take(reply, &stream->received);
        if (result == -ETIMEDOUT && until_ns < deadline_ns)
            return 1;
        if (result <= 0)
            return result;
        if (reply->size > REPLY_MAX)
            return -EFBIG;
        if (stream->unsent_size < unsent)
            deadline_ns = sl_clock_mono_ns() + options->wait_ns;
    }
}

/* Says what was wrong with the exchange: the exit status. */
static int complain(const struct sl_cli_stream *stream, int result,
                    const struct sl_cli_options *options, const struct reply *reply)
{
    bool cut_off = result == -ECONNRESET || (result == 0 && stream->unsent_size > 0);
    bool is_short = !reply->differs && reply->matched < reply->upper.size;
    char time[SL_CLI_TIME_SIZE];
    if (reply->size == 0 && result == 0)
        warnx("%s closed the connection without a reply", stream->name);
    else if (reply->size == 0)
        sl_cli_stream_complain(stream, result, options);
    else if (cut_off)
        warnx("%s closed the connection without reading all of the message", stream->name);
    else if (result >= 0 && is_short)
        warnx("the reply from %s is cut: %" PRIu64 " of %zu bytes came", stream->name, reply->size,
              reply->upper.size);
    else if (result == 0)
        return 0;
    else if (result == -ETIMEDOUT)
        warnx("%s has not closed the connection within %s: there may be more to come", stream->name,
              sl_cli_format_time(options->wait_ns, time));
    else if (result < 0)
        sl_cli_stream_complain(stream, result, options);
    else
        warnx("%s has not closed the connection, and sent nothing more for %s", stream->name,
              sl_cli_format_time(quiet_ns(options), time));
    return result > 0 && !is_short ? 0 : 1;
}

static bool take_argument(const struct sl_cli_options *options, const uint8_t **line, size_t *size)
{
    *line = (const uint8_t *)options->arguments[0];
    *size = strlen(options->arguments[0]);
    if (*size == 0)
        warnx("TCP cannot carry an empty line: nothing would be sent");
    return *size > 0;
}

static int converse(const struct sl_cli_options *options, struct sl_cli_stream *stream,
                    const uint8_t *line, size_t size)
{
    struct reply reply = {0};
    if (sl_text_upper(line, size, &reply.upper) < 0 ||
        sl_cli_stream_put(stream, line, size, options->line_end) < 0) {
        warnx("out of memory");
        return 1;
    }
    int64_t began_ns = sl_clock_mono_ns();
    int result = exchange(stream, options, &reply);
    if (reply.size > 0)
        sl_cli_text_end(&reply.text);
    if (reply.size > 0 && options->verbose)
        warnx("%" PRIu64 " bytes from %s, the last after %.3f ms", reply.size, stream->name,
              (double)(reply.last_ns - began_ns) / SL_NS_PER_MS);
    int status = complain(stream, result, options, &reply);
    sl_buffer_deinit(&reply.upper);
    return status;
}

static int run(const struct sl_cli_options *options, struct sl_cli_stream *stream)
{
    struct sl_cli_input input = {0};
    const uint8_t *line;
    size_t size;
    bool has_line = options->arguments != NULL ? take_argument(options, &line, &size)
                                               : read_sentence(&input, &line, &size);
    int status = has_line ? converse(options, stream, line, size) : 1;
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
    if (sl_cli_connect(&options, &stream, &error) < 0) {
        warnx("%s", error.text);
        return 1;
    }
    status = run(&options, &stream);
    sl_cli_stream_close(&stream);
    return sl_cli_finish(status);
}
