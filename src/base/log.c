/* The program's own log.
 *
 * A terminal that was stopped with Ctrl-S, or a pipe that nobody reads, blocks write(2) for
 * ever. So callers only append to a bounded buffer, and one thread writes; where the buffer is
 * full, lines are counted instead. */
#include "socklens/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "socklens/buffer.h"
#include "socklens/clock.h"
#include "socklens/outlet.h"
#include "socklens/text.h"

#define MESSAGE_MAX  1024 /* bytes; longer ones are cut */
#define KINDS_MAX    32   /* as many are told apart; more share the limit of the last */
#define SUFFIX_MAX   64   /* how many lines a held one stands for */
#define MESSAGE_SIZE (MESSAGE_MAX + SUFFIX_MAX)

/* In JSON a byte that was escaped before may get one backslash more. */
#define LINE_SIZE (MESSAGE_SIZE * (SL_ESCAPE_GROWTH + 1) + 128)

#define INTERVAL_NS SL_NS_PER_S
#define BURST_NS    (SL_LOG_BURST * INTERVAL_NS)

#define PENDING_MAX (256u << 10)

/* At the end: a reader that takes nothing for so long is taken for none. */
#define END_PATIENCE_NS (200 * SL_NS_PER_MS)
#define END_TIMEOUT_NS  (2 * SL_NS_PER_S)

/* What a kind of line may write, and what is held back of it. */
struct log_kind {
    const char *format; /* NULL: free */
    int64_t full_at_ns; /* of the generic cell rate algorithm */
    uint64_t held;      /* lines since the last that was written */
    enum sl_log_level level;
    size_t size;
    char last[MESSAGE_MAX]; /* of those held */
};

struct log_limit {
    struct log_kind kinds[KINDS_MAX];
};

struct sl_log {
    _Atomic int level; /* enum sl_log_level */
    enum sl_log_format format;

    pthread_mutex_t mutex;    /* for the following */
    pthread_cond_t wake;      /* of the monotonic clock */
    struct sl_buffer pending; /* whole lines */
    uint64_t dropped;         /* for which there was no room, since pending was taken */
    struct log_limit limit;
    bool ending;

    /* The thread's own. */
    struct sl_buffer batch;
    uint64_t lost; /* lines that are missing in the file and not yet told */
    int reason;    /* why: 0 for want of room, or a negative errno */
    bool torn;     /* the file ends in the middle of a line */
    struct sl_outlet outlet;
};

/* --- how many lines of one kind: a kind is a format string, and its address the key --- */

static struct log_kind *find_kind(struct log_limit *limit, const char *format)
{
    size_t i = 0;

    while (i < KINDS_MAX - 1 && limit->kinds[i].format && limit->kinds[i].format != format)
        i++;
    limit->kinds[i].format = format;
    return &limit->kinds[i];
}

/* When the kind's next line may be written. */
static int64_t free_at_ns(const struct log_kind *kind)
{
    return kind->full_at_ns + INTERVAL_NS - BURST_NS;
}

static void spend(struct log_kind *kind, int64_t now_ns)
{
    int64_t from_ns = kind->full_at_ns > now_ns ? kind->full_at_ns : now_ns;

    kind->full_at_ns = from_ns + INTERVAL_NS;
}

/* True where a line of that kind may be written at once; else it is held. */
static bool limit_admit(struct log_limit *limit, const char *format, enum sl_log_level level,
                        const char *message, size_t size, int64_t now_ns)
{
    struct log_kind *kind = find_kind(limit, format);

    if (kind->held == 0 && free_at_ns(kind) <= now_ns) {
        spend(kind, now_ns);
        return true;
    }
    kind->held++;
    kind->level = level;
    kind->size = size;
    memcpy(kind->last, message, size);
    return false;
}

/* A kind of which lines are held that may be written now (at any time with `all`), else NULL. The
 * caller writes its last line and the number, and sets `held` to 0. */
