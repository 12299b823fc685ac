#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/log.h"

#define TIME_SIZE 27

struct sink {
    int fds[2];
    struct sl_log *log;
    char text[65536];
};

static struct sl_log *open_sink(struct sink *sink, enum sl_log_level level,
                                enum sl_log_format format)
{
    assert_int_equal(pipe(sink->fds), 0);
    sink->log = sl_log_new(sink->fds[1], level, format);
    assert_non_null(sink->log);
    return sink->log;
}

/* Everything that was written, with a NUL. */
static const char *read_sink(struct sink *sink)
{
    close(sink->fds[1]);
    size_t size = 0;
    ssize_t got;
    while ((got = read(sink->fds[0], sink->text + size, sizeof(sink->text) - 1 - size)) > 0)
        size += (size_t)got;
    close(sink->fds[0]);
    sink->text[size] = '\0';
    return sink->text;
}

static const char *close_sink(struct sink *sink)
{
    sl_log_free(sink->log);
    return read_sink(sink);
}

static void assert_is_time(const char *text)
{
    char copy[TIME_SIZE + 1] = {0};
    memcpy(copy, text, TIME_SIZE);
    int64_t wall_ns;
    assert_true(sl_clock_parse(copy, &wall_ns));
}

TEST(writes_a_line_of_text)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    sl_log_warning(log, "cannot send to %s: %d", "127.0.0.1:5", 7);
    const char *line = close_sink(&sink);
    assert_is_time(line);
    assert_string_equal(line + TIME_SIZE, " warning cannot send to 127.0.0.1:5: 7\n");
}

TEST(writes_a_line_of_json)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_JSON);
    sl_log_error(log, "a \"quoted\" back\\slash\nand \xff");
    const char *line = close_sink(&sink);
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_is_time(line + 9);
    assert_string_equal(line + 9 + TIME_SIZE,
                        "\",\"level\":\"error\",\"message\":"
                        "\"a \\\"quoted\\\" back\\\\\\\\slash\\\\nand \\\\xff\"}\n");
}

TEST(what_a_peer_sent_cannot_drive_a_terminal)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    sl_log_info(log, "%s", "\x1b[2J\r\n2026 error forged \u202e\xc2\x85 straße");
    const char *line = close_sink(&sink);
    assert_string_equal(line + TIME_SIZE,
                        " info \\x1b[2J\\r\\n2026 error forged \\u{202e}\\u{0085} straße\n");
}

TEST(drops_what_is_over_its_level)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_WARNING, SL_LOG_TEXT);
    sl_log_info(log, "one");
    sl_log_debug(log, "two");
    sl_log_set_level(log, SL_LOG_DEBUG);
    sl_log_debug(log, "three");
    assert_string_equal(close_sink(&sink) + TIME_SIZE, " debug three\n");
    sl_log_error(NULL, "nowhere");
}

TEST(cuts_long_lines_between_characters)
{
    char text[4000] = {0};
    for (size_t i = 0; i < 1300; i++)
        memcpy(text + 3 * i, "€", 3);
    for (size_t shift = 0; shift < 4; shift++) {
        struct sink sink;
        struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
        sl_log_info(log, "%.*s%s", (int)shift, "abcd", text);
        const char *line = close_sink(&sink);
        size_t length = strlen(line);
        assert_in_range(length, 1000, 1100);
        assert_null(strstr(line, "\\x"));
        assert_memory_equal(line + length - 4, "€\n", 4);
    }
}

TEST(the_worst_message_fits)
{
    char text[5000];
    memset(text, 0xFF, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_JSON);
    sl_log_info(log, "%s", text);
    const char *line = close_sink(&sink);
    assert_string_equal(line + strlen(line) - 8, "\\\\xff\"}\n");
}

TEST(logging_leaves_errno_alone)
{
    struct sl_log *log = sl_log_new(-1, SL_LOG_INFO, SL_LOG_TEXT);
    errno = EHOSTUNREACH;
    sl_log_info(log, "to a descriptor that is closed");
    assert_int_equal(errno, EHOSTUNREACH);
    sl_log_free(log);
}

#define LINES (SL_LOG_BURST / 2)

static void *write_lines(void *argument)
{
    for (unsigned i = 0; i < LINES; i++)
        sl_log_info(argument, "%064u", i);
    return NULL;
}

