#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "failing_memory.h"
#include "socklens/registry.h"

#define UDP_LISTENER 0
#define TCP_LISTENER 1

static const struct sl_time at_start = {.wall_ns = 1000 * SL_NS_PER_S, .mono_ns = 5 * SL_NS_PER_S};

static struct sl_time after_ms(int64_t ms)
{
    return (struct sl_time){.wall_ns = at_start.wall_ns + ms * SL_NS_PER_MS,
                            .mono_ns = at_start.mono_ns + ms * SL_NS_PER_MS};
}

static struct sl_address ipv4(uint8_t last, uint16_t port)
{
    return (struct sl_address){.family = AF_INET, .port = port, .ip = {127, 0, 0, last}};
}

static struct sl_registry *new_registry(size_t shards)
{
    struct sl_registry_options options = {.shards = shards, .closed_max = 100, .first_client = 1};
    struct sl_registry *registry = sl_registry_new(&options);
    struct sl_listener_info udp = {
        .service = SL_UDP_UPPER, .transport = SL_UDP, .name = "127.0.0.1:12000"};
    struct sl_listener_info tcp = {
        .service = SL_TCP_CHAT, .transport = SL_TCP, .name = "127.0.0.1:1060"};
    assert_int_equal(sl_registry_add_listener(registry, &udp), UDP_LISTENER);
    assert_int_equal(sl_registry_add_listener(registry, &tcp), TCP_LISTENER);
    return registry;
}

static struct sl_client *open_at(struct sl_shard *shard, uint16_t listener, struct sl_address peer,
                                 struct sl_time now)
{
    struct sl_address local = ipv4(1, 12000);
    return sl_shard_open(shard, listener, &peer, &local, -1, &now);
}

static struct sl_client *open_udp(struct sl_shard *shard, uint16_t port)
{
    return open_at(shard, UDP_LISTENER, ipv4(9, port), at_start);
}

static struct sl_client *find_udp(struct sl_shard *shard, uint16_t port)
{
    struct sl_address peer = ipv4(9, port), local = ipv4(1, 12000);
    return sl_shard_find(shard, UDP_LISTENER, &peer, &local, false);
}

static void close_client(struct sl_shard *shard, struct sl_client *client)
{
    struct sl_closing closing;
    sl_shard_close(shard, client, SL_BY_SERVER, SL_CLOSE_FORGOTTEN, &at_start, &closing);
}

TEST(ids_are_unique_over_all_shards)
{
    struct sl_registry_options options = {.shards = 3, .closed_max = 1, .first_client = 500};
    struct sl_registry *registry = sl_registry_new(&options);
    struct sl_listener_info info = {.transport = SL_UDP};
    sl_registry_add_listener(registry, &info);
    for (uint64_t i = 0; i < 30; i++) {
        struct sl_shard *shard = sl_registry_shard(registry, i % 3);
        struct sl_client *client = open_udp(shard, (uint16_t)i);
        assert_int_equal(sl_client_id(client), 500 + i);
        if (i % 2)
            close_client(shard, client);
    }
    sl_registry_free(registry);
    sl_registry_free(NULL);
}

TEST(a_client_is_what_it_was_opened_as)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_address peer = ipv4(2, 1600), local = ipv4(1, 1060);
    struct sl_client *client = sl_shard_open(shard, TCP_LISTENER, &peer, &local, 77, &at_start);
    assert_int_equal(sl_client_listener(client), TCP_LISTENER);
    assert_true(sl_address_equal(sl_client_peer(client), &peer));
    assert_true(sl_address_equal(sl_client_local(client), &local));
    assert_int_equal(sl_client_last_seen_mono_ns(client), at_start.mono_ns);
    assert_null(sl_client_user(client));
    sl_client_set_user(client, &peer);
    assert_ptr_equal(sl_client_user(client), &peer);
    assert_int_equal(sl_shard_open_count(shard), 1);
    close_client(shard, client);
    assert_int_equal(sl_shard_open_count(shard), 0);
    /* Its place is used again: nothing of it may show in the next. */
    client = open_udp(shard, 1);
    assert_null(sl_client_user(client));
    sl_registry_free(registry);
}

