#include "unit.h"

#include "httpd/guesses.h"

#define START (1000 * SL_NS_PER_S)

static struct sl_address ipv4(uint8_t host, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {10, 0, 0, host}};
}

static struct sl_address loopback(void)
{
    return (struct sl_address){.family = AF_INET, .port = 5, .ip = {127, 0, 0, 1}};
}

static int64_t take(struct sl_guesses *guesses, struct sl_address peer, int64_t now_ns)
{
    return sl_guesses_take(guesses, &peer, now_ns);
}

static void take_burst(struct sl_guesses *guesses, struct sl_address peer)
{
    for (unsigned i = 0; i < SL_GUESSES_PER_S; i++)
        assert_int_equal(take(guesses, peer, START), 0);
}

/* Also from this machine: a proxy on it has everybody's requests. */
TEST(answers_come_at_a_steady_rate)
{
    struct sl_guesses guesses;

    assert_int_equal(sl_guesses_init(&guesses, 1000), 0);
    take_burst(&guesses, loopback());
    for (unsigned i = 1; i <= 100; i++)
        assert_int_equal(take(&guesses, loopback(), START), i * SL_NS_PER_S / SL_GUESSES_PER_S);
    assert_int_equal(guesses.waiting, 100);
    assert_int_equal(atomic_load(&guesses.count), SL_GUESSES_PER_S + 100);
    sl_guesses_deinit(&guesses);
}

TEST(another_address_has_its_own_rate)
{
    struct sl_guesses guesses;

    assert_int_equal(sl_guesses_init(&guesses, 1000), 0);
    take_burst(&guesses, ipv4(1, 1));
    assert_true(take(&guesses, ipv4(1, 2), START) > 0);
    assert_int_equal(take(&guesses, ipv4(2, 1), START), 0);
    sl_guesses_deinit(&guesses);
}

TEST(guess_that_would_wait_too_long_is_refused)
{
    const unsigned most = SL_GUESSES_WAIT_MAX / SL_NS_PER_S * SL_GUESSES_PER_S;
    struct sl_guesses guesses;

    assert_int_equal(sl_guesses_init(&guesses, 1000), 0);
    take_burst(&guesses, ipv4(1, 1));
    for (unsigned i = 0; i < most; i++)
        assert_true(take(&guesses, ipv4(1, 1), START) > 0);
    assert_int_equal(take(&guesses, ipv4(1, 1), START), -1);
    assert_int_equal(guesses.waiting, most);
    assert_true(take(&guesses, ipv4(1, 1), START + SL_NS_PER_S) > 0);
    sl_guesses_deinit(&guesses);
}

TEST(waiting_guesses_are_limited)
{
    struct sl_guesses guesses;

    assert_int_equal(sl_guesses_init(&guesses, 2), 0);
    take_burst(&guesses, ipv4(1, 1));
    take_burst(&guesses, ipv4(2, 1));
    assert_true(take(&guesses, ipv4(1, 1), START) > 0);
    assert_true(take(&guesses, ipv4(2, 1), START) > 0);
    assert_int_equal(take(&guesses, ipv4(2, 1), START), -1);
    assert_int_equal(take(&guesses, ipv4(3, 1), START), 0);
    sl_guesses_release(&guesses);
    assert_true(take(&guesses, ipv4(2, 1), START) > 0);
    sl_guesses_deinit(&guesses);
}
