#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "socklens/registry.h"

#define SHARDS 3

static struct sl_registry *new_registry(size_t closed_max)
{
    struct sl_registry_options options = {
        .shards = SHARDS, .closed_max = closed_max, .first_client = 1};
    struct sl_registry *registry = sl_registry_new(&options);
    struct sl_listener_info info = {.transport = SL_UDP};
    assert_int_equal(sl_registry_add_listener(registry, &info), 0);
    return registry;
}

/* Returns its id. */
static uint64_t open_one(struct sl_registry *registry, size_t shard_index, uint16_t port)
{
    struct sl_shard *shard = sl_registry_shard(registry, shard_index);
    struct sl_address peer = {.family = AF_INET, .port = port, .ip = {127, 0, 0, 9}};
    struct sl_address local = {.family = AF_INET, .port = 12000, .ip = {127, 0, 0, 1}};
    struct sl_time now = sl_time_now();
    sl_shard_lock(shard);
    struct sl_client *client = sl_shard_open(shard, 0, &peer, &local, -1, &now);
    uint64_t id = sl_client_id(client);
    sl_shard_unlock(shard);
    return id;
}

static void close_one(struct sl_registry *registry, size_t shard_index, uint64_t id)
{
    struct sl_shard *shard = sl_registry_shard(registry, shard_index);
    struct sl_time now = sl_time_now();
    struct sl_closing closing;
    sl_shard_lock(shard);
    sl_shard_close(shard, sl_shard_find_id(shard, id), SL_BY_PEER, SL_CLOSE_EOF, &now, &closing);
    sl_shard_unlock(shard);
}

static void count_one(struct sl_registry *registry, size_t shard_index, uint64_t id)
{
    struct sl_shard *shard = sl_registry_shard(registry, shard_index);
    struct sl_counters delta = {.received_messages = 1};
    struct sl_time now = sl_time_now();
    sl_shard_lock(shard);
    sl_shard_count(shard, sl_shard_find_id(shard, id), &delta, &now);
    sl_shard_unlock(shard);
}

/* What a walk showed: how often each id, open and closed. */
struct seen {
    uint8_t *open, *closed;
    size_t size, open_count, closed_count;
    size_t stop_after;
};

static bool note(void *context, const struct sl_client_view *view)
{
    struct seen *seen = context;
    if (view->id < seen->size)
        (view->open ? seen->open : seen->closed)[view->id]++;
    *(view->open ? &seen->open_count : &seen->closed_count) += 1;
    return seen->stop_after == 0 || seen->open_count + seen->closed_count < seen->stop_after;
}

static void forget(struct seen *seen)
{
    memset(seen->open, 0, seen->size);
    memset(seen->closed, 0, seen->size);
    seen->open_count = seen->closed_count = 0;
}

static struct seen new_seen(size_t size)
{
    return (struct seen){.open = calloc(1, size), .closed = calloc(1, size), .size = size};
}

static void free_seen(struct seen *seen)
{
    free(seen->open);
    free(seen->closed);
}

TEST(a_client_is_looked_up_open_or_closed)
{
    struct sl_registry *registry = new_registry(10);
    struct sl_client_view view;
    assert_false(sl_registry_get(registry, 1, &view));
    uint64_t id = 0;
    for (size_t shard = 0; shard < SHARDS; shard++)
        id = open_one(registry, shard, 5);
    for (uint64_t i = 1; i <= id; i++) {
        assert_true(sl_registry_get(registry, i, &view));
        assert_true(view.open);
        assert_int_equal(view.id, i);
        assert_int_equal(view.peer.port, 5);
        assert_int_equal(view.closed_at_ns, 0);
        assert_true(view.last_seen_at_ns >= view.opened_at_ns);
    }
    close_one(registry, 1, 2);
    assert_true(sl_registry_get(registry, 2, &view));
    assert_false(view.open);
    assert_true(view.closed_at_ns >= view.opened_at_ns);
    assert_false(sl_registry_get(registry, id + 1, &view));
    assert_false(sl_registry_get(registry, 0, &view));

    struct sl_registry_totals totals;
    sl_registry_totals(registry, &totals);
    assert_int_equal(totals.open, SHARDS - 1);
    assert_int_equal(totals.closed, 1);
    sl_registry_free(registry);
}

