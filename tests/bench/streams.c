/* sl-streams HOST:PORT STREAMS SILENT MESSAGES SECONDS
 *
 * Opens event streams, and as many more that are never read, prints "ready", and then reads until
 * each has accounted for MESSAGES sequence numbers, by messages or gaps: one that is missing or
 * comes twice is wrong. Prints one line of JSON. How long a message took is from the gateway's
 * `received_at` to here, on the one clock that both have.
 * Exit status: 0, 1 when something was wrong or did not come within SECONDS, 2 usage. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socklens/address.h"
#include "socklens/buffer.h"
#include "socklens/clock.h"

#define READ_SIZE      ((size_t)64 << 10)
#define SAMPLES_MAX    ((size_t)1 << 23)
#define SILENT_RECEIVE 4096 /* bytes that the kernel keeps for who does not read */
#define DAY_US         (INT64_C(86400) * 1000000)

static const char request[] =
    "GET /api/v1/events?types=messages HTTP/1.1\r\n"
    "Host: localhost\r\n\r\n";

enum part { PART_HEAD, PART_CHUNK_SIZE, PART_CHUNK, PART_CHUNK_END };

struct reader {
    int fd;
    enum part part;
    size_t chunk_left;
    struct sl_buffer frame, line; /* what has come so far of one */
    uint64_t next_seq;            /* 0: begins with the first that comes */
    uint64_t covered;
    bool greeted, finished;
};

struct run {
    struct reader *readers;
    size_t count, greeted, finished;
    uint64_t wanted; /* numbers a stream */
    uint64_t messages, gaps, bytes, wrong;
    uint32_t *samples_us;
    size_t sample_count;
    int epoll_fd;
};

static int fail(const char *what)
{
    fprintf(stderr, "sl-streams: %s: %s\n", what, strerror(errno));
    return 1;
}

/* --- events --- */

static int64_t digits(const char *text, int count)
{
    int64_t value = 0;

    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* "2026-01-01T12:00:00.000000Z": microseconds of the day are enough. */
static int64_t age_us(const char *time)
{
    int64_t then_us =
        (digits(time + 11, 2) * 3600 + digits(time + 14, 2) * 60 + digits(time + 17, 2)) * 1000000 +
        digits(time + 20, 6);

    return (sl_clock_wall_ns() / SL_NS_PER_US - then_us % DAY_US + DAY_US) % DAY_US;
}

static void cover(struct run *run, struct reader *reader, uint64_t from, uint64_t to)
{
    if ((reader->next_seq && from != reader->next_seq) || to < from)
        run->wrong++;
    reader->next_seq = to + 1;
    reader->covered += to - from + 1;
    if (reader->covered >= run->wanted && !reader->finished) {
        reader->finished = true;
        run->finished++;
    }
}

/* No payload can hold this: its quotes would be escaped. */
static void take_messages(struct run *run, struct reader *reader, const char *line)
{
    static const char begin[] = "{\"seq\":", time[] = "\"received_at\":\"";

    for (const char *at = line; (at = strstr(at, begin)); at++) {
        uint64_t seq = strtoull(at + sizeof(begin) - 1, NULL, 10);
        const char *received = strstr(at, time);

        cover(run, reader, seq, seq);
        run->messages++;
        if (received && run->sample_count < SAMPLES_MAX)
            run->samples_us[run->sample_count++] = (uint32_t)age_us(received + sizeof(time) - 1);
    }
}

static void take_line(struct run *run, struct reader *reader, const char *line)
{
    uint64_t from, to;

    if (strncmp(line, "retry:", 6) == 0 && !reader->greeted) {
        reader->greeted = true;
        run->greeted++;
    }
    if (strncmp(line, "data: {\"items\":[", 16) == 0)
        take_messages(run, reader, line + 16);
    if (sscanf(line, "data: {\"from\":%" SCNu64 ",\"to\":%" SCNu64, &from, &to) == 2) {
        run->gaps++;
        cover(run, reader, from, to);
    }
}

/* --- the HTTP around them --- */

/* Appends up to a line's end; true where `line` is whole, as a string without it. */
static bool complete(struct sl_buffer *line, const char **bytes, size_t *size)
{
    const char *end = memchr(*bytes, '\n', *size);
    size_t taken = end ? (size_t)(end - *bytes) + 1 : *size;

    if (sl_buffer_append(line, *bytes, taken) < 0)
        abort();
    *bytes += taken;
    *size -= taken;
    if (!end)
        return false;
    line->size--;
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    line->data[line->size] = '\0';
    return true;
}

static void take_chunk(struct run *run, struct reader *reader, const char *bytes, size_t size)
{
    while (size > 0 && complete(&reader->line, &bytes, &size)) {
        take_line(run, reader, (const char *)reader->line.data);
        reader->line.size = 0;
    }
}

/* False for an answer that is not a stream. */
static bool take_frame_line(struct reader *reader, const char *line)
{
    if (reader->part == PART_HEAD) {
        if (strncmp(line, "HTTP/", 5) == 0 && strncmp(line + 8, " 200", 4) != 0)
            return false;
        if (!*line)
            reader->part = PART_CHUNK_SIZE;
    } else if (reader->part == PART_CHUNK_SIZE) {
        reader->chunk_left = strtoul(line, NULL, 16);
        reader->part = reader->chunk_left ? PART_CHUNK : PART_CHUNK_SIZE;
    } else {
        reader->part = PART_CHUNK_SIZE;
    }
    return true;
}

static bool take_frame(struct reader *reader, const char **bytes, size_t *size)
{
    bool sound = true;

    if (complete(&reader->frame, bytes, size)) {
        sound = take_frame_line(reader, (const char *)reader->frame.data);
        reader->frame.size = 0;
    }
    return sound;
}

static bool take(struct run *run, struct reader *reader, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < reader->chunk_left ? size : reader->chunk_left;

        if (reader->part != PART_CHUNK) {
            if (!take_frame(reader, &bytes, &size))
                return false;
            continue;
        }
        take_chunk(run, reader, bytes, part);
        bytes += part;
        size -= part;
        reader->chunk_left -= part;
        if (reader->chunk_left == 0)
            reader->part = PART_CHUNK_END;
    }
    return true;
}

