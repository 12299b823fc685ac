/* A connection without a worker's thread: the test calls what epoll would, so that it can say when
 * memory runs out. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_memory.h"
#include "net/connection.h"
#include "serving.h"

struct stage {
    struct serving serving;
    struct sl_streams streams;
    struct sl_address address;
    int fd; /* the peer's */
};

/* Takes the connection over that has been made, as the worker does. */
static void admit(struct stage *stage)
{
    struct sl_worker *worker = &stage->serving.net->stream[0];
    struct sl_address peer = {.family = AF_INET, .ip = {127, 0, 0, 1}};
    int fd = accept4(worker->sockets[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(sl_limits_admit(&stage->serving.net->limits, &peer), SL_ADMITTED);
    sl_connection_open(&stage->streams, &worker->sockets[0], fd, &peer);
}

static struct stage *new_stage(enum sl_service_id service)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    int small = 4096, yes = 1;
    stage->serving = serving_new(NULL);
    stage->address = serving_listen(&stage->serving, service, "127.0.0.1:0");
    setsockopt(serving_listener_fd(&stage->serving, true), SOL_SOCKET, SO_SNDBUF, &small,
               sizeof(small));
    fcntl(serving_listener_fd(&stage->serving, true), F_SETFL, 0);
    stage->streams.worker = &stage->serving.net->stream[0];
    stage->streams.read_buffer = malloc(SL_STREAM_READ_SIZE);
    stage->streams.linger_ns = SL_NS_PER_S;
    stage->streams.held_max = SL_STREAM_HELD_MAX;
    stage->fd = connect_stream(&stage->address);
    setsockopt(stage->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(stage->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    return stage;
}

/* NULL where it is closed. */
static struct sl_connection *connection_of(struct stage *stage)
{
    struct sl_client *client = sl_shard_oldest(stage->streams.worker->shard);
    return client ? sl_client_user(client) : NULL;
}

static void free_stage(struct stage *stage)
{
    struct sl_connection *connection = connection_of(stage);
    if (connection)
        sl_connection_close(&stage->streams, connection, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_int_equal(stage->streams.open_count, 0);
    assert_int_equal(stage->serving.net->limits.total, 0);
    close(stage->fd);
    sl_buffer_deinit(&stage->streams.batch.replies);
    sl_buffer_deinit(&stage->streams.spare);
    free(stage->streams.read_buffer);
    serving_free(&stage->serving);
    free(stage);
}

/* What loopback has sent has arrived. */
static void say(struct stage *stage, const char *text)
{
    send_text(stage->fd, text);
    sl_connection_serve(&stage->streams, connection_of(stage), EPOLLIN);
    sl_connections_read_late(&stage->streams);
}

static uint64_t recorded(struct stage *stage)
{
    struct sl_journal_stats stats;
    sl_journal_stats(stage->serving.journal, &stats);
    return stats.newest_seq;
}

/* As say, and the gap passes. */
static void say_and_wait(struct stage *stage, const char *text)
{
    say(stage, text);
    sl_connections_end_gap(&stage->streams, INT64_MAX - 1);
}

static void assert_recorded(struct stage *stage, uint64_t seq, enum sl_outcome outcome,
                            const char *received)
{
    const struct sl_record *record = serving_exchange(&stage->serving, seq);
    assert_string_equal(sl_outcome_name(record->exchange.outcome), sl_outcome_name(outcome));
    assert_bytes_equal(sl_record_received(record), record->exchange.received_stored, received,
                       strlen(received));
    assert_int_equal(record->exchange.sent_size > 0, outcome == SL_REPLIED);
}

static void assert_closed(struct stage *stage, enum sl_close_reason reason)
{
    assert_null(connection_of(stage));
    struct sl_closing closing = serving_closing(&stage->serving, 1);
    assert_string_equal(sl_close_reason_name(closing.reason), sl_close_reason_name(reason));
    assert_int_equal(closing.closed_by, SL_BY_SERVER);
}

TEST(connection_is_served_without_a_thread)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi");
    assert_int_equal(recorded(stage), 0);
    sl_connections_end_gap(&stage->streams, 0); /* not yet */
    assert_int_equal(recorded(stage), 0);
    sl_connections_end_gap(&stage->streams, INT64_MAX - 1);
    expect_text(stage->fd, "Your data was 2 bytes");
    say(stage, "a\nb\nc");
    expect_text(stage->fd, "Your data was 1 bytes\nYour data was 1 bytes\n");
    assert_recorded(stage, 3, SL_REPLIED, "b");
    free_stage(stage);
}

TEST(peer_without_memory_for_it_is_closed)
{
    /* The connection, the client's places, their table; and the tables' buckets. */
    for (int allowed = 0; allowed < 4; allowed++) {
        struct stage *stage = new_stage(SL_TCP_CHAT);
        allow_callocs(allowed < 3 ? allowed : -1);
        allow_allocations(allowed < 3 ? -1 : 0);
        admit(stage);
        allow_callocs(-1);
        allow_allocations(-1);
        expect_end(stage->fd);
        assert_null(connection_of(stage));
        close(stage->fd);
        stage->fd = connect_stream(&stage->address);
        admit(stage);
        say_and_wait(stage, "Hi");
        expect_text(stage->fd, "Your data was 2 bytes");
        free_stage(stage);
    }
}

TEST(message_without_memory_for_its_reply_is_recorded)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    allow_allocations(0);
    say(stage, "first\nsecond\nthird");
    allow_allocations(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    assert_recorded(stage, 1, SL_SEND_FAILED, "first");
    assert_recorded(stage, 2, SL_SEND_FAILED, "second\nthird");
    assert_int_equal(recorded(stage), 2);
    free_stage(stage);
}

/* One allocation is enough for two or three replies. */
TEST(no_half_reply_is_sent)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    allow_allocations(1);
    say(stage, "one\ntwo\nthree\nfour\n");
    allow_allocations(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    uint64_t replied = 0;
    while (serving_exchange(&stage->serving, replied + 1)->exchange.outcome == SL_REPLIED)
        replied++;
    assert_in_range(replied, 1, 3);
    struct sl_counters counters = serving_closing(&stage->serving, 1).counters;
    char got[256] = {0};
    ssize_t size = recv(stage->fd, got, sizeof(got) - 1, MSG_WAITALL);
    assert_int_equal(size, counters.sent_bytes);
    assert_int_equal(got[size - 1], '\n');
    assert_int_equal(recorded(stage), replied + 2);
    free_stage(stage);
}

TEST(an_unfinished_line_that_cannot_be_kept_closes_the_connection)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "line\nunfini");
    char longer[1000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    allow_allocations(0);
    say(stage, longer);
    allow_allocations(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    assert_recorded(stage, 2, SL_UNFINISHED, "unfini");
    free_stage(stage);
}

/* A peer that does not read, and nothing to keep its replies in. */
TEST(a_backlog_that_cannot_be_kept_closes_the_connection)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi\n");
    uint64_t before = recorded(stage);
    struct sl_buffer lines = {0};
    for (int i = 0; i < 3000; i++)
        sl_buffer_append_text(&lines, "line\n");
    send_bytes(stage->fd, lines.data, lines.size);
    allow_callocs(0);
    sl_connection_serve(&stage->streams, connection_of(stage), EPOLLIN);
    allow_callocs(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    uint64_t outcomes[SL_OUTCOME_COUNT] = {0};
    size_t bytes = 0;
    for (uint64_t seq = before + 1; seq <= recorded(stage); seq++) {
        const struct sl_record *record = serving_exchange(&stage->serving, seq);
        outcomes[record->exchange.outcome]++;
        bytes += record->exchange.received_size +
                 (record->exchange.received_size == 4); /* its line end */
    }
    assert_true(outcomes[SL_REPLIED] > 0);
    assert_true(outcomes[SL_PEER_GONE] + outcomes[SL_SEND_FAILED] > 0);
    assert_int_equal(bytes, lines.size);
    sl_buffer_deinit(&lines);
    free_stage(stage);
}

TEST(without_memory_no_linger_follows_the_reply)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi\n"); /* the buffers that answers need are there now */
    allow_callocs(0);
    say(stage, "Exit\n");
    allow_callocs(-1);
    expect_text(stage->fd, "Your data was 2 bytes\nDisconnect\n");
    expect_end(stage->fd);
    assert_closed(stage, SL_CLOSE_EXIT);
    free_stage(stage);
}

/* More lines than a visit answers: the others come first, then the rest. */
TEST(a_visit_is_bounded)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    struct sl_buffer lines = SL_BUFFER_INIT;
    admit(stage);
    for (size_t i = 0; i < 3 * SL_STREAM_EVENTS_MAX; i++)
        sl_buffer_append_text(&lines, "\n");
    send_bytes(stage->fd, lines.data, lines.size);
    /* The event says that there may be more: the last visit finds nothing, and nothing is held. */
    sl_connection_serve(&stage->streams, connection_of(stage), EPOLLIN | EPOLLPRI);
    assert_in_range(recorded(stage), 1, SL_STREAM_EVENTS_MAX);
    assert_true(connection_of(stage)->held >= 2 * SL_STREAM_EVENTS_MAX);
    for (int visits = 0; sl_queue_first(&stage->streams.ready) && visits < 9; visits++)
        sl_connection_resume(&stage->streams, connection_of(stage));
    assert_null(sl_queue_first(&stage->streams.ready));
    assert_int_equal(recorded(stage), lines.size);
    assert_int_equal(stage->streams.held, 0);
    sl_buffer_deinit(&lines);
    free_stage(stage);
}

/* What all hold is bounded: who holds most and wants more is closed, a small message is not. */
TEST(memory_of_all_connections_is_bounded)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    char longer[3000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    stage->streams.held_max = 2000;
    admit(stage);
    say(stage, "small");
    assert_non_null(connection_of(stage));
    send_text(stage->fd, longer);
    for (int i = 0; i < 100 && connection_of(stage); i++)
        sl_connection_serve(&stage->streams, connection_of(stage), EPOLLIN);
    assert_closed(stage, SL_CLOSE_UNFINISHED);
    assert_int_equal(serving_exchange(&stage->serving, 1)->exchange.outcome, SL_UNFINISHED);
    assert_int_equal(stage->streams.held, 0);
    assert_int_equal(stage->streams.cut, 1);
    free_stage(stage);
}

TEST(waiting_bytes_are_shown_as_pending)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi\npend");
    struct sl_client_view view = serving_client(&stage->serving, 1);
    assert_int_equal(view.pending, 4);
    assert_true(view.pending_since_ns > 0);
    say(stage, "ing");
    int64_t since_ns = view.pending_since_ns;
    view = serving_client(&stage->serving, 1);
    assert_int_equal(view.pending, 7);
    assert_int_equal(view.pending_since_ns, since_ns);
    say(stage, "\n");
    view = serving_client(&stage->serving, 1);
    assert_int_equal(view.pending, 0);
    assert_int_equal(view.pending_since_ns, 0);
    free_stage(stage);
}

/* However often the peer goes on after the end. */
TEST(all_bytes_after_the_end_are_one_record)
{
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Exit\nmore");
    for (int i = 0; i < 100; i++)
        say(stage, "!");
    assert_int_equal(recorded(stage), 1);
    assert_int_equal(serving_client(&stage->serving, 1).pending, 104);
    sl_connection_close(&stage->streams, connection_of(stage), SL_BY_PEER, SL_CLOSE_EOF);
    assert_int_equal(recorded(stage), 2);
    assert_int_equal(serving_exchange(&stage->serving, 2)->exchange.outcome, SL_AFTER_CLOSE);
    assert_int_equal(serving_exchange(&stage->serving, 2)->exchange.received_size, 104);
    free_stage(stage);
}
