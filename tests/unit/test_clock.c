#include "unit.h"

#include <time.h>
#include <unistd.h>

#include "socklens/clock.h"

static void assert_written(int64_t wall_ns, const char *expected)
{
    char text[SL_RFC3339_SIZE];
    assert_int_equal(sl_clock_format(wall_ns, text), strlen(expected));
    assert_string_equal(text, expected);
}

TEST(writes_utc_with_microseconds)
{
    assert_written(0, "1970-01-01T00:00:00.000000Z");
    assert_written(INT64_C(1767225600) * SL_NS_PER_S, "2026-01-01T00:00:00.000000Z");
    assert_written(INT64_C(951827696) * SL_NS_PER_S + 123456999, "2000-02-29T12:34:56.123456Z");
    assert_written(INT64_MAX, "2262-04-11T23:47:16.854775Z");
}

TEST(clamps_times_before_1970)
{
    assert_written(-1, "1970-01-01T00:00:00.000000Z");
    assert_written(INT64_MIN, "1970-01-01T00:00:00.000000Z");
}

TEST(agrees_with_the_c_library_on_every_day)
{
    for (int64_t day = 0; day < 106000; day++) {
        time_t seconds = day * 86400 + (day * 7919) % 86400;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        char expected[SL_RFC3339_SIZE];
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
        assert_written(seconds * SL_NS_PER_S, expected);
        int64_t back = -1;
        assert_true(sl_clock_parse(expected, &back));
        assert_int_equal(back, seconds * SL_NS_PER_S);
    }
}

TEST(reads_every_form_of_rfc_3339)
{
    static const struct {
        const char *text;
        int64_t wall_ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01 00:00:01Z", SL_NS_PER_S},
        {"1970-01-01T00:00:00.5Z", SL_NS_PER_S / 2},
        {"1970-01-01T00:00:00.123456789987654321Z", 123456789},
        {"1970-01-01T01:30:00+01:30", 0},
        {"1969-12-31T19:00:00-05:00", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1969-12-31T23:59:59.5Z", -SL_NS_PER_S / 2},
        {"1990-12-31T23:59:60Z", INT64_C(662688000) * SL_NS_PER_S},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800) * SL_NS_PER_S},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t wall_ns = -7;
        assert_true(sl_clock_parse(cases[i].text, &wall_ns));
        assert_int_equal(wall_ns, cases[i].wall_ns);
    }
}

TEST(refuses_what_is_no_time)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01",
        "2026-01-01T00:00:00+0100",
        "2026-01-01X00:00:00Z",
        "+026-01-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", /* 64 bits of nanoseconds end in 2262 */
        "0000-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t wall_ns = -7;
        if (sl_clock_parse(cases[i], &wall_ns))
            fail_msg("'%s' was taken for a time", cases[i]);
        assert_int_equal(wall_ns, -7);
    }
}

TEST(reads_durations)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"7us", 7000},
        {"250ms", 250 * SL_NS_PER_MS},
        {"1.5s", 3 * SL_NS_PER_S / 2},
        {"2m", 120 * SL_NS_PER_S},
        {"1h", 3600 * SL_NS_PER_S},
        {"7d", 7 * 86400 * SL_NS_PER_S},
        {"0.1d", 8640 * SL_NS_PER_S},
        {"0.3s", 300000000},
        {"1.0000000009s", 1000000000},
        {"0.00000000000000000000000000000001d", 0},
        {"1.123456789123456789123456789s", 1123456789},
        {"9223372036854775807ns", INT64_MAX},
        {"1h30m", 5400 * SL_NS_PER_S},
        {"2d3h4m5s6ms7us8ns", INT64_C(183845006007008)},
        {"1.5h0.5m", 5430 * SL_NS_PER_S},
        {"106751d", INT64_C(106751) * 86400 * SL_NS_PER_S},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ns = -7;
        if (!sl_duration_parse(cases[i].text, &ns))
            fail_msg("'%s' was refused", cases[i].text);
        assert_int_equal(ns, cases[i].ns);
    }
}

TEST(refuses_what_is_no_duration)
{
    static const char *const cases[] = {
        "",
        "5",
        "s",
        "-1s",
        "+1s",
        "1.s",
        ".5s",
        "1,5s",
        "1 s",
        " 1s",
        "1s ",
        "1.5.5s",
        "1S",
        "1min",
        "1e3s",
        "30m1h",
        "1h1h",
        "1h30",
        "1h ",
        "1h-30m",
        "106751d24h",
        "0x1s",
        "106752d",
        "9223372036854775808ns",
        "99999999999999999999999999999999999999999999d",
        "1secondsofaverylongunit",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ns = -7;
        if (sl_duration_parse(cases[i], &ns))
            fail_msg("'%s' was taken for a duration", cases[i]);
        assert_int_equal(ns, -7);
    }
}

TEST(clocks_run)
{
    int64_t mono = sl_clock_mono_ns();
    assert_true(sl_clock_mono_ns() >= mono);
    struct sl_time now = sl_time_now();
    assert_true(now.mono_ns >= mono);
    int64_t skew = sl_clock_wall_ns() / SL_NS_PER_S - time(NULL);
    assert_in_range(skew + 2, 0, 4);
}

TEST(a_moment_moves_on_both_clocks)
{
    struct sl_time before = sl_time_now(), time = before;

    usleep(2000);
    sl_time_advance(&time);
    assert_true(time.mono_ns - before.mono_ns >= 2 * SL_NS_PER_MS);
    assert_int_equal(time.wall_ns - before.wall_ns, time.mono_ns - before.mono_ns);
}