TEST(clients_are_found_by_id_until_they_close)
{
    struct sl_registry *registry = new_registry(2);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    assert_null(sl_shard_find_id(shard, 1));
    struct sl_client *udp = open_udp(shard, 1);
    struct sl_client *tcp = open_at(shard, TCP_LISTENER, ipv4(9, 1), at_start);
    assert_ptr_equal(sl_shard_find_id(shard, 1), udp);
    assert_ptr_equal(sl_shard_find_id(shard, 2), tcp);
    assert_null(sl_shard_find_id(shard, 0));
    assert_null(sl_shard_find_id(shard, 3));
    assert_null(sl_shard_find_id(sl_registry_shard(registry, 1), 1));
    close_client(shard, udp);
    assert_null(sl_shard_find_id(shard, 1));
    assert_ptr_equal(sl_shard_find_id(shard, 2), tcp);
    sl_registry_free(registry);
}

/* Each differs from the first in one thing. */
TEST(udp_clients_are_kept_apart_by_every_part_of_their_addresses)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_listener_info second = {.transport = SL_UDP};
    uint16_t listener = (uint16_t)sl_registry_add_listener(registry, &second);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_address linklocal = {
        .family = AF_INET6, .port = 5, .scope_id = 1, .ip = {0xfe, 0x80}};
    struct sl_address elsewhere = linklocal;
    elsewhere.scope_id = 2;
    struct key {
        uint16_t listener;
        struct sl_address peer, local;
    } keys[] = {
        {UDP_LISTENER, ipv4(9, 5), ipv4(1, 12000)}, {listener, ipv4(9, 5), ipv4(1, 12000)},
        {UDP_LISTENER, ipv4(8, 5), ipv4(1, 12000)}, {UDP_LISTENER, ipv4(9, 6), ipv4(1, 12000)},
        {UDP_LISTENER, ipv4(9, 5), ipv4(2, 12000)}, {UDP_LISTENER, ipv4(9, 5), ipv4(1, 12001)},
        {UDP_LISTENER, linklocal, ipv4(1, 12000)},  {UDP_LISTENER, elsewhere, ipv4(1, 12000)},
        {UDP_LISTENER, ipv4(1, 12000), ipv4(9, 5)}, /* the first, turned round */
    };
    struct sl_client *clients[COUNT_OF(keys)];
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *key = &keys[i];
        assert_null(sl_shard_find(shard, key->listener, &key->peer, &key->local, false));
        clients[i] = sl_shard_open(shard, key->listener, &key->peer, &key->local, -1, &at_start);
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *key = &keys[i];
        assert_ptr_equal(sl_shard_find(shard, key->listener, &key->peer, &key->local, false),
                         clients[i]);
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *key = &keys[i];
        close_client(shard, clients[i]);
        assert_null(sl_shard_find(shard, key->listener, &key->peer, &key->local, false));
    }
    sl_registry_free(registry);
}

