#include "unit.h"

#include <pthread.h>

#include "failing_memory.h"
#include "net/limits.h"

static struct sl_address ipv4(uint32_t host, uint16_t port)
{
    return (struct sl_address){
        .family = AF_INET,
        .port = port,
        .ip = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
}

static struct sl_address ipv6(uint8_t network, uint8_t host)
{
    return (struct sl_address){
        .family = AF_INET6, .port = 5, .ip = {0x20, 0x01, 0x0d, 0xb8, [7] = network, [15] = host}};
}

static const struct sl_address unix_peer = {.family = AF_UNIX};

static void assert_admits(struct sl_limits *limits, struct sl_address peer,
                          enum sl_admission expected)
{
    assert_int_equal(sl_limits_admit(limits, &peer), expected);
}

static void release(struct sl_limits *limits, struct sl_address peer)
{
    sl_limits_release(limits, &peer);
}

TEST(all_together_have_a_limit)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 3, 0), 0);
    assert_admits(&limits, ipv4(1, 1), SL_ADMITTED);
    assert_admits(&limits, ipv4(1, 2), SL_ADMITTED);
    assert_admits(&limits, unix_peer, SL_ADMITTED);
    assert_admits(&limits, ipv4(2, 1), SL_TOO_MANY);
    assert_admits(&limits, unix_peer, SL_TOO_MANY);
    release(&limits, unix_peer);
    assert_admits(&limits, ipv4(2, 1), SL_ADMITTED);
    assert_admits(&limits, ipv4(2, 2), SL_TOO_MANY);
    sl_limits_deinit(&limits);
}

TEST(each_address_has_a_limit)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 1000, 2), 0);
    for (uint32_t host = 1; host <= 3; host++) {
        assert_admits(&limits, ipv4(host, 1), SL_ADMITTED);
        assert_admits(&limits, ipv4(host, 2), SL_ADMITTED);
        assert_admits(&limits, ipv4(host, 3), SL_TOO_MANY_FROM_ADDRESS);
    }
    release(&limits, ipv4(2, 1));
    assert_admits(&limits, ipv4(1, 3), SL_TOO_MANY_FROM_ADDRESS);
    assert_admits(&limits, ipv4(2, 3), SL_ADMITTED);
    assert_admits(&limits, ipv4(2, 4), SL_TOO_MANY_FROM_ADDRESS);
    sl_limits_deinit(&limits);
}

TEST(refused_peer_is_not_counted)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 2, 1), 0);
    assert_admits(&limits, ipv4(1, 1), SL_ADMITTED);
    for (int i = 0; i < 5; i++)
        assert_admits(&limits, ipv4(1, 2), SL_TOO_MANY_FROM_ADDRESS);
    assert_admits(&limits, ipv4(2, 1), SL_ADMITTED);
    for (int i = 0; i < 5; i++)
        assert_admits(&limits, ipv4(3, 1), SL_TOO_MANY);
    release(&limits, ipv4(1, 1));
    assert_admits(&limits, ipv4(3, 1), SL_ADMITTED);
    sl_limits_deinit(&limits);
}

TEST(a_network_of_ipv6_counts_as_one)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 1000, 2), 0);
    assert_admits(&limits, ipv6(1, 1), SL_ADMITTED);
    assert_admits(&limits, ipv6(1, 2), SL_ADMITTED);
    assert_admits(&limits, ipv6(1, 3), SL_TOO_MANY_FROM_ADDRESS);
    assert_admits(&limits, ipv6(2, 1), SL_ADMITTED);
    release(&limits, ipv6(1, 2));
    assert_admits(&limits, ipv6(1, 3), SL_ADMITTED);
    sl_limits_deinit(&limits);
}

TEST(unix_peers_have_no_address)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 10, 1), 0);
    for (int i = 0; i < 10; i++)
        assert_admits(&limits, unix_peer, SL_ADMITTED);
    assert_admits(&limits, unix_peer, SL_TOO_MANY);
    sl_limits_deinit(&limits);
}

TEST(thousands_of_addresses_are_counted_exactly)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 100000, 3), 0);
    for (int round = 0; round < 3; round++) {
        for (uint32_t host = 0; host < 5000; host++)
            assert_admits(&limits, ipv4(host, 1), SL_ADMITTED);
    }
    for (uint32_t host = 0; host < 5000; host++)
        assert_admits(&limits, ipv4(host, 1), SL_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(limits.total, 15000);
    for (int round = 0; round < 3; round++) {
        for (uint32_t host = 0; host < 5000; host++)
            release(&limits, ipv4(host, 1));
    }
    assert_int_equal(limits.total, 0);
    assert_int_equal(limits.entry_count, 0); /* nobody is remembered for ever */
    sl_limits_deinit(&limits);
}

/* Whoever was let in without a limit counts once there is one. */
TEST(changed_limits_apply)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 1000, 0), 0);
    for (uint16_t port = 1; port <= 5; port++)
        assert_admits(&limits, ipv4(1, port), SL_ADMITTED);
    sl_limits_adjust(&limits, 1000, 3);
    assert_admits(&limits, ipv4(1, 6), SL_TOO_MANY_FROM_ADDRESS);
    assert_admits(&limits, ipv4(2, 1), SL_ADMITTED);
    for (uint16_t port = 1; port <= 3; port++)
        release(&limits, ipv4(1, port));
    assert_admits(&limits, ipv4(1, 6), SL_ADMITTED);
    assert_admits(&limits, ipv4(1, 7), SL_TOO_MANY_FROM_ADDRESS);
    sl_limits_adjust(&limits, 2, 0);
    assert_admits(&limits, ipv4(3, 1), SL_TOO_MANY);
    sl_limits_adjust(&limits, 5, 0);
    assert_admits(&limits, ipv4(1, 7), SL_ADMITTED);
    sl_limits_deinit(&limits);
}

TEST(short_memory_locks_nobody_out)
{
    struct sl_limits limits;
    assert_int_equal(sl_limits_init(&limits, 4, 1), 0);
    allow_allocations(0);
    assert_admits(&limits, ipv4(1, 1), SL_ADMITTED);
    assert_admits(&limits, ipv4(1, 2), SL_ADMITTED);
    allow_allocations(-1);
    assert_admits(&limits, ipv4(1, 3), SL_ADMITTED);
    assert_admits(&limits, ipv4(1, 4), SL_TOO_MANY_FROM_ADDRESS);
    for (uint16_t port = 1; port <= 3; port++)
        release(&limits, ipv4(1, port));
    assert_int_equal(limits.total, 0);
    assert_int_equal(limits.entry_count, 0);
    sl_limits_deinit(&limits);
}

#define THREADS 4

static void *admit_and_release(void *argument)
{
    struct sl_limits *limits = argument;
    for (int i = 0; i < 20000; i++) {
        struct sl_address peer = ipv4((uint32_t)i % 100, 1);
        if (sl_limits_admit(limits, &peer) == SL_ADMITTED)
            sl_limits_release(limits, &peer);
    }
    return NULL;
}

TEST(workers_share_the_limits)
{
    struct sl_limits limits;
    pthread_t threads[THREADS];
    assert_int_equal(sl_limits_init(&limits, 3, 1), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, admit_and_release, &limits), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(limits.total, 0);
    assert_int_equal(limits.entry_count, 0);
    sl_limits_deinit(&limits);
}
