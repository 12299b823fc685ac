/* socklens-chat: sends lines to the chat server, each answered by "Your data was N bytes".
 *
 * Like the course's client it sends a line without its end, so nothing on the wire says where a
 * message stops. A long one may reach the server in parts, and each part is answered: the replies
 * to one message are those whose N add up to its size. Each is printed as a line of its own, and
 * the next message goes out when all its bytes are confirmed, so that question and answer stay in
 * step. A server that answers anything else is taken at its word: what one recv() gives is the
 * reply, as in the course. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clients/common.h"
#include "socklens/clock.h"

/* When part of a message is confirmed, the rest should be soon. A server that counts characters
 * where it says bytes never confirms them all. */
#define SETTLE_NS SL_NS_PER_S

#define RECEIVED "Received Message from Server: "

static const struct sl_cli_program program = {
    .name = "socklens-chat",
    .help =
        "\n"
        "Sends lines to a chat server and prints its replies; Exit, or the end of the input,\n"
        "disconnects.\n"
        "\n"
        "  -s, --server HOST   the server's name or address, HOST:PORT or unix:PATH (127.0.0.1)\n"
        "  -p, --port PORT     its port (1060)\n"
        "  -w, --wait TIME     how long to wait for a connection, and for each reply:\n"
        "                      500ms, 2s, 1m, or seconds (10s)\n",
    .default_port = 1060,
    .default_wait_ns = 10 * SL_NS_PER_S,
};

struct chat {
    struct sl_cli_stream stream;
    struct sl_cli_input input;
    const struct sl_cli_options *options;
    bool input_failed;
    bool heard; /* the server said something that was not waited for */
};

enum match { MATCH_NONE, MATCH_PART, MATCH_WHOLE };

static enum match match_text(const char *expected, const uint8_t *bytes, size_t size)
{
    size_t length = strlen(expected);
    if (memcmp(expected, bytes, size < length ? size : length) != 0)
        return MATCH_NONE;
    return size < length ? MATCH_PART : MATCH_WHOLE;
}

/* "Your data was N bytes" at the start of what was received; *length and *count where whole. */
static enum match match_confirmation(const uint8_t *bytes, size_t size, size_t *length,
                                     uint64_t *count)
{
    static const char before[] = "Your data was ", after[] = " bytes";
    enum match match = match_text(before, bytes, size);
    if (match != MATCH_WHOLE)
        return match;
    size_t first_digit = strlen(before), end = first_digit;
    uint64_t value = 0;
    for (; end < size && isdigit(bytes[end]) && end < first_digit + 18; end++)
        value = value * 10 + (uint64_t)(bytes[end] - '0');
    if (end < size && end == first_digit)
        return MATCH_NONE;
    match = match_text(after, bytes + end, size - end);
    if (match == MATCH_WHOLE) {
        *length = end + strlen(after);
        *count = value;
    }
    return match;
}

