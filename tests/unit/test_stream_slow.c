/* Peers that do not read. Buffers are made small, so that a few thousand lines block a connection
 * again and again. Whatever happens to it, the journal has every byte that was read, once and in
 * order. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving.h"

#define SMALL 16384

struct talk {
    struct serving serving;
    struct sl_address address;
    int fd;
    struct sl_buffer text;     /* what the client says */
    struct sl_buffer expected; /* what it is answered */
    size_t sent;
};

static void begin(struct talk *talk, const struct sl_net_options *options)
{
    int small = SMALL;
    *talk = (struct talk){.serving = serving_new(options)};
    talk->address = serving_listen(&talk->serving, SL_TCP_CHAT, "127.0.0.1:0");
    setsockopt(serving_listener_fd(&talk->serving, true), SOL_SOCKET, SO_SNDBUF, &small,
               sizeof(small));
    serving_start(&talk->serving);
    talk->fd = connect_stream(&talk->address);
    setsockopt(talk->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(talk->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
}

static void end(struct talk *talk)
{
    if (talk->fd >= 0)
        close(talk->fd);
    serving_free(&talk->serving);
    sl_buffer_deinit(&talk->text);
    sl_buffer_deinit(&talk->expected);
}

/* Lines of which no two are the same, so that a hole would show. */
static void add_lines(struct talk *talk, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t before = talk->text.size;
        sl_buffer_printf(&talk->text, "%zu%.*s", before, (int)(i % 30),
                         "..............................");
        sl_buffer_printf(&talk->expected, "Your data was %zu bytes\n", talk->text.size - before);
        sl_buffer_append_text(&talk->text, "\n");
    }
}

/* Says as much of it as the server takes without a word being read, or all. */
static void send_until_blocked(struct talk *talk)
{
    while (talk->sent < talk->text.size) {
        struct pollfd ready = {.fd = talk->fd, .events = POLLOUT};
        ssize_t count = send(talk->fd, talk->text.data + talk->sent, talk->text.size - talk->sent,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0)
            talk->sent += (size_t)count;
        else if (poll(&ready, 1, 300) == 0)
            return;
    }
}

static void *send_rest(void *argument)
{
    struct talk *talk = argument;
    while (talk->sent < talk->text.size) {
        ssize_t count = send(talk->fd, talk->text.data + talk->sent, talk->text.size - talk->sent,
                             MSG_NOSIGNAL);
        if (count <= 0)
            break;
        talk->sent += (size_t)count;
    }
    return NULL;
}

static void assert_blocked(struct talk *talk)
{
    assert_true(talk->sent < talk->text.size);
    struct sl_journal_stats stats;
    sl_journal_stats(talk->serving.journal, &stats);
    assert_true(stats.newest_seq > 0);
}

/* A line stands in the journal without its end, what nobody took apart as it came. */
static size_t match(const struct talk *talk, size_t at, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    size_t size = exchange->received_stored;
    if (exchange->outcome != SL_AFTER_CLOSE) /* all in one, of which the first is kept */
        assert_int_equal(exchange->received_size, size);
    assert_true(at + size <= talk->text.size);
    if (size > 0)
        assert_memory_equal(sl_record_received(record), talk->text.data + at, size);
    at += exchange->received_size;
    bool line = size == 0 || !memchr(sl_record_received(record), '\n', size);
    bool may_be_line = exchange->outcome == SL_REPLIED || exchange->outcome == SL_PEER_GONE;
    if (line && may_be_line && at < talk->text.size && talk->text.data[at] == '\n')
        at++;
    return at;
}

/* The records are the beginning of what was said, without a hole. Returns how much of it. */
static size_t recorded(struct talk *talk, uint64_t outcomes[SL_OUTCOME_COUNT])
{
    struct sl_journal_stats stats;
    size_t at = 0;
    sl_journal_stats(talk->serving.journal, &stats);
    memset(outcomes, 0, SL_OUTCOME_COUNT * sizeof(*outcomes));
    for (uint64_t seq = 1; seq <= stats.newest_seq; seq++) {
        const struct sl_record *record = serving_exchange(&talk->serving, seq);
        at = match(talk, at, record);
        outcomes[record->exchange.outcome]++;
        /* First what was answered, then what was not. */
        if (record->exchange.outcome == SL_REPLIED)
            assert_int_equal(outcomes[SL_REPLIED], seq);
    }
    return at;
}

static void assert_counted(struct talk *talk, const uint64_t outcomes[SL_OUTCOME_COUNT])
{
    struct sl_counters counters = serving_closing(&talk->serving, 1).counters;
    uint64_t all = 0;
    for (unsigned i = 0; i < SL_OUTCOME_COUNT; i++)
        all += outcomes[i];
    assert_int_equal(counters.received_messages, all);
    assert_int_equal(counters.sent_messages, outcomes[SL_REPLIED]);
    assert_int_equal(counters.unanswered, all - outcomes[SL_REPLIED]);
    assert_int_equal(counters.refused, 0);
}

static void assert_closed(struct talk *talk, enum sl_closed_by by, enum sl_close_reason reason)
{
    serving_wait_closed(&talk->serving, 1);
    struct sl_closing closing = serving_closing(&talk->serving, 1);
    assert_string_equal(sl_close_reason_name(closing.reason), sl_close_reason_name(reason));
    assert_string_equal(sl_closed_by_name(closing.closed_by), sl_closed_by_name(by));
}

TEST(a_slow_reader_gets_every_byte)
{
    struct talk talk;
    pthread_t sender;
    begin(&talk, NULL);
    add_lines(&talk, 20000);
    send_until_blocked(&talk);
    assert_blocked(&talk);

    /* Nobody else has to wait for it. */
    int other = connect_stream(&talk.address);
    send_text(other, "Hi");
    expect_text(other, "Your data was 2 bytes");
    close(other);

    assert_int_equal(pthread_create(&sender, NULL, send_rest, &talk), 0);
    expect_bytes(talk.fd, talk.expected.data, talk.expected.size);
    pthread_join(sender, NULL);
    shutdown(talk.fd, SHUT_WR);
    expect_end(talk.fd);
    serving_wait_closed(&talk.serving, 2);
    assert_closed(&talk, SL_BY_PEER, SL_CLOSE_EOF);

    struct sl_counters counters = serving_closing(&talk.serving, 1).counters;
    assert_int_equal(counters.received_messages, 20000);
    assert_int_equal(counters.sent_messages, 20000);
    assert_int_equal(counters.sent_bytes, talk.expected.size);
    assert_int_equal(counters.refused, 0);
    end(&talk);
}

TEST(all_of_it_is_recorded_once)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    pthread_t sender;
    begin(&talk, NULL);
    add_lines(&talk, 10000);
    send_until_blocked(&talk);
    assert_int_equal(pthread_create(&sender, NULL, send_rest, &talk), 0);
    expect_bytes(talk.fd, talk.expected.data, talk.expected.size);
    pthread_join(sender, NULL);
    close(talk.fd);
    talk.fd = -1;
    assert_closed(&talk, SL_BY_PEER, SL_CLOSE_EOF);
    assert_int_equal(recorded(&talk, outcomes), talk.text.size);
    assert_int_equal(outcomes[SL_REPLIED], 10000);
    assert_counted(&talk, outcomes);
    end(&talk);
}

