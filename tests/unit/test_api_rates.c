#include "api_fixture.h"

#include "api/rates.h"

static struct fixture fixture;
static struct sl_rates rates;
static struct sl_client *client;

static int setup(void **state)
{
    struct sl_shard *shard;
    struct sl_time now = {.wall_ns = 1};

    (void)state;
    fixture = fixture_new();
    shard = sl_registry_shard(fixture.registry, 0);
    sl_rates_init(&rates);
    sl_shard_lock(shard);
    client = sl_shard_open(shard, 0, &SL_ADDRESS_NONE, &SL_ADDRESS_NONE, -1, &now);
    sl_shard_unlock(shard);
    assert_non_null(client);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_rates_deinit(&rates);
    fixture_free(&fixture);
    return 0;
}

static void count(uint64_t messages)
{
    struct sl_shard *shard = sl_registry_shard(fixture.registry, 0);
    struct sl_counters delta = {.received_messages = messages,
                                .received_bytes = 10 * messages,
                                .sent_bytes = messages,
                                .refused = messages,
                                .unanswered = 2 * messages};
    struct sl_time now = {.wall_ns = 2};

    sl_shard_lock(shard);
    sl_shard_count(shard, client, &delta, &now);
    sl_shard_unlock(shard);
}

static void assert_rates(const char *expected)
{
    struct sl_buffer out = SL_BUFFER_INIT;
    struct sl_json json;

    sl_json_init(&json, &out);
    sl_rates_json(&rates, fixture.registry, &json);
    assert_false(json.failed);
    sl_buffer_append(&out, "", 1);
    assert_string_equal((const char *)out.data, expected);
    sl_buffer_deinit(&out);
}

static int64_t sample(double at_s)
{
    return sl_rates_sample(&rates, fixture.registry, (int64_t)(at_s * 1000) * SL_NS_PER_MS);
}

TEST_WITH(rates_have_one_value_a_second, setup, teardown)
{
    count(5); /* before the first look: belongs to no second */
    assert_int_equal(sample(1000.25), 750 * SL_NS_PER_MS);
    count(3);
    sample(1000.75);
    sample(1001);
    count(4);
    sample(1002.5);
    assert_rates(
        "{\"step_s\":1,\"end\":\"1970-01-01T00:16:42.000000Z\",\"services\":[{\"service\":"
        "\"udp-upper\",\"messages\":[3,4],\"received_bytes\":[30,40],\"sent_bytes\":[3,4],"
        "\"refused\":[3,4],"
        "\"unanswered\":[6,8]}]}");
}

TEST_WITH(traffic_between_two_reads_is_spread_over_its_seconds, setup, teardown)
{
    sample(1000);
    count(7);
    sample(1003);
    assert_rates(
        "{\"step_s\":1,\"end\":\"1970-01-01T00:16:43.000000Z\",\"services\":[{\"service\":"
        "\"udp-upper\",\"messages\":[3,2,2],\"received_bytes\":[24,23,23],\"sent_bytes\":[3,2,2],"
        "\"refused\":[3,2,2],"
        "\"unanswered\":[5,5,4]}]}");
}

TEST_WITH(rates_restart_when_the_clock_jumps, setup, teardown)
{
    sample(1000);
    count(7);
    sample(1001);
    sample(999);
    count(1);
    sample(1000);
    assert_rates(
        "{\"step_s\":1,\"end\":\"1970-01-01T00:16:40.000000Z\",\"services\":[{\"service\":"
        "\"udp-upper\",\"messages\":[1],\"received_bytes\":[10],\"sent_bytes\":[1],\"refused\":[1],"
        "\"unanswered\":[2]}]}");
}

TEST_WITH(rates_cover_fifteen_minutes, setup, teardown)
{
    for (int i = 0; i <= 1000; i++)
        sample(1000 + i);
    count(2);
    sample(2001);
    assert_int_equal(rates.seconds, 1001);
    assert_int_equal(rates.ring[SL_UDP_UPPER][1000 % SL_RATES_SECONDS].received_messages, 2);
}
