#include "api_fixture.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/due.h"

#define PATIENCE_NS (5 * SL_NS_PER_S)

static struct fixture fixture;
static struct sl_waiters waiters;
static struct sl_due_clock due;

/* Stands for a connection: counts what is done to it. */
struct fake {
    struct sl_waiter waiter;
    atomic_int suspended, resumed;
};

static atomic_int prepared, swept;

static void suspend(void *connection)
{
    atomic_fetch_add(&((struct fake *)connection)->suspended, 1);
}

static void resume(void *connection)
{
    atomic_fetch_add(&((struct fake *)connection)->resumed, 1);
}

static unsigned look(void *context, struct sl_due_look *at, int64_t now_ns)
{
    unsigned kinds = sl_due_look(context, at, now_ns);

    atomic_fetch_or(&prepared, (int)kinds);
    return kinds;
}

static int64_t sweep(void *context, int64_t now_ns)
{
    (void)context;
    (void)now_ns;
    atomic_fetch_add(&swept, 1);
    return INT64_MAX;
}

static int setup(void **state)
{
    struct sl_waiter_hooks hooks = {
        .context = &due, .suspend = suspend, .resume = resume, .due = look, .sweep = sweep};
    struct sl_error error;

    (void)state;
    fixture = fixture_new();
    atomic_store(&prepared, 0);
    assert_int_equal(sl_due_init(&due, fixture.journal), 0);
    hooks.wake_fd = sl_due_fd(&due);
    assert_int_equal(sl_waiters_init(&waiters, &hooks, &error), 0);
    assert_int_equal(sl_waiters_start(&waiters, &error), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_waiters_deinit(&waiters);
    sl_due_deinit(&due);
    fixture_free(&fixture);
    return 0;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_nsec = ms * SL_NS_PER_MS};

    nanosleep(&pause, NULL);
}

static bool is_resumed(struct fake *fake, int times)
{
    int64_t until_ns = sl_clock_mono_ns() + PATIENCE_NS;

    while (atomic_load(&fake->resumed) < times && sl_clock_mono_ns() < until_ns)
        pause_ms(1);
    return atomic_load(&fake->resumed) == times;
}

static void add(struct fake *fake, unsigned wants, int64_t in_ns, int fd)
{
    *fake = (struct fake){.waiter = {.wants = wants,
                                     .deadline_ns = in_ns ? sl_clock_mono_ns() + in_ns : 0,
                                     .fd = fd,
                                     .connection = fake}};
    sl_waiters_add(&waiters, &fake->waiter);
}

/* Parks, however often something is due before. */
static void park(struct fake *fake)
{
    while (!sl_waiters_park(&waiters, &fake->waiter))
        sl_waiters_take(&waiters, &fake->waiter);
}

TEST_WITH(waiter_wakes_when_the_journal_grows, setup, teardown)
{
    struct fake fake;

    add(&fake, SL_DUE_MESSAGES, 0, -1);
    park(&fake);
    pause_ms(60);
    assert_int_equal(atomic_load(&fake.resumed), 0);
    fixture_fill(&fixture, 1, 1);
    assert_true(is_resumed(&fake, 1));
    assert_int_equal(sl_waiters_take(&waiters, &fake.waiter), SL_DUE_MESSAGES);
    assert_int_equal(sl_waiters_take(&waiters, &fake.waiter), 0);
    sl_waiters_remove(&waiters, &fake.waiter);
}

