/* Durations as people write them (1h30m, 0.5s). Decimals are kept as a fraction until they meet
 * their unit, so nothing is rounded twice. */
#include <string.h>

#include "socklens/clock.h"

/* Also moves *text behind the unit. */
static bool read_unit(const char **text, int64_t *ns)
{
    static const struct {
        char name[3];
        int64_t ns;
    } units[] = {
        {"ns", 1},
        {"us", SL_NS_PER_US},
        {"ms", SL_NS_PER_MS},
        {"s", SL_NS_PER_S},
        {"m", 60 * SL_NS_PER_S},
        {"h", 3600 * SL_NS_PER_S},
        {"d", 86400 * SL_NS_PER_S},
    };
    size_t size = strspn(*text, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == size && memcmp(*text, units[i].name, size) == 0) {
            *ns = units[i].ns;
            *text += size;
            return true;
        }
    }
    return false;
}

/* A decimal number without rounding: `value` / `scale`. */
struct decimal {
    __int128 value, scale;
};

/* 18 decimals are under a nanosecond of every unit; more are dropped. */
static bool read_decimal(const char **text, struct decimal *number)
{
    *number = (struct decimal){.value = 0, .scale = 1};
    const char *first = *text;
    bool fraction = false;
    for (;; (*text)++) {
        char letter = **text;
        if (letter == '.' && !fraction && *text > first) {
            fraction = true;
            first = *text + 1;
            continue;
        }
        if (letter < '0' || letter > '9')
            return *text > first;
        if (fraction && number->scale >= (__int128)1000000000 * 1000000000)
            continue;
        if (!fraction && number->value > INT64_MAX)
            return false;
        number->value = number->value * 10 + (letter - '0');
        number->scale *= fraction ? 10 : 1;
    }
}

bool sl_duration_parse(const char *text, int64_t *ns)
{
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return true;
    }
    int64_t sum = 0, smallest = INT64_MAX;
    do {
        struct decimal number;
        int64_t unit;
        __int128 product;
        if (!read_decimal(&text, &number) || !read_unit(&text, &unit) || unit >= smallest ||
            __builtin_mul_overflow(number.value, (__int128)unit, &product) ||
            __builtin_add_overflow((__int128)sum, product / number.scale, &product) ||
            product > INT64_MAX)
            return false;
        sum = (int64_t)product;
        smallest = unit;
    } while (*text);
    *ns = sum;
    return true;
}
