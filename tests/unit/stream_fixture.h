/* One service on 127.0.0.1 a test, freed after it however it ends. */
#ifndef STREAM_FIXTURE_H
#define STREAM_FIXTURE_H

#include "serving.h"
#include "unit.h"

static struct serving serving;
static struct sl_address address; /* where `serve` listens */

/* Several in one test: the one before is freed. */
static inline void serve_end(void)
{
    if (serving.net)
        serving_free(&serving);
    serving = (struct serving){0};
}

/* Not started; connections made meanwhile wait in the backlog. */
static inline void serve_later(enum sl_service_id service, const struct sl_net_options *options)
{
    serve_end();
    serving = serving_new(options);
    address = serving_listen(&serving, service, "127.0.0.1:0");
}

static inline void serve(enum sl_service_id service, const struct sl_net_options *options)
{
    serve_later(service, options);
    serving_start(&serving);
}

/* A chat with one connection to it, which is returned. */
static inline int open_chat(void)
{
    serve(SL_TCP_CHAT, NULL);
    return connect_stream(&address);
}

static inline int stream_tear_down(void **state)
{
    (void)state;
    serve_end();
    return 0;
}

#define STREAM_TEST(name) TEST_WITH(name, NULL, stream_tear_down)

static inline void assert_closed(uint64_t client, enum sl_closed_by by, enum sl_close_reason reason)
{
    struct sl_closing closing = serving_closing(&serving, client);

    assert_string_equal(sl_close_reason_name(closing.reason), sl_close_reason_name(reason));
    assert_string_equal(sl_closed_by_name(closing.closed_by), sl_closed_by_name(by));
}

#endif
