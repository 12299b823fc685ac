/* The program's own log: one line an event on a file descriptor (stderr), text or JSON.
 *
 * Thread-safe: a line is formatted on the caller's stack and written with one write(2), so lines
 * never mix. Control, escape and bidirectional-override characters that a peer may have put into
 * an argument are escaped (sl_text_escape), so a log line cannot drive a terminal. */
#ifndef SOCKLENS_LOG_H
#define SOCKLENS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG };

enum sl_log_format { SL_LOG_TEXT, SL_LOG_JSON };

struct sl_log {
    int fd;
    _Atomic int level; /* enum sl_log_level; lines above it are dropped; may change while running */
    enum sl_log_format format;
};

void sl_log_init(struct sl_log *log, int fd, enum sl_log_level level, enum sl_log_format format);

/* Writes one line. `log` may be NULL: then nothing is written (tests). */
__attribute__((format(printf, 3, 4))) void sl_log_write(struct sl_log *log, enum sl_log_level level,
                                                        const char *format, ...);

/* "error", "warning", "info", "debug" to the level; false where the name is none of them. */
bool sl_log_level_parse(const char *name, enum sl_log_level *level);

const char *sl_log_level_name(enum sl_log_level level);

#define sl_log_error(log, ...)   sl_log_write(log, SL_LOG_ERROR, __VA_ARGS__)
#define sl_log_warning(log, ...) sl_log_write(log, SL_LOG_WARNING, __VA_ARGS__)
#define sl_log_info(log, ...)    sl_log_write(log, SL_LOG_INFO, __VA_ARGS__)
#define sl_log_debug(log, ...)   sl_log_write(log, SL_LOG_DEBUG, __VA_ARGS__)

#endif
