/* Lines from standard input and text to standard output. What a server sent is shown without its
 * control characters, so that it cannot drive the terminal. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/common.h"
#include "socklens/text.h"

#define READ_SIZE 65536

/* Hands out the pending bytes up to the next line end; at the end of input, the rest. */
static bool take_line(struct sl_cli_input *input, const uint8_t **line, size_t *size)
{
    struct sl_buffer *pending = &input->pending;
    const uint8_t *start = pending->data;
    const uint8_t *end = NULL;
    if (pending->size > input->searched)
        end = memchr(start + input->searched, '\n', pending->size - input->searched);
    input->searched = pending->size;
    if (end == NULL && (!input->ended || pending->size == 0))
        return false;
    size_t length = end != NULL ? (size_t)(end - start) : pending->size;
    input->line_size = length + (end != NULL);
    /* As Python, which reads "\r\n" as a line end too. */
    if (end != NULL && length > 0 && start[length - 1] == '\r')
        length--;
    *line = start;
    *size = length;
    return true;
}

static int read_more(struct sl_cli_input *input)
{
    uint8_t *room = sl_buffer_reserve(&input->pending, READ_SIZE);
    if (room == NULL)
        return -ENOMEM;
    ssize_t got = read(STDIN_FILENO, room, READ_SIZE);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    input->ended = got == 0;
    input->pending.size += (size_t)got;
    return 0;
}

/* 1: stdin is ready; 0: the peer is, and stdin is not. */
static int wait_for_either(int peer_fd)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = peer_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return fds[0].revents != 0;
}

int sl_cli_read_line(struct sl_cli_input *input, int peer_fd, const uint8_t **line, size_t *size)
{
    sl_buffer_consume(&input->pending, input->line_size);
    if (input->line_size > 0)
        input->searched = 0;
    input->line_size = 0;
    while (!take_line(input, line, size)) {
        if (input->ended)
            return SL_CLI_END;
        int ready = wait_for_either(peer_fd);
        if (ready == 0)
            return SL_CLI_PEER;
        int result = ready < 0 ? ready : read_more(input);
        if (result < 0)
            return result;
    }
    return SL_CLI_LINE;
}

void sl_cli_prompt(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

void sl_cli_end_prompt(void)
{
    putchar('\n');
    fflush(stdout);
}

/* Escapes for a terminal; a TAB stays one. False without memory. */
static bool escape(const uint8_t *text, size_t size, struct sl_buffer *escaped)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *tab = memchr(text + at, '\t', size - at);
        size_t length = tab != NULL ? (size_t)(tab - text) - at : size - at;
        if (sl_text_escape(text + at, length, escaped) < 0 ||
            sl_buffer_append(escaped, "\t", tab != NULL) < 0)
            return false;
        at += length + (tab != NULL);
    }
    return true;
}

static size_t count_backslashes(const uint8_t *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\\';
    return count;
}

static void show(const uint8_t *text, size_t size)
{
    struct sl_buffer escaped = SL_BUFFER_INIT;
    if (isatty(STDOUT_FILENO)) {
        if (!escape(text, size, &escaped))
            errx(1, "out of memory");
        if (escaped.size != size + count_backslashes(text, size)) {
            text = escaped.data;
            size = escaped.size;
        }
    }
    if (size > 0)
        fwrite(text, 1, size, stdout);
    fflush(stdout);
    sl_buffer_deinit(&escaped);
}

/* The bytes at the end that are shown only when it is known what follows them. */
static size_t unclear_size(const struct sl_buffer *text)
{
    size_t size = text->size, count = 0;
    if (size > 0 && text->data[size - 1] == '\n')
        return size > 1 && text->data[size - 2] == '\r' ? 2 : 1;
    if (size > 0 && text->data[size - 1] == '\r')
        return 1;
    while (count < size && count < 3 && (text->data[size - 1 - count] & 0xc0) == 0x80)
        count++;
    if (count == size || text->data[size - 1 - count] < 0xc0)
        return 0;
    count++;
    return sl_text_is_utf8(text->data + size - count, count) ? 0 : count;
}

void sl_cli_text_add(struct sl_cli_text *text, const uint8_t *piece, size_t size)
{
    struct sl_buffer *pending = &text->pending;
    if (sl_buffer_append(pending, piece, size) < 0)
        errx(1, "out of memory");
    size_t clear = pending->size - (isatty(STDOUT_FILENO) ? unclear_size(pending) : 0);
    show(pending->data, clear);
    sl_buffer_consume(pending, clear);
}

void sl_cli_text_end(struct sl_cli_text *text)
{
    struct sl_buffer *rest = &text->pending;
    if (rest->size > 0 && rest->data[rest->size - 1] != '\n')
        show(rest->data, rest->size);
    putchar('\n');
    fflush(stdout);
    sl_buffer_deinit(rest);
}

void sl_cli_print(const char *lead, const uint8_t *text, size_t size)
{
    struct sl_cli_text whole = {0};
    fputs(lead, stdout);
    sl_cli_text_add(&whole, text, size);
    sl_cli_text_end(&whole);
}

int sl_cli_finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    warn("cannot write to standard output");
    return 1;
}