TEST(a_reset_leaves_replies_that_nobody_got)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, NULL);
    add_lines(&talk, 50000);
    send_until_blocked(&talk);
    assert_blocked(&talk);
    reset_connection(talk.fd);
    talk.fd = -1;
    assert_closed(&talk, SL_BY_PEER, SL_CLOSE_RESET);
    size_t read = recorded(&talk, outcomes);
    assert_in_range(read, 1, talk.sent);
    assert_true(outcomes[SL_REPLIED] > 0);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted(&talk, outcomes);
    end(&talk);
}

TEST(an_operator_may_disconnect_it)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, NULL);
    add_lines(&talk, 50000);
    send_until_blocked(&talk);
    assert_blocked(&talk);
    sl_net_disconnect(talk.serving.net, 1);
    assert_closed(&talk, SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED);
    recorded(&talk, outcomes);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted(&talk, outcomes);
    end(&talk);
}

TEST(it_may_be_idle_for_too_long)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    options.tcp_idle_ns = SL_NS_PER_S;
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, &options);
    add_lines(&talk, 50000);
    send_until_blocked(&talk);
    assert_closed(&talk, SL_BY_SERVER, SL_CLOSE_IDLE_TIMEOUT);
    recorded(&talk, outcomes);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted(&talk, outcomes);
    end(&talk);
}