static bool is_line_end(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* A server that sends lines ends its replies so; the line end may come later than the reply. */
static void skip_line_ends(struct sl_buffer *received)
{
    size_t count = 0;
    while (count < received->size && is_line_end(received->data[count]))
        count++;
    sl_buffer_consume(received, count);
}

static void show_first(struct sl_buffer *received, size_t size)
{
    size_t shown = size;
    while (shown > 0 && is_line_end(received->data[shown - 1]))
        shown--;
    sl_cli_print(RECEIVED, received->data, shown);
    sl_buffer_consume(received, size);
}

static void show_all(struct sl_buffer *received)
{
    skip_line_ends(received);
    if (received->size > 0)
        show_first(received, received->size);
}

/* Shows the replies that are there; true where the message has been answered. */
static bool take_confirmations(struct sl_buffer *received, size_t wanted, uint64_t *confirmed)
{
    for (;;) {
        size_t length = 0;
        uint64_t count = 0;
        skip_line_ends(received);
        if (received->size == 0)
            return false;
        switch (match_confirmation(received->data, received->size, &length, &count)) {
        case MATCH_PART:
            return false;
        case MATCH_NONE:
            show_all(received);
            return true;
        case MATCH_WHOLE:
            *confirmed += count;
        }
        if (*confirmed >= wanted) {
            show_all(received);
            return true;
        }
        show_first(received, length);
    }
}

static bool take_farewell(struct sl_buffer *received)
{
    skip_line_ends(received);
    if (received->size == 0 ||
        match_text("Disconnect", received->data, received->size) == MATCH_PART)
        return false;
    show_all(received);
    return true;
}

static bool is_exit(const uint8_t *line, size_t size)
{
    return size == 4 && memcmp(line, "Exit", 4) == 0;
}

/* The end of waiting. Some of an answer is an answer; 1 then, else `result`. */
static int settle(struct chat *chat, int result, size_t wanted, uint64_t confirmed, bool leaving)
{
    bool said_something = chat->stream.received.size > 0;
    show_all(&chat->stream.received);
    if (result == -ETIMEDOUT && confirmed > 0)
        warnx("%s confirmed %" PRIu64 " of %zu bytes", chat->stream.name, confirmed, wanted);
    if (result == -ETIMEDOUT && (said_something || confirmed > 0))
        return 1;
    return leaving && said_something ? 1 : result;
}

/* Sends one message and shows what is answered: 1, or 0 or a negative errno as a step gives. */
static int say(struct chat *chat, const uint8_t *line, size_t size)
{
    struct sl_cli_stream *stream = &chat->stream;
    bool leaving = is_exit(line, size);
    uint64_t confirmed = 0;
    int64_t deadline_ns = sl_clock_mono_ns() + chat->options->wait_ns;
    if (sl_cli_stream_put(stream, line, size, chat->options->line_end) < 0)
        return -ENOMEM;
    for (;;) {
        size_t unsent = stream->unsent_size;
        uint64_t before = confirmed;
        int result = sl_cli_stream_step(stream, deadline_ns);
        if (result > 0 && stream->unsent_size == 0 &&
            (leaving ? take_farewell(&stream->received)
                     : take_confirmations(&stream->received, size, &confirmed)))
            return 1;
        if (result <= 0)
            return settle(chat, result, size, confirmed, leaving);
        if (confirmed > before)
            deadline_ns = sl_clock_mono_ns() + SETTLE_NS;
        else if (stream->unsent_size < unsent)
            deadline_ns = sl_clock_mono_ns() + chat->options->wait_ns;
    }
}

static void show_heard(struct chat *chat)
{
    chat->heard = chat->heard || chat->stream.received.size > 0;
    show_all(&chat->stream.received);
}

/* --shutdown: the server may answer only at the end, so nothing is waited for before. */
static int tell(struct chat *chat, const uint8_t *line, size_t size)
{
    struct sl_cli_stream *stream = &chat->stream;
    int result = sl_cli_stream_put(stream, line, size, chat->options->line_end) == 0 ? 1 : -ENOMEM;
    int64_t deadline_ns = sl_clock_mono_ns() + chat->options->wait_ns;
    while (result > 0 && stream->unsent_size > 0) {
        size_t unsent = stream->unsent_size;
        result = sl_cli_stream_step(stream, deadline_ns);
        show_heard(chat);
        if (stream->unsent_size < unsent)
            deadline_ns = sl_clock_mono_ns() + chat->options->wait_ns;
    }
    return result;
}

/* --shutdown: all that the server says until it closes: 1 where it said something, now or before.
 */
static int hear_out(struct chat *chat)
{
    struct sl_cli_stream *stream = &chat->stream;
    int64_t deadline_ns = sl_clock_mono_ns() + chat->options->wait_ns;
    int result;
    sl_cli_stream_shutdown(stream);
    do {
        result = sl_cli_stream_step(stream, deadline_ns);
    } while (result > 0);
    show_heard(chat);
    return chat->heard && (result == 0 || result == -ETIMEDOUT) ? 1 : result;
}

/* Shows what the server says without being asked, so that it is not taken for the next reply. */
static int hear(struct chat *chat)
{
    int64_t now_ns = sl_clock_mono_ns();
    int ready = sl_cli_wait(chat->stream.fd, POLLIN, now_ns);
    if (ready == -ETIMEDOUT)
        return 1;
    int result = ready < 0 ? ready : sl_cli_stream_step(&chat->stream, now_ns + SL_NS_PER_S);
    show_heard(chat);
    return result;
}

static int say_unless_empty(struct chat *chat, const uint8_t *line, size_t size)
{
    if (size > 0) {
        int result = hear(chat);
        if (result <= 0)
            return result;
        return chat->options->shutdown ? tell(chat, line, size) : say(chat, line, size);
    }
    warnx("TCP cannot carry an empty message: nothing would be sent, and nothing answered");
    return 1;
}

static int leave(struct chat *chat)
{
    static const uint8_t farewell[] = {'E', 'x', 'i', 't'};
    sl_cli_end_prompt();
    if (chat->options->shutdown)
        return 1;
    return say_unless_empty(chat, farewell, sizeof(farewell));
}

/* One turn of the conversation. *over is set where it has ended in order. */
static int take_turn(struct chat *chat, bool *over)
{
    const uint8_t *line;
    size_t size;
    sl_cli_prompt("Enter message to send or type Exit to disconnect: ");
    int answer = sl_cli_read_line(&chat->input, chat->stream.fd, &line, &size);
    switch (answer) {
    case SL_CLI_LINE:
        *over = is_exit(line, size);
        return say_unless_empty(chat, line, size);
    case SL_CLI_END:
        *over = true;
        return leave(chat);
    case SL_CLI_PEER:
        sl_cli_end_prompt();
        return hear(chat);
    default:
        warnx("cannot read the input: %s", strerror(-answer));
        chat->input_failed = true;
        *over = true;
        return leave(chat);
    }
}

static int converse(struct chat *chat)
{
    bool over = false;
    while (!over) {
        int result = take_turn(chat, &over);
        if (result > 0 && over && chat->options->shutdown)
            result = hear_out(chat);
        if (result <= 0) {
            sl_cli_stream_complain(&chat->stream, result, chat->options);
            return 1;
        }
    }
    puts("Now you are disconnected from the server");
    return chat->input_failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct sl_cli_options options;
    struct sl_error error;
    int status;
    if (!sl_cli_parse(&program, argc, argv, &options, &status))
        return status;
    struct chat chat = {.options = &options};
    if (sl_cli_connect(&options, &chat.stream, &error) < 0) {
        warnx("%s", error.text);
        return 1;
    }
    status = converse(&chat);
    sl_cli_stream_close(&chat.stream);
    sl_buffer_deinit(&chat.input.pending);
    return sl_cli_finish(status);
}
