/* The C library's gmtime_r takes a lock and timegm reads the time zone; a time is written for
 * every message, so the calendar is computed here. Days and dates are converted by the algorithms
 * of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the
 * leap day is the last of its year, and 400 years are one era of 146,097 days. */
#include "socklens/clock.h"

#include <string.h>
#include <time.h>

#include "base/digits.h"

#define DAYS_PER_ERA     146097
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 */
#define SECONDS_PER_DAY  86400

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * SL_NS_PER_S + now.tv_nsec;
}

int64_t sl_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t sl_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

struct sl_time sl_time_now(void)
{
    return (struct sl_time){.wall_ns = sl_clock_wall_ns(), .mono_ns = sl_clock_mono_ns()};
}

void sl_time_advance(struct sl_time *time)
{
    int64_t mono_ns = sl_clock_mono_ns();

    time->wall_ns += mono_ns - time->mono_ns;
    time->mono_ns = mono_ns;
}

struct date {
    unsigned year, month, day;
};

static struct date date_of_days(unsigned days_since_1970)
{
    unsigned days = days_since_1970 + DAYS_BEFORE_1970;
    unsigned era = days / DAYS_PER_ERA;
    unsigned day_of_era = days % DAYS_PER_ERA;
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct date){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static int64_t days_of_date(struct date date)
{
    unsigned year = date.year + 400 - (date.month <= 2); /* one era up: never negative */
    unsigned era = year / 400;
    unsigned year_of_era = year % 400;
    unsigned month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    unsigned day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return ((int64_t)era - 1) * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

size_t sl_clock_format(int64_t wall_ns, char text[SL_RFC3339_SIZE])
{
    /* 64 bits of nanoseconds end in 2262, so only times before 1970 need the clamp. */
    uint64_t us = wall_ns < 0 ? 0 : (uint64_t)(wall_ns / SL_NS_PER_US);
    uint64_t seconds = us / 1000000;
    struct date date = date_of_days((unsigned)(seconds / SECONDS_PER_DAY));
    unsigned of_day = (unsigned)(seconds % SECONDS_PER_DAY);

    unsigned micros = (unsigned)(us % 1000000);

    memcpy(text, "0000-00-00T00:00:00.000000Z", 28);
    sl_digits_write_pair(date.year / 100, text);
    sl_digits_write_pair(date.year % 100, text + 2);
    sl_digits_write_pair(date.month, text + 5);
    sl_digits_write_pair(date.day, text + 8);
    sl_digits_write_pair(of_day / 3600, text + 11);
    sl_digits_write_pair(of_day / 60 % 60, text + 14);
    sl_digits_write_pair(of_day % 60, text + 17);
    sl_digits_write_pair(micros / 10000, text + 20);
    sl_digits_write_pair(micros / 100 % 100, text + 22);
    sl_digits_write_pair(micros % 100, text + 24);
    return 27;
}

/* Reads exactly `count` digits at *text, a number from `least` to `most`, and goes past them. */
static bool read_digits(const char **text, unsigned count, unsigned least, unsigned most,
                        unsigned *value)
{
    unsigned sum = 0;
    for (; count > 0; count--, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        sum = sum * 10 + (unsigned)(**text - '0');
    }
    *value = sum;
    return sum >= least && sum <= most;
}

static bool read_letter(const char **text, const char *letters)
{
    if (!**text || !strchr(letters, **text))
        return false;
    (*text)++;
    return true;
}

static bool read_date(const char **text, int64_t *days)
{
    static const uint8_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct date date;
    if (!read_digits(text, 4, 0, 9999, &date.year) || !read_letter(text, "-") ||
        !read_digits(text, 2, 1, 12, &date.month) || !read_letter(text, "-") ||
        !read_digits(text, 2, 1, month_days[date.month - 1], &date.day))
        return false;
    bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    if (date.month == 2 && date.day == 29 && !leap)
        return false;
    *days = days_of_date(date);
    return true;
}

static bool read_time(const char **text, int64_t *seconds)
{
    unsigned hour, minute, second;
    if (!read_digits(text, 2, 0, 23, &hour) || !read_letter(text, ":") ||
        !read_digits(text, 2, 0, 59, &minute) || !read_letter(text, ":") ||
        !read_digits(text, 2, 0, 60, &second)) /* 60: a leap second counts as the next one */
        return false;
    *seconds = (int64_t)hour * 3600 + minute * 60 + second;
    return true;
}

/* Decimals past the ninth are dropped. */
static bool read_fraction(const char **text, int64_t *ns)
{
    *ns = 0;
    if (!read_letter(text, "."))
        return true;
    const char *first = *text;
    for (int64_t unit = SL_NS_PER_S / 10; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        *ns += (**text - '0') * unit;
    return *text > first;
}

static bool read_offset(const char **text, int64_t *seconds)
{
    *seconds = 0;
    if (read_letter(text, "Zz"))
        return true;
    int sign = **text == '-' ? -1 : 1;
    unsigned hours, minutes;
    if (!read_letter(text, "+-") || !read_digits(text, 2, 0, 23, &hours) ||
        !read_letter(text, ":") || !read_digits(text, 2, 0, 59, &minutes))
        return false;
    *seconds = sign * ((int64_t)hours * 3600 + minutes * 60);
    return true;
}

bool sl_clock_parse(const char *text, int64_t *wall_ns)
{
    int64_t days, seconds, ns, offset, sum;
    if (!read_date(&text, &days) || !read_letter(&text, "Tt ") || !read_time(&text, &seconds) ||
        !read_fraction(&text, &ns) || !read_offset(&text, &offset) || *text)
        return false;
    seconds += days * SECONDS_PER_DAY - offset;
    if (__builtin_mul_overflow(seconds, SL_NS_PER_S, &sum) || __builtin_add_overflow(sum, ns, &sum))
        return false;
    *wall_ns = sum;
    return true;
}
