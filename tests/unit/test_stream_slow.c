/* Peers that do not read. Buffers are made small, so that a few thousand lines block a connection
 * again and again. Whatever happens to it, the journal has every byte that was read, once and in
 * order. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving_fixture.h"

#define SMALL 16384

static int fd;                    /* -1: closed */
static struct sl_buffer text;     /* what the client says */
static struct sl_buffer expected; /* what it is answered */
static size_t sent;
static uint64_t outcomes[SL_OUTCOME_COUNT]; /* as `recorded` found them */

static void begin(const struct sl_net_options *options)
{
    int small = SMALL;

    serve_later(SL_TCP_CHAT, options);
    setsockopt(serving_listener_fd(&serving, true), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    serving_start(&serving);
    fd = connect_stream(&address);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    sent = 0;
}

static int tear_down(void **state)
{
    if (fd >= 0)
        close(fd);
    sl_buffer_deinit(&text);
    sl_buffer_deinit(&expected);
    text = expected = (struct sl_buffer){0};
    return serving_tear_down(state);
}

#define SLOW_TEST(name) TEST_WITH(name, NULL, tear_down)

/* Lines of which no two are the same, so that a hole would show. */
static void add_lines(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t before = text.size;
        sl_buffer_printf(&text, "%zu%.*s", before, (int)(i % 30), "..............................");
        sl_buffer_printf(&expected, "Your data was %zu bytes\n", text.size - before);
        sl_buffer_append_text(&text, "\n");
    }
}

/* Says as much of it as the server takes without a word being read, or all. */
static void send_until_blocked(void)
{
    while (sent < text.size) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        ssize_t count = send(fd, text.data + sent, text.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0)
            sent += (size_t)count;
        else if (poll(&ready, 1, 300) == 0)
            return;
    }
}

static void *send_rest(void *argument)
{
    (void)argument;
    while (sent < text.size) {
        ssize_t count = send(fd, text.data + sent, text.size - sent, MSG_NOSIGNAL);
        if (count <= 0)
            break;
        sent += (size_t)count;
    }
    return NULL;
}

static void assert_blocked(void)
{
    assert_true(sent < text.size);
    struct sl_journal_stats stats;
    sl_journal_stats(serving.journal, &stats);
    assert_true(stats.newest_seq > 0);
}

/* A line stands in the journal without its end, what nobody took apart as it came. */
static size_t match(size_t at, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    size_t size = exchange->received_stored;
    if (exchange->outcome != SL_AFTER_CLOSE) /* all in one, of which the first is kept */
        assert_int_equal(exchange->received_size, size);
    assert_true(at + size <= text.size);
    if (size > 0)
        assert_memory_equal(sl_record_received(record), text.data + at, size);
    at += exchange->received_size;
    bool line = size == 0 || !memchr(sl_record_received(record), '\n', size);
    bool may_be_line = exchange->outcome == SL_REPLIED || exchange->outcome == SL_PEER_GONE;
    if (line && may_be_line && at < text.size && text.data[at] == '\n')
        at++;
    return at;
}

/* The records are the beginning of what was said, without a hole. Returns how much of it. */
static size_t recorded(void)
{
    struct sl_journal_stats stats;
    size_t at = 0;
    sl_journal_stats(serving.journal, &stats);
    memset(outcomes, 0, sizeof(outcomes));
    for (uint64_t seq = 1; seq <= stats.newest_seq; seq++) {
        const struct sl_record *record = serving_exchange(&serving, seq);
        at = match(at, record);
        outcomes[record->exchange.outcome]++;
        /* First what was answered, then what was not. */
        if (record->exchange.outcome == SL_REPLIED)
            assert_int_equal(outcomes[SL_REPLIED], seq);
    }
    return at;
}

static void assert_counted(void)
{
    struct sl_counters counters = serving_closing(&serving, 1).counters;
    uint64_t all = 0;
    for (unsigned i = 0; i < SL_OUTCOME_COUNT; i++)
        all += outcomes[i];
    assert_int_equal(counters.received_messages, all);
    assert_int_equal(counters.sent_messages, outcomes[SL_REPLIED]);
    assert_int_equal(counters.unanswered, all - outcomes[SL_REPLIED]);
    assert_int_equal(counters.refused, 0);
}

static void assert_ended(enum sl_closed_by by, enum sl_close_reason reason)
{
    serving_wait_closed(&serving, 1);
    assert_closed(1, by, reason);
}

SLOW_TEST(a_slow_reader_gets_every_byte)
{
    pthread_t sender;
    begin(NULL);
    add_lines(20000);
    send_until_blocked();
    assert_blocked();

    /* Nobody else has to wait for it. */
    int other = connect_stream(&address);
    send_text(other, "Hi");
    expect_text(other, "Your data was 2 bytes");
    close(other);

    assert_int_equal(pthread_create(&sender, NULL, send_rest, NULL), 0);
    expect_bytes(fd, expected.data, expected.size);
    pthread_join(sender, NULL);
    shutdown(fd, SHUT_WR);
    expect_end(fd);
    serving_wait_closed(&serving, 2);
    assert_ended(SL_BY_PEER, SL_CLOSE_EOF);

    struct sl_counters counters = serving_closing(&serving, 1).counters;
    assert_int_equal(counters.received_messages, 20000);
    assert_int_equal(counters.sent_messages, 20000);
    assert_int_equal(counters.sent_bytes, expected.size);
    assert_int_equal(counters.refused, 0);
}