TEST(a_walk_shows_each_client_once)
{
    struct sl_registry *registry = new_registry(1000);
    struct seen seen = new_seen(2001);
    for (uint64_t id = 1; id <= 2000; id++)
        assert_int_equal(open_one(registry, id % SHARDS, (uint16_t)id), id);
    for (uint64_t id = 2; id <= 2000; id += 2)
        close_one(registry, id % SHARDS, id);
    for (int which = 0; which < 4; which++) {
        bool open = which & 1, closed = which & 2;
        sl_registry_walk(registry, open, closed, note, &seen);
        for (uint64_t id = 1; id <= 2000; id++) {
            assert_int_equal(seen.open[id], open && id % 2 == 1);
            assert_int_equal(seen.closed[id], closed && id % 2 == 0);
        }
        forget(&seen);
    }
    free_seen(&seen);
    sl_registry_free(registry);
}

TEST(a_walk_stops_when_told)
{
    struct sl_registry *registry = new_registry(1000);
    struct seen seen = new_seen(1001);
    for (uint64_t id = 1; id <= 1000; id++)
        open_one(registry, id % SHARDS, (uint16_t)id);
    for (uint64_t id = 1; id <= 500; id++)
        close_one(registry, id % SHARDS, id);
    static const size_t stops[] = {1, 2, 300, 499, 500, 501, 900, 1000};
    for (size_t i = 0; i < COUNT_OF(stops); i++) {
        seen.stop_after = stops[i];
        sl_registry_walk(registry, true, true, note, &seen);
        assert_int_equal(seen.open_count + seen.closed_count, stops[i]);
        forget(&seen);
    }
    free_seen(&seen);
    sl_registry_free(registry);
}

TEST(an_empty_registry_shows_nobody)
{
    struct sl_registry *registry = new_registry(10);
    struct seen seen = new_seen(1);
    sl_registry_walk(registry, true, true, note, &seen);
    assert_int_equal(seen.open_count + seen.closed_count, 0);
    struct sl_client_view view;
    assert_int_equal(sl_registry_changed(registry, 0, &view, 1), 0);
    free_seen(&seen);
    sl_registry_free(registry);
}

static bool among(const struct sl_client_view *views, size_t count, uint64_t id, bool open)
{
    for (size_t i = 0; i < count; i++) {
        if (views[i].id == id && views[i].open == open)
            return true;
    }
    return false;
}

/* A moment that lies well apart from what was before and what comes next: a client's is kept on
 * another clock, and a thread may be interrupted between looking at the two. */
static int64_t a_moment_apart(void)
{
    usleep(20000);
    int64_t moment = sl_clock_wall_ns();
    usleep(20000);
    return moment;
}

TEST(changed_are_those_that_opened_counted_or_closed_since)
{
    struct sl_registry *registry = new_registry(10);
    struct sl_client_view views[10];
    for (uint64_t id = 1; id <= 6; id++)
        open_one(registry, id % SHARDS, (uint16_t)id);
    assert_int_equal(sl_registry_changed(registry, 0, views, 10), 6);

    int64_t since = a_moment_apart();
    assert_int_equal(sl_registry_changed(registry, since, views, 10), 0);
    open_one(registry, 0, 7);
    count_one(registry, 2, 2);
    close_one(registry, 1, 4);
    assert_int_equal(sl_registry_changed(registry, since, views, 10), 3);
    assert_true(among(views, 3, 7, true));
    assert_true(among(views, 3, 2, true));
    assert_true(among(views, 3, 4, false));

    /* Where there is no room for all they are counted still. */
    assert_int_equal(sl_registry_changed(registry, since, views, 2), 3);
    assert_int_equal(sl_registry_changed(registry, 0, views, 4), 7);
    assert_int_equal(sl_registry_changed(registry, since, views, 0), 3);

    since = a_moment_apart();
    count_one(registry, 0, 3);
    count_one(registry, 0, 6);
    assert_int_equal(sl_registry_changed(registry, since, views, 10), 2);
    assert_int_equal(views[0].id, 6);
    assert_int_equal(views[1].id, 3);
    sl_registry_free(registry);
}

#define STANDING 3000u

struct traffic {
    pthread_t thread;
    struct sl_registry *registry;
    size_t shard;
    _Atomic bool *stop;
};

