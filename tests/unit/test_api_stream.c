#include "api_fixture.h"
#include "params_of.h"

#include <stdlib.h>

#include "api/shared_events.h"
#include "api/state.h"
#include "api/stream.h"
#include "httpd/state.h"

#define RUN "0123456789abcdef"

static struct fixture fixture;
static struct sl_httpd *httpd;
static struct sl_api *api;
static char *text; /* what the stream said last */
static uint64_t seqs[4000];
static size_t count;

static void nothing(void *connection)
{
    (void)connection;
}

/* No thread: each test says itself what is due. */
static int setup(void **state)
{
    struct sl_waiter_hooks hooks = {.wake_fd = 0, .suspend = nothing, .resume = nothing};
    struct sl_error error;

    (void)state;
    fixture = fixture_new();
    httpd = calloc(1, sizeof(*httpd));
    api = calloc(1, sizeof(*api));
    text = malloc(1 << 24);
    assert_true(httpd && api && text);
    api->httpd = httpd;
    api->journal = fixture.journal;
    api->registry = fixture.registry;
    api->version = (char *)(uintptr_t) "test";
    strcpy(api->run, RUN);
    sl_shared_events_init(&api->shared_events);
    sl_history_init(&api->history, fixture.journal, fixture.registry, NULL);
    api->history.run = api->run;
    assert_int_equal(sl_due_init(&api->due, fixture.journal), 0);
    hooks.wake_fd = sl_due_fd(&api->due);
    assert_int_equal(sl_waiters_init(&httpd->waiters, &hooks, &error), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&api->streams), 0);
    sl_waiters_deinit(&httpd->waiters);
    sl_due_deinit(&api->due);
    sl_shared_events_deinit(&api->shared_events);
    sl_history_deinit(&api->history);
    free(api);
    free(httpd);
    free(text);
    fixture_free(&fixture);
    return 0;
}

static struct sl_stream *open_stream(const char *parameters, const char *last_id)
{
    struct sl_events_params asked = {0};
    struct sl_problem problem;
    struct sl_query query;
    struct sl_stream *stream;

    assert_int_equal(sl_query_parse(&query, parameters, params_of_get("/api/v1/events"), &problem),
                     0);
    assert_int_equal(sl_query_read(&query, &asked, &problem), 0);
    sl_query_deinit(&query);
    stream = sl_stream_new(api, &asked, last_id);
    assert_non_null(stream);
    return stream;
}

/* Reads until the stream would wait, in small pieces. */
static const char *say(struct sl_stream *stream)
{
    size_t length = 0, size;

    for (;;) {
        enum sl_stream_step step = sl_stream_read(stream, text + length, 1000, &size);

        if (step == SL_STREAM_WAIT || step == SL_STREAM_END)
            break;
        if (step == SL_STREAM_BYTES)
            length += size;
    }
    text[length] = '\0';
    count = seqs_in(text, seqs, COUNT_OF(seqs));
    return text;
}

static const char *say_due(struct sl_stream *stream, unsigned due)
{
    (&sl_stream_body(stream)->waiter)->due |= due;
    return say(stream);
}

static void assert_contiguous(uint64_t from, uint64_t to)
{
    assert_int_equal(count, to - from + 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seqs[i], from + i);
}

TEST_WITH(stream_begins_with_new_messages, setup, teardown)
{
    struct sl_stream *stream;

    fixture_fill(&fixture, 3, 1);
    stream = open_stream("types=messages", NULL);
    assert_string_equal(say(stream), "retry: 1000\n\n");
    fixture_fill(&fixture, 2, 1);
    assert_non_null(strstr(say_due(stream, SL_DUE_MESSAGES), "]}\nid: " RUN ":5\n\n"));
    assert_contiguous(4, 5);
    assert_string_equal(say_due(stream, SL_DUE_MESSAGES), "");
    sl_stream_free(stream);
}

