#include "unit.h"

#include "socklens/clock.h"
#include "socklens/rate_limit.h"

#define START (1000 * SL_NS_PER_S)

static struct sl_address ipv4(uint32_t host, uint16_t port)
{
    return (struct sl_address){
        .family = AF_INET,
        .port = port,
        .ip = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
}

static struct sl_address ipv6(uint8_t network, uint8_t host)
{
    return (struct sl_address){.family = AF_INET6,
                               .ip = {0x20, 0x01, 0x0d, 0xb8, [7] = network, [15] = host}};
}

/* How many of `count` datagrams at that moment are admitted. */
static unsigned admitted(struct sl_rate_limit *rate, struct sl_address peer, int64_t now,
                         unsigned count)
{
    unsigned result = 0;
    for (unsigned i = 0; i < count; i++)
        result += sl_rate_limit_admit(rate, &peer, now);
    return result;
}

TEST(a_second_of_them_may_come_at_once)
{
    static const uint64_t rates[] = {1, 2, 3, 7, 10, 1000, 10000};
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct sl_rate_limit rate;
        assert_int_equal(sl_rate_limit_init(&rate, rates[i]), 0);
        assert_int_equal(admitted(&rate, ipv4(1, 5), START, 30000), rates[i]);
        assert_int_equal(admitted(&rate, ipv4(1, 5), START, 1), 0);
        sl_rate_limit_deinit(&rate);
    }
}

TEST(after_the_burst_the_rate_admits)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 100), 0);
    assert_int_equal(admitted(&rate, ipv4(1, 5), START, 1000), 100);
    /* One every 10 ms, however hard one tries meanwhile. */
    for (int64_t ms = 1; ms <= 500; ms++)
        assert_int_equal(admitted(&rate, ipv4(1, 5), START + ms * SL_NS_PER_MS, 10), ms % 10 == 0);
    assert_int_equal(admitted(&rate, ipv4(1, 5), START + 750 * SL_NS_PER_MS, 1000), 25);
    assert_int_equal(admitted(&rate, ipv4(1, 5), START + 60 * SL_NS_PER_S, 1000), 100);
    sl_rate_limit_deinit(&rate);
}

TEST(a_steady_sender_below_the_rate_is_never_refused)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 1000), 0);
    for (int64_t ms = 0; ms < 20000; ms++)
        assert_int_equal(admitted(&rate, ipv4(1, 5), START + ms * SL_NS_PER_MS, 1), 1);
    sl_rate_limit_deinit(&rate);
}

TEST(each_address_has_its_own_rate)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 5), 0);
    for (uint32_t host = 0; host < 200; host++) {
        assert_int_equal(admitted(&rate, ipv4(host, 5), START, 3), 3);
        /* From another port it is the same address. */
        assert_int_equal(admitted(&rate, ipv4(host, 6), START, 10), 2);
    }
    sl_rate_limit_deinit(&rate);
}

TEST(a_network_of_ipv6_is_one_address)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 5), 0);
    assert_int_equal(admitted(&rate, ipv6(1, 1), START, 3), 3);
    assert_int_equal(admitted(&rate, ipv6(1, 2), START, 10), 2);
    assert_int_equal(admitted(&rate, ipv6(2, 1), START, 10), 5);
    sl_rate_limit_deinit(&rate);
}

TEST(loopback_has_no_limit)
{
    struct sl_address one = {.family = AF_INET, .ip = {127, 0, 0, 1}};
    struct sl_address other = {.family = AF_INET, .ip = {127, 9, 9, 9}};
    struct sl_address six = {.family = AF_INET6, .ip = {[15] = 1}};
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 1), 0);
    assert_int_equal(admitted(&rate, one, START, 100), 100);
    assert_int_equal(admitted(&rate, other, START, 100), 100);
    assert_int_equal(admitted(&rate, six, START, 100), 100);
    sl_rate_limit_deinit(&rate);
}

TEST(without_a_limit_all_are_admitted)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, 0), 0);
    assert_int_equal(admitted(&rate, ipv4(1, 5), START, 100000), 100000);
    sl_rate_limit_deinit(&rate);
}

TEST(rates_beyond_the_clock_are_no_limit_in_practice)
{
    struct sl_rate_limit rate;
    assert_int_equal(sl_rate_limit_init(&rate, UINT64_C(50) * 1000 * 1000 * 1000), 0);
    assert_int_equal(admitted(&rate, ipv4(1, 5), START, 100000), 100000);
    sl_rate_limit_deinit(&rate);
}

/* Memory is fixed: among too many, those whose buckets are fullest are forgotten first. */
TEST(address_at_its_limit_is_remembered_longest)
{
    struct sl_rate_limit rate;
    unsigned forgotten = 0;
    assert_int_equal(sl_rate_limit_init(&rate, 10), 0);
    for (uint32_t host = 0; host < 1000; host++)
        assert_int_equal(admitted(&rate, ipv4(host, 5), START, 20), 10);
    for (uint32_t host = 1000; host < 100000; host++)
        assert_int_equal(admitted(&rate, ipv4(host, 5), START, 1), 1);
    for (uint32_t host = 0; host < 1000; host++)
        forgotten += admitted(&rate, ipv4(host, 5), START, 1);
    assert_in_range(forgotten, 0, 10);
    sl_rate_limit_deinit(&rate);
}

/* As many as it has places for find one, but for a few that share a set with too many others. */
TEST(most_of_its_memory_is_used)
{
    struct sl_rate_limit rate;
    unsigned forgotten = 0;
    assert_int_equal(sl_rate_limit_init(&rate, 1), 0);
    for (uint32_t host = 0; host < 8192; host++)
        assert_int_equal(admitted(&rate, ipv4(host, 5), START, 1), 1);
    for (uint32_t host = 0; host < 8192; host++)
        forgotten += admitted(&rate, ipv4(host, 5), START, 1);
    assert_in_range(forgotten, 0, 8192 / 5);
    sl_rate_limit_deinit(&rate);
}