/* What comes between the look and the parking must not be slept through. */
TEST_WITH(message_before_parking_is_not_missed, setup, teardown)
{
    struct fake fake;
    uint64_t seen = 0;

    add(&fake, SL_DUE_MESSAGES, 0, -1);
    for (int round = 1; round <= 100; round++) {
        int resumed = atomic_load(&fake.resumed);

        fixture_fill(&fixture, 1, 1);
        for (;;) {
            sl_waiters_take(&waiters, &fake.waiter);
            seen = fixture_stats(&fixture).newest_seq;
            if (round % 3 == 0)
                fixture_fill(&fixture, 1, 1);
            if (sl_waiters_park(&waiters, &fake.waiter))
                break;
        }
        if (fixture_stats(&fixture).newest_seq == seen)
            fixture_fill(&fixture, 1, 1);
        assert_true(is_resumed(&fake, resumed + 1));
    }
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(waiter_wakes_at_its_deadline, setup, teardown)
{
    int64_t began_ns = sl_clock_mono_ns();
    struct fake fake;

    add(&fake, 0, 50 * SL_NS_PER_MS, -1);
    park(&fake);
    assert_true(is_resumed(&fake, 1));
    assert_true(sl_clock_mono_ns() - began_ns >= 50 * SL_NS_PER_MS);
    assert_int_equal(sl_waiters_take(&waiters, &fake.waiter), SL_DUE_DEADLINE);
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(wakes_when_a_socket_is_readable, setup, teardown)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    struct fake fake;

    add(&fake, 0, 0, fd);
    park(&fake);
    pause_ms(30);
    assert_int_equal(atomic_load(&fake.resumed), 0);
    eventfd_write(fd, 1);
    assert_true(is_resumed(&fake, 1));
    assert_int_equal(sl_waiters_take(&waiters, &fake.waiter), SL_DUE_READABLE);
    /* Readable before it parks is as good. */
    park(&fake);
    assert_true(is_resumed(&fake, 2));
    sl_waiters_remove(&waiters, &fake.waiter);
    close(fd);
}

TEST_WITH(wakes_when_the_peer_hangs_up, setup, teardown)
{
    struct fake fake;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    add(&fake, SL_DUE_MESSAGES, 0, -1);
    sl_waiters_watch_peer(&waiters, &fake.waiter, ends[0]);
    park(&fake);
    assert_int_equal(write(ends[1], "x", 1), 1); /* another request is no end */
    pause_ms(30);
    assert_int_equal(atomic_load(&fake.resumed), 0);
    assert_false(sl_waiters_peer_is_gone(&waiters, &fake.waiter));
    close(ends[1]);
    assert_true(is_resumed(&fake, 1));
    assert_int_equal(sl_waiters_take(&waiters, &fake.waiter), SL_DUE_GONE);
    assert_true(sl_waiters_peer_is_gone(&waiters, &fake.waiter));
    assert_false(sl_waiters_park(&waiters, &fake.waiter));
    sl_waiters_remove(&waiters, &fake.waiter);
    close(ends[0]);
}

TEST_WITH(tells_status_each_second_and_changes_of_clients, setup, teardown)
{
    struct fake fake;

    add(&fake, SL_DUE_STATUS | SL_DUE_CLIENTS, 0, -1);
    fixture_fill(&fixture, 1, 1);
    park(&fake);
    assert_true(is_resumed(&fake, 1));
    pause_ms(700);
    assert_true(atomic_load(&prepared) & SL_DUE_CLIENTS);
    assert_true(atomic_load(&prepared) & SL_DUE_STATUS);
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(tells_that_a_client_came_without_a_message, setup, teardown)
{
    struct sl_event event = {.kind = SL_RECORD_OPENED, .exchange.client = 1};
    struct fake fake;

    add(&fake, SL_DUE_CLIENTS, 0, -1);
    park(&fake);
    pause_ms(100);
    atomic_store(&prepared, 0);
    sl_journal_append(fixture.journal, &event, 1);
    assert_true(is_resumed(&fake, 1));
    assert_true(atomic_load(&prepared) & SL_DUE_CLIENTS);
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(waiter_sleeps_while_nothing_happens, setup, teardown)
{
    struct fake fake;
    int before;

    add(&fake, SL_DUE_MESSAGES, 0, -1);
    fixture_fill(&fixture, 1, 1);
    park(&fake);
    pause_ms(150);
    before = atomic_load(&swept);
    pause_ms(300);
    assert_int_equal(atomic_load(&swept), before);
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(steady_traffic_wakes_a_waiter_once_a_tick, setup, teardown)
{
    struct fake fake;
    int rounds = 0;
    int64_t until_ns = sl_clock_mono_ns() + 500 * SL_NS_PER_MS;

    add(&fake, SL_DUE_MESSAGES, 0, -1);
    while (sl_clock_mono_ns() < until_ns) {
        fixture_fill(&fixture, 1, 1);
        if (atomic_load(&fake.suspended) == atomic_load(&fake.resumed)) {
            sl_waiters_take(&waiters, &fake.waiter);
            rounds += sl_waiters_park(&waiters, &fake.waiter);
        }
    }
    assert_in_range(rounds, 2, 23); /* 500 ms in ticks of 25 ms */
    sl_waiters_stop_waiting(&waiters);
    sl_waiters_remove(&waiters, &fake.waiter);
}

TEST_WITH(counts_who_takes_turns, setup, teardown)
{
    struct fake one, two;

    add(&one, SL_DUE_MESSAGES, 0, -1);
    add(&two, SL_DUE_MESSAGES, 0, -1);
    assert_int_equal(waiters.busy, 0);
    sl_waiters_yield(&waiters, &one.waiter);
    sl_waiters_yield(&waiters, &one.waiter);
    sl_waiters_mark_busy(&waiters, &two.waiter);
    assert_int_equal(waiters.busy, 2);
    park(&one);
    assert_int_equal(waiters.busy, 1);
    sl_waiters_remove(&waiters, &one.waiter);
    sl_waiters_remove(&waiters, &two.waiter);
    assert_int_equal(waiters.busy, 0);
}

static int resumed_among(struct fake *fakes, size_t count)
{
    int sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += atomic_load(&fakes[i].resumed);
    return sum;
}

/* Also those that no waiters knows, as requests that only yield. */
TEST_WITH(resumes_so_many_at_a_time_in_their_order, setup, teardown)
{
    enum { COUNT = SL_TURNS_AT_ONCE + 10 };
    static struct fake fakes[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        fakes[i] = (struct fake){.waiter = {.fd = -1, .connection = &fakes[i]}};
        if (i % 2)
            sl_waiters_add(&waiters, &fakes[i].waiter);
        sl_waiters_yield(&waiters, &fakes[i].waiter);
    }
    assert_int_equal(resumed_among(fakes, SL_TURNS_AT_ONCE), SL_TURNS_AT_ONCE);
    assert_int_equal(resumed_among(fakes, COUNT), SL_TURNS_AT_ONCE);

    sl_waiters_begin_turn(&waiters, &fakes[5].waiter);
    assert_int_equal(atomic_load(&fakes[SL_TURNS_AT_ONCE].resumed), 1);
    sl_waiters_begin_turn(&waiters, &fakes[5].waiter); /* it has none to end */
    assert_int_equal(resumed_among(fakes, COUNT), SL_TURNS_AT_ONCE + 1);

    sl_waiters_remove(&waiters, &fakes[6].waiter); /* served, or closed: its turn ends too */
    assert_int_equal(atomic_load(&fakes[SL_TURNS_AT_ONCE + 1].resumed), 1);
    sl_waiters_remove(&waiters, &fakes[SL_TURNS_AT_ONCE + 3].waiter); /* while it is in the queue */
    sl_waiters_yield(&waiters, &fakes[5].waiter);                     /* behind all others */
    sl_waiters_stop_waiting(&waiters);
    assert_int_equal(atomic_load(&fakes[SL_TURNS_AT_ONCE + 3].resumed), 0);
    assert_int_equal(atomic_load(&fakes[5].resumed), 2);
    assert_int_equal(resumed_among(fakes, COUNT), COUNT - 1 + 1);
    for (size_t i = 0; i < COUNT; i++)
        sl_waiters_remove(&waiters, &fakes[i].waiter);
    assert_int_equal(waiters.turns, 0);
}

TEST_WITH(no_waiter_parks_while_stopping, setup, teardown)
{
    struct fake parked, late;

    add(&parked, SL_DUE_MESSAGES, 0, -1);
    park(&parked);
    sl_waiters_stop_waiting(&waiters);
    assert_int_equal(atomic_load(&parked.resumed), 1);
    assert_true(sl_waiters_take(&waiters, &parked.waiter) & SL_DUE_STOP);
    assert_false(sl_waiters_park(&waiters, &parked.waiter));
    add(&late, 0, 0, -1);
    assert_false(sl_waiters_park(&waiters, &late.waiter));
    sl_waiters_remove(&waiters, &parked.waiter);
    sl_waiters_remove(&waiters, &late.waiter);
}