TEST_WITH(stream_resumes_after_the_last_event_id, setup, teardown)
{
    struct sl_stream *stream;

    fixture_fill(&fixture, 2000, 1);
    stream = open_stream("types=messages", RUN ":100");
    say(stream);
    assert_contiguous(101, 2000);
    sl_stream_free(stream);
}

TEST_WITH(stream_reports_another_log, setup, teardown)
{
    static const char *const ids[] = {"fedcba9876543210:7", "7", RUN ":x", RUN ":99"};

    fixture_fill(&fixture, 3, 1);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct sl_stream *stream = open_stream("types=messages", ids[i]);

        assert_non_null(strstr(say(stream),
                               "event: gap\ndata: {\"from\":0,\"to\":0,\"reason\":\"restarted\"}"));
        assert_contiguous(1, 3);
        sl_stream_free(stream);
    }
}

TEST_WITH(stream_reports_evicted_messages_as_gap, setup, teardown)
{
    struct sl_stream *stream;
    char expected[80];
    uint64_t oldest;

    fixture_fill(&fixture, 1, 1);
    stream = open_stream("types=messages", NULL);
    say(stream);
    fixture_fill(&fixture, 100, SL_STORED_SIZE_MAX);
    oldest = fixture_stats(&fixture).oldest_seq;
    snprintf(expected, sizeof(expected), "\"to\":%llu,\"reason\":\"evicted\"}",
             (unsigned long long)oldest - 1);
    assert_non_null(strstr(say_due(stream, SL_DUE_MESSAGES), expected));
    assert_int_equal(seqs[count - 1], 101);
    sl_stream_free(stream);
}

TEST_WITH(filtered_stream_advances_its_id, setup, teardown)
{
    struct sl_stream *stream = open_stream("types=messages&client=1", NULL);

    say(stream);
    fixture_fill(&fixture, 6, 1); /* clients 1 2 1 2 1 2 */
    assert_non_null(strstr(say_due(stream, SL_DUE_MESSAGES), "id: " RUN ":6\n"));
    assert_int_equal(count, 3);
    assert_int_equal(seqs[2], 5);
    (&sl_stream_body(stream)->waiter)->deadline_ns = 1;
    fixture_append(&fixture, 2, 1);
    assert_string_equal(say_due(stream, SL_DUE_MESSAGES), ": heartbeat\nid: " RUN ":7\n\n");
    sl_stream_free(stream);
}

TEST_WITH(sampling_stream_sends_the_newest, setup, teardown)
{
    struct sl_stream *stream = open_stream("types=messages&sample=3", NULL);

    say(stream);
    fixture_fill(&fixture, 10, 1);
    assert_non_null(
        strstr(say_due(stream, SL_DUE_MESSAGES),
               "id: " RUN
               ":7\nevent: gap\ndata: {\"from\":1,\"to\":7,\"reason\":\"sampled\",\"matched\":7}"));
    assert_contiguous(8, 10);
    fixture_fill(&fixture, 3, 1);
    assert_null(strstr(say_due(stream, SL_DUE_MESSAGES), "gap"));
    assert_contiguous(11, 13);
    sl_stream_free(stream);
}

TEST_WITH(sampling_spans_many_steps, setup, teardown)
{
    struct sl_stream *stream;

    fixture_fill(&fixture, 12000, 1);
    stream = open_stream("types=messages&sample=1000", RUN ":4");
    assert_non_null(strstr(say(stream),
                           "\"from\":5,\"to\":11000,\"reason\":\"sampled\","
                           "\"matched\":10996}"));
    assert_contiguous(11001, 12000);
    sl_stream_free(stream);
}

/* The sequence numbers that the message or gap at `at` covers. */
static bool covers(const char *at, uint64_t *from, uint64_t *to)
{
    if (strncmp(at, "{\"seq\":", 7) == 0) {
        *from = *to = strtoull(at + 7, NULL, 10);
        return true;
    }
    if (strncmp(at, "{\"from\":", 8) != 0)
        return false;
    *from = strtoull(at + 8, NULL, 10);
    *to = strtoull(strstr(at, "\"to\":") + 5, NULL, 10);
    return true;
}

