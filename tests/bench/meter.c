#include "meter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t sl_clock_ns(clockid_t clock)
{
    struct timespec now = {0};

    if (clock_gettime(clock, &now) < 0)
        return 0;
    return (uint64_t)now.tv_sec * SL_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The CPU clock of another process counts in nanoseconds and keeps the time of threads that have
 * ended; /proc/PID/stat counts in ticks of 10 ms, and a sum over /proc/PID/task forgets threads. */
static int server_clock(pid_t pid, clockid_t *clock)
{
    if (pid == 0)
        return 0;
    return -clock_getcpuclockid(pid, clock);
}

static void take_sample(const struct sl_meter *meter, uint64_t exchanges, struct sl_sample *sample)
{
    sample->wall_ns = meter->now_ns;
    sample->client_cpu_ns = sl_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    sample->server_cpu_ns = meter->server_pid ? sl_clock_ns(meter->server_clock) : 0;
    sample->exchanges = exchanges;
}

int sl_meter_start(struct sl_meter *meter, double warmup_s, double measured_s, uint64_t count_max,
                   pid_t server_pid)
{
    *meter = (struct sl_meter){
        .warmup_ns = (uint64_t)(warmup_s * SL_NS_PER_S),
        .measured_ns = (uint64_t)(measured_s * SL_NS_PER_S),
        .count_max = count_max,
        .server_pid = server_pid,
        .phase = SL_METER_WARMUP,
        .now_ns = sl_clock_ns(CLOCK_MONOTONIC),
    };
    meter->started_ns = meter->now_ns;
    return server_clock(server_pid, &meter->server_clock);
}

static bool measured_part_is_over(const struct sl_meter *meter, uint64_t exchanges)
{
    if (meter->count_max && exchanges - meter->begin.exchanges >= meter->count_max)
        return true;
    return meter->now_ns - meter->started_ns >= meter->measured_ns;
}

bool sl_meter_tick(struct sl_meter *meter, uint64_t exchanges)
{
    meter->now_ns = sl_clock_ns(CLOCK_MONOTONIC);
    if (meter->phase == SL_METER_WARMUP && meter->now_ns - meter->started_ns >= meter->warmup_ns) {
        meter->phase = SL_METER_MEASURED;
        meter->started_ns = meter->now_ns;
        take_sample(meter, exchanges, &meter->begin);
    } else if (meter->phase == SL_METER_MEASURED && measured_part_is_over(meter, exchanges)) {
        meter->phase = SL_METER_OVER;
        take_sample(meter, exchanges, &meter->end);
    }
    return meter->phase != SL_METER_OVER;
}

/* Returns the bytes that `/proc/PID/smaps_rollup` gives for a field such as "Rss:", or -1.
 * The counters in /proc/PID/status lag by some pages a CPU, these do not. */
static int64_t rollup_bytes(pid_t pid, const char *field)
{
    char path[64], line[256];
    int64_t bytes = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (bytes < 0 && fgets(line, sizeof(line), file)) {
        int64_t kib;

        if (strncmp(line, field, strlen(field)) == 0 &&
            sscanf(line + strlen(field), "%" SCNd64, &kib) == 1)
            bytes = kib * 1024;
    }
    fclose(file);
    return bytes;
}

static void print_server(const struct sl_meter *meter, double wall_s, uint64_t exchanges)
{
    double cpu_s = (double)(meter->end.server_cpu_ns - meter->begin.server_cpu_ns) / SL_NS_PER_S;

    if (!meter->server_pid) {
        printf("\"server\":null");
        return;
    }
    printf(
        "\"server\":{\"pid\":%d,\"cpu_s\":%.6f,\"busy\":%.4f,\"per_cpu_second\":%.1f,"
        "\"rss_bytes\":%" PRId64 ",\"anonymous_bytes\":%" PRId64 "}",
        (int)meter->server_pid, cpu_s, cpu_s / wall_s, cpu_s > 0 ? (double)exchanges / cpu_s : 0,
        rollup_bytes(meter->server_pid, "Rss:"), rollup_bytes(meter->server_pid, "Anonymous:"));
}

void sl_meter_print(const struct sl_meter *meter, const char *mode, const struct sl_counts *counts)
{
    double wall_s = (double)(meter->end.wall_ns - meter->begin.wall_ns) / SL_NS_PER_S;
    double cpu_s = (double)(meter->end.client_cpu_ns - meter->begin.client_cpu_ns) / SL_NS_PER_S;
    uint64_t exchanges = meter->end.exchanges - meter->begin.exchanges;

    if (wall_s <= 0)
        wall_s = 1e-9;
    printf("{\"mode\":\"%s\",\"exchanges\":%" PRIu64
           ",\"wall_s\":%.6f,\"per_second\":%.1f,"
           "\"client_cpu_s\":%.6f,",
           mode, exchanges, wall_s, (double)exchanges / wall_s, cpu_s);
    print_server(meter, wall_s, exchanges);
    printf(",\"all\":{\"sent\":%" PRIu64 ",\"exchanges\":%" PRIu64 ",\"lost\":%" PRIu64
           ",\"late\":%" PRIu64 ",\"wrong\":%" PRIu64 "}}\n",
           counts->sent, counts->exchanges, counts->lost, counts->late, counts->wrong);
}
