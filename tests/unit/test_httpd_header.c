#include "unit.h"

#include "socklens/asset.h"
#include "socklens/header.h"

TEST(finds_tokens_in_lists)
{
    assert_true(sl_list_has("gzip", "gzip"));
    assert_true(sl_list_has("deflate, GZIP;q=0.5, br", "gzip"));
    assert_true(sl_list_has("br,gzip", "gzip"));
    assert_true(sl_list_has("gzip;q=0.001", "gzip"));
    assert_true(sl_list_has("gzip;seq=0;a", "gzip"));
    assert_false(sl_list_has("gzip; a=b ; Q=0 ;c", "gzip"));
    assert_false(sl_list_has("gzip;q=0", "gzip"));
    assert_false(sl_list_has("gzip; q=0.000, br", "gzip"));
    assert_false(sl_list_has("xgzip, gzipx", "gzip"));
    assert_false(sl_list_has("", "gzip"));
    assert_false(sl_list_has(" , ,", "gzip"));
    assert_false(sl_list_has(NULL, "gzip"));
}

TEST(owns_trimmed_copies)
{
    char name[] = "Host", value[] = " \tlocalhost \t";
    struct sl_headers headers = {.items = {{name, value, 4, strlen(value)}}, .count = 1};

    assert_int_equal(sl_headers_own(&headers), 0);
    memset(name, 'x', 4);
    memset(value, 'x', sizeof(value) - 1);
    assert_string_equal(sl_headers_get(&headers, "hOST"), "localhost");
    assert_int_equal(sl_headers_count(&headers, "host"), 1);
    assert_null(sl_headers_get(&headers, "Hos"));
    sl_headers_deinit(&headers);
}

static bool accepts(const char *first, const char *second, const char *type)
{
    struct sl_headers headers = {0};

    headers.items[headers.count++] = (struct sl_header){.name = "Host", .value = "localhost"};
    if (first)
        headers.items[headers.count++] = (struct sl_header){.name = "accept", .value = first};
    if (second)
        headers.items[headers.count++] = (struct sl_header){.name = "Accept", .value = second};
    return sl_headers_accept(&headers, type);
}

TEST(reads_what_is_accepted)
{
    static const char csv[] = "text/csv; header=present";

    assert_true(accepts(NULL, NULL, csv));
    assert_true(accepts("", NULL, csv));
    assert_true(accepts("nonsense", NULL, csv));
    assert_true(accepts("TEXT/csv;q=0.1", NULL, csv));
    assert_true(accepts("text/html,text/*;q=0.1", NULL, csv));
    assert_true(accepts("text/html", "*/*", csv));
    assert_true(accepts("*/*;q=0, text/csv", NULL, csv));
    assert_false(accepts("text/html", NULL, csv));
    assert_false(accepts("text/html", "text/csvx, application/*", csv));
    assert_false(accepts("text/csv;q=0, text/*, */*", NULL, csv));
    assert_false(accepts("*/*", "text/*;q=0.0", csv));
    assert_false(accepts("text", "text/", csv));
    assert_true(accepts(",,", NULL, csv));
    assert_true(accepts("text/csv; profile=x", NULL, csv));
    assert_true(accepts("image/png;q=0, */*", NULL, csv));
    assert_false(accepts("*/*;q=0", NULL, csv));
    assert_false(accepts("text/*;q=0.000, */*", NULL, csv));
}

/* --- assets, which depend on little else --- */

static const unsigned char plain[] = "hello hello hello", packed[] = "gz";
static const struct sl_asset asset = {
    .path = "/x",
    .content_type = "text/plain",
    .etag = "\"abc\"",
    .data = plain,
    .size = 17,
    .gzip = packed,
    .gzip_size = 2,
};

static struct sl_answer serve(const char *accept, const char *if_none_match)
{
    struct sl_headers headers = {0};
    struct sl_answer answer = {0};

    if (accept)
        headers.items[headers.count++] =
            (struct sl_header){.name = "Accept-Encoding", .value = accept};
    if (if_none_match)
        headers.items[headers.count++] =
            (struct sl_header){.name = "If-None-Match", .value = if_none_match};
    sl_asset_answer(&asset, &headers, &answer);
    return answer;
}

TEST(serves_what_the_client_takes)
{
    assert_ptr_equal(serve(NULL, NULL).fixed, plain);
    assert_ptr_equal(serve("br", NULL).fixed, plain);
    assert_ptr_equal(serve("gzip, br", NULL).fixed, packed);
    assert_int_equal(serve("gzip", NULL).status, 200);
    assert_string_equal(serve("gzip", NULL).headers[0].value, "\"abc-gzip\"");
    assert_string_equal(serve(NULL, NULL).headers[0].value, "\"abc\"");
}

TEST(spares_what_the_client_has)
{
    assert_int_equal(serve(NULL, "\"abc\"").status, 304);
    assert_null(serve(NULL, "\"abc\"").fixed);
    assert_int_equal(serve(NULL, "\"x\", W/\"abc\" ,\"y\"").status, 304);
    assert_int_equal(serve(NULL, "*").status, 304);
    assert_int_equal(serve("gzip", "\"abc-gzip\"").status, 304);
    assert_int_equal(serve("gzip", "\"abc\"").status, 200);
    assert_int_equal(serve(NULL, "\"abcd\"").status, 200);
    assert_int_equal(serve(NULL, "").status, 200);
}