static void accounts_for_all(const char *parameters)
{
    uint64_t told = fixture_stats(&fixture).newest_seq + 1, random = 3, from, to;
    struct sl_stream *stream = open_stream(parameters, NULL);

    for (int round = 0; round < 60; round++) {
        fixture_fill(&fixture, (unsigned)(next_random(&random) % 40),
                     round % 4 == 0 ? SL_STORED_SIZE_MAX : 1000);
        for (const char *at = say_due(stream, SL_DUE_MESSAGES); (at = strchr(at, '{')); at++) {
            if (!covers(at, &from, &to))
                continue;
            assert_int_equal(from, told);
            told = to + 1;
        }
        assert_int_equal(told, fixture_stats(&fixture).newest_seq + 1);
    }
    sl_stream_free(stream);
}

/* Whatever is evicted or sampled away: messages and gaps together leave nothing out. */
TEST_WITH(every_message_is_sent_or_in_a_gap, setup, teardown)
{
    accounts_for_all("types=messages");
    accounts_for_all("types=messages&sample=5");
}

TEST_WITH(status_is_the_first_event, setup, teardown)
{
    struct sl_stream *stream = open_stream("types=status", NULL);

    assert_non_null(strstr(say(stream), "event: status\ndata: {\"version\":\"test\""));
    sl_shared_events_build(api, SL_DUE_STATUS);
    assert_non_null(strstr(say_due(stream, SL_DUE_STATUS), "event: status\ndata: {"));
    assert_null(strstr(text, "id:"));
    sl_stream_free(stream);
}

TEST_WITH(changed_clients_are_sent, setup, teardown)
{
    struct sl_shard *shard = sl_registry_shard(fixture.registry, 0);
    struct sl_stream *stream = open_stream("types=clients", NULL);
    struct sl_time now = sl_time_now();
    struct sl_address peer = {.family = AF_INET, .port = 1600, .ip = {127, 0, 0, 1}};

    say(stream);
    sl_shared_events_build(api, SL_DUE_CLIENTS);
    assert_string_equal(say_due(stream, SL_DUE_CLIENTS), "");
    sl_shard_lock(shard);
    assert_non_null(sl_shard_open(shard, 0, &peer, &peer, -1, &now));
    sl_shard_unlock(shard);
    sl_shared_events_build(api, SL_DUE_CLIENTS);
    assert_non_null(strstr(say_due(stream, SL_DUE_CLIENTS), "\"address\":\"127.0.0.1:1600\""));
    assert_non_null(strstr(text, "\"more\":0}"));
    sl_stream_free(stream);
}

TEST_WITH(stream_ends_when_the_server_stops, setup, teardown)
{
    struct sl_stream *stream = open_stream("types=messages", NULL);
    char bytes[100];
    size_t size;

    say(stream);
    sl_waiters_stop_waiting(&httpd->waiters);
    assert_int_equal(sl_stream_read(stream, bytes, sizeof(bytes), &size), SL_STREAM_END);
    sl_stream_free(stream);
}

TEST_WITH(wrong_parameter_is_refused_by_name, setup, teardown)
{
    static const struct {
        const char *query, *param;
    } cases[] = {{"types=", "types"},    {"types=messages,", "types"}, {"types=message", "types"},
                 {"sample=0", "sample"}, {"sample=1001", "sample"},    {"service=x", "service"}};
    struct sl_events_params asked = {0};
    struct sl_problem problem;
    struct sl_query query;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
            sl_query_parse(&query, cases[i].query, params_of_get("/api/v1/events"), &problem), 0);
        assert_int_equal(sl_query_read(&query, &asked, &problem), 400);
        assert_string_equal(problem.param, cases[i].param);
        sl_query_deinit(&query);
    }
}
