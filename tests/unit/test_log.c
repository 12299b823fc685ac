#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "socklens/clock.h"
#include "socklens/log.h"

#define TIME_SIZE 27

struct sink {
    int fds[2];
    char text[65536];
};

static void open_sink(struct sink *sink, struct sl_log *log, enum sl_log_level level,
                      enum sl_log_format format)
{
    assert_int_equal(pipe(sink->fds), 0);
    sl_log_init(log, sink->fds[1], level, format);
}

/* Everything that was written, with a NUL. */
static const char *close_sink(struct sink *sink)
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

static void assert_is_time(const char *text)
{
    char copy[TIME_SIZE + 1] = {0};
    memcpy(copy, text, TIME_SIZE);
    int64_t wall_ns;
    assert_true(sl_clock_parse(copy, &wall_ns));
}

static void writes_a_line_of_text(void **state)
{
    (void)state;
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_TEXT);
    sl_log_warning(&log, "cannot send to %s: %d", "127.0.0.1:5", 7);
    const char *line = close_sink(&sink);
    assert_is_time(line);
    assert_string_equal(line + TIME_SIZE, " warning cannot send to 127.0.0.1:5: 7\n");
}

static void writes_a_line_of_json(void **state)
{
    (void)state;
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_JSON);
    sl_log_error(&log, "a \"quoted\" back\\slash\nand \xff");
    const char *line = close_sink(&sink);
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_is_time(line + 9);
    assert_string_equal(line + 9 + TIME_SIZE,
                        "\",\"level\":\"error\",\"message\":"
                        "\"a \\\"quoted\\\" back\\\\\\\\slash\\\\nand \\\\xff\"}\n");
}

static void what_a_peer_sent_cannot_drive_a_terminal(void **state)
{
    (void)state;
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_TEXT);
    sl_log_info(&log, "%s", "\x1b[2J\r\n2026 error forged \u202e\xc2\x85 straße");
    const char *line = close_sink(&sink);
    assert_string_equal(line + TIME_SIZE,
                        " info \\x1b[2J\\r\\n2026 error forged \\u{202e}\\u{0085} straße\n");
}

static void drops_what_is_over_its_level(void **state)
{
    (void)state;
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_WARNING, SL_LOG_TEXT);
    sl_log_info(&log, "one");
    sl_log_debug(&log, "two");
    log.level = SL_LOG_DEBUG;
    sl_log_debug(&log, "three");
    assert_string_equal(close_sink(&sink) + TIME_SIZE, " debug three\n");
    sl_log_error(NULL, "nowhere");
}

static void cuts_long_lines_between_characters(void **state)
{
    (void)state;
    char text[4000] = {0};
    for (size_t i = 0; i < 1300; i++)
        memcpy(text + 3 * i, "€", 3);
    for (size_t shift = 0; shift < 4; shift++) {
        struct sink sink;
        struct sl_log log;
        open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_TEXT);
        sl_log_info(&log, "%.*s%s", (int)shift, "abcd", text);
        const char *line = close_sink(&sink);
        size_t length = strlen(line);
        assert_in_range(length, 1000, 1100);
        assert_null(strstr(line, "\\x"));
        assert_memory_equal(line + length - 4, "€\n", 4);
    }
}

static void the_worst_message_fits(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 0xFF, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_JSON);
    sl_log_info(&log, "%s", text);
    const char *line = close_sink(&sink);
    assert_string_equal(line + strlen(line) - 8, "\\\\xff\"}\n");
}

static void leaves_errno_alone(void **state)
{
    (void)state;
    struct sl_log log;
    sl_log_init(&log, -1, SL_LOG_INFO, SL_LOG_TEXT);
    errno = EHOSTUNREACH;
    sl_log_info(&log, "to a descriptor that is closed");
    assert_int_equal(errno, EHOSTUNREACH);
}

#define LINES 200

static void *write_lines(void *argument)
{
    for (unsigned i = 0; i < LINES; i++)
        sl_log_info(argument, "%064u", i);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    struct sink sink;
    struct sl_log log;
    open_sink(&sink, &log, SL_LOG_INFO, SL_LOG_TEXT);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &log), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    const char *text = close_sink(&sink);
    size_t line_size = TIME_SIZE + strlen(" info ") + 64 + 1;
    assert_int_equal(strlen(text), line_size * LINES * COUNT_OF(threads));
    for (; *text; text += line_size)
        assert_memory_equal(text + TIME_SIZE, " info 000", 9);
}

static void levels_have_names(void **state)
{
    (void)state;
    for (int i = SL_LOG_ERROR; i <= SL_LOG_DEBUG; i++) {
        enum sl_log_level level = SL_LOG_ERROR;
        assert_true(sl_log_level_parse(sl_log_level_name((enum sl_log_level)i), &level));
        assert_int_equal(level, i);
    }
    enum sl_log_level level = SL_LOG_INFO;
    assert_false(sl_log_level_parse("verbose", &level));
    assert_false(sl_log_level_parse("", &level));
    assert_int_equal(level, SL_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_line_of_text),
        cmocka_unit_test(writes_a_line_of_json),
        cmocka_unit_test(what_a_peer_sent_cannot_drive_a_terminal),
        cmocka_unit_test(drops_what_is_over_its_level),
        cmocka_unit_test(cuts_long_lines_between_characters),
        cmocka_unit_test(the_worst_message_fits),
        cmocka_unit_test(leaves_errno_alone),
        cmocka_unit_test(lines_of_threads_do_not_mix),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