/* A worker whose clients come and go; some have before it stops, however late it has begun. */
static void *come_and_go(void *argument)
{
    struct traffic *traffic = argument;
    uint64_t ids[64] = {0}, random = traffic->shard + 1;
    for (unsigned turn = 0; turn < 1000 || !atomic_load(traffic->stop); turn++) {
        uint64_t *id = &ids[next_random(&random) % COUNT_OF(ids)];
        if (*id)
            close_one(traffic->registry, traffic->shard, *id);
        *id = *id ? 0 : open_one(traffic->registry, traffic->shard, (uint16_t)(random % 60000));
        if (next_random(&random) % 4 == 0)
            count_one(traffic->registry, traffic->shard, 1 + traffic->shard);
    }
    return NULL;
}

TEST(a_walk_sees_a_staying_client_once)
{
    struct sl_registry *registry = new_registry(200);
    struct seen seen = new_seen(STANDING + 1);
    struct sl_client_view views[100];
    _Atomic bool stop = false;
    struct traffic traffic[SHARDS];
    for (uint64_t i = 0; i < STANDING; i++)
        open_one(registry, i % SHARDS, (uint16_t)(i + 1));
    for (size_t i = 0; i < SHARDS; i++) {
        traffic[i] = (struct traffic){.registry = registry, .shard = i, .stop = &stop};
        assert_int_equal(pthread_create(&traffic[i].thread, NULL, come_and_go, &traffic[i]), 0);
    }
    for (int walk = 0; walk < 100; walk++) {
        sl_registry_walk(registry, true, true, note, &seen);
        for (uint64_t id = 1; id <= STANDING; id++) {
            if (seen.open[id] != 1 || seen.closed[id] != 0)
                fail_msg("client %llu: %u times open, %u times closed", (unsigned long long)id,
                         seen.open[id], seen.closed[id]);
        }
        assert_true(seen.closed_count <= 200);
        forget(&seen);
        sl_registry_changed(registry, 0, views, COUNT_OF(views));
        struct sl_client_view view;
        assert_true(sl_registry_get(registry, 1 + (uint64_t)walk, &view));
        struct sl_listener_counters counters;
        sl_registry_listener_counters(registry, 0, &counters);
        assert_in_range(counters.open_clients, STANDING, STANDING + SHARDS * 64);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_join(traffic[i].thread, NULL);
    struct sl_registry_totals totals;
    sl_registry_totals(registry, &totals);
    assert_in_range(totals.open, STANDING, STANDING + SHARDS * 64);
    assert_true(totals.closed > 0);
    free_seen(&seen);
    sl_registry_free(registry);
}

/* Everybody leaves while one looks: nobody may be shown twice. */
static void *leave(void *argument)
{
    struct traffic *traffic = argument;
    for (uint64_t id = 1 + traffic->shard; id <= STANDING; id += SHARDS)
        close_one(traffic->registry, traffic->shard, id);
    return NULL;
}

TEST(a_walk_sees_a_leaving_client_once_at_most)
{
    for (int round = 0; round < 10; round++) {
        struct sl_registry *registry = new_registry(STANDING);
        struct seen seen = new_seen(STANDING + 1);
        struct traffic traffic[SHARDS];
        for (uint64_t i = 0; i < STANDING; i++)
            open_one(registry, i % SHARDS, (uint16_t)(i + 1));
        for (size_t i = 0; i < SHARDS; i++) {
            traffic[i] = (struct traffic){.registry = registry, .shard = i};
            assert_int_equal(pthread_create(&traffic[i].thread, NULL, leave, &traffic[i]), 0);
        }
        for (int walk = 0; walk < 20; walk++) {
            sl_registry_walk(registry, true, true, note, &seen);
            for (uint64_t id = 1; id <= STANDING; id++)
                assert_true(seen.open[id] + seen.closed[id] <= 1);
            forget(&seen);
        }
        for (size_t i = 0; i < SHARDS; i++)
            pthread_join(traffic[i].thread, NULL);
        sl_registry_walk(registry, true, true, note, &seen);
        assert_int_equal(seen.open_count, 0);
        assert_int_equal(seen.closed_count, STANDING);
        free_seen(&seen);
        sl_registry_free(registry);
    }
}
