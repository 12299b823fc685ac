#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failing_memory.h"
#include "serving.h"

/* Descriptor 0 becomes an eventfd, since 0 is what a field that was never set holds. */
static int replace_stdin(void)
{
    int saved = dup(0), fd = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(dup2(fd, 0), 0);
    close(fd);
    return saved;
}

static void restore_stdin(int saved)
{
    eventfd_t written;
    assert_int_equal(eventfd_read(0, &written), -1); /* nobody wrote to it */
    assert_int_equal(errno, EAGAIN);
    dup2(saved, 0);
    close(saved);
}

TEST(without_memory_no_net_is_made)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    struct sl_registry_options registry_options = {.shards = 2, .closed_max = 1};
    struct sl_registry *registry = sl_registry_new(&registry_options);
    struct sl_journal *journal = sl_journal_new(0, 1);
    int saved = replace_stdin();
    for (int allowed = 0; allowed < 2; allowed++) {
        struct sl_error error = {0};
        allow_callocs(allowed);
        assert_null(sl_net_new(&options, journal, registry, NULL, &error));
        allow_callocs(-1);
        assert_int_not_equal(error.text[0], '\0');
    }
    restore_stdin(saved);
    sl_journal_free(journal);
    sl_registry_free(registry);
}

TEST(without_descriptors_no_net_is_made)
{
    struct sl_net_options options = SL_NET_OPTIONS_DEFAULT;
    struct sl_registry_options registry_options = {.shards = 20, .closed_max = 1};
    struct sl_registry *registry = sl_registry_new(&registry_options);
    struct sl_journal *journal = sl_journal_new(0, 1);
    struct rlimit limit, low;
    int saved = replace_stdin(), next = dup(0);
    close(next);
    options.workers = 10;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    for (int more = 0; more < 40; more += 3) {
        struct sl_error error = {0};
        low.rlim_cur = (rlim_t)(next + more);
        setrlimit(RLIMIT_NOFILE, &low);
        struct sl_net *net = sl_net_new(&options, journal, registry, NULL, &error);
        setrlimit(RLIMIT_NOFILE, &limit);
        assert_null(net);
        assert_string_equal(error.text, "cannot set up 10 workers: Too many open files");
        /* Nothing is left open. */
        assert_int_equal(dup(0), next);
        close(next);
    }
    restore_stdin(saved);
    sl_journal_free(journal);
    sl_registry_free(registry);
}

TEST(net_may_stop_before_it_starts)
{
    struct serving serving = serving_new(NULL);
    serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    serving_listen(&serving, SL_TCP_CHAT, "127.0.0.1:0");
    serving_free(&serving);
    sl_net_free(NULL);
}

TEST(net_without_listeners_idles)
{
    struct serving serving = serving_new(NULL);
    serving_start(&serving);
    sl_net_disconnect(serving.net, 1);
    serving_stop(&serving);
    serving_stop(&serving);
    serving_free(&serving);
}

static enum sl_net_health health_at(struct serving *serving, int64_t now_ns, const char **stuck)
{
    *stuck = NULL;
    return sl_net_health(serving->net, now_ns, stuck);
}

/* The clock goes ahead of the worker's: for now its turns all look old. */
TEST(worker_without_a_turn_is_asked_and_then_stuck)
{
    struct serving serving = serving_new(NULL);
    serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    serving_start(&serving);
    int64_t ahead_ns = sl_clock_mono_ns() + 1000 * SL_NS_PER_S;
    const char *stuck;
    assert_int_equal(health_at(&serving, ahead_ns, &stuck), SL_NET_ASKED);
    assert_int_equal(health_at(&serving, ahead_ns + 2 * SL_NS_PER_S - 1, &stuck), SL_NET_ASKED);
    assert_null(stuck);
    assert_int_equal(health_at(&serving, ahead_ns + 2 * SL_NS_PER_S, &stuck), SL_NET_STUCK);
    assert_string_equal(stuck, "UDP worker 1");
    serving_free(&serving);
}

TEST(idle_worker_turns_when_it_is_asked)
{
    struct serving serving = serving_new(NULL);
    serving_listen(&serving, SL_UDP_UPPER, "127.0.0.1:0");
    serving_listen(&serving, SL_TCP_CHAT, "127.0.0.1:0");
    serving_start(&serving);
    const char *stuck;
    enum sl_net_health health;
    do
        health = health_at(&serving, sl_clock_mono_ns(), &stuck);
    while (health == SL_NET_ASKED);
    assert_int_equal(health, SL_NET_HEALTHY);
    serving_stop(&serving); /* a worker that was stopped hangs no more than one without sockets */
    assert_int_equal(health_at(&serving, INT64_MAX / 2, &stuck), SL_NET_HEALTHY);
    serving_free(&serving);
}
