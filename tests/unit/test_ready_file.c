#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ready_file.h"

struct taken {
    char lines[512];
    int calls, fail_at; /* 0: never */
};

static int take(void *context, const char *key, const char *address, struct sl_error *error)
{
    struct taken *taken = context;
    size_t size = strlen(taken->lines);

    snprintf(taken->lines + size, sizeof(taken->lines) - size, "%s=%s\n", key, address);
    return ++taken->calls == taken->fail_at ? sl_error_set(error, -EINVAL, "not that one") : 0;
}

static int read_text(const char *text, struct taken *taken, struct sl_error *error)
{
    char path[] = "/tmp/sl-ready-XXXXXX";
    int fd = mkstemp(path), result;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    result = sl_ready_file_read(path, take, taken, error);
    unlink(path);
    return result;
}

TEST(each_address_is_told_with_its_key)
{
    struct taken taken = {0};
    struct sl_error error;

    assert_int_equal(read_text("{\"udp_upper\":[\"127.0.0.1:1\",\"[::1]:2\"],\"tcp_upper\":[],"
                               "\"http\":[\"unix:/tmp/a \\\"b\\\\\\u001f\\n\"]}\n",
                               &taken, &error),
                     0);
    assert_string_equal(taken.lines,
                        "udp_upper=127.0.0.1:1\nudp_upper=[::1]:2\n"
                        "http=unix:/tmp/a \"b\\\x1f\n\n");
}

TEST(white_space_is_passed_over)
{
    struct taken taken = {0};
    struct sl_error error;

    assert_int_equal(
        read_text(" {\n\t\"http\" : [ \"a\" ,\n \"b\" ] , \"x\":[ ] }", &taken, &error), 0);
    assert_string_equal(taken.lines, "http=a\nhttp=b\n");
}

TEST(address_refused_by_the_caller_ends_the_read)
{
    struct taken taken = {.fail_at = 2};
    struct sl_error error;

    assert_int_equal(read_text("{\"http\":[\"a\",\"b\",\"c\"]}", &taken, &error), -EINVAL);
    assert_string_equal(error.text, "not that one");
    assert_int_equal(taken.calls, 2);
}

TEST(other_json_is_refused)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"http\"}",
        "{\"http\":\"a\"}",
        "{\"http\":[a]}",
        "{\"http\":[\"a\"",
        "{\"http\":[\"a\"]",
        "{\"http\":[\"a]}",
        "{\"http\":[\"\\x\"]}",
        "{\"http\":[\"\\u1\"]}",
        "{\"http\":[\"\\",
        "{\"http\":[[\"a\"]]}",
    };
    struct sl_error error;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct taken taken = {0};

        assert_int_equal(read_text(texts[i], &taken, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "is not one of this program"));
    }
}

/* Of cJSON's thousand levels and our 64 KiB. */
TEST(file_too_deep_or_too_large_is_refused)
{
    char *deep = calloc(1, 5000), *large = calloc(1, 70000);
    struct taken taken = {0};
    struct sl_error error;

    memcpy(memset(deep, '[', 4000), "{\"http\":", 8);
    assert_int_equal(read_text(deep, &taken, &error), -EBADMSG);
    memcpy(memset(large, ' ', 69000), "{\"http\":[", 9);
    strcpy(large + 69000, "\"a\"]}");
    assert_int_equal(read_text(large, &taken, &error), -EBADMSG);
    free(deep);
    free(large);
}

TEST(missing_file_is_named)
{
    struct taken taken = {0};
    struct sl_error error;

    assert_int_equal(sl_ready_file_read("/nowhere/ready", take, &taken, &error), -ENOENT);
    assert_string_equal(error.text,
                        "the ready file /nowhere/ready cannot be read: No such file or directory");
}
