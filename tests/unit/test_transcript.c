#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/transcript.h"
#include "socklens/clock.h"

#define START "The server is ready to receive\n"

/* A transcript of one UDP listener into a pipe. */
struct room {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_transcript *transcript;
    int reader, writer;
    struct sl_buffer read; /* all that came */
};

static int set_up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct sl_listener_info listener = {.service = SL_UDP_UPPER, .transport = SL_UDP};
    struct sl_error error;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    room->reader = fds[0];
    room->writer = fds[1];
    fcntl(room->reader, F_SETFL, O_NONBLOCK);
    room->journal = sl_journal_new(0, 1);
    room->registry = sl_registry_new(
        &(struct sl_registry_options){.shards = 1, .closed_max = 1, .first_client = 1});
    sl_registry_add_listener(room->registry, &listener);
    room->transcript = sl_transcript_new(room->writer, room->journal, room->registry, NULL, &error);
    *state = room;
    return room->transcript ? 0 : -1;
}

static int tear_down(void **state)
{
    struct room *room = *state;

    sl_transcript_free(room->transcript);
    sl_journal_free(room->journal);
    sl_registry_free(room->registry);
    sl_buffer_deinit(&room->read);
    close(room->reader);
    close(room->writer);
    free(room);
    return 0;
}

static void append(struct room *room, const char *text, size_t size)
{
    struct sl_event event = {
        .kind = SL_RECORD_EXCHANGE,
        .exchange.service = SL_UDP_UPPER,
        .exchange.client = 1,
        .exchange.peer = {.family = AF_INET, .port = 1600, .ip = {127, 0, 0, 1}},
        .exchange.received_at_ns = 1,
        .received = (const uint8_t *)text,
        .exchange.received_stored = (uint32_t)size,
        .exchange.received_size = size,
    };
    sl_journal_append(room->journal, &event, 1);
}

/* Reads what is there, at least something within five seconds. False at the end of the pipe. */
static bool read_some(struct room *room)
{
    uint8_t *bytes = sl_buffer_reserve(&room->read, 65536);

    poll(&(struct pollfd){.fd = room->reader, .events = POLLIN}, 1, 5000);
    ssize_t size = read(room->reader, bytes, 65535);
    if (size <= 0)
        return false;
    room->read.size += (size_t)size;
    bytes[size] = '\0';
    return true;
}

/* Until `text` has come. */
static void assert_reads(struct room *room, const char *text)
{
    do
        assert_true(read_some(room));
    while (!strstr((const char *)room->read.data, text));
}

static int ignore_signal(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

TEST_GROUP(ignore_signal, NULL)

TEST_WITH(writes_what_comes_while_it_runs, set_up, tear_down)
{
    struct room *room = *state;

    assert_reads(room, START);
    append(room, "one", 3);
    assert_reads(room, "This message:  one\nis received from: ('127.0.0.1', 1600)\n");
    append(room, "two", 3);
    assert_reads(room, "This message:  two\nis received from: ('127.0.0.1', 1600)\n");
}

TEST_WITH(writes_all_before_it_stops, set_up, tear_down)
{
    struct room *room = *state;
    char last[32];

    for (int i = 0; i < 500; i++) {
        snprintf(last, sizeof(last), "message %d", i);
        append(room, last, strlen(last));
    }
    sl_transcript_stop(room->transcript, 5 * SL_NS_PER_S);
    sl_transcript_stop(room->transcript, 0);
    assert_reads(room, "message 499\nis received from: ('127.0.0.1', 1600)\n");
}

TEST_WITH(stops_in_time_though_nobody_reads, set_up, tear_down)
{
    struct room *room = *state;
    char *text = calloc(1, 60000);
    int64_t start_ns;

    memset(text, 'x', 60000);
    for (int i = 0; i < 10; i++)
        append(room, text, 60000);
    poll(NULL, 0, 100); /* the pipe is full by now, or else soon: both must end */
    start_ns = sl_clock_mono_ns();
    sl_transcript_stop(room->transcript, SL_NS_PER_S / 10);
    assert_in_range(sl_clock_mono_ns() - start_ns, 0, 2 * SL_NS_PER_S);
    free(text);
}

TEST_WITH(says_what_it_could_not_show_in_time, set_up, tear_down)
{
    struct room *room = *state;
    char *text = calloc(1, 60000);

    memset(text, 'x', 60000);
    for (int i = 0; i < 200; i++)
        append(room, text, 60000);
    assert_reads(room, "[messages not shown, as they came too fast: ");
    append(room, "last", 4);
    assert_reads(room, "This message:  last\n");
    free(text);
}

TEST_WITH(ends_alone_when_its_reader_goes, set_up, tear_down)
{
    struct room *room = *state;

    assert_reads(room, START);
    close(room->reader);
    append(room, "x", 1);
    sl_transcript_stop(room->transcript, 5 * SL_NS_PER_S);
    append(room, "y", 1);
    room->reader = -1;
}