TEST(a_test_of_the_gateway_is_a_client_of_its_own)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_address peer = ipv4(9, 5), other = ipv4(9, 6), local = ipv4(1, 12000);
    assert_false(sl_registry_take_test(registry, &peer));
    sl_registry_expect_test(registry, &peer);
    assert_false(sl_registry_take_test(registry, &other));
    assert_true(sl_registry_take_test(registry, &peer));
    assert_false(sl_registry_take_test(registry, &peer)); /* one datagram */

    struct sl_client *program = open_udp(shard, 5);
    assert_null(sl_shard_find(shard, UDP_LISTENER, &peer, &local, true));
    struct sl_client *test = open_udp(shard, 5);
    sl_client_mark_test(test);
    assert_ptr_equal(sl_shard_find(shard, UDP_LISTENER, &peer, &local, true), test);
    assert_ptr_equal(sl_shard_find(shard, UDP_LISTENER, &peer, &local, false), program);
    struct sl_client_view view;
    assert_true(sl_registry_get(registry, sl_client_id(test), &view));
    assert_true(view.test);
    uint64_t id = sl_client_id(test);
    close_client(shard, test);
    assert_true(sl_registry_get(registry, id, &view));
    assert_true(view.test && !view.open);
    assert_true(sl_registry_get(registry, sl_client_id(program), &view));
    assert_false(view.test);

    for (uint16_t port = 1; port <= 1000; port++) { /* the oldest give way */
        struct sl_address from = ipv4(8, port);
        sl_registry_expect_test(registry, &from);
    }
    struct sl_address oldest = ipv4(8, 1), newest = ipv4(8, 1000);
    assert_false(sl_registry_take_test(registry, &oldest));
    assert_true(sl_registry_take_test(registry, &newest));
    sl_registry_free(registry);
}

TEST(connections_are_not_found_by_address)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_address peer = ipv4(9, 1), local = ipv4(1, 12000);
    open_at(shard, TCP_LISTENER, peer, at_start);
    assert_null(sl_shard_find(shard, TCP_LISTENER, &peer, &local, false));
    struct sl_client *udp = open_udp(shard, 1);
    assert_ptr_equal(find_udp(shard, 1), udp);
    sl_registry_free(registry);
}

TEST(counting_adds_to_client_and_listener)
{
    struct sl_registry *registry = new_registry(2);
    struct sl_shard *first = sl_registry_shard(registry, 0);
    struct sl_shard *second = sl_registry_shard(registry, 1);
    struct sl_client *a = open_udp(first, 1), *b = open_udp(second, 2);
    struct sl_counters delta = {.received_messages = 1,
                                .received_bytes = 20,
                                .sent_messages = 300,
                                .sent_bytes = 4000,
                                .refused = 50000};
    struct sl_time later = after_ms(7);
    sl_shard_count(first, a, &delta, &later);
    sl_shard_count(first, a, &delta, &later);
    sl_shard_count(second, b, &delta, &later);
    sl_shard_listener(second, UDP_LISTENER)->kernel_drops += 3;
    sl_shard_listener(first, UDP_LISTENER)->connections += 4;
    sl_shard_listener(first, UDP_LISTENER)->rejected_connections += 5;
    assert_int_equal(sl_client_last_seen_mono_ns(a), later.mono_ns);

    struct sl_client_view view;
    assert_true(sl_registry_get(registry, sl_client_id(a), &view));
    assert_int_equal(view.counters.received_messages, 2);
    assert_int_equal(view.counters.received_bytes, 40);
    assert_int_equal(view.counters.sent_messages, 600);
    assert_int_equal(view.counters.sent_bytes, 8000);
    assert_int_equal(view.counters.refused, 100000);
    struct sl_listener_counters counters;
    close_client(first, a);
    sl_registry_listener_counters(registry, UDP_LISTENER, &counters);
    assert_int_equal(counters.traffic.received_messages, 3);
    assert_int_equal(counters.traffic.received_bytes, 60);
    assert_int_equal(counters.traffic.sent_messages, 900);
    assert_int_equal(counters.traffic.sent_bytes, 12000);
    assert_int_equal(counters.traffic.refused, 150000);
    assert_int_equal(counters.kernel_drops, 3);
    assert_int_equal(counters.connections, 4);
    assert_int_equal(counters.rejected_connections, 5);
    assert_int_equal(counters.open_clients, 1);
    sl_registry_listener_counters(registry, TCP_LISTENER, &counters);
    assert_int_equal(counters.traffic.received_messages + counters.open_clients, 0);
    sl_registry_free(registry);
}