SLOW_TEST(all_bytes_of_a_slow_reader_are_recorded_once)
{
    pthread_t sender;
    begin(NULL);
    add_lines(10000);
    send_until_blocked();
    assert_int_equal(pthread_create(&sender, NULL, send_rest, NULL), 0);
    expect_bytes(fd, expected.data, expected.size);
    pthread_join(sender, NULL);
    close(fd);
    fd = -1;
    assert_ended(SL_BY_PEER, SL_CLOSE_EOF);
    assert_int_equal(recorded(), text.size);
    assert_int_equal(outcomes[SL_REPLIED], 10000);
    assert_counted();
}

SLOW_TEST(a_reset_leaves_replies_that_nobody_got)
{
    begin(NULL);
    add_lines(50000);
    send_until_blocked();
    assert_blocked();
    reset_connection(fd);
    fd = -1;
    assert_ended(SL_BY_PEER, SL_CLOSE_RESET);
    size_t read = recorded();
    assert_in_range(read, 1, sent);
    assert_true(outcomes[SL_REPLIED] > 0);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted();
}

SLOW_TEST(an_operator_may_disconnect_a_slow_reader)
{
    begin(NULL);
    add_lines(50000);
    send_until_blocked();
    assert_blocked();
    sl_net_disconnect(serving.net, 1);
    assert_ended(SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED);
    recorded();
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted();
}

SLOW_TEST(a_slow_reader_is_closed_after_its_timeout)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.tcp_idle_ns = SL_NS_PER_S;
    begin(&options);
    add_lines(50000);
    send_until_blocked();
    assert_ended(SL_BY_SERVER, SL_CLOSE_IDLE_TIMEOUT);
    recorded();
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted();
}

SLOW_TEST(a_slow_reader_may_half_close)
{
    begin(NULL);
    add_lines(3000); /* about what one read takes */
    sl_buffer_append_text(&text, "unfinished");
    sl_buffer_append_text(&expected, "Your data was 10 bytes\n");
    send_until_blocked();
    assert_int_equal(sent, text.size);
    shutdown(fd, SHUT_WR);
    expect_bytes(fd, expected.data, expected.size);
    expect_end(fd);
    assert_ended(SL_BY_PEER, SL_CLOSE_EOF);
    assert_int_equal(recorded(), text.size);
    assert_int_equal(outcomes[SL_REPLIED], 3001);
}

SLOW_TEST(a_slow_reader_may_leave_by_exit)
{
    begin(NULL);
    add_lines(3000);
    sl_buffer_append_text(&text, "Exit\n");
    sl_buffer_append_text(&expected, "Disconnect\n");
    sl_buffer_append_text(&text, "more\n");
    send_until_blocked();
    assert_int_equal(sent, text.size);
    expect_bytes(fd, expected.data, expected.size);
    expect_end(fd);
    close(fd);
    fd = -1;
    assert_ended(SL_BY_SERVER, SL_CLOSE_EXIT);
    assert_int_equal(recorded(), text.size);
    assert_int_equal(outcomes[SL_REPLIED], 3001);
    assert_int_equal(outcomes[SL_AFTER_CLOSE], 1);
}

static void *stop(void *argument)
{
    (void)argument;
    serving_stop(&serving);
    return NULL;
}

/* Reads on while the gateway stops: lines that had been read are all answered, and what came later
 * is recorded. */
SLOW_TEST(a_stop_waits_for_a_slow_reader)
{
    pthread_t stopper;
    begin(NULL);
    add_lines(50000);
    send_until_blocked();
    assert_blocked();
    assert_int_equal(pthread_create(&stopper, NULL, stop, NULL), 0);
    struct sl_buffer got = {0};
    ssize_t count;
    while ((count = recv(fd, sl_buffer_reserve(&got, SMALL), SMALL, 0)) > 0)
        got.size += (size_t)count;
    close(fd);
    fd = -1;
    pthread_join(stopper, NULL);

    assert_ended(SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_in_range(recorded(), 1, sent);
    assert_int_equal(outcomes[SL_PEER_GONE], 0);
    assert_int_equal(got.size, serving_closing(&serving, 1).counters.sent_bytes);
    assert_memory_equal(got.data, expected.data, got.size);
    assert_counted();
    sl_buffer_deinit(&got);
}

SLOW_TEST(a_stop_does_not_wait_longer_than_its_limit)
{
    begin(NULL);
    add_lines(50000);
    send_until_blocked();
    assert_blocked();
    sl_net_stop(serving.net, 100 * SL_NS_PER_MS);
    assert_ended(SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_in_range(recorded(), 1, sent);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted();
}
