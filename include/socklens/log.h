/* The program's own log: one line an event on a file descriptor (stderr), text or JSON.
 *
 * No caller ever waits for who reads the descriptor: lines go to a bounded buffer, from which a
 * thread writes them in order, one write(2) each, so lines never mix. Lines that found no room, or
 * that could not be written, are counted, and the number stands in the log once it flows again.
 *
 * Nor can a peer choose how much is logged: of the lines of one kind (one format string) the first
 * SL_LOG_BURST are written at once and one a second after that, the last of those that came, with
 * the number of lines it stands for.
 *
 * Control, escape and bidirectional-override characters that a peer may have put into an argument
 * are escaped (sl_text_escape), so a log line cannot drive a terminal. Thread-safe. */
#ifndef SOCKLENS_LOG_H
#define SOCKLENS_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG };

enum sl_log_format { SL_LOG_TEXT, SL_LOG_JSON };

#define SL_LOG_BURST 100

struct sl_log;

/* Starts the thread; `fd` is not closed here. NULL where there is no memory or thread for it. */
struct sl_log *sl_log_new(int fd, enum sl_log_level level, enum sl_log_format format);

/* Writes what there is as long as somebody reads it, a few seconds at most, and ends the thread.
 * Later lines are dropped. Idempotent. */
void sl_log_end(struct sl_log *log);

/* Ends it if it still runs. NULL is fine. */
void sl_log_free(struct sl_log *log);

/* Lines above the level are dropped. */
void sl_log_set_level(struct sl_log *log, enum sl_log_level level);

/* Writes one line. `log` may be NULL: then nothing is written (tests). `format` is a literal: it
 * stands for the line's kind. */
__attribute__((format(printf, 3, 4))) void sl_log_write(struct sl_log *log, enum sl_log_level level,
                                                        const char *format, ...);

/* Writes whole lines as they are, in order with the others: what is said to a person at the start.
 */
void sl_log_print(struct sl_log *log, const char *lines, size_t size);

#define sl_log_error(log, ...)   sl_log_write(log, SL_LOG_ERROR, __VA_ARGS__)
#define sl_log_warning(log, ...) sl_log_write(log, SL_LOG_WARNING, __VA_ARGS__)
#define sl_log_info(log, ...)    sl_log_write(log, SL_LOG_INFO, __VA_ARGS__)
#define sl_log_debug(log, ...)   sl_log_write(log, SL_LOG_DEBUG, __VA_ARGS__)

#endif
