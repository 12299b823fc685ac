/* Time: wall clock for what a person reads, monotonic clock for what is measured or timed out.
 * Modules take the time as a parameter wherever a test wants to choose it. */
#ifndef SOCKLENS_CLOCK_H
#define SOCKLENS_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_NS_PER_US INT64_C(1000)
#define SL_NS_PER_MS INT64_C(1000000)
#define SL_NS_PER_S  INT64_C(1000000000)

/* CLOCK_REALTIME, nanoseconds since 1970-01-01T00:00:00Z. */
int64_t sl_clock_wall_ns(void);

/* CLOCK_MONOTONIC, nanoseconds since an arbitrary start. */
int64_t sl_clock_mono_ns(void);

/* One moment on both clocks: wall to be shown, monotonic to be compared, since a step of the wall
 * clock must not time anybody out. */
struct sl_time {
    int64_t wall_ns, mono_ns;
};

struct sl_time sl_time_now(void);

/* Moves it on to now by reading the monotonic clock alone, at half the cost: the wall clock is
 * taken to have run with it since. For moments that follow one another closely. */
void sl_time_advance(struct sl_time *time);

#define SL_RFC3339_SIZE 32 /* "2026-01-01T00:00:00.000000Z" and its NUL fit */

/* RFC 3339, UTC, six decimals, e.g. "2026-01-01T00:00:00.000000Z". Returns the length (27). Years
 * outside 1970..9999 are clamped to that range. */
size_t sl_clock_format(int64_t wall_ns, char text[SL_RFC3339_SIZE]);

/* Reads RFC 3339 section 5.6 date-time: any number of decimals, "Z" or an offset, and "T" or a
 * space between. False, and *wall_ns untouched, where `text` is not one. */
bool sl_clock_parse(const char *text, int64_t *wall_ns);

/* Reads a duration: non-negative decimal numbers, each with one of the units ns us ms s m h d, the
 * larger unit first: "250ms", "1.5s", "7d", "1h30m". A bare "0" needs no unit. False where it is
 * none or overflows. */
bool sl_duration_parse(const char *text, int64_t *ns);

#endif