/* --- sockets --- */

static int open_stream(const struct sockaddr_storage *address, socklen_t size, int receive_buffer)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    if (connect(fd, (const struct sockaddr *)address, size) < 0 ||
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_all(struct run *run, const struct sockaddr_storage *address, socklen_t size)
{
    for (size_t i = 0; i < run->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};

        run->readers[i].fd = open_stream(address, size, 0);
        if (run->readers[i].fd < 0 ||
            epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, run->readers[i].fd, &event) < 0)
            return fail("cannot open a stream");
    }
    return 0;
}

static int read_some(struct run *run, size_t index)
{
    static char bytes[READ_SIZE];
    ssize_t size = recv(run->readers[index].fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (size == 0)
        errno = ECONNABORTED;
    if (size <= 0)
        return fail("a stream ended");
    run->bytes += (uint64_t)size;
    errno = EPROTO;
    return take(run, &run->readers[index], bytes, (size_t)size) ? 0 : fail("not a stream");
}

/* Until *reached is `count`. */
static int read_until(struct run *run, const size_t *reached, size_t count, int64_t until_ns)
{
    struct epoll_event events[256];

    while (*reached < count) {
        int found = epoll_wait(run->epoll_fd, events, 256, 100);

        for (int i = 0; i < found; i++) {
            if (read_some(run, events[i].data.u64) != 0)
                return 1;
        }
        errno = ETIMEDOUT;
        if (sl_clock_mono_ns() > until_ns)
            return fail("not all came");
    }
    return 0;
}

/* --- the whole --- */

static int by_value(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static uint32_t quantile(const struct run *run, double part)
{
    size_t at = (size_t)(part * (double)run->sample_count);

    if (run->sample_count == 0)
        return 0;
    return run->samples_us[at < run->sample_count ? at : run->sample_count - 1];
}

static void print(struct run *run)
{
    qsort(run->samples_us, run->sample_count, sizeof(*run->samples_us), by_value);
    printf("{\"streams\":%zu,\"messages\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"wrong\":%" PRIu64
           ",\"bytes\":%" PRIu64 ",\"p50_us\":%u,\"p90_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
           run->count, run->messages, run->gaps, run->wrong, run->bytes, quantile(run, 0.5),
           quantile(run, 0.9), quantile(run, 0.99), quantile(run, 1));
}

static int resolve(const char *text, struct sockaddr_storage *address, socklen_t *size)
{
    struct sl_endpoint endpoint;
    struct sl_address found;
    struct sl_error error;

    if (sl_endpoint_parse(text, &endpoint, &error) < 0 ||
        sl_endpoint_resolve(endpoint.host, endpoint.port, SOCK_STREAM, &found, 1, &error) < 0) {
        fprintf(stderr, "sl-streams: %s\n", error.text);
        return 2;
    }
    *size = sl_address_to_sockaddr(&found, address);
    return 0;
}

static int run_all(struct run *run, int64_t until_ns)
{
    int status = read_until(run, &run->greeted, run->count, until_ns);

    if (status == 0) {
        printf("ready\n");
        fflush(stdout);
        status = read_until(run, &run->finished, run->count, until_ns);
    }
    print(run);
    return status ? status : run->wrong > 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_storage address;
    struct run run = {.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    socklen_t size;

    if (argc != 6 || resolve(argv[1], &address, &size) != 0) {
        fprintf(stderr, "usage: sl-streams HOST:PORT STREAMS SILENT MESSAGES SECONDS\n");
        return 2;
    }
    run.count = strtoul(argv[2], NULL, 10);
    run.wanted = strtoull(argv[4], NULL, 10);
    run.readers = calloc(run.count, sizeof(*run.readers));
    run.samples_us = calloc(SAMPLES_MAX, sizeof(*run.samples_us));
    if (!run.readers || !run.samples_us || run.epoll_fd < 0)
        return fail("no memory");
    for (unsigned long i = strtoul(argv[3], NULL, 10); i > 0; i--) {
        if (open_stream(&address, size, SILENT_RECEIVE) < 0)
            return fail("cannot open a stream that is not read");
    }
    if (open_all(&run, &address, size) != 0)
        return 1;
    return run_all(&run, sl_clock_mono_ns() + strtol(argv[5], NULL, 10) * SL_NS_PER_S);
}
