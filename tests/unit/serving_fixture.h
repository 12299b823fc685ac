/* One service on 127.0.0.1 a test, freed after it however it ends. */
#ifndef SERVING_FIXTURE_H
#define SERVING_FIXTURE_H

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

static inline void serve_later_at(const char *where, enum sl_service_id service,
                                  const struct sl_net_options *options)
{
    serve_end();
    serving = serving_new(options);
    address = serving_listen(&serving, service, where);
}

/* Not started: connections and datagrams made meanwhile wait in the kernel. */
static inline void serve_later(enum sl_service_id service, const struct sl_net_options *options)
{
    serve_later_at("127.0.0.1:0", service, options);
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

/* A datagram to it and its reply. */
static inline void ask(int fd, const char *text, const char *reply)
{
    send_text(fd, text);
    expect_datagram(fd, reply, strlen(reply));
}

static inline int serving_tear_down(void **state)
{
    (void)state;
    serve_end();
    return 0;
}

#define SERVING_TEST(name) TEST_WITH(name, NULL, serving_tear_down)

static inline void assert_closed(uint64_t client, enum sl_closed_by by, enum sl_close_reason reason)
{
    struct sl_closing closing = serving_closing(&serving, client);

    assert_string_equal(sl_close_reason_name(closing.reason), sl_close_reason_name(reason));
    assert_string_equal(sl_closed_by_name(closing.closed_by), sl_closed_by_name(by));
}

#endif
