#include "unit.h"

#include <stdio.h>

#include "socklens/web_origin.h"

TEST(knows_origins_in_any_case)
{
    static const char *const texts[][2] = {
        {"http://localhost", "http://localhost"},
        {"HTTP://LocalHost:8080", "http://localhost:8080"},
        {"https://lab.example:8443", "https://lab.example:8443"},
        {"https://lab.example:443", "https://lab.example"},
        {"http://lab.example:80", "http://lab.example"},
        {"http://lab.example:0080", "http://lab.example"},
        {"http://lab.example:443", "http://lab.example:443"},
        {"https://lab.example:80", "https://lab.example:80"},
        {"http://192.0.2.1:65535", "http://192.0.2.1:65535"},
        {"https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"},
        {"http://[::1]", "http://[::1]"},
        {"http://my_lab-1.example.", "http://my_lab-1.example."},
    };
    struct sl_web_origin origin;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_true(sl_web_origin_parse(texts[i][0], &origin));
        assert_string_equal(origin.text, texts[i][1]);
    }
}

TEST(text_that_is_no_origin_is_refused)
{
    static const char *const texts[] = {"",
                                        "null",
                                        "*",
                                        "localhost",
                                        "lab.example:8443",
                                        "//localhost",
                                        "http:localhost",
                                        "http://",
                                        "https://:8443",
                                        "file://localhost",
                                        "ws://localhost",
                                        "http://localhost/",
                                        "http://localhost:8080/socklens/",
                                        "http://user@localhost",
                                        "http://localhost:",
                                        "http://localhost:0",
                                        "http://localhost:65536",
                                        "http://localhost:999999999999",
                                        "http://localhost:80:80",
                                        "http://localhost:+80",
                                        "http://localhost ",
                                        " http://localhost",
                                        "http://*.example",
                                        "http://\xc3\xa4.example",
                                        "http://::1",
                                        "http://[]",
                                        "http://[::1",
                                        "http://[::1]x",
                                        "http://a,http://b"};
    struct sl_web_origin origin = {"untouched"};

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(sl_web_origin_parse(texts[i], &origin));
    assert_string_equal(origin.text, "untouched");
}

TEST(has_room_for_the_longest_host)
{
    struct sl_web_origin origin;
    char text[320];

    for (int size = 254; size <= 256; size++) {
        snprintf(text, sizeof(text), "https://%0*d:65535", size, 0);
        assert_int_equal(sl_web_origin_parse(text, &origin), size <= 255);
        if (size <= 255)
            assert_string_equal(origin.text, text);
    }
}
