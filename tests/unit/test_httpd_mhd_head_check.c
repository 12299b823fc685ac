#include "unit.h"

#include "httpd/mhd_head_check.h"

/* A head as libmicrohttpd 0.9.75 leaves it: separators are NUL. `names` says which fields it found:
 * their names' and values' places are looked up in order. */
static char memory[512];
static struct sl_headers headers;

static const char *find(const char *from, const char *end, const char *text)
{
    const char *found = memmem(from, (size_t)(end - from), text, strlen(text));

    assert_non_null(found);
    return found;
}

/* `found` is name, value, name, value, ... NULL. */
static bool check(const char *head, size_t size, const char *target, const char *const *found)
{
    const char *end = memory + size;
    const char *version = memory, *at;

    memcpy(memory, head, size);
    version = find(memory, end, "HTTP/1.1");
    at = version + 8;
    headers.count = 0;
    for (; found[0]; found += 2) {
        struct sl_header *header = &headers.items[headers.count++];

        header->name = find(at, end, found[0]);
        header->name_size = strlen(found[0]);
        header->value = find(header->name + header->name_size, end, found[1]);
        header->value_size = strlen(found[1]);
        at = header->value + header->value_size;
    }
    return sl_mhd_head_is_sound(&(struct sl_mhd_head){
        .method = memory, .target = target, .version = version, .headers = &headers, .size = size});
}

#define CHECK(head, target, ...)                                                                   \
    check(head, sizeof(head) - 1, target, (const char *const[]){__VA_ARGS__, NULL})

TEST(unchanged_head_is_sound)
{
    assert_true(
        CHECK("GET\0/a\0HTTP/1.1\0\0Host\0 l\0\0X\0y\0\0\0\0", "/a", "Host", "l", "X", "y"));
    assert_true(CHECK("GET\0/a\0HTTP/1.1\0Host\0 l\0X\0y\0\0", "/a", "Host", "l", "X", "y"));
    assert_true(CHECK("GET\0/a\0HTTP/1.1\0\0Host\0\t l\0\0\0\0", "/a", "Host", "l"));
}

TEST(head_without_fields_is_sound)
{
    static const char *const none[] = {NULL};

    assert_true(check("GET\0/\0HTTP/1.1\0\0\0\0", 18, "/", none));
    assert_true(check("GET\0/\0HTTP/1.1\0\0", 16, "/", none));
    assert_false(check("GET\0/\0HTTP/1.1\0\0\0", 17, "/", none));
    assert_false(check("GET\0/\0HTTP/1.1\0", 15, "/", none));
    assert_false(check("GET\0/\0HTTP/1.1\0\0\0\0\0", 19, "/", none));
}

TEST(sees_a_target_cut_by_nul)
{
    assert_false(CHECK("GET\0/a\0b\0HTTP/1.1\0\0Host\0 l\0\0\0\0", "/a", "Host", "l"));
}

TEST(sees_a_value_cut_by_nul)
{
    assert_false(
        CHECK("GET\0/a\0HTTP/1.1\0\0Host\0 l\0z\0\0X\0y\0\0\0\0", "/a", "Host", "l", "X", "y"));
}

TEST(sees_a_line_that_begins_with_a_colon)
{
    /* ": foo" CRLF and ":" CRLF: taken for the head's end. */
    assert_false(CHECK("GET\0/a\0HTTP/1.1\0\0Host\0 l\0\0\0 foo\0\0", "/a", "Host", "l"));
    assert_false(CHECK("GET\0/a\0HTTP/1.1\0\0Host\0 l\0\0\0\0\0", "/a", "Host", "l"));
}

TEST(sees_a_folded_field)
{
    static const char elsewhere[] = "Transfer-Encodingchunked";
    static const char head[] = "GET\0/a\0HTTP/1.1\0\0Transfer-Encoding\0\0\0chunked\0\0\0\0";

    memcpy(memory, head, sizeof(head));
    headers.count = 1;
    headers.items[0] = (struct sl_header){elsewhere, memory + 35, strlen(elsewhere), 0};
    assert_false(sl_mhd_head_is_sound(&(struct sl_mhd_head){.method = memory,
                                                            .target = "/a",
                                                            .version = memory + 7,
                                                            .headers = &headers,
                                                            .size = sizeof(head) - 1}));
}

TEST(only_the_checked_version_of_libmicrohttpd_is_known)
{
    assert_true(sl_mhd_head_is_known("0.9.75"));
    assert_false(sl_mhd_head_is_known("0.9.77"));
    assert_false(sl_mhd_head_is_known("1.0.1"));
    assert_false(sl_mhd_head_is_known("?"));
}
