/* What the three client programs share: command line, prompt and output, stream connections.
 *
 * The prompts and output lines are the course's to the letter. What the course's clients leave
 * open is said here in one place: nothing waits for ever, and everything that goes wrong is one
 * line on stderr that names the program, with exit status 1 (2 for wrong usage). */
#ifndef SOCKLENS_CLIENTS_COMMON_H
#define SOCKLENS_CLIENTS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/error.h"

#define SL_CLI_ADDRESSES_MAX 16

/* --- command line --- */

struct sl_cli_program {
    const char *name;
    const char *help;      /* what --help prints after the usage line */
    const char *arguments; /* their names, where there are any */
    uint16_t default_port;
    int64_t default_wait_ns;
    bool datagram;        /* UDP: takes --retries; else --bind, --lf, --crlf, --shutdown, unix: */
    int arguments_wanted; /* this many or none */
};

struct sl_cli_options {
    struct sl_endpoint server;
    int64_t wait_ns;
    int family; /* AF_INET, AF_INET6, or AF_UNSPEC for either */
    bool verbose;
    unsigned retries;
    uint16_t bind_port;   /* of a stream; 0: any */
    const char *line_end; /* sent behind each line: "", "\n" or "\r\n" */
    bool shutdown;        /* close the sending side after the input */
    char **arguments;     /* NULL where there are none */
};

/* True to go on; else *status is what to exit with (after --help, --version or an error). */
bool sl_cli_parse(const struct sl_cli_program *program, int argc, char **argv,
                  struct sl_cli_options *options, int *status);

/* A whole decimal number in range; false leaves *number as it was. */
bool sl_cli_parse_number(const char *text, unsigned long max, unsigned long *number);

/* "2 s", "1500 ms": a time as a person reads it. */
#define SL_CLI_TIME_SIZE 32
const char *sl_cli_format_time(int64_t ns, char text[SL_CLI_TIME_SIZE]);

/* Adds one address's failure to what is reported when no address is left to try. */
void sl_cli_add_failure(struct sl_error *all, const struct sl_error *one);

/* The server's addresses of the wanted family: their number, or a negative errno. */
int sl_cli_resolve(const struct sl_cli_options *options, int socktype,
                   struct sl_address addresses[SL_CLI_ADDRESSES_MAX], struct sl_error *error);

/* Binds the port on every local address. 0, or a negative errno. */
int sl_cli_bind(int fd, int family, uint16_t port, struct sl_error *error);

/* --- terminal --- */

struct sl_cli_input {
    struct sl_buffer pending; /* read and not yet handed out */
    size_t line_size;         /* of the line handed out last, with its end */
    size_t searched;          /* bytes of pending known to have no line end */
    bool ended;
};

enum sl_cli_answer { SL_CLI_END, SL_CLI_LINE, SL_CLI_PEER };

/* Reads a line of stdin, of any length, without its line end; it holds until the next call. Reads
 * as Python's input() does: a last line without an end counts. SL_CLI_PEER: no line yet, but
 * `peer_fd` (-1: none) has something to say. A negative errno where stdin cannot be read. */
int sl_cli_read_line(struct sl_cli_input *input, int peer_fd, const uint8_t **line, size_t *size);

void sl_cli_prompt(const char *text);

/* Ends the prompt's line where nobody pressed Enter. */
void sl_cli_end_prompt(void);

/* Prints `lead`, the text, and a line end. On a terminal, control characters other than TAB and the
 * text's own last line end are escaped; a text without any is shown as it is. */
void sl_cli_print(const char *lead, const uint8_t *text, size_t size);

/* The same for a text that comes in pieces, each shown at once. On a terminal, what may be half of
 * a character, or the last line end, is held back until more comes. */
struct sl_cli_text {
    struct sl_buffer pending;
};

void sl_cli_text_add(struct sl_cli_text *text, const uint8_t *piece, size_t size);
void sl_cli_text_end(struct sl_cli_text *text); /* frees it too */

/* Exit status: `status`, or 1 with a line on stderr where stdout could not be written. */
int sl_cli_finish(int status);

/* --- waiting --- */

/* Polls until one of `events` (or an error) is there: its revents, -ETIMEDOUT or another negative
 * errno. `deadline_ns` is of the monotonic clock. */
int sl_cli_wait(int fd, short events, int64_t deadline_ns);

/* --- stream connections --- */

struct sl_cli_stream {
    int fd;
    char name[SL_ADDRESS_TEXT_SIZE + 40]; /* the server's address, for messages */
    struct sl_buffer message;             /* what `unsent` points into */
    const uint8_t *unsent;
    size_t unsent_size;
    bool deaf; /* sending failed: the server takes no more */
    struct sl_buffer received;
};

/* Connects to the first of the server's addresses that answers, each within the wait. 0, or a
 * negative errno and one line that names every address and why. */
int sl_cli_connect(const struct sl_cli_options *options, struct sl_cli_stream *stream,
                   struct sl_error *error);

/* The steps that follow send this. 0 or -ENOMEM. */
int sl_cli_stream_put(struct sl_cli_stream *stream, const uint8_t *line, size_t size,
                      const char *line_end);

void sl_cli_stream_shutdown(struct sl_cli_stream *stream);

/* Waits until something can be received, or sent where something is unsent, and does that once:
 * sending and receiving at a time, so that neither side waits for the other to read. 1 on
 * progress, 0 where the peer closed, -ETIMEDOUT, -EFBIG where the peer does not stop, or another
 * negative errno. What was received
 * before a reset is delivered before the reset is. */
int sl_cli_stream_step(struct sl_cli_stream *stream, int64_t deadline_ns);

/* One line on stderr: why the connection is of no more use. `result` is that of a step. */
void sl_cli_stream_complain(const struct sl_cli_stream *stream, int result,
                            const struct sl_cli_options *options);

void sl_cli_stream_close(struct sl_cli_stream *stream);

#endif
