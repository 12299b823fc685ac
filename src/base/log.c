#include "socklens/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "socklens/clock.h"
#include "socklens/text.h"

#define MESSAGE_MAX 1024 /* longer ones are cut */

/* In JSON a byte that was escaped before may get one backslash more. */
#define LINE_SIZE (MESSAGE_MAX * (SL_ESCAPE_GROWTH + 1) + 128)

static const char *const level_names[] = {
    [SL_LOG_ERROR] = "error",
    [SL_LOG_WARNING] = "warning",
    [SL_LOG_INFO] = "info",
    [SL_LOG_DEBUG] = "debug",
};

#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

void sl_log_init(struct sl_log *log, int fd, enum sl_log_level level, enum sl_log_format format)
{
    log->fd = fd;
    atomic_init(&log->level, (int)level);
    log->format = format;
}

bool sl_log_level_parse(const char *name, enum sl_log_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum sl_log_level)i;
            return true;
        }
    }
    return false;
}

const char *sl_log_level_name(enum sl_log_level level)
{
    return level_names[level];
}

/* Formats to at most MESSAGE_MAX bytes; a character that the cut went through is left out. */
__attribute__((format(printf, 2, 0))) static size_t
format_message(char text[MESSAGE_MAX + 1], const char *format, va_list arguments)
{
    int length = vsnprintf(text, MESSAGE_MAX + 1, format, arguments);
    if (length < 0)
        return 0;
    if (length <= MESSAGE_MAX)
        return (size_t)length;
    size_t start = MESSAGE_MAX;
    while (start > MESSAGE_MAX - 4 && ((uint8_t)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (uint8_t)text[start - 1] >= 0xC0)
        start--;
    size_t tail = MESSAGE_MAX - start;
    return sl_text_is_utf8((const uint8_t *)text + start, tail) ? MESSAGE_MAX : start;
}

static char *put(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

static char *put_text(char *to, const char *text)
{
    return put(to, text, strlen(text));
}

/* What sl_escape_write made has only these two left that JSON cannot have in a string. */
static char *put_json(char *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            *to++ = '\\';
        *to++ = text[i];
    }
    return to;
}

static char *put_line(char *to, const struct sl_log *log, enum sl_log_level level,
                      const char *message, size_t size)
{
    char time[SL_RFC3339_SIZE];
    size_t time_size = sl_clock_format(sl_clock_wall_ns(), time);
    if (log->format == SL_LOG_TEXT) {
        to = put(to, time, time_size);
        to = put_text(to, " ");
        to = put_text(to, level_names[level]);
        to = put_text(to, " ");
        to = put(to, message, size);
        return put_text(to, "\n");
    }
    to = put_text(to, "{\"time\":\"");
    to = put(to, time, time_size);
    to = put_text(to, "\",\"level\":\"");
    to = put_text(to, level_names[level]);
    to = put_text(to, "\",\"message\":\"");
    to = put_json(to, message, size);
    return put_text(to, "\"}\n");
}

/* What cannot be written is lost: there is nowhere left to say so. */
static void write_line(int fd, const char *line, size_t size)
{
    while (write(fd, line, size) < 0 && errno == EINTR)
        ;
}

void sl_log_write(struct sl_log *log, enum sl_log_level level, const char *format, ...)
{
    if (!log || (int)level > atomic_load_explicit(&log->level, memory_order_relaxed))
        return;
    int saved_errno = errno;
    char text[MESSAGE_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_message(text, format, arguments);
    va_end(arguments);

    char message[MESSAGE_MAX * SL_ESCAPE_GROWTH];
    size = sl_escape_write((const uint8_t *)text, size, (uint8_t *)message);
    char line[LINE_SIZE];
    char *end = put_line(line, log, level, message, size);
    write_line(log->fd, line, (size_t)(end - line));
    errno = saved_errno;
}
