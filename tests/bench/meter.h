/*
 * What one run of the load generator measured, and how long it may take.
 *
 * A run has a warm-up, which is not measured, and a measured part, which ends after a time or a
 * number of exchanges, whichever comes first. The traffic never pauses between them: the meter
 * takes a sample of the clocks at both ends of the measured part.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC; CPU times are nanoseconds that all threads of a
 * process have run, which on a loopback interface includes delivering what they sent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { SL_NS_PER_S = 1000000000 };

enum sl_meter_phase { SL_METER_WARMUP, SL_METER_MEASURED, SL_METER_OVER };

/* Everything sent ends in exactly one of: exchanges, lost, still outstanding (none after the
 * drain). late: right replies to what was given up as lost. wrong: replies that no client expects.
 */
struct sl_counts {
    uint64_t sent;
    uint64_t exchanges;
    uint64_t lost;
    uint64_t late;
    uint64_t wrong;
};

struct sl_sample {
    uint64_t wall_ns;
    uint64_t client_cpu_ns;
    uint64_t server_cpu_ns;
    uint64_t exchanges;
};

struct sl_meter {
    uint64_t warmup_ns;
    uint64_t measured_ns;
    uint64_t count_max; /* exchanges; 0: no limit */
    pid_t server_pid;   /* 0: not known, its CPU time and memory are reported as null */
    clockid_t server_clock;
    uint64_t now_ns;     /* as of the last tick */
    uint64_t started_ns; /* of this phase */
    enum sl_meter_phase phase;
    struct sl_sample begin, end;
};

uint64_t sl_clock_ns(clockid_t clock);

/* Starts the warm-up. Returns 0 or a negative errno when there is no such server process. */
int sl_meter_start(struct sl_meter *meter, double warmup_s, double measured_s, uint64_t count_max,
                   pid_t server_pid);

/* To be called once a batch; false as soon as the measured part is over. */
bool sl_meter_tick(struct sl_meter *meter, uint64_t exchanges);

/* Prints the run as one line of JSON. */
void sl_meter_print(const struct sl_meter *meter, const char *mode, const struct sl_counts *counts);