TEST(it_may_have_said_all)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, NULL);
    add_lines(&talk, 3000); /* about what one read takes */
    sl_buffer_append_text(&talk.text, "unfinished");
    sl_buffer_append_text(&talk.expected, "Your data was 10 bytes\n");
    send_until_blocked(&talk);
    assert_int_equal(talk.sent, talk.text.size);
    shutdown(talk.fd, SHUT_WR);
    expect_bytes(talk.fd, talk.expected.data, talk.expected.size);
    expect_end(talk.fd);
    assert_closed(&talk, SL_BY_PEER, SL_CLOSE_EOF);
    assert_int_equal(recorded(&talk, outcomes), talk.text.size);
    assert_int_equal(outcomes[SL_REPLIED], 3001);
    end(&talk);
}

TEST(it_may_leave_by_exit)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, NULL);
    add_lines(&talk, 3000);
    sl_buffer_append_text(&talk.text, "Exit\n");
    sl_buffer_append_text(&talk.expected, "Disconnect\n");
    sl_buffer_append_text(&talk.text, "more\n");
    send_until_blocked(&talk);
    assert_int_equal(talk.sent, talk.text.size);
    expect_bytes(talk.fd, talk.expected.data, talk.expected.size);
    expect_end(talk.fd);
    close(talk.fd);
    talk.fd = -1;
    assert_closed(&talk, SL_BY_SERVER, SL_CLOSE_EXIT);
    assert_int_equal(recorded(&talk, outcomes), talk.text.size);
    assert_int_equal(outcomes[SL_REPLIED], 3001);
    assert_int_equal(outcomes[SL_AFTER_CLOSE], 1);
    end(&talk);
}

static void *stop(void *argument)
{
    struct talk *talk = argument;
    serving_stop(&talk->serving);
    return NULL;
}

/* Reads on while the gateway stops: lines that had been read are all answered, and what came later
 * is recorded. */
TEST(the_end_of_all_waits_for_it)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    pthread_t stopper;
    begin(&talk, NULL);
    add_lines(&talk, 50000);
    send_until_blocked(&talk);
    assert_blocked(&talk);
    assert_int_equal(pthread_create(&stopper, NULL, stop, &talk), 0);
    struct sl_buffer got = {0};
    ssize_t count;
    while ((count = recv(talk.fd, sl_buffer_reserve(&got, SMALL), SMALL, 0)) > 0)
        got.size += (size_t)count;
    close(talk.fd);
    talk.fd = -1;
    pthread_join(stopper, NULL);

    assert_closed(&talk, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_in_range(recorded(&talk, outcomes), 1, talk.sent);
    assert_int_equal(outcomes[SL_PEER_GONE], 0);
    assert_int_equal(got.size, serving_closing(&talk.serving, 1).counters.sent_bytes);
    assert_memory_equal(got.data, talk.expected.data, got.size);
    assert_counted(&talk, outcomes);
    sl_buffer_deinit(&got);
    end(&talk);
}

TEST(the_end_of_all_does_not_wait_for_ever)
{
    struct talk talk;
    uint64_t outcomes[SL_OUTCOME_COUNT];
    begin(&talk, NULL);
    add_lines(&talk, 50000);
    send_until_blocked(&talk);
    assert_blocked(&talk);
    sl_net_stop(talk.serving.net, 100 * SL_NS_PER_MS);
    assert_closed(&talk, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_in_range(recorded(&talk, outcomes), 1, talk.sent);
    assert_true(outcomes[SL_PEER_GONE] > 0);
    assert_counted(&talk, outcomes);
    end(&talk);
}
