/* A connection without a worker's thread: the test calls what epoll would, so that it can say when
 * memory runs out. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
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
    struct streams streams;
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
    connection_open(&stage->streams, &worker->sockets[0], fd, &peer);
}

static struct stage *new_stage(enum sl_service_id service)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    int small = 4096;
    stage->serving = serving_new(NULL);
    stage->address = serving_listen(&stage->serving, service, "127.0.0.1:0");
    setsockopt(serving_listener_fd(&stage->serving, true), SOL_SOCKET, SO_SNDBUF, &small,
               sizeof(small));
    fcntl(serving_listener_fd(&stage->serving, true), F_SETFL, 0);
    stage->streams.worker = &stage->serving.net->stream[0];
    stage->streams.read_buffer = malloc(STREAM_READ_SIZE);
    stage->streams.linger_ns = SL_NS_PER_S;
    stage->fd = connect_stream(&stage->address);
    setsockopt(stage->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    return stage;
}

/* NULL where it is closed. */
static struct connection *connection_of(struct stage *stage)
{
    struct sl_client *client = sl_shard_oldest(stage->streams.worker->shard);
    return client ? sl_client_user(client) : NULL;
}

static void free_stage(struct stage *stage)
{
    struct connection *connection = connection_of(stage);
    if (connection)
        connection_close(&stage->streams, connection, SL_BY_SERVER, SL_CLOSE_SHUTDOWN);
    assert_int_equal(stage->streams.open_count, 0);
    assert_int_equal(stage->serving.net->limits.total, 0);
    close(stage->fd);
    sl_buffer_deinit(&stage->streams.now.replies);
    free(stage->streams.read_buffer);
    serving_free(&stage->serving);
    free(stage);
}

/* What loopback has sent has arrived. */
static void say(struct stage *stage, const char *text)
{
    send_text(stage->fd, text);
    connection_ready(&stage->streams, connection_of(stage), EPOLLIN);
}

static void assert_recorded(struct stage *stage, uint64_t seq, enum sl_outcome outcome,
                            const char *received)
{
    const struct sl_record *record = serving_exchange(&stage->serving, seq);
    assert_string_equal(sl_outcome_name(record->outcome), sl_outcome_name(outcome));
    assert_bytes_equal(sl_record_received(record), record->received_stored, received,
                       strlen(received));
    assert_int_equal(record->sent_size > 0, outcome == SL_REPLIED);
}

static uint64_t recorded(struct stage *stage)
{
    struct sl_journal_stats stats;
    sl_journal_stats(stage->serving.journal, &stats);
    return stats.newest_seq;
}

static void assert_closed(struct stage *stage, enum sl_close_reason reason)
{
    assert_null(connection_of(stage));
    struct sl_closing closing = serving_closing(&stage->serving, 1);
    assert_string_equal(sl_close_reason_name(closing.reason), sl_close_reason_name(reason));
    assert_int_equal(closing.closed_by, SL_BY_SERVER);
}

static void it_goes_without_a_thread(void **state)
{
    (void)state;
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi");
    expect_text(stage->fd, "Your data was 2 bytes");
    say(stage, "a\nb\nc");
    expect_text(stage->fd, "Your data was 1 bytes\nYour data was 1 bytes\n");
    assert_recorded(stage, 3, SL_REPLIED, "b");
    free_stage(stage);
}

static void who_cannot_be_kept_is_let_go(void **state)
{
    (void)state;
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
        say(stage, "Hi");
        expect_text(stage->fd, "Your data was 2 bytes");
        free_stage(stage);
    }
}

static void what_cannot_be_answered_is_recorded(void **state)
{
    (void)state;
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
static void no_half_reply_is_sent(void **state)
{
    (void)state;
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    allow_allocations(1);
    say(stage, "one\ntwo\nthree\nfour\n");
    allow_allocations(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    uint64_t replied = 0;
    while (serving_exchange(&stage->serving, replied + 1)->outcome == SL_REPLIED)
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

static void an_unfinished_line_that_cannot_be_kept_ends_it(void **state)
{
    (void)state;
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
static void a_backlog_that_cannot_be_kept_ends_it(void **state)
{
    (void)state;
    struct stage *stage = new_stage(SL_TCP_CHAT);
    admit(stage);
    say(stage, "Hi\n");
    uint64_t before = recorded(stage);
    struct sl_buffer lines = {0};
    for (int i = 0; i < 3000; i++)
        sl_buffer_append_text(&lines, "line\n");
    send_bytes(stage->fd, lines.data, lines.size);
    allow_callocs(0);
    connection_ready(&stage->streams, connection_of(stage), EPOLLIN);
    allow_callocs(-1);
    assert_closed(stage, SL_CLOSE_ERROR);
    uint64_t outcomes[SL_OUTCOME_COUNT] = {0};
    size_t bytes = 0;
    for (uint64_t seq = before + 1; seq <= recorded(stage); seq++) {
        const struct sl_record *record = serving_exchange(&stage->serving, seq);
        outcomes[record->outcome]++;
        bytes += record->received_size + (record->received_size == 4); /* its line end */
    }
    assert_true(outcomes[SL_REPLIED] > 0);
    assert_true(outcomes[SL_PEER_GONE] + outcomes[SL_SEND_FAILED] > 0);
    assert_int_equal(bytes, lines.size);
    sl_buffer_deinit(&lines);
    free_stage(stage);
}

static void without_memory_the_end_is_short(void **state)
{
    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_without_a_thread),
        cmocka_unit_test(who_cannot_be_kept_is_let_go),
        cmocka_unit_test(what_cannot_be_answered_is_recorded),
        cmocka_unit_test(no_half_reply_is_sent),
        cmocka_unit_test(an_unfinished_line_that_cannot_be_kept_ends_it),
        cmocka_unit_test(a_backlog_that_cannot_be_kept_ends_it),
        cmocka_unit_test(without_memory_the_end_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