static struct log_kind *limit_take(struct log_limit *limit, int64_t now_ns, bool all)
{
    for (size_t i = 0; i < KINDS_MAX; i++) {
        struct log_kind *kind = &limit->kinds[i];

        if (kind->held > 0 && (all || free_at_ns(kind) <= now_ns)) {
            spend(kind, now_ns);
            return kind;
        }
    }
    return NULL;
}

/* When limit_take has something; INT64_MAX: never, as nothing is held. */
static int64_t limit_due_ns(const struct log_limit *limit)
{
    int64_t due_ns = INT64_MAX;

    for (size_t i = 0; i < KINDS_MAX; i++) {
        const struct log_kind *kind = &limit->kinds[i];

        if (kind->held > 0 && free_at_ns(kind) < due_ns)
            due_ns = free_at_ns(kind);
    }
    return due_ns;
}

static const char *const level_names[] = {
    [SL_LOG_ERROR] = "error",
    [SL_LOG_WARNING] = "warning",
    [SL_LOG_INFO] = "info",
    [SL_LOG_DEBUG] = "debug",
};

/* Formats to at most MESSAGE_MAX bytes; a character that the cut went through is left out.
 */
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

/* Escapes the message and makes a line of it; the line's end. */
static char *put_line(char *to, enum sl_log_format format, enum sl_log_level level,
                      const char *text, size_t text_size)
{
    char message[MESSAGE_SIZE * SL_ESCAPE_GROWTH];
    size_t size = sl_escape_write((const uint8_t *)text, text_size, (uint8_t *)message);
    char time[SL_RFC3339_SIZE];
    size_t time_size = sl_clock_format(sl_clock_wall_ns(), time);
    if (format == SL_LOG_TEXT) {
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

/* Under the mutex. */
static void append(struct sl_log *log, const char *line, size_t size)
{
    if (log->ending || log->pending.size + size > PENDING_MAX ||
        sl_buffer_append(&log->pending, line, size) < 0)
        log->dropped++;
    pthread_cond_signal(&log->wake);
}

/* Under the mutex: the last of the lines of each kind that were held back. */
static void append_held(struct sl_log *log)
{
    struct log_kind *kind;

    while ((kind = limit_take(&log->limit, sl_clock_mono_ns(), log->ending)) != NULL) {
        char text[MESSAGE_SIZE], line[LINE_SIZE];
        size_t size = kind->size;

        memcpy(text, kind->last, size);
        if (kind->held > 1)
            size += (size_t)snprintf(text + size, SUFFIX_MAX,
                                     " (the last of %" PRIu64 " such lines)", kind->held);
        kind->held = 0;
        char *end = put_line(line, log->format, kind->level, text, size);
        if (sl_buffer_append(&log->pending, line, (size_t)(end - line)) < 0)
            log->dropped++;
    }
}

/* Under the mutex. */
static void wait_for_lines(struct sl_log *log)
{
    int64_t due_ns = limit_due_ns(&log->limit);
    struct timespec due = {.tv_sec = due_ns / SL_NS_PER_S, .tv_nsec = due_ns % SL_NS_PER_S};

    if (due_ns == INT64_MAX)
        pthread_cond_wait(&log->wake, &log->mutex);
    else
        pthread_cond_timedwait(&log->wake, &log->mutex, &due);
}

/* Waits for lines and takes them into the batch; false at the end, when there are no more. */
static bool take(struct sl_log *log, uint64_t *dropped)
{
    pthread_mutex_lock(&log->mutex);
    append_held(log);
    while (log->pending.size == 0 && log->dropped == 0 && !log->ending) {
        wait_for_lines(log);
        append_held(log);
    }
    struct sl_buffer taken = log->pending;
    log->pending = log->batch;
    log->pending.size = 0;
    log->batch = taken;
    *dropped = log->dropped;
    log->dropped = 0;
    pthread_mutex_unlock(&log->mutex);
    return log->batch.size > 0 || *dropped > 0;
}

/* Writes one line. A line that a failure left in its middle is ended first. */
static int write_line(struct sl_log *log, const char *line, size_t size)
{
    int result = 0;

    if (log->torn)
        result = sl_outlet_write(&log->outlet, "\n", 1, &log->torn);
    return result < 0 ? result : sl_outlet_write(&log->outlet, line, size, &log->torn);
}

/* Says that lines are missing, where some are. */
static int tell_lost(struct sl_log *log)
{
    char text[MESSAGE_MAX], line[LINE_SIZE];

    if (log->lost == 0)
        return 0;
    int size =
        snprintf(text, sizeof(text), "lines of this log that are missing here: %" PRIu64 " (%s)",
                 log->lost, log->reason ? strerror(-log->reason) : "nobody read them in time");
    char *end = put_line(line, log->format, SL_LOG_WARNING, text, (size_t)size);
    int result = write_line(log, line, (size_t)(end - line));
    if (result == 0)
        log->lost = 0;
    return result;
}

static void write_or_count(struct sl_log *log, const char *line, size_t size)
{
    int result = tell_lost(log);

    if (result == 0)
        result = write_line(log, line, size);
    if (result < 0) {
        log->lost++;
        log->reason = result;
    }
}

static void *run(void *context)
{
    struct sl_log *log = context;
    uint64_t dropped;

    pthread_setname_np(pthread_self(), "log");
    while (!atomic_load(&log->outlet.given_up) && take(log, &dropped)) {
        const char *line = (const char *)log->batch.data, *end;

        for (size_t left = log->batch.size; left > 0; left -= (size_t)(end - line), line = end) {
            end = (const char *)memchr(line, '\n', left) + 1;
            write_or_count(log, line, (size_t)(end - line));
        }
        if (dropped > 0) {
            log->lost += dropped;
            log->reason = 0;
            tell_lost(log);
        }
    }
    return NULL;
}

static void init_locks(struct sl_log *log)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&log->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct sl_log *sl_log_new(int fd, enum sl_log_level level, enum sl_log_format format)
{
    struct sl_log *log = calloc(1, sizeof(*log));

    if (!log)
        return NULL;
    atomic_init(&log->level, (int)level);
    log->format = format;
    init_locks(log);
    if (sl_outlet_start(&log->outlet, fd, run, log) < 0) {
        sl_log_free(log);
        return NULL;
    }
    return log;
}

void sl_log_set_level(struct sl_log *log, enum sl_log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

/* What a thread that cannot be ended uses has to stay: `stranded`. */
static bool end(struct sl_log *log)
{
    pthread_mutex_lock(&log->mutex);
    log->ending = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->mutex);
    return sl_outlet_stop(&log->outlet, END_TIMEOUT_NS, END_PATIENCE_NS) != SL_OUTLET_STRANDED;
}

void sl_log_end(struct sl_log *log)
{
    end(log);
}

void sl_log_free(struct sl_log *log)
{
    if (!log || !end(log))
        return;
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->mutex);
    sl_buffer_deinit(&log->pending);
    sl_buffer_deinit(&log->batch);
    free(log);
}

void sl_log_print(struct sl_log *log, const char *lines, size_t size)
{
    pthread_mutex_lock(&log->mutex);
    append(log, lines, size);
    pthread_mutex_unlock(&log->mutex);
}

void sl_log_write(struct sl_log *log, enum sl_log_level level, const char *format, ...)
{
    if (!log || (int)level > atomic_load_explicit(&log->level, memory_order_relaxed))
        return;
    int saved_errno = errno;
    char text[MESSAGE_MAX + 1], line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_message(text, format, arguments);
    va_end(arguments);

    char *end = put_line(line, log->format, level, text, size);
    pthread_mutex_lock(&log->mutex);
    if (limit_admit(&log->limit, format, level, text, size, sl_clock_mono_ns()))
        append(log, line, (size_t)(end - line));
    else
        pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->mutex);
    errno = saved_errno;
}