TEST(lines_of_threads_do_not_mix)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, log), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    const char *text = close_sink(&sink);
    size_t line_size = TIME_SIZE + strlen(" info ") + 64 + 1;
    assert_int_equal(strlen(text), line_size * LINES * COUNT_OF(threads));
    for (; *text; text += line_size)
        assert_memory_equal(text + TIME_SIZE, " info 000", 9);
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        found++;
    return found;
}

TEST(a_kind_of_line_is_bounded)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    for (int i = 1; i <= 10000; i++)
        sl_log_info(log, "asked %d times", i);
    sl_log_info(log, "another kind");
    const char *text = close_sink(&sink);
    assert_in_range(count(text, "asked"), SL_LOG_BURST + 1, SL_LOG_BURST + 30);
    assert_non_null(strstr(text, "asked 100 times\n"));
    assert_non_null(strstr(text, " info asked 10000 times (the last of "));
    assert_non_null(strstr(text, " info another kind\n"));
}

/* Held lines are written after a moment though no other comes. */
TEST(suppressed_lines_are_reported_by_themselves)
{
    struct sink sink;
    char text[65536];
    size_t size = 0;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    for (int i = 0; i < SL_LOG_BURST + 3; i++)
        sl_log_info(log, "line %d", i);
    do {
        ssize_t got = read(sink.fds[0], text + size, sizeof(text) - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        text[size] = '\0';
    } while (!strstr(text, "line 102 (the last of "));
    close_sink(&sink);
}

/* A line for each of many kinds: one format cannot stand for them. */
static void flood(struct sl_log *log, int from, int to)
{
    char line[128];

    for (int i = from; i < to; i++) {
        int size = snprintf(line, sizeof(line), "%0100d\n", i);
        sl_log_print(log, line, (size_t)size);
    }
}

/* The number of lines shown and told as missing; those shown must be in order. */
static unsigned long account(const char *text)
{
    unsigned long shown = 0, lost = 0;
    long last = -1;

    for (const char *at = text; strchr(at, '\n'); at = strchr(at, '\n') + 1) {
        const char *told = strstr(at, "missing here: ");
        if (told && told < strchr(at, '\n')) {
            lost += strtoul(told + strlen("missing here: "), NULL, 10);
            continue;
        }
        assert_true(strtol(at, NULL, 10) > last);
        last = strtol(at, NULL, 10);
        shown++;
    }
    return lost > 0 ? shown + lost : 0;
}

TEST(nobody_waits_for_a_reader_and_the_loss_is_told)
{
    struct sink sink;
    static char text[4 << 20];
    size_t size = 0;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    flood(log, 0, 20000);
    while (account(text) < 20000) {
        ssize_t got = read(sink.fds[0], text + size, sizeof(text) - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        text[size] = '\0';
    }
    assert_int_equal(account(text), 20000);
    assert_non_null(strstr(text, "(nobody read them in time)\n"));
    sl_log_info(log, "it flows again");
    assert_non_null(strstr(close_sink(&sink), "it flows again\n"));
}

TEST(ends_in_time_though_nobody_reads)
{
    struct sink sink;
    struct sl_log *log = open_sink(&sink, SL_LOG_INFO, SL_LOG_TEXT);
    flood(log, 0, 20000);
    int64_t start_ns = sl_clock_mono_ns();
    sl_log_end(log);
    assert_in_range(sl_clock_mono_ns() - start_ns, 0, 5 * SL_NS_PER_S);
    sl_log_end(log); /* a log whose thread did not end is not freed: the leak check sees it */
    sl_log_info(log, "after its end");
    close_sink(&sink);
}

/* A limit of the file's size stands for a full disk. */
TEST(a_full_disk_is_told_when_there_is_room)
{
    struct rlimit before, none;
    char text[4096] = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct sl_log *log = sl_log_new(fileno(file), SL_LOG_INFO, SL_LOG_TEXT);
    for (int i = 0; i < 3; i++)
        sl_log_info(log, "lost");
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* the thread has tried by then */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    sl_log_info(log, "kept");
    sl_log_free(log);
    assert_true(pread(fileno(file), text, sizeof(text) - 1, 0) > 0);
    fclose(file);
    assert_non_null(strstr(text,
                           " warning lines of this log that are missing here: 3 "
                           "(File too large)\n"));
    assert_non_null(strstr(text, " info kept\n"));
}