static void assert_order(const struct sl_shard *shard, const uint64_t *ids, size_t count)
{
    const struct sl_client *client = sl_shard_oldest(shard);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(client);
        assert_int_equal(sl_client_id(client), ids[i]);
        client = sl_shard_newer(shard, client);
    }
    assert_null(client);
}

TEST(the_order_is_by_last_sight)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_counters delta = {.received_messages = 1};
    struct sl_time later = after_ms(1);
    assert_null(sl_shard_oldest(shard));
    for (uint16_t port = 1; port <= 4; port++)
        open_udp(shard, port);
    assert_order(shard, (uint64_t[]){1, 2, 3, 4}, 4);
    sl_shard_count(shard, find_udp(shard, 1), &delta, &later);
    assert_order(shard, (uint64_t[]){2, 3, 4, 1}, 4);
    sl_shard_count(shard, find_udp(shard, 1), &delta, &later);
    assert_order(shard, (uint64_t[]){2, 3, 4, 1}, 4);
    sl_shard_count(shard, find_udp(shard, 3), &delta, &later);
    assert_order(shard, (uint64_t[]){2, 4, 1, 3}, 4);
    close_client(shard, find_udp(shard, 4));
    assert_order(shard, (uint64_t[]){2, 1, 3}, 3);
    close_client(shard, find_udp(shard, 3));
    assert_order(shard, (uint64_t[]){2, 1}, 2);
    close_client(shard, find_udp(shard, 2));
    open_udp(shard, 5);
    assert_order(shard, (uint64_t[]){1, 5}, 2);
    close_client(shard, find_udp(shard, 1));
    close_client(shard, find_udp(shard, 5));
    assert_null(sl_shard_oldest(shard));
    sl_registry_free(registry);
}

TEST(closing_says_how_it_was)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    struct sl_client *client = open_udp(shard, 1);
    struct sl_counters delta = {.received_messages = 3, .refused = 1};
    struct sl_time seen = after_ms(20), closed = after_ms(50);
    sl_shard_count(shard, client, &delta, &seen);
    struct sl_closing closing;
    memset(&closing, 0xff, sizeof(closing));
    sl_shard_close(shard, client, SL_BY_OPERATOR, SL_CLOSE_DISCONNECTED, &closed, &closing);
    assert_int_equal(closing.closed_by, SL_BY_OPERATOR);
    assert_int_equal(closing.reason, SL_CLOSE_DISCONNECTED);
    assert_int_equal(closing.opened_at_ns, at_start.wall_ns);
    assert_int_equal(closing.last_seen_at_ns, seen.wall_ns);
    assert_int_equal(closing.counters.received_messages, 3);
    assert_int_equal(closing.counters.refused, 1);
    assert_int_equal(closing.tcp.valid, 0);

    struct sl_client_view view;
    assert_true(sl_registry_get(registry, 1, &view));
    assert_false(view.open);
    assert_int_equal(view.closed_by, SL_BY_OPERATOR);
    assert_int_equal(view.close_reason, SL_CLOSE_DISCONNECTED);
    assert_int_equal(view.closed_at_ns, closed.wall_ns);
    assert_int_equal(view.last_seen_at_ns, seen.wall_ns);
    assert_int_equal(view.service, SL_UDP_UPPER);
    assert_int_equal(view.transport, SL_UDP);
    sl_registry_free(registry);
}

#define MANY 10000u

/* Random opening and closing against a plain table of who is there. */
TEST(thousands_of_clients_come_and_go)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    uint64_t *ids = calloc(MANY, sizeof(*ids)), last_id = 0;
    uint64_t random = 3;
    size_t open = 0;
    for (uint32_t step = 0; step < 5 * MANY; step++) {
        uint16_t port = (uint16_t)(next_random(&random) % MANY);
        struct sl_client *client = find_udp(shard, port);
        assert_int_equal(client != NULL, ids[port] != 0);
        if (client && step > 3 * MANY) {
            assert_int_equal(sl_client_id(client), ids[port]);
            close_client(shard, client);
            ids[port] = 0;
            open--;
        } else if (!client) {
            client = open_udp(shard, port);
            ids[port] = sl_client_id(client);
            assert_true(ids[port] > last_id);
            last_id = ids[port];
            open++;
        }
        assert_int_equal(sl_shard_open_count(shard), open);
    }
    for (uint16_t port = 0; port < MANY; port++) {
        struct sl_client *client = find_udp(shard, port);
        assert_int_equal(client != NULL, ids[port] != 0);
        assert_ptr_equal(ids[port] ? sl_shard_find_id(shard, ids[port]) : NULL, client);
    }
    free(ids);
    sl_registry_free(registry);
}

TEST(there_are_256_listeners)
{
    struct sl_registry *registry = new_registry(1);
    assert_int_equal(sl_registry_listener_count(registry), 2);
    assert_string_equal(sl_registry_listener(registry, TCP_LISTENER)->name, "127.0.0.1:1060");
    assert_int_equal(sl_registry_listener(registry, TCP_LISTENER)->service, SL_TCP_CHAT);
    for (int i = 2; i < 256; i++) {
        struct sl_listener_info info = {.transport = SL_TCP};
        snprintf(info.name, sizeof(info.name), "listener %d", i);
        assert_int_equal(sl_registry_add_listener(registry, &info), i);
    }
    struct sl_listener_info info = {.transport = SL_TCP};
    assert_int_equal(sl_registry_add_listener(registry, &info), -ENOSPC);
    assert_int_equal(sl_registry_listener_count(registry), 256);
    assert_string_equal(sl_registry_listener(registry, 255)->name, "listener 255");
    assert_non_null(open_at(sl_registry_shard(registry, 0), 255, ipv4(9, 1), at_start));
    sl_registry_free(registry);
}

/* However few allocations work: all or nothing, and it goes on when memory is back. */
TEST(without_memory_nobody_is_let_in)
{
    for (int allowed = 0; allowed < 4; allowed++) {
        struct sl_registry *registry = new_registry(1);
        struct sl_shard *shard = sl_registry_shard(registry, 0);
        allow_callocs(allowed < 2 ? allowed : -1);
        allow_allocations(allowed < 2 ? -1 : allowed - 2);
        assert_null(open_udp(shard, 1));
        allow_callocs(-1);
        allow_allocations(-1);
        assert_int_equal(sl_shard_open_count(shard), 0);
        assert_null(sl_shard_oldest(shard));
        assert_null(find_udp(shard, 1));
        assert_non_null(open_udp(shard, 1));
        assert_non_null(open_udp(shard, 2));
        assert_ptr_equal(find_udp(shard, 1), sl_shard_oldest(shard));
        sl_registry_free(registry);
    }
}

TEST(tables_that_cannot_grow_get_slower_only)
{
    struct sl_registry *registry = new_registry(1);
    struct sl_shard *shard = sl_registry_shard(registry, 0);
    open_udp(shard, 0);
    allow_allocations(0);
    for (uint16_t port = 1; port < 2000; port++)
        assert_non_null(open_udp(shard, port));
    allow_allocations(-1);
    for (uint16_t port = 2000; port < 2100; port++)
        assert_non_null(open_udp(shard, port));
    for (uint16_t port = 0; port < 2100; port++)
        assert_int_equal(sl_client_id(find_udp(shard, port)), port + 1);
    sl_registry_free(registry);
}

TEST(no_registry_without_memory)
{
    struct sl_registry_options options = {.shards = 3, .closed_max = 10, .first_client = 1};
    for (int allowed = 0; allowed < 7; allowed++) {
        allow_callocs(allowed);
        assert_null(sl_registry_new(&options));
    }
    allow_callocs(7);
    struct sl_registry *registry = sl_registry_new(&options);
    assert_non_null(registry);
    allow_callocs(-1);
    sl_registry_free(registry);
}
